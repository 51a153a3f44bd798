package org.multipoint.samples;

import org.deeplearning4j.nn.conf.ComputationGraphConfiguration;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.graph.LayerVertex;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.weights.WeightInit;
import org.multipoint.datasets.SyntheticImages;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.lossfunctions.impl.LossMCXENT;

import java.util.List;

/** What is trained in formats of few bits. */
enum LowPrecisionNetwork {

    /** The network of the quickstart. */
    RESNET("the ResNet of the quickstart", 1),

    /** The same with a loss of a small weight, as the least of several losses has: its errors are too small for fp16. */
    SMALL_LOSS("the same with a loss of weight 2^-20", 0x1p-20);

    /** As the usual 1e-8, but for gradients of a small loss, which the optimizer makes as large as others. */
    private static final double EPSILON = 1e-15;

    private final String title;
    private final double lossWeight;

    LowPrecisionNetwork(String title, double lossWeight) {
        this.title = title;
        this.lossWeight = lossWeight;
    }

    /** How it is trained. */
    List<LowPrecisionSetting> settings() {
        return this == RESNET ? List.of(LowPrecisionSetting.values())
                : List.of(LowPrecisionSetting.FP32, LowPrecisionSetting.FP16, LowPrecisionSetting.FP16_UNSCALED, LowPrecisionSetting.FP8_STOCHASTIC);
    }

    /** The loss of a score. */
    double loss(double score) {
        return score / lossWeight;
    }

    /** The network before training. */
    ComputationGraph create(int seed, int width, int steps) {
        ComputationGraphConfiguration conf = GeneratedTask.CLASSIFICATION.configuration(new NeuralNetConfiguration.Builder()
                .seed(seed)
                .weightInit(WeightInit.RELU)
                .updater(new Adam.Builder().learningRateSchedule(TrainCommand.schedule(steps)).epsilon(EPSILON).build()), 1, width);
        OutputLayer output = (OutputLayer) ((LayerVertex) conf.getVertices().get(conf.getNetworkOutputs().get(0))).getLayerConf().getLayer();
        output.setLossFn(new LossMCXENT(Nd4j.valueArrayOf(new long[]{1, SyntheticImages.LABELS.size()}, lossWeight, DataType.FLOAT)));
        ComputationGraph graph = new ComputationGraph(conf);
        graph.init();
        return graph;
    }

    @Override
    public String toString() {
        return title;
    }
}
