package org.multipoint.internal.graph;

import org.deeplearning4j.nn.conf.ComputationGraphConfiguration;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.multipoint.internal.ops.Interruption;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Collections;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;

/**
 * The vertices of a graph in topological order, with their inputs and readers. Network inputs are not among the vertices. A topology does
 * not change with the configuration that it was made of.
 */
public final class Topology {

    /** Computes the value of a vertex. */
    @FunctionalInterface
    public interface Visitor<T> {
        /**
         * @param live values that are still needed, by name; those of the vertex's inputs are among them
         * @return the value, or null where the vertex has none, which no vertex may read then
         */
        T visit(String vertex, Map<String, T> live);
    }

    private final List<String> networkInputs;
    private final Set<String> networkOutputs;
    private final List<String> order;
    private final Map<String, List<String>> inputs;
    private final Map<String, List<String>> readers = new HashMap<>();

    private Topology(List<String> networkInputs, Set<String> networkOutputs, List<String> order, Map<String, List<String>> inputs) {
        this.networkInputs = networkInputs;
        this.networkOutputs = networkOutputs;
        this.order = List.copyOf(order);
        this.inputs = inputs;
        order.forEach(name -> inputs.get(name).forEach(input -> readers.computeIfAbsent(input, i -> new ArrayList<>()).add(name)));
    }

    private static Topology of(ComputationGraphConfiguration conf, List<String> order) {
        Map<String, List<String>> inputs = new HashMap<>();
        order.forEach(name -> inputs.put(name, List.copyOf(conf.getVertexInputs().get(name))));
        return new Topology(List.copyOf(conf.getNetworkInputs()), Set.copyOf(conf.getNetworkOutputs()), order, inputs);
    }

    /** An initialized graph, in the order in which Deeplearning4j computes it. */
    static Topology of(ComputationGraph graph) {
        return of(graph.getConfiguration(), Arrays.stream(graph.topologicalSortOrder())
                .mapToObj(index -> graph.getVertices()[index].getVertexName())
                .filter(name -> !graph.getConfiguration().getNetworkInputs().contains(name)).toList());
    }

    /**
     * A configuration, in the order of its vertices where that is topological.
     *
     * @throws IllegalStateException where a vertex reads one that does not exist, or depends on itself
     */
    static Topology of(ComputationGraphConfiguration conf) {
        List<String> order = new ArrayList<>();
        Set<String> known = new HashSet<>(conf.getNetworkInputs());
        Deque<String> open = new ArrayDeque<>(conf.getVertices().keySet());
        int waiting = 0;
        while (!open.isEmpty()) {
            String vertex = open.poll();
            if (known.containsAll(conf.getVertexInputs().get(vertex))) {
                known.add(vertex);
                order.add(vertex);
                waiting = 0;
            } else {
                open.add(vertex);
                if (++waiting > open.size()) {
                    throw new IllegalStateException("Vertices " + open + " read vertices that do not exist or that depend on them");
                }
            }
        }
        return of(conf, order);
    }

    /** What the given vertices depend on, and they themselves: the rest is left out, also as readers. */
    Topology upTo(Collection<String> vertices) {
        Set<String> needed = new HashSet<>(vertices);
        for (int i = order.size() - 1; i >= 0; i--) {
            if (needed.contains(order.get(i))) {
                needed.addAll(inputs.get(order.get(i)));
            }
        }
        return new Topology(networkInputs, networkOutputs, order.stream().filter(needed::contains).toList(), inputs);
    }

    /** Names of the network inputs, in the order in which a batch gives them. */
    public List<String> networkInputs() {
        return networkInputs;
    }

    /** Names of all vertices, each after its inputs. */
    public List<String> order() {
        return order;
    }

    /** The vertices and network inputs that a vertex reads, in the order of its inputs. */
    public List<String> inputsOf(String vertex) {
        return inputs.get(vertex);
    }

    /** The vertices that read a vertex or network input, each once, in topological order. */
    public List<String> readersOf(String vertex) {
        return readers.getOrDefault(vertex, List.of()).stream().distinct().toList();
    }

    /** How many inputs of vertices a vertex or network input is. */
    public int usesOf(String vertex) {
        return readers.getOrDefault(vertex, List.of()).size();
    }

    /** Whether a vertex is an output of the network. */
    public boolean isNetworkOutput(String vertex) {
        return networkOutputs.contains(vertex);
    }

    /**
     * Visits all vertices in order. Each value is released after the visit of its last reader, at once where it has no reader, and where
     * the traversal fails.
     *
     * @param given   values of the network inputs, released like those of vertices
     * @param release releases a value
     */
    public <T> void traverse(Map<String, T> given, Visitor<T> visitor, Consumer<? super T> release) {
        Map<String, T> live = new LinkedHashMap<>(given);
        Map<String, Integer> uses = new HashMap<>();
        try {
            given.keySet().stream().filter(input -> usesOf(input) == 0).forEach(input -> release.accept(live.remove(input)));
            for (String vertex : order) {
                Interruption.check();
                T value = visitor.visit(vertex, Collections.unmodifiableMap(live));
                if (value != null) {
                    live.put(vertex, value);
                }
                for (String input : inputsOf(vertex)) {
                    if (uses.merge(input, 1, Integer::sum) == usesOf(input)) {
                        release.accept(live.remove(input));
                    }
                }
                if (value != null && usesOf(vertex) == 0) {
                    release.accept(live.remove(vertex));
                }
            }
        } catch (RuntimeException | Error e) {
            live.values().forEach(value -> releaseAfter(e, value, release));
            throw e;
        }
    }

    private static <T> void releaseAfter(Throwable failure, T value, Consumer<? super T> release) {
        try {
            release.accept(value);
        } catch (RuntimeException e) {
            failure.addSuppressed(e);
        }
    }
}
