package org.multipoint.internal.graph;

import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.multipoint.internal.engine.EngineHost;
import org.multipoint.internal.engine.EngineRunner;

import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;

/** The parts of a model that run on an engine. */
public final class EngineRunners {

    private EngineRunners() {
    }

    /**
     * The runners of all layers and vertices of a model, in the model's order; empty for a model that was neither transformed nor compiled.
     *
     * @param model initialized
     * @throws IllegalArgumentException where it is neither a {@link ComputationGraph} nor a {@link MultiLayerNetwork}
     */
    public static List<EngineRunner> of(Model model) {
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
