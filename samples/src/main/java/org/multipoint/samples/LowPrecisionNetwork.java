package org.multipoint.samples;

import org.deeplearning4j.nn.conf.ComputationGraphConfiguration.GraphBuilder;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.ActivationLayer;
import org.deeplearning4j.nn.conf.layers.BatchNormalization;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
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

    /** Two dense layers with BatchNormalization, and a linear classifier. */
    DENSE("two dense layers and a classifier", 1),

    /** The same with a loss of a small weight, as the least of several losses has: its errors are too small for fp16. */
    SMALL_LOSS("the same, loss of weight 2^-20", 0x1p-20);

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
        return this == DENSE ? List.of(LowPrecisionSetting.values())
                : List.of(LowPrecisionSetting.FP32, LowPrecisionSetting.FP16, LowPrecisionSetting.FP16_UNSCALED, LowPrecisionSetting.FP8_STOCHASTIC);
    }

    /** The loss of a score. */
    double loss(double score) {
        return score / lossWeight;
    }

    /**
     * The network before training.
     *
     * @param width outputs of a dense layer
     * @param steps of the run
     */
    ComputationGraph create(int seed, int width, int steps) {
        int classes = SyntheticImages.LABELS.size();
        GraphBuilder graph = new NeuralNetConfiguration.Builder().seed(seed).weightInit(WeightInit.RELU)
                .updater(new Adam.Builder().learningRateSchedule(TrainCommand.schedule(TrainCommand.LEARNING_RATE, steps)).epsilon(EPSILON).build()).graphBuilder()
                .addInputs("input").setInputTypes(InputType.feedForward(ShapeFeatures.COUNT));
        String last = dense(graph, "dense2", dense(graph, "dense1", "input", width), width);
        graph.addLayer("linear", new OutputLayer.Builder(new LossMCXENT(Nd4j.valueArrayOf(new long[]{1, classes}, lossWeight, DataType.FLOAT)))
                .activation(Activation.SOFTMAX).nOut(classes).build(), last);
        ComputationGraph network = new ComputationGraph(graph.setOutputs("linear").build());
        network.init();
        return network;
    }

    private static String dense(GraphBuilder graph, String name, String input, int width) {
        graph.addLayer(name, new DenseLayer.Builder().hasBias(false).nOut(width).activation(Activation.IDENTITY).build(), input);
        graph.addLayer(name + ".norm", new BatchNormalization.Builder().useLogStd(false).build(), name);
        graph.addLayer(name + ".relu", new ActivationLayer.Builder().activation(Activation.RELU).build(), name + ".norm");
        return name + ".relu";
    }

    /** A name for tables. */
    String title() {
        return title;
    }
}
