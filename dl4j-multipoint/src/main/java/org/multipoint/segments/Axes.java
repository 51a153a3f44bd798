package org.multipoint.segments;

import org.deeplearning4j.nn.conf.graph.GraphVertex;
import org.multipoint.internal.graph.Topology;

import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** The axes of the values of a graph, as far as its configuration determines them: vectors, possible volumes, and the channel axis. */
final class Axes {

    private final Topology topology;
    private final Map<String, GraphVertex> vertices;
    private final Set<String> vectors = new HashSet<>();
    private final Set<String> volumes = new HashSet<>();

    Axes(Topology topology, Map<String, GraphVertex> vertices) {
        this.topology = topology;
        this.vertices = vertices;
        for (String name : topology.order()) {
            if (SupportedVertices.makesVectors(vertices.get(name)) || takesVectors(name)) {
                vectors.add(name);
            }
        }
        findVolumes();
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
        return takesVectors(vertex) ? Optional.empty() : SupportedVertices.channelsLast(vertices.get(vertex));
    }
}
