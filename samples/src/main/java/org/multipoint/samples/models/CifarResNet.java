package org.multipoint.samples.models;

import org.deeplearning4j.nn.conf.CNN2DFormat;
import org.deeplearning4j.nn.conf.ComputationGraphConfiguration;
import org.deeplearning4j.nn.conf.ComputationGraphConfiguration.GraphBuilder;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.graph.ElementWiseVertex;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.ActivationLayer;
import org.deeplearning4j.nn.conf.layers.BatchNormalization;
import org.deeplearning4j.nn.conf.layers.ConvolutionLayer;
import org.deeplearning4j.nn.conf.layers.GlobalPoolingLayer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.conf.layers.PoolingType;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;

/**
 * Residual networks for 32x32 RGB images (He et al., "Deep Residual Learning for Image Recognition", 2016, section 4.2): a 3x3
 * convolution, three stages of n blocks with two 3x3 convolutions each, depth 6n+2, global average pooling, a linear classifier.
 * BatchNormalization is a layer of its own. The shortcut into a wider stage is a 1x1 convolution with stride 2.
 */
public final class CifarResNet {

    private static final int SIDE = 32;
    private static final int STAGES = 3;
    private static final double BATCH_NORM_EPSILON = 1e-5;
    private static final String SHORTCUT = ".shortcut";

    private final GraphBuilder graph;

    private CifarResNet(GraphBuilder graph) {
        this.graph = graph;
    }

    /**
     * Builds the network that an {@code npz} file holds under PyTorch's names ({@code conv1.weight},
     * {@code layer2.0.bn1.running_var}, {@code linear.bias}), which are also the names of the vertices. Depth, width and number of
     * classes follow from the file. Shortcuts have no weights there: they take every second pixel and add zero channels on both sides
     * (option A of the paper), which is exactly a convolution with zeros and ones.
     *
     * @return a graph with input {@code [N, 3, 32, 32]} (RGB, normalized as in training) and softmax output {@code [N, classes]}
     * @throws IOException              where the file is missing, truncated or altered
     * @throws IllegalArgumentException where arrays are missing or unexpected, do not fit together, or hold NaN or infinity
     */
    public static ComputationGraph load(Path npz) throws IOException {
        Npz weights = Npz.read(npz);
        int width = (int) weights.get("conv1.weight", -1, 3, 3, 3).size(0);
        int classes = (int) weights.get("linear.weight", -1, width << STAGES - 1).size(0);
        int blocks = 1;
        while (weights.has("layer1." + blocks + ".conv1.weight")) {
            blocks++;
        }
        ComputationGraph graph = new ComputationGraph(configuration(new NeuralNetConfiguration.Builder(), blocks, width, classes));
        graph.init();
        for (org.deeplearning4j.nn.api.Layer layer : graph.getLayers()) {
            Map<String, INDArray> params = layer.paramTable();
            trained(weights, layer).forEach((key, value) -> params.get(key).assign(value.reshape(params.get(key).shape())));
        }
        weights.unread().stream().filter(name -> !name.endsWith(".num_batches_tracked")).findFirst().ifPresent(name -> {
            throw new IllegalArgumentException(npz + ": array \"" + name + "\" has no place in a ResNet for CIFAR with three stages, as "
                    + "many blocks in each as in the first, and shortcuts without weights");
        });
        return graph;
    }

    /**
     * Converts a published checkpoint to an {@code npz} file that {@link #load} reads.
     *
     * @param checkpoint tensors as PyTorch before 1.6 saved them
     * @throws IOException where it is no such checkpoint, or is truncated or altered
     */
    public static void convert(Path checkpoint, Path npz) throws IOException {
        Npz.write(npz, TorchCheckpoint.read(checkpoint));
    }

