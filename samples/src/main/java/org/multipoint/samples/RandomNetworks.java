package org.multipoint.samples;

import org.deeplearning4j.nn.conf.ComputationGraphConfiguration.GraphBuilder;
import org.deeplearning4j.nn.conf.ConvolutionMode;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.graph.ElementWiseVertex;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.ActivationLayer;
import org.deeplearning4j.nn.conf.layers.BatchNormalization;
import org.deeplearning4j.nn.conf.layers.ConvolutionLayer;
import org.deeplearning4j.nn.conf.layers.DepthwiseConvolution2D;
import org.deeplearning4j.nn.conf.layers.GlobalPoolingLayer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.conf.layers.PoolingType;
import org.deeplearning4j.nn.conf.layers.SubsamplingLayer;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.weights.WeightInit;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

import java.util.Map;
import java.util.Random;
import java.util.stream.LongStream;

/**
 * Well-known architectures with random weights, for measuring time: {@code [N, 3, S, S]} to a softmax over 1000 classes. Weights are drawn
 * after He et al. (2015); the statistics of BatchNormalization are those of random images, so that activations stay bounded.
 */
final class RandomNetworks {

    private static final int CLASSES = 1000;
    /** Enough for the statistics of batch normalization, and quick. */
    private static final int STATISTICS_SIZE = 64;

    private final GraphBuilder builder;
    private String last = "input";

    private RandomNetworks(long seed, ConvolutionMode mode) {
        builder = new NeuralNetConfiguration.Builder().seed(seed).dataType(DataType.FLOAT).weightInit(WeightInit.RELU)
                .activation(Activation.IDENTITY).convolutionMode(mode).graphBuilder().addInputs("input");
    }

    /** ResNet-18 (He et al., 2016). */
    static ComputationGraph resNet18(int size, long seed) {
        RandomNetworks net = new RandomNetworks(seed, ConvolutionMode.Truncate);
        net.convolution("stem", 64, 7, 2).activation("stem/relu", Activation.RELU);
        net.add("stem/pool", new SubsamplingLayer.Builder(PoolingType.MAX).kernelSize(3, 3).stride(2, 2).padding(1, 1).build());
        int channels = 64;
        for (int stage = 0; stage < 4; stage++) {
            for (int block = 0; block < 2; block++) {
                int out = 64 << stage;
                net.residualBlock("stage" + stage + "/block" + block, channels, out, stage > 0 && block == 0 ? 2 : 1);
                channels = out;
            }
        }
        return net.classifier(size, seed);
    }

    /** MobileNetV1 (Howard et al., 2017), width 1. */
    static ComputationGraph mobileNetV1(int size, long seed) {
        RandomNetworks net = new RandomNetworks(seed, ConvolutionMode.Same);
        net.convolution("stem", 32, 3, 2).activation("stem/relu", Activation.RELU6);
        int[] channels = {64, 128, 128, 256, 256, 512, 512, 512, 512, 512, 512, 1024, 1024};
        for (int i = 0; i < channels.length; i++) {
            boolean wider = i > 0 && channels[i] > channels[i - 1];
            String name = "block" + i;
            net.add(name + "/depthwise", new DepthwiseConvolution2D.Builder(3, 3).stride(wider ? 2 : 1, wider ? 2 : 1)
                    .depthMultiplier(1).hasBias(false).build());
            net.add(name + "/depthwise/bn", new BatchNormalization.Builder().useLogStd(false).build()).activation(name + "/depthwise/relu", Activation.RELU6);
            net.convolution(name + "/pointwise", channels[i], 1, 1).activation(name + "/pointwise/relu", Activation.RELU6);
        }
        return net.classifier(size, seed);
    }

    private RandomNetworks add(String name, org.deeplearning4j.nn.conf.layers.Layer layer) {
        builder.addLayer(name, layer, last);
        last = name;
        return this;
    }

    /** A convolution with BatchNormalization behind it. */
    private RandomNetworks convolution(String name, int channels, int kernel, int stride) {
        add(name, new ConvolutionLayer.Builder(kernel, kernel).nOut(channels).stride(stride, stride)
                .padding(kernel / 2, kernel / 2).hasBias(false).build());
        return add(name + "/bn", new BatchNormalization.Builder().useLogStd(false).build());
    }

    private RandomNetworks activation(String name, Activation activation) {
        return add(name, new ActivationLayer(activation));
    }

    private void residualBlock(String name, int in, int out, int stride) {
        String shortcut = last;
        convolution(name + "/conv1", out, 3, stride).activation(name + "/relu1", Activation.RELU);
        convolution(name + "/conv2", out, 3, 1);
        String residual = last;
        if (in != out) {
            last = shortcut;
            convolution(name + "/shortcut", out, 1, stride);
            shortcut = last;
        }
        builder.addVertex(name + "/add", new ElementWiseVertex(ElementWiseVertex.Op.Add), residual, shortcut);
        last = name + "/add";
        activation(name + "/relu2", Activation.RELU);
    }

    private ComputationGraph classifier(int size, long seed) {
        add("pool", new GlobalPoolingLayer.Builder(PoolingType.AVG).build());
        add("classes", new OutputLayer.Builder().nOut(CLASSES).activation(Activation.SOFTMAX).build());
        ComputationGraph graph = new ComputationGraph(
                builder.setInputTypes(InputType.convolutional(size, size, 3)).setOutputs("classes").build());
        graph.init();
        normalize(graph, seed);
        return graph;
    }

    /** Values in [0, 1), evenly spread. */
    static INDArray images(long seed, long... shape) {
        float[] values = new float[(int) LongStream.of(shape).reduce(1, Math::multiplyExact)];
        Random random = new Random(seed);
        for (int i = 0; i < values.length; i++) {
            values[i] = random.nextFloat();
        }
        return Nd4j.create(values, shape, 'c');
    }

    /** One pass in training mode, in which each BatchNormalization uses the statistics of its batch, gives the statistics of all of them. */
    private static void normalize(ComputationGraph graph, long seed) {
        INDArray images = images(seed, 2, 3, STATISTICS_SIZE, STATISTICS_SIZE);
        Map<String, INDArray> activations = graph.feedForward(new INDArray[]{images}, true, true);
        graph.getConfiguration().getVertexInputs().forEach((name, from) -> {
            Map<String, INDArray> params = graph.getVertex(name).paramTable(false);
            if (params != null && params.containsKey("mean")) {
                INDArray x = activations.get(from.get(0));
                params.get("mean").assign(x.mean(0, 2, 3));
                params.get("var").assign(x.var(false, 0, 2, 3));
            }
        });
    }
}
