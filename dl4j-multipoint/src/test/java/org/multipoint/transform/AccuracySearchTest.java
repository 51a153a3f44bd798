package org.multipoint.transform;

import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.ConvolutionLayer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.multipoint.options.Method;
import org.multipoint.report.Measurement;
import org.multipoint.testing.TestNets;
import org.multipoint.transform.MultipointResult.Attempt;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.api.iterator.DataSetIterator;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
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

    private static MultipointResult<ComputationGraph> search(Method method, double drop, ToDoubleFunction<ComputationGraph> metric) {
        return Multipoint.of(SOURCE).calibrate(images()).method(method).maxDrop(drop, metric).transform();
    }

    @ParameterizedTest
    @CsvSource({"CALIBRATED, 6", "CODED, 7"})
    void theResultHoldsAndTheLargestOneThatFailedIsSmaller(Method method, int most) {
        // What codes of 3 bits lose must be allowed at some place between the ends of the axis.
        double drop = -likeness(Multipoint.of(SOURCE).calibrate(images()).bits(3).extraPoints(0.2).transform().model());
        MultipointResult<ComputationGraph> result = search(method, drop, AccuracySearchTest::likeness);

        assertTrue(likeness(result.model()) >= -drop);
        double stored = result.report().storedBitsPerWeight();
        assertEquals(method.name().toLowerCase(Locale.ROOT), result.report().provenance().method());
        List<Attempt> attempts = result.attempts();
        assertTrue(attempts.stream().anyMatch(Attempt::holds) && !attempts.stream().allMatch(Attempt::holds));
        assertTrue(attempts.stream().filter(Attempt::holds).allMatch(a -> a.storedBitsPerWeight() >= stored));
        assertTrue(attempts.stream().filter(a -> !a.holds()).allMatch(a -> a.storedBitsPerWeight() < stored), attempts::toString);
        attempts.forEach(a -> assertEquals(a.metric() >= -drop, a.holds()));
        assertTrue(attempts.size() <= most, attempts::toString);
        assertEquals(stored, attempts.stream().filter(Attempt::holds).mapToDouble(Attempt::storedBitsPerWeight).min().getAsDouble());
    }

    @Test
    void aWidthThatWasAskedForStays() {
        double drop = -likeness(Multipoint.of(SOURCE).calibrate(images()).bits(3).extraPoints(0.5).transform().model());
        MultipointResult<ComputationGraph> result = Multipoint.of(SOURCE).calibrate(images()).bits(3)
                .maxDrop(drop, AccuracySearchTest::likeness).transform();
        assertTrue(result.attempts().stream().allMatch(a -> a.bits() == 3));
        assertEquals(3, result.report().provenance().bits());
        Measurement measured = result.report().measurements().get(0);
        assertEquals(likeness(SOURCE), measured.before());
        assertEquals(likeness(result.model()), measured.after());
        assertTrue(result.report().provenance().budget().contains("the smallest that holds"));
    }

    @Test
    void codesAreEntropyCodedWhereNothingElseIsAskedFor() {
        double drop = -likeness(Multipoint.of(SOURCE).calibrate(images()).storedBits(3).transform().model());
        MultipointResult<ComputationGraph> result = Multipoint.of(SOURCE).calibrate(images())
                .maxDrop(drop, AccuracySearchTest::likeness).transform();
        assertEquals("coded", result.report().provenance().method());
        assertTrue(result.report().provenance().budget().matches("\\d\\.\\d stored bits per weight, the smallest that holds .*"));
        for (Attempt attempt : result.attempts()) {
            double budget = Double.parseDouble(attempt.budget().replace(" stored bits per weight", ""));
            assertEquals(budget, attempt.storedBitsPerWeight(), 0.1, attempt::toString);
            assertTrue(attempt.storedBitsPerWeight() <= budget, attempt::toString);
        }
    }

    /** Each attempt rounds all layers anew, but what bits bring was measured before, once for each operation. */
    @Test
    void ratesAreMeasuredOnce() {
        List<String> heard = new ArrayList<>();
        Multipoint.of(SOURCE).calibrate(images()).maxDrop(0, graph -> 1).listener((phase, done, total, what) -> {
            if (phase == TransformListener.Phase.ALLOCATION) {
                heard.add(what);
            }
        }).transform();
        assertEquals(List.of("l0", "l1", "l2"), heard);
    }

    /** Budgets that even the coarsest codes exceed are none of the attempts. */
    @Test
    void smallNetworksStartWhereTheirTablesFit() {
        ComputationGraph tiny = TestNets.chain(InputType.feedForward(6), new OutputLayer.Builder().nOut(5).activation(Activation.SOFTMAX).build());
        MultipointResult<ComputationGraph> result = Multipoint.of(tiny).calibrate(TestNets.iterator(1, 2, 8, 8, 6))
                .maxDrop(0, graph -> 1).transform();
        assertTrue(result.report().storedBitsPerWeight() > 4, result.report()::toString);
        result.attempts().stream().filter(a -> !a.budget().startsWith("any")).forEach(a -> assertTrue(
                a.storedBitsPerWeight() <= Double.parseDouble(a.budget().replace(" stored bits per weight", "")), a::toString));
    }

    @ParameterizedTest
    @EnumSource(names = {"NEAREST", "CHANNEL_SPLITTING"})
    void whereRowsHaveOnePointWidthsAreTried(Method method) {
        MultipointResult<ComputationGraph> result = search(method, 0, graph -> 1);
        assertEquals(List.of(5, 3, 2), result.attempts().stream().map(Attempt::bits).toList());
        assertEquals(2, result.report().provenance().bits());
    }

    @Test
    void aBudgetReplacesTheSearchAndTheSearchABudget() {
        Multipoint<ComputationGraph> multipoint = Multipoint.of(SOURCE).calibrate(images()).maxDrop(0, graph -> 1);
        assertTrue(multipoint.storedBits(3).transform().attempts().isEmpty());
        assertFalse(multipoint.errorThreshold(0.1).maxDrop(0, graph -> 1).transform().attempts().isEmpty());
    }

    @ParameterizedTest
    @CsvSource(value = {"CALIBRATED; codes of 6 bits, 0.0 % extra points", "CODED; codes of 8 bits, any number of stored bits"}, delimiter = ';')
    void whereNothingHoldsTheLargestIsTriedAndTheFiguresAreNamed(Method method, String largest) {
        List<String> heard = new ArrayList<>();
        Multipoint<ComputationGraph> multipoint = Multipoint.of(SOURCE).calibrate(images()).method(method)
                .maxDrop(0.1, graph -> graph == SOURCE ? 0.75 : 0.5)
                .listener((phase, done, total, what) -> {
                    if (phase == TransformListener.Phase.EVALUATION) {
                        heard.add(what);
                    }
                });
        String message = assertThrows(IllegalStateException.class, multipoint::transform).getMessage();
        assertTrue(message.startsWith("No model holds the metric at 0.6500 or more: it is 0.7500 in fp32 and 0.5000 with"), message);
        assertEquals("fp32: 0.7500", heard.get(0));
        assertEquals(largest + ": 0.5000, falls too far", heard.get(heard.size() - 1));
    }

    @Test
    void whereAllHoldsTheSmallestIsFound() {
        MultipointResult<ComputationGraph> result = search(Method.CALIBRATED, 0, graph -> 1);
        Attempt last = result.attempts().get(result.attempts().size() - 1);
        assertEquals(2, last.bits());
        assertEquals("0.0 % extra points", last.budget());
        assertEquals(last.storedBitsPerWeight(), result.report().storedBitsPerWeight());
    }

    @Test
    void withoutItNothingIsTried() {
        assertTrue(Multipoint.of(SOURCE).calibrate(images()).transform().attempts().isEmpty());
        assertThrows(IllegalArgumentException.class, () -> Multipoint.of(SOURCE).maxDrop(-0.1, graph -> 1));
        assertFalse(search(Method.CALIBRATED, 0, graph -> 1).attempts().isEmpty());
    }
}
