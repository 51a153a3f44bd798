package org.multipoint.transform;

import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.ConvolutionLayer;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.junit.jupiter.api.Test;
import org.multipoint.options.Method;
import org.multipoint.options.MultipointOptions;
import org.multipoint.report.LayerReport;
import org.multipoint.report.MultipointReport;
import org.multipoint.testing.TestNets;
import org.nd4j.linalg.activations.Activation;

import java.util.Arrays;
import java.util.Map;
import java.util.function.UnaryOperator;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

class OmpqTest {

    private static final ComputationGraph GRAPH = TestNets.chain(InputType.convolutional(8, 8, 2),
            new ConvolutionLayer.Builder(3, 3).nOut(8).activation(Activation.RELU).build(),
            new ConvolutionLayer.Builder(3, 3).nOut(24).activation(Activation.RELU).build(),
            new DenseLayer.Builder().nOut(20).activation(Activation.RELU).build(),
            new OutputLayer.Builder().nOut(5).activation(Activation.SOFTMAX).build());

    private static MultipointResult<ComputationGraph> transform(UnaryOperator<Multipoint<ComputationGraph>> settings) {
        return settings.apply(Multipoint.of(GRAPH).calibrate(TestNets.iterator(1, 4, 5, 8, 2, 8, 8)).method(Method.OMPQ)).transform();
    }

    private static int[] widths(MultipointReport report) {
        return report.layers().stream().mapToInt(LayerReport::bits).toArray();
    }

    @Test
    void everyBudgetIsKeptAndALargerOneNeverLowersTheSumOfWidths() {
        long bytes = transform(m -> m.storedBits(2.6)).report().storedBytes();
        int before = 0;
        for (long budget = bytes; budget < 3 * bytes; budget += bytes / 2) {
            long asked = budget;
            MultipointReport report = transform(m -> m.storedBytes(asked)).report();
            assertTrue(report.storedBytes() <= asked, () -> report.storedBytes() + " bytes of " + asked);
            int sum = Arrays.stream(widths(report)).sum();
            assertTrue(sum >= before, () -> Arrays.toString(widths(report)));
            before = sum;
        }
        assertTrue(before > 8, "the largest budget is for more than the smallest widths: " + before);
    }

    /** What is saved has its own width in each layer, and runs. */
    @Test
    void eachLayerStoresCodesOfItsWidth() {
        MultipointResult<ComputationGraph> result = transform(m -> m.storedBits(4));
        MultipointReport report = result.report();
        assertTrue(Arrays.stream(widths(report)).distinct().count() > 1, report.toString());
        assertEquals(report.notionalBitsPerWeight(), report.storedBitsPerWeight());
        report.layers().forEach(layer -> assertTrue(layer.notionalBits() < layer.weights() * (layer.bits() + 4L), layer.toString()));
        assertEquals("ompq", report.provenance().method());
        assertEquals(5, result.model().outputSingle(TestNets.random(3, 2, 2, 8, 8)).size(1));
    }

    @Test
    void sameDataSameModel() {
        assertEquals(transform(m -> m.storedBits(4)).model().getConfiguration(), transform(m -> m.storedBits(4)).model().getConfiguration());
    }

    @Test
    void widthsThatAreAskedForStay() {
        MultipointReport report = transform(m -> m.storedBits(7).bits("l2", 7)
                .options(MultipointOptions.builder().ompqBits(3, 5).build())).report();
        for (LayerReport layer : report.layers()) {
            assertTrue(layer.name().equals("l2") ? layer.bits() == 7 : layer.bits() >= 3 && layer.bits() <= 5, layer.toString());
        }
    }

    @Test
    void aBudgetBelowTheSmallestWidthsIsRefused() {
        String message = assertThrows(IllegalArgumentException.class, () -> transform(m -> m.storedBits(2))).getMessage();
        assertTrue(message.startsWith("A budget of 2.0 stored bits per weight is too small: with codes of the smallest widths, these layers take 2."),
                message);
    }

    @Test
    void theSmallestModelWithinADropIsFound() {
        MultipointResult<ComputationGraph> result = transform(m -> m.maxDrop(0.5, model -> model.params().length() > 0 ? 1 : 0));
        assertEquals(2, result.report().layers().get(2).bits(), "the width of the layer with most weights");
        assertEquals(Map.of(), result.report().kept());
    }
}