    private static Map<String, INDArray> trained(Npz weights, org.deeplearning4j.nn.api.Layer layer) {
        String name = layer.conf().getLayer().getLayerName();
        if (layer.conf().getLayer() instanceof ConvolutionLayer) {
            long[] shape = layer.getParam("W").shape();
            return Map.of("W", name.endsWith(SHORTCUT) ? selection(shape) : weights.get(name + ".weight", shape));
        }
        if (layer.conf().getLayer() instanceof BatchNormalization norm) {
            long n = norm.getNOut();
            return Map.of("gamma", weights.get(name + ".weight", n), "beta", weights.get(name + ".bias", n),
                    "mean", weights.get(name + ".running_mean", n), "var", weights.get(name + ".running_var", n));
        }
        if (layer.conf().getLayer() instanceof OutputLayer linear) {
            return Map.of("W", weights.get(name + ".weight", linear.getNOut(), linear.getNIn()).transpose(),
                    "b", weights.get(name + ".bias", linear.getNOut()));
        }
        return Map.of();
    }

    /** Weights that put each input channel into the middle of the output channels. */
    private static INDArray selection(long... shape) {
        INDArray weights = Nd4j.zeros(shape);
        for (long channel = 0; channel < shape[1]; channel++) {
            weights.putScalar(new long[]{(shape[0] - shape[1]) / 2 + channel, channel, 0, 0}, 1);
        }
        return weights;
    }

    /**
     * The architecture.
     *
     * @param global  settings for all layers: seed, initialization, training
     * @param blocks  blocks of each stage, n
     * @param width   channels of the first stage; each further stage has twice as many
     * @param classes number of classes
     */
    public static ComputationGraphConfiguration configuration(NeuralNetConfiguration.Builder global, int blocks, int width,
                                                              int classes) {
        return new CifarResNet(global.graphBuilder()).build(blocks, width, classes);
    }

    private ComputationGraphConfiguration build(int blocks, int width, int classes) {
        graph.addInputs("input").setInputTypes(InputType.convolutional(SIDE, SIDE, 3, CNN2DFormat.NCHW));
        String x = relu("relu", normalized("conv1", "bn1", "input", 3, width, 1));
        int in = width;
        for (int stage = 1; stage <= STAGES; stage++) {
            int out = width << stage - 1;
            for (int block = 0; block < blocks; block++) {
                x = block("layer" + stage + "." + block, x, in, out);
                in = out;
            }
        }
        graph.addLayer("pool", new GlobalPoolingLayer.Builder(PoolingType.AVG).build(), x);
        graph.addLayer("linear", new OutputLayer.Builder(LossFunction.MCXENT).activation(Activation.SOFTMAX)
                .nIn(in).nOut(classes).build(), "pool");
        return graph.setOutputs("linear").build();
    }

    private String block(String name, String input, int in, int out) {
        int stride = in == out ? 1 : 2;
        String first = relu(name + ".relu1", normalized(name + ".conv1", name + ".bn1", input, in, out, stride));
        String second = normalized(name + ".conv2", name + ".bn2", first, out, out, 1);
        String shortcut = in == out ? input : convolution(name + SHORTCUT, input, 1, in, out, stride);
        graph.addVertex(name + ".add", new ElementWiseVertex(ElementWiseVertex.Op.Add), second, shortcut);
        return relu(name + ".relu2", name + ".add");
    }

    private String normalized(String conv, String norm, String input, int in, int out, int stride) {
        graph.addLayer(norm, new BatchNormalization.Builder().eps(BATCH_NORM_EPSILON).useLogStd(false).nIn(out).nOut(out).build(),
                convolution(conv, input, 3, in, out, stride));
        return norm;
    }

    private String convolution(String name, String input, int kernel, int in, int out, int stride) {
        graph.addLayer(name, new ConvolutionLayer.Builder(kernel, kernel).stride(stride, stride).padding(kernel / 2, kernel / 2)
                .hasBias(false).nIn(in).nOut(out).activation(Activation.IDENTITY).build(), input);
        return name;
    }

    private String relu(String name, String input) {
        graph.addLayer(name, new ActivationLayer.Builder().activation(Activation.RELU).build(), input);
        return name;
    }
}
