package org.multipoint.samples.models;

import org.deeplearning4j.nn.conf.CNN2DFormat;
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
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Residual networks for 32x32 RGB images (He et al., "Deep Residual Learning for Image Recognition", 2016, section 4.2): a 3x3
 * convolution, three stages of n blocks with two 3x3 convolutions each, depth 6n+2, global average pooling, a linear classifier.
 *
 * <p>Weights come from an {@code npz} file with PyTorch's names ({@code conv1.weight}, {@code layer2.0.bn1.running_var},
 * {@code linear.bias}); depth, widths and number of classes are told from it. Vertices carry the same names. BatchNormalization is
 * a layer of its own. The shortcut into a stage of another width takes every second pixel and adds zero channels on both sides
 * (option A): a 1x1 convolution whose weights are zeros and ones.
 */
public final class CifarResNet {

    private static final int SIDE = 32;
    private static final int STAGES = 3;
    private static final double BATCH_NORM_EPSILON = 1e-5;

    private final Npz weights;
    private final GraphBuilder graph;
    private final Map<String, Map<String, INDArray>> params = new LinkedHashMap<>();

    private CifarResNet(Npz weights) {
        this.weights = weights;
        this.graph = new NeuralNetConfiguration.Builder().graphBuilder();
    }

    /**
     * Builds the network that a file holds.
     *
     * @return a graph with input {@code [N, 3, 32, 32]} (RGB, normalized as in training) and softmax output {@code [N, classes]}
     * @throws IOException              where the file is missing, truncated or altered
     * @throws IllegalArgumentException where arrays are missing or unexpected, do not fit together, or hold NaN or infinity
     */
    public static ComputationGraph load(Path npz) throws IOException {
        return new CifarResNet(Npz.read(npz)).build();
    }

    private ComputationGraph build() {
        graph.addInputs("input").setInputTypes(InputType.convolutional(SIDE, SIDE, 3, CNN2DFormat.NCHW));
        long width = weights.get("conv1.weight", -1, 3, 3, 3).size(0);
        String x = relu("relu", normalized("conv1", "bn1", "input", 3, width, 1));
        for (int stage = 1; stage <= STAGES; stage++) {
            for (int block = 0; block == 0 || block < blocks(); block++) {
                String name = "layer" + stage + "." + block;
                long in = width;
                width = weights.get(name + ".conv1.weight", -1, in, 3, 3).size(0);
                x = block(name, x, in, width, stage > 1 && block == 0 ? 2 : 1);
            }
        }
        graph.addLayer("pool", new GlobalPoolingLayer.Builder(PoolingType.AVG).build(), x);
        INDArray linear = weights.get("linear.weight", -1, width);
        long classes = linear.size(0);
        graph.addLayer("linear", new OutputLayer.Builder(LossFunction.MCXENT).activation(Activation.SOFTMAX)
                .nIn(width).nOut(classes).build(), "pool");
        params.put("linear", Map.of("W", linear.transpose(), "b", weights.get("linear.bias", classes)));
        graph.setOutputs("linear");
        checkNothingIsLeft();
        return graphWithWeights();
    }

    /** Number of blocks in each stage. */
    private int blocks() {
        int blocks = 0;
        while (weights.has("layer1." + blocks + ".conv1.weight")) {
            blocks++;
        }
        return blocks;
    }

    private String block(String name, String input, long in, long out, int stride) {
        String first = relu(name + ".relu1", normalized(name + ".conv1", name + ".bn1", input, in, out, stride));
        String second = normalized(name + ".conv2", name + ".bn2", first, out, out, 1);
        String shortcut = in == out && stride == 1 ? input : shortcut(name + ".shortcut", input, in, out, stride);
        graph.addVertex(name + ".add", new ElementWiseVertex(ElementWiseVertex.Op.Add), second, shortcut);
        return relu(name + ".relu2", name + ".add");
    }

    private String shortcut(String name, String input, long in, long out, int stride) {
        if (out != 2 * in) {
            throw new IllegalArgumentException(weights.file() + ": " + name + " leads from " + in + " to " + out
                    + " channels, expected twice as many");
        }
        graph.addLayer(name, new ConvolutionLayer.Builder(1, 1).stride(stride, stride).hasBias(false)
                .nIn(in).nOut(out).activation(Activation.IDENTITY).build(), input);
        INDArray selection = Nd4j.zeros(out, in, 1, 1);
        for (long channel = 0; channel < in; channel++) {
            selection.putScalar(new long[]{in / 2 + channel, channel, 0, 0}, 1);
        }
        params.put(name, Map.of("W", selection));
        return name;
    }

    private String normalized(String conv, String norm, String input, long in, long out, int stride) {
        graph.addLayer(conv, new ConvolutionLayer.Builder(3, 3).stride(stride, stride).padding(1, 1).hasBias(false)
                .nIn(in).nOut(out).activation(Activation.IDENTITY).build(), input);
        graph.addLayer(norm, new BatchNormalization.Builder().eps(BATCH_NORM_EPSILON).useLogStd(false)
                .nIn(out).nOut(out).build(), conv);
        params.put(conv, Map.of("W", weights.get(conv + ".weight", out, in, 3, 3)));
        params.put(norm, Map.of("gamma", weights.get(norm + ".weight", out), "beta", weights.get(norm + ".bias", out),
                "mean", weights.get(norm + ".running_mean", out), "var", weights.get(norm + ".running_var", out)));
        return norm;
    }

    private String relu(String name, String input) {
        graph.addLayer(name, new ActivationLayer.Builder().activation(Activation.RELU).build(), input);
        return name;
    }

    private void checkNothingIsLeft() {
        weights.unread().stream().filter(name -> !name.endsWith(".num_batches_tracked")).findFirst().ifPresent(name -> {
            throw new IllegalArgumentException(weights.file() + ": array \"" + name + "\" has no place in a ResNet for CIFAR with "
                    + blocks() + " blocks a stage and shortcuts without weights");
        });
    }

    private ComputationGraph graphWithWeights() {
        ComputationGraph net = new ComputationGraph(graph.build());
        net.init();
        params.forEach((vertex, table) -> {
            Map<String, INDArray> target = net.getVertex(vertex).paramTable(false);
            table.forEach((key, value) -> target.get(key).assign(value.reshape(target.get(key).shape())));
        });
        return net;
    }
}
