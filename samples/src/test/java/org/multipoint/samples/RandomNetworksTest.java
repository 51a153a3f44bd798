package org.multipoint.samples;

import org.deeplearning4j.nn.graph.ComputationGraph;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.nd4j.linalg.api.ndarray.INDArray;

import java.io.IOException;
import java.util.Map;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

class RandomNetworksTest {

    /** Parameters as published, with BatchNormalization's two statistics for each channel besides. */
    private static final Map<String, Long> PARAMETERS = Map.of("resnet18", 11_689_512L + 9_600, "mobilenetv1", 4_231_976L + 21_888);

    @ParameterizedTest
    @ValueSource(strings = {"resnet18", "mobilenetv1"})
    void isTheArchitectureWithActivationsThatStayBounded(String name) throws IOException {
        BenchNetwork network = BenchNetwork.load(name, 32);
        ComputationGraph graph = network.graph();
        assertArrayEquals(new long[]{3, 32, 32}, network.example());
        assertEquals(PARAMETERS.get(name), graph.numParams());

        INDArray images = network.examples(2, 5);
        graph.feedForward(images, false).forEach((vertex, activation) -> {
            double largest = activation.amaxNumber().doubleValue();
            assertTrue(largest > 1e-3 && largest < 100, vertex + ": " + largest);
        });
        assertArrayEquals(graph.outputSingle(images).toFloatMatrix(),
                BenchNetwork.load(name, 32).graph().outputSingle(network.examples(2, 5)).toFloatMatrix());
    }
}
