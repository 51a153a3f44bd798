package org.multipoint.internal.engine;

import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;

import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;

/** A layer or vertex of Deeplearning4j that runs on an engine. */
public interface EngineHost {

    /** The part that does so. */
    EngineRunner runner();

    /**
     * The runners of all layers and vertices of a model, in the model's order; empty for a model that was neither transformed nor compiled.
     *
     * @param model initialized
     * @throws IllegalArgumentException where it is neither a {@link ComputationGraph} nor a {@link MultiLayerNetwork}
     */
    static List<EngineRunner> runners(Model model) {
        Stream<?> parts;
        if (model instanceof ComputationGraph graph) {
            parts = Arrays.stream(graph.getVertices()).map(v -> v.hasLayer() ? v.getLayer() : v);
        } else if (model instanceof MultiLayerNetwork network) {
            parts = Arrays.stream(network.getLayers());
        } else {
            throw new IllegalArgumentException("Expected a ComputationGraph or a MultiLayerNetwork, found " + model.getClass().getName());
        }
        return parts.filter(EngineHost.class::isInstance).map(part -> ((EngineHost) part).runner()).toList();
    }
}
