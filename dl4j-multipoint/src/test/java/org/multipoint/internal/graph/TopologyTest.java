package org.multipoint.internal.graph;

import org.deeplearning4j.nn.conf.ComputationGraphConfiguration;
import org.deeplearning4j.nn.conf.graph.ElementWiseVertex;
import org.deeplearning4j.nn.conf.graph.MergeVertex;
import org.deeplearning4j.nn.conf.graph.ScaleVertex;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.junit.jupiter.api.Test;
import org.multipoint.testing.RandomGraphs;
import org.multipoint.testing.TestNets;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

class TopologyTest {

    /** Two inputs, one of which is not read; "twice" reads "a" twice; "dead" is read by nobody and no output. */
    private static ComputationGraph graph() {
        return TestNets.graph(b -> b.allowDisconnected(true).addInputs("in", "unread").setInputTypes(InputType.feedForward(3), InputType.feedForward(2))
                .addLayer("a", new DenseLayer.Builder().nOut(3).build(), "in")
                .addVertex("twice", new ElementWiseVertex(ElementWiseVertex.Op.Add), "a", "a")
                .addVertex("dead", new ScaleVertex(2), "a")
                .addVertex("out", new MergeVertex(), "twice", "in")
                .setOutputs("out").validateOutputLayerConfig(false));
    }

    @Test
    void connectionsAreTheGraphs() {
        for (Topology topology : List.of(Topology.of(graph()), Topology.of(graph().getConfiguration()), GraphEdit.of(graph()).topology())) {
            assertEquals(List.of("in", "unread"), topology.networkInputs());
            assertEquals(Set.of("a", "twice", "dead", "out"), Set.copyOf(topology.order()));
            assertEquals(List.of("a", "a"), topology.inputsOf("twice"));
            assertEquals(List.of("twice", "in"), topology.inputsOf("out"));
            assertEquals(Set.of("twice", "dead"), Set.copyOf(topology.readersOf("a")));
            assertEquals(3, topology.usesOf("a"));
            assertEquals(2, topology.usesOf("in"));
            assertEquals(0, topology.usesOf("unread"));
            assertEquals(List.of(), topology.readersOf("dead"));
            assertTrue(topology.isNetworkOutput("out"));
            assertFalse(topology.isNetworkOutput("dead"));
        }
    }

    @Test
    void everyVertexComesAfterItsInputs() {
        for (int seed = 0; seed < 20; seed++) {
            ComputationGraph graph = RandomGraphs.draw(seed).graph();
            for (Topology topology : List.of(Topology.of(graph), Topology.of(graph.getConfiguration()))) {
                Set<String> known = new HashSet<>(topology.networkInputs());
                for (String vertex : topology.order()) {
                    assertTrue(known.containsAll(topology.inputsOf(vertex)), vertex);
                    known.add(vertex);
                }
                assertEquals(graph.getVertices().length, known.size());
            }
        }
    }

    @Test
    void verticesThatReadEachOtherAreNamed() {
        ComputationGraphConfiguration conf = graph().getConfiguration();
        conf.getVertexInputs().put("a", List.of("twice"));
        String message = assertThrows(IllegalStateException.class, () -> Topology.of(conf)).getMessage();
        assertTrue(message.contains("twice"), message);
    }

    @Test
    void whatVerticesDoNotDependOnIsLeftOut() {
        Topology whole = Topology.of(graph());
        Topology part = whole.upTo(List.of("twice"));
        assertEquals(List.of("a", "twice"), part.order());
        assertEquals(2, part.usesOf("a"));
        assertEquals(1, part.usesOf("in"));
        assertEquals(0, part.usesOf("twice"));
        assertEquals(4, whole.order().size());
        assertEquals(List.of(), whole.upTo(List.of()).order());
    }

    @Test
    void valuesAreReleasedAfterTheirLastReaderAndOnce() {
        Topology topology = Topology.of(graph());
        List<String> events = new ArrayList<>();
        topology.traverse(Map.of("in", "in", "unread", "unread"), (vertex, live) -> {
            assertTrue(live.keySet().containsAll(topology.inputsOf(vertex)), vertex);
            events.add("visit " + vertex);
            return vertex;
        }, value -> events.add("release " + value));
        assertEquals("release unread", events.get(0));
        assertEquals(2 * (topology.order().size() + 1), events.size(), events.toString());
        assertEquals(events.size(), Set.copyOf(events).size(), events.toString());
        assertEquals(List.of("visit out", "release twice", "release in", "release out"), events.subList(events.indexOf("visit out"),
                events.indexOf("visit out") + 4));
        int lastReader = Math.max(events.indexOf("visit twice"), events.indexOf("visit dead"));
        assertTrue(lastReader < events.indexOf("release a"), events.toString());
        assertTrue(events.subList(lastReader, events.size()).indexOf("release a") < 3, events.toString());
    }

    @Test
    void liveValuesAreThoseThatAreStillNeeded() {
        Topology topology = Topology.of(graph());
        Map<String, Set<String>> seen = new HashMap<>();
        topology.traverse(Map.of("in", 1, "unread", 2), (vertex, live) -> {
            seen.put(vertex, Set.copyOf(live.keySet()));
            return 0;
        }, value -> { });
        assertEquals(Set.of("in"), seen.get("a"));
        assertEquals(Set.of("in", "twice"), seen.get("out"));
    }

    @Test
    void valuesAreReleasedWhereAVisitFails() {
        Topology topology = Topology.of(graph());
        List<String> released = new ArrayList<>();
        IllegalStateException failure = new IllegalStateException("here");
        IllegalStateException thrown = assertThrows(IllegalStateException.class,
                () -> topology.traverse(Map.of("in", "in", "unread", "unread"), (vertex, live) -> {
                    if (vertex.equals("out")) {
                        throw failure;
                    }
                    return vertex;
                }, value -> {
                    released.add(value);
                    if (value.equals("in")) {
                        throw new IllegalArgumentException("cannot be released");
                    }
                }));
        assertSame(failure, thrown);
        assertEquals(1, thrown.getSuppressed().length);
        assertEquals(Set.of("in", "unread", "a", "twice", "dead"), Set.copyOf(released));
        assertEquals(5, released.size());
    }

    @Test
    void verticesWithoutAValueAreNotReleased() {
        List<String> released = new ArrayList<>();
        Topology.of(graph()).traverse(Map.of("in", "in", "unread", "unread"), (vertex, live) -> vertex.equals("dead") ? null : vertex, released::add);
        assertEquals(Set.of("in", "unread", "a", "twice", "out"), Set.copyOf(released));
        assertEquals(5, released.size());
    }
}
