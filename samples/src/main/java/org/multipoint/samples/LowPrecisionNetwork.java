package org.multipoint.samples;

import org.deeplearning4j.nn.conf.CNN2DFormat;
import org.deeplearning4j.nn.conf.ComputationGraphConfiguration.GraphBuilder;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.ActivationLayer;
import org.deeplearning4j.nn.conf.layers.BatchNormalization;
import org.deeplearning4j.nn.conf.layers.ConvolutionLayer;
import org.deeplearning4j.nn.conf.layers.GlobalPoolingLayer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.conf.layers.PoolingType;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.weights.WeightInit;
import org.multipoint.datasets.SyntheticImages;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.lossfunctions.impl.LossMCXENT;

import java.util.List;

/** What is trained in formats of few bits: small enough to be trained many times. */
enum LowPrecisionNetwork {

    /** Three convolutions with BatchNormalization, of which the first two have a stride of 2, the mean over pixels, and a linear classifier. */
    CONVOLUTIONS("three convolutions and a classifier", 1),

    /** The same with a loss of a small weight, as the least of several losses has: its errors are too small for fp16. */
    SMALL_LOSS("the same, loss of weight 2^-20", 0x1p-20);

    private static final int SIDE = 32;
    /** In place of the usual 1e-8, for gradients of a small loss, which the optimizer makes as large as others. */
    private static final double EPSILON = 1e-15;

    private final String title;
    private final double lossWeight;

    LowPrecisionNetwork(String title, double lossWeight) {
        this.title = title;
        this.lossWeight = lossWeight;
    }

    /** How it is trained. */
    List<LowPrecisionSetting> settings() {
        return this == CONVOLUTIONS ? List.of(LowPrecisionSetting.values())
                : List.of(LowPrecisionSetting.FP32, LowPrecisionSetting.FP16, LowPrecisionSetting.FP16_UNSCALED, LowPrecisionSetting.FP8_STOCHASTIC);
    }

    /** The loss of a score. */
    double loss(double score) {
        return score / lossWeight;
    }

    /**
     * The network before training.
     *
     * @param width channels of the first convolution; the others have twice as many
     * @param steps of the run
     */
    ComputationGraph create(int seed, int width, int steps) {
        int classes = SyntheticImages.LABELS.size();
        GraphBuilder graph = new NeuralNetConfiguration.Builder().seed(seed).weightInit(WeightInit.RELU)
                .updater(new Adam.Builder().learningRateSchedule(TrainCommand.schedule(TrainCommand.LEARNING_RATE, steps)).epsilon(EPSILON).build()).graphBuilder()
                .addInputs("input").setInputTypes(InputType.convolutional(SIDE, SIDE, 3, CNN2DFormat.NCHW));
        String first = convolution(graph, "conv1", "input", width, 2);
        String second = convolution(graph, "conv2", first, 2 * width, 2);
        graph.addLayer("pool", new GlobalPoolingLayer.Builder(PoolingType.AVG).build(), convolution(graph, "conv3", second, 2 * width, 1));
        graph.addLayer("linear", new OutputLayer.Builder(new LossMCXENT(Nd4j.valueArrayOf(new long[]{1, classes}, lossWeight, DataType.FLOAT)))
                .activation(Activation.SOFTMAX).nOut(classes).build(), "pool");
        ComputationGraph network = new ComputationGraph(graph.setOutputs("linear").build());
        network.init();
        return network;
    }

    private static String convolution(GraphBuilder graph, String name, String input, int channels, int stride) {
        graph.addLayer(name, new ConvolutionLayer.Builder(3, 3).stride(stride, stride).padding(1, 1).hasBias(false).nOut(channels)
                .activation(Activation.IDENTITY).build(), input);
        graph.addLayer(name + ".norm", new BatchNormalization.Builder().useLogStd(false).build(), name);
        graph.addLayer(name + ".relu", new ActivationLayer.Builder().activation(Activation.RELU).build(), name + ".norm");
        return name + ".relu";
    }

    /** A name for tables. */
    String title() {
        return title;
    }
}
