package org.multipoint.training;

import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.api.Trainable;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.nd4j.linalg.api.ndarray.INDArray;

import java.util.Arrays;
import java.util.List;

/** What Deeplearning4j's two kinds of networks have, but not under one name. */
final class Networks {

    private Networks() {
    }

    /** Layers, and other vertices, that have parameters. */
    static List<Trainable> layers(Model model) {
        Trainable[] all = model instanceof ComputationGraph graph ? graph.getVertices() : ((MultiLayerNetwork) model).getLayers();
        return Arrays.stream(all).filter(layer -> layer.numParams() > 0).toList();
    }

    /** The state of the optimizer, or null where it has none. */
    static INDArray updaterState(Model model) {
        return model instanceof ComputationGraph graph ? graph.getUpdater().getStateViewArray()
                : ((MultiLayerNetwork) model).getUpdater().getStateViewArray();
    }
}
