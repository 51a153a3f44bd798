package org.multipoint.transform;

import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.ConvolutionLayer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.junit.jupiter.api.Test;
import org.multipoint.testing.TestNets;
import org.multipoint.transform.MultipointResult.Attempt;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.api.iterator.DataSetIterator;

import java.util.ArrayList;
import java.util.List;
import java.util.function.ToDoubleFunction;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

/** The smallest model that holds a metric. */
class AccuracySearchTest {

    private static final ComputationGraph SOURCE = TestNets.chain(InputType.convolutional(6, 6, 3),
            new ConvolutionLayer.Builder(3, 3).nOut(12).activation(Activation.RELU).build(),
            new ConvolutionLayer.Builder(3, 3).nOut(12).activation(Activation.RELU).build(),
            new OutputLayer.Builder().nOut(5).activation(Activation.SOFTMAX).build());

    private static DataSetIterator images() {
        return TestNets.iterator(1, 2, 8, 8, 3, 6, 6);
    }

    /** Minus the mean squared difference of outputs to the source's: 0 for the source itself. */
    private static double likeness(ComputationGraph graph) {
        INDArray x = images().next().getFeatures();
        return -SOURCE.outputSingle(x).squaredDistance(graph.outputSingle(x));
    }

    private static MultipointResult<ComputationGraph> search(double drop, ToDoubleFunction<ComputationGraph> metric) {
        return Multipoint.of(SOURCE).calibrate(images()).maxDrop(drop, metric).transform();
    }

    @Test
    void theResultHoldsAndTheLargestOneThatFailedIsSmaller() {
        // What codes of 3 bits lose must be allowed at some place between the ends of the axis.
        double drop = -likeness(Multipoint.of(SOURCE).calibrate(images()).bits(3).extraPoints(0.2).transform().model());
        MultipointResult<ComputationGraph> result = search(drop, AccuracySearchTest::likeness);

        assertTrue(likeness(result.model()) >= -drop);
        double stored = result.report().storedBitsPerWeight();
        List<Attempt> attempts = result.attempts();
        assertTrue(attempts.stream().anyMatch(Attempt::holds) && !attempts.stream().allMatch(Attempt::holds));
        assertTrue(attempts.stream().filter(Attempt::holds).allMatch(a -> a.storedBitsPerWeight() >= stored));
        assertTrue(attempts.stream().filter(a -> !a.holds()).allMatch(a -> a.storedBitsPerWeight() < stored), attempts::toString);
        attempts.forEach(a -> assertEquals(a.metric() >= -drop, a.holds()));
        assertTrue(attempts.size() <= 6, attempts::toString);
        assertEquals(stored, attempts.stream().filter(Attempt::holds).mapToDouble(Attempt::storedBitsPerWeight).min().getAsDouble());
    }

    @Test
    void aWidthThatWasAskedForStays() {
        double drop = -likeness(Multipoint.of(SOURCE).calibrate(images()).bits(3).extraPoints(0.5).transform().model());
        MultipointResult<ComputationGraph> result = Multipoint.of(SOURCE).calibrate(images()).bits(3)
                .maxDrop(drop, AccuracySearchTest::likeness).transform();
        assertTrue(result.attempts().stream().allMatch(a -> a.bits() == 3));
        assertEquals(3, result.report().provenance().bits());
        assertTrue(result.report().provenance().budget().contains("the smallest that holds"));
    }

    @Test
    void whereNothingHoldsTheLargestIsTriedAndTheFiguresAreNamed() {
        List<String> heard = new ArrayList<>();
        Multipoint<ComputationGraph> multipoint = Multipoint.of(SOURCE).calibrate(images())
                .maxDrop(0.1, graph -> graph == SOURCE ? 0.75 : 0.5)
                .listener((phase, done, total, what) -> {
                    if (phase == TransformListener.Phase.EVALUATION) {
                        heard.add(what);
                    }
                });
        String message = assertThrows(IllegalStateException.class, multipoint::transform).getMessage();
        assertTrue(message.startsWith("No model holds the metric at 0.6500 or more: it is 0.7500 in fp32 and 0.5000 with"), message);
        assertEquals("fp32: 0.7500", heard.get(0));
        assertEquals("6 bits and 0.0 % extra points: 0.5000, falls too far", heard.get(heard.size() - 1));
    }

    @Test
    void whereAllHoldsTheSmallestIsFound() {
        MultipointResult<ComputationGraph> result = search(0, graph -> 1);
        Attempt last = result.attempts().get(result.attempts().size() - 1);
        assertEquals(2, last.bits());
        assertEquals(0, last.extraPoints());
        assertEquals(last.storedBitsPerWeight(), result.report().storedBitsPerWeight());
    }

    @Test
    void withoutItNothingIsTried() {
        assertTrue(Multipoint.of(SOURCE).calibrate(images()).transform().attempts().isEmpty());
        assertThrows(IllegalArgumentException.class, () -> Multipoint.of(SOURCE).maxDrop(-0.1, graph -> 1));
        assertFalse(search(0, graph -> 1).attempts().isEmpty());
    }
}
