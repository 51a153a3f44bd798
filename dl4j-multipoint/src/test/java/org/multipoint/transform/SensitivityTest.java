package org.multipoint.transform;

import org.deeplearning4j.nn.conf.graph.ElementWiseVertex;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.ConvolutionLayer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.conf.layers.SeparableConvolution2D;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.multipoint.internal.calibration.CalibrationData;
import org.multipoint.internal.graph.LinearVertex;
import org.multipoint.internal.graph.ReferenceNetwork;
import org.multipoint.testing.CountingEngine;
import org.multipoint.testing.TestNets;
import org.nd4j.linalg.activations.Activation;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

class SensitivityTest {

    private ReferenceNetwork network;
    private CountingEngine engine;
    private CalibrationData data;
    private final List<String> events = new ArrayList<>();

    @BeforeEach
    void setUp() {
        ComputationGraph graph = TestNets.graph(b -> b.addInputs("in").setInputTypes(InputType.convolutional(6, 6, 2))
                .addLayer("first", new ConvolutionLayer.Builder(1, 1).nOut(3).activation(Activation.RELU).build(), "in")
                .addLayer("left", new SeparableConvolution2D.Builder(1, 1).nOut(3).activation(Activation.TANH).build(), "first")
                .addLayer("right", new ConvolutionLayer.Builder(1, 1).nOut(3).activation(Activation.IDENTITY).build(), "first")
                .addVertex("sum", new ElementWiseVertex(ElementWiseVertex.Op.Add), "left", "right")
                .addLayer("out", new OutputLayer.Builder().nOut(4).activation(Activation.SOFTMAX).build(), "sum")
                .setOutputs("out"));
        engine = new CountingEngine(0);
        network = new ReferenceNetwork(graph, engine);
        data = CalibrationData.of(TestNets.iterator(1, 9, 3, 4, 2, 6, 6), 1);
    }

    /** Each operation with its own weights, changed by a share of their size. */
    private Map<String, Sensitivity.Trial> trials(float change) {
        Map<String, Sensitivity.Trial> trials = new LinkedHashMap<>();
        for (LinearVertex vertex : network.linear().values()) {
            for (LinearVertex.Operation operation : vertex.operations()) {
                float[] weights = operation.weights().clone();
                for (int i = 0; i < weights.length; i++) {
                    weights[i] *= 1 + (i % 2 == 0 ? change : -change);
                }
                trials.put(operation.name(), new Sensitivity.Trial(() -> weights, new float[operation.op().rows()], 1));
            }
        }
        return trials;
    }

    private Map<String, Double> divergences(Map<String, Sensitivity.Trial> trials) {
        try (Sensitivity sensitivity = new Sensitivity(network)) {
            return sensitivity.divergences(data, trials, (phase, done, total, what) -> events.add(done + " of " + total));
        }
    }

    @Test
    void unchangedWeightsHaveNoDivergence() {
        divergences(trials(0)).forEach((operation, divergence) -> assertEquals(0, divergence, 1e-6, operation));
        assertEquals(0, engine.open());
        assertEquals("1 of 32", events.get(0));
        assertTrue(events.size() > 28 && events.size() <= 32, events.toString());
    }

    /** For small errors it is quadratic, whatever stands between the operation and the output. */
    @Test
    void divergenceGrowsWithTheSquareOfTheError() {
        Map<String, Double> small = divergences(trials(0.02f));
        Map<String, Double> large = divergences(trials(0.04f));
        assertEquals(network.linear().values().stream().mapToInt(v -> v.operations().size()).sum(), small.size());
        small.forEach((operation, divergence) -> {
            assertTrue(divergence > 0, operation);
            assertEquals(4, large.get(operation) / divergence, 1, operation);
        });
    }

    /** A shift of all outputs of the last layer is nothing to a softmax; a shift of one of them is. */
    @Test
    void shiftsAreAddedToBiases() {
        LinearVertex.Operation last = network.linear().get("out").operations().get(0);
        float[] weights = last.weights();
        double all = divergences(Map.of("out", new Sensitivity.Trial(() -> weights, new float[]{1, 1, 1, 1}, 1))).get("out");
        double one = divergences(Map.of("out", new Sensitivity.Trial(() -> weights, new float[]{1, 0, 0, 0}, 1))).get("out");
        assertEquals(0, all, 1e-5);
        assertTrue(one > 0.1, String.valueOf(one));
    }
}
