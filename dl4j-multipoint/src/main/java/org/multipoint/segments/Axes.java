package org.multipoint.segments;

import org.deeplearning4j.nn.conf.RNNFormat;
import org.deeplearning4j.nn.conf.graph.GraphVertex;
import org.multipoint.internal.graph.Topology;

import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * The axes of the values of a graph, as far as its configuration determines them: vectors, possible volumes, steps of sequences that
 * Deeplearning4j takes for examples, and the channel axis.
 */
final class Axes {

    private final Topology topology;
    private final Map<String, GraphVertex> vertices;
    private final Set<String> vectors = new HashSet<>();
    private final Set<String> volumes = new HashSet<>();
    /** Layers for vectors that are given the steps of sequences, and the order of the sequences' axes. */
    private final Map<String, RNNFormat> steps = new LinkedHashMap<>();

    Axes(Topology topology, Map<String, GraphVertex> vertices) {
        this.topology = topology;
        this.vertices = vertices;
        for (String name : topology.order()) {
            if (SupportedVertices.makesVectors(vertices.get(name)) || takesVectors(name)) {
                vectors.add(name);
            }
        }
        findVolumes();
        findSteps();
    }

    /**
     * Layers between a preprocessor that takes a sequence apart and those that put its steps together again. To a program they are layers of
     * sequences, so that none of their values may leave it: where one would, all that are connected stay outside.
     */
    private void findSteps() {
        for (String name : topology.order()) {
            GraphVertex vertex = vertices.get(name);
            if (SupportedVertices.readsEachStep(vertex) && !topology.isNetworkOutput(name)) {
                String input = topology.inputsOf(name).get(0);
                SupportedVertices.takesApart(vertex).filter(format -> !vectors.contains(input) && !steps.containsKey(input))
                        .or(() -> SupportedVertices.hasPreProcessor(vertex) ? Optional.empty() : Optional.ofNullable(steps.get(input)))
                        .ifPresent(format -> steps.put(name, format));
            }
        }
        boolean shrunk = true;
        while (shrunk) {
            shrunk = steps.keySet().removeIf(name -> !isSurrounded(name));
        }
    }

    private boolean isSurrounded(String name) {
        boolean given = SupportedVertices.hasPreProcessor(vertices.get(name)) || steps.containsKey(topology.inputsOf(name).get(0));
        return given && !topology.readersOf(name).isEmpty() && topology.readersOf(name).stream().allMatch(reader -> steps.containsKey(reader)
                || putsTogether(reader, steps.get(name)));
    }

    private boolean putsTogether(String reader, RNNFormat format) {
        GraphVertex vertex = vertices.get(reader);
        return SupportedVertices.putsTogether(vertex).equals(Optional.of(format)) && SupportedVertices.obstacle(vertex, true).isEmpty();
    }

    /** Leaves all layers of steps to Deeplearning4j. */
    void forgetSteps() {
        steps.clear();
    }

    /** Whether the preprocessor of a vertex leaves what a program computes with as it is. */
    boolean passes(String vertex) {
        boolean together = SupportedVertices.putsTogether(vertices.get(vertex)).isPresent();
        return together ? steps.containsKey(topology.inputsOf(vertex).get(0))
                : SupportedVertices.takesApart(vertices.get(vertex)).isPresent() && (readsVectors(vertex) || steps.containsKey(vertex));
    }

    /** What is connected to a layer for volumes through vertices that keep the rank may have five axes, like the layer's own values. */
    private void findVolumes() {
        boolean grown = true;
        while (grown) {
            grown = false;
            for (String name : topology.order()) {
                GraphVertex vertex = vertices.get(name);
                Set<String> connected = new LinkedHashSet<>(topology.inputsOf(name));
                connected.add(name);
                if (SupportedVertices.isVolumetric(vertex)
                        || SupportedVertices.keepsRank(vertex) && connected.stream().anyMatch(volumes::contains)) {
                    grown |= volumes.addAll(connected);
                }
            }
        }
    }

    /** Whether the inputs of a vertex are known to be vectors. */
    boolean readsVectors(String vertex) {
        return vectors.containsAll(topology.inputsOf(vertex));
    }

    /** Whether a vertex, or its layer behind a preprocessor, gets vectors. */
    private boolean takesVectors(String vertex) {
        return readsVectors(vertex) && !SupportedVertices.makesImages(vertices.get(vertex));
    }

    /** Whether an input of a vertex may have five axes. */
    boolean readsVolumes(String vertex) {
        return topology.inputsOf(vertex).stream().anyMatch(volumes::contains);
    }

    /** Whether the channel axis of a vertex's images is the last one; empty where it accepts both orders, as it does for vectors. */
    Optional<Boolean> channelsLast(String vertex) {
        if (steps.containsKey(vertex)) {
            return Optional.of(steps.get(vertex) == RNNFormat.NWC);
        }
        return takesVectors(vertex) ? Optional.empty() : SupportedVertices.channelsLast(vertices.get(vertex));
    }
}
