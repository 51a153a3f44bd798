package org.multipoint.transform;

import org.deeplearning4j.datasets.iterator.utilty.ListDataSetIterator;
import org.deeplearning4j.nn.conf.ConvolutionMode;
import org.deeplearning4j.nn.conf.graph.ElementWiseVertex;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.BatchNormalization;
import org.deeplearning4j.nn.conf.layers.ConvolutionLayer;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.SeparableConvolution2D;
import org.deeplearning4j.nn.conf.layers.ZeroPaddingLayer;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.multipoint.layers.MultipointWeights;
import org.multipoint.options.Method;
import org.multipoint.options.MultipointOptions;
import org.multipoint.options.MultipointOptions.Clipping;
import org.multipoint.options.MultipointOptions.Equalization;
import org.multipoint.options.MultipointOptions.Granularity;
import org.multipoint.points.CodeGrid;
import org.multipoint.points.MultipointMatrix;
import org.multipoint.points.ScaleLayout;
import org.multipoint.report.LayerReport;
import org.multipoint.testing.TestNets;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.dataset.api.iterator.DataSetIterator;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

/** Each option of {@link MultipointOptions} changes what it should, and only that. */
class OptionEffectsTest {

    private static final long[] SHAPE = {16, 3, 7, 7};

    private static ConvolutionLayer convolution(int kernel, int out, Activation activation) {
        return new ConvolutionLayer.Builder(kernel, kernel).convolutionMode(ConvolutionMode.Same).nOut(out).activation(activation).build();
    }

    /** Two convolutions and a dense layer, {@code l0} to {@code l2}. */
    private static final ComputationGraph CHAIN = TestNets.chain(InputType.convolutional(7, 7, 3), convolution(3, 8, Activation.RELU),
            convolution(3, 6, Activation.RELU), new DenseLayer.Builder().nOut(5).activation(Activation.IDENTITY).build());

    /** A residual block: {@code a} and {@code b} beside a shortcut from {@code first}, added up and read by {@code out}. */
    private static final ComputationGraph RESIDUAL = TestNets.graph(b -> b.addInputs("in").setInputTypes(InputType.convolutional(7, 7, 3))
            .addLayer("first", convolution(3, 8, Activation.IDENTITY), "in")
            .addLayer("a", convolution(3, 8, Activation.RELU), "first")
            .addLayer("b", convolution(3, 8, Activation.IDENTITY), "a")
            .addVertex("sum", new ElementWiseVertex(ElementWiseVertex.Op.Add), "first", "b")
            .addLayer("out", new DenseLayer.Builder().nOut(4).activation(Activation.IDENTITY).build(), "sum")
            .setOutputs("out"));

    private static DataSetIterator images() {
        return TestNets.iterator(1, 4, 5, SHAPE);
    }

    private static Multipoint<ComputationGraph> quantizer(ComputationGraph graph, UnaryOperator<MultipointOptions.Builder> options) {
        return Multipoint.of(graph).calibrate(images()).options(options.apply(MultipointOptions.builder()).build());
    }

    private static ComputationGraph transform(ComputationGraph graph, UnaryOperator<MultipointOptions.Builder> options) {
        return quantizer(graph, options).transform().model();
    }

    private static MultipointMatrix matrix(ComputationGraph graph, String layer) {
        return operation(graph, layer).matrix();
    }

    private static MultipointWeights.Operation operation(ComputationGraph graph, String layer) {
        return MultipointWeights.of(graph.getVertex(layer).getLayer().conf().getLayer()).orElseThrow().operations().get(0);
    }

    private static float inputScale(ComputationGraph graph, String layer) {
        return operation(graph, layer).inputScale();
    }

    private static List<MultipointMatrix> matrices(ComputationGraph graph) {
        return Stream.of("l0", "l1", "l2").map(layer -> matrix(graph, layer)).toList();
    }

    private static float[] bias(ComputationGraph graph, String layer) {
        return graph.getVertex(layer).paramTable(false).get("b").toFloatVector();
    }

    /** Weights of a layer as Deeplearning4j holds them, row by row. */
    private static float[] source(ComputationGraph graph, String layer) {
        INDArray w = graph.getVertex(layer).paramTable(false).get("W");
        return (w.rank() == 2 ? w.transpose() : w).dup('c').data().asFloat();
    }

    private static double distance(float[] a, float[] b) {
        double sum = 0;
        for (int i = 0; i < a.length; i++) {
            sum += (a[i] - b[i]) * (a[i] - b[i]);
        }
        return Math.sqrt(sum);
    }

    private static double norm(float[] a) {
        return distance(a, new float[a.length]);
    }

    // Bias correction.

    /** One grid and one point: with nothing to choose, the correction can only change biases. */
    private static ComputationGraph withBiasCorrection(boolean on) {
        return quantizer(CHAIN, o -> o.grid(CodeGrid.SYMMETRIC).biasCorrection(on)).bits(2).points(1).activationBits(0).transform().model();
    }

    @Test
    void biasCorrectionMakesTheMeanOutputExact() {
        // Of so few images none is held out.
        INDArray x = TestNets.random(3, 7, 3, 7, 7);
        DataSetIterator iterator = new ListDataSetIterator<>(List.of(new DataSet(x, Nd4j.zeros(7, 5))), 1);
        double[] off = new double[2];
        for (int on = 0; on < 2; on++) {
            boolean corrected = on == 1;
            ComputationGraph small = quantizer(CHAIN, o -> o.biasCorrection(corrected)).calibrate(iterator).bits(2).activationBits(0)
                    .transform().model();
            off[on] = CHAIN.feedForward(x, false).get("l2").mean(0).distance2(small.feedForward(x, false).get("l2").mean(0));
        }
        assertTrue(off[1] < 0.1 * off[0], off[1] + " with it, " + off[0] + " without");
    }

    @Test
    void withoutBiasCorrectionBiasesStayAsTheyWere() {
        ComputationGraph off = withBiasCorrection(false);
        ComputationGraph on = withBiasCorrection(true);
        for (String layer : List.of("l0", "l1", "l2")) {
            assertArrayEquals(bias(CHAIN, layer), bias(off, layer));
            assertFalse(Arrays.equals(bias(CHAIN, layer), bias(on, layer)));
        }
    }

    @Test
    void biasCorrectionLeavesTheCodesOfTheFirstLayerAlone() {
        assertEquals(matrix(withBiasCorrection(false), "l0"), matrix(withBiasCorrection(true), "l0"));
    }

    // Target matching and its ridge.

    private static float[] fineWeights(UnaryOperator<MultipointOptions.Builder> options) {
        return matrix(quantizer(CHAIN, o -> options.apply(o.equalization(Equalization.NEVER))).bits(8).points(1).activationBits(3).transform().model(),
                "l1").toFloats();
    }

    @Test
    void aLargerRidgeKeepsWeightsNearerToTheSource() {
        double last = Double.POSITIVE_INFINITY;
        for (double ridge : new double[]{0.02, 0.1, 0.5, 5, 1000}) {
            double distance = distance(source(CHAIN, "l1"), fineWeights(o -> o.ridge(ridge))) / norm(source(CHAIN, "l1"));
            assertTrue(distance < last, distance + " after " + last);
            last = distance;
        }
    }

    @Test
    void withoutTargetMatchingWeightsAreThoseOfTheSource() {
        double fine = 0.02 * norm(source(CHAIN, "l1"));
        assertTrue(distance(source(CHAIN, "l1"), fineWeights(o -> o.targetMatching(false))) < fine);
        assertTrue(distance(source(CHAIN, "l1"), fineWeights(o -> o)) > 2 * fine);
    }

    @Test
    void theRidgeIsThatOfTheTargetMatchingAlone() {
        assertEquals(matrices(transform(CHAIN, o -> o.targetMatching(false))),
                matrices(transform(CHAIN, o -> o.targetMatching(false).ridge(5))));
    }

    // Quantized inputs.

    private static List<MultipointMatrix> underActivationBits(int bits, boolean quantizedInputs) {
        return matrices(quantizer(CHAIN, o -> o.equalization(Equalization.NEVER).quantizedInputs(quantizedInputs).reduceRange(false))
                .activationBits(bits).transform().model());
    }

    @Test
    void withoutQuantizedInputsWeightsDoNotDependOnActivationBits() {
        assertEquals(underActivationBits(8, false), underActivationBits(2, false));
        assertEquals(underActivationBits(8, false), underActivationBits(0, false));
    }

    @Test
    void withQuantizedInputsTheyDo() {
        assertNotEquals(underActivationBits(8, true), underActivationBits(2, true));
    }

    @Test
    void targetMatchingNeedsQuantizedInputs() {
        assertEquals(matrices(transform(CHAIN, o -> o.quantizedInputs(false))),
                matrices(transform(CHAIN, o -> o.quantizedInputs(false).targetMatching(false))));
    }

    // Shortcut matching.

    @Test
    void shortcutMatchingChangesTheEndOfTheBlock() {
        ComputationGraph on = quantizer(RESIDUAL, o -> o).bits(2).transform().model();
        ComputationGraph off = quantizer(RESIDUAL, o -> o.shortcutMatching(false)).bits(2).transform().model();
        assertEquals(matrix(on, "first"), matrix(off, "first"));
        assertEquals(matrix(on, "a"), matrix(off, "a"));
        assertNotEquals(matrix(on, "b"), matrix(off, "b"));
    }

    @Test
    void withoutShortcutsItChangesNothing() {
        assertEquals(matrices(transform(CHAIN, o -> o)), matrices(transform(CHAIN, o -> o.shortcutMatching(false))));
    }

    // Positions.

    /** Of the eight images one is held out; nine windows of two by two fit into each side by side. */
    @Test
    void fewerPositionsAreFewerVectors() {
        ComputationGraph graph = TestNets.chain(InputType.convolutional(7, 7, 3),
                new ConvolutionLayer.Builder(2, 2).nOut(6).activation(Activation.IDENTITY).build());
        DataSetIterator eight = TestNets.iterator(1, 1, 1, 8, 3, 7, 7);
        Map<String, String> one = quantizer(graph, o -> o.positionsPerImage(1)).calibrate(eight).transform().report().warnings();
        assertEquals(Map.of(), quantizer(graph, o -> o).calibrate(eight).transform().report().warnings());
        assertTrue(one.get("l0").startsWith("few samples: 7 independent input vectors for 12 columns"), one.toString());
    }

    @Test
    void morePositionsThanAnImageHasAreAllOfThem() {
        assertEquals(matrices(transform(CHAIN, o -> o)), matrices(transform(CHAIN, o -> o.positionsPerImage(7 * 7))));
        assertNotEquals(matrices(transform(CHAIN, o -> o)), matrices(transform(CHAIN, o -> o.positionsPerImage(10))));
    }

    // Granularity.

    @ParameterizedTest
    @EnumSource(value = Method.class, names = {"GREEDY", "NEAREST"})
    void aStepPerLayerIsStoredOnceForEachPoint(Method method) {
        for (MultipointMatrix matrix : matrices(quantizer(CHAIN, o -> o.granularity(Granularity.LAYER)).method(method).points(2)
                .transform().model())) {
            assertEquals(ScaleLayout.PER_LAYER, matrix.layout());
            for (int r = 1; r < matrix.rows(); r++) {
                assertEquals(matrix.scale(0, 0), matrix.scale(r, 0));
                assertEquals(matrix.scale(0, 1), matrix.scale(r, 1));
            }
        }
    }

    @ParameterizedTest
    @EnumSource(value = Method.class, names = {"GREEDY", "NEAREST"})
    void aStepPerChannelIsStoredForEachRow(Method method) {
        for (MultipointMatrix matrix : matrices(quantizer(CHAIN, o -> o).method(method).transform().model())) {
            assertEquals(ScaleLayout.PER_POINT, matrix.layout());
            assertNotEquals(matrix.scale(0, 0), matrix.scale(1, 0));
        }
    }

    @Test
    void granularityIsNotReadByCalibrated() {
        assertEquals(matrices(transform(CHAIN, o -> o)), matrices(transform(CHAIN, o -> o.granularity(Granularity.LAYER))));
    }

    // Grid and scales.

    @ParameterizedTest
    @EnumSource(CodeGrid.class)
    void aGridThatIsAskedForIsThatOfAllLayers(CodeGrid grid) {
        matrices(transform(CHAIN, o -> o.grid(grid))).forEach(matrix -> assertEquals(grid, matrix.grid()));
    }

    /** At two bits the grid without a zero has a value more. */
    @Test
    void byDefaultTheBetterGridIsTaken() {
        double[] errors = new double[CodeGrid.values().length];
        for (CodeGrid grid : CodeGrid.values()) {
            errors[grid.ordinal()] = firstError(quantizer(CHAIN, o -> o.grid(grid)));
        }
        assertEquals(Arrays.stream(errors).min().getAsDouble(), firstError(quantizer(CHAIN, o -> o)));
    }

    private static double firstError(Multipoint<ComputationGraph> multipoint) {
        return multipoint.bits(2).points(1).transform().report().layers().get(0).outputError();
    }

    @ParameterizedTest
    @CsvSource({"PER_ROW", "PER_POINT"})
    void scalesThatAreAskedForAreStored(ScaleLayout scales) {
        matrices(quantizer(CHAIN, o -> o.scales(scales)).points(2).transform().model())
                .forEach(matrix -> assertEquals(scales, matrix.layout()));
    }

    @Test
    void pointsWithScalesOfTheirOwnDoNotFuseExactly() {
        List<LayerReport> rows = quantizer(CHAIN, o -> o.scales(ScaleLayout.PER_ROW)).points(2).transform().report().layers();
        List<LayerReport> points = quantizer(CHAIN, o -> o.scales(ScaleLayout.PER_POINT)).points(2).transform().report().layers();
        rows.forEach(layer -> assertEquals(layer.rows(), layer.fusedExactly()));
        points.forEach(layer -> assertEquals(0, layer.fusedExactly()));
    }

    // Clipping.

    /** Range of the inputs of the first layer where one value of the images is 100 and all others are normally distributed. */
    private static float range(Clipping clipping) {
        DataSetIterator iterator = TestNets.iterator(1, 4, 5, 64, 3, 7, 7);
        iterator.next().getFeatures().putScalar(new int[]{0, 0, 0, 0}, 100);
        return 255 * inputScale(quantizer(CHAIN, o -> o.clipping(clipping)).method(Method.NEAREST).calibrate(iterator).transform()
                .model(), "l0");
    }

    @Test
    void rangesFromMinToMaxCoverOutliers() {
        assertTrue(range(Clipping.MIN_MAX) > 100);
    }

    /** The outlier is one of 33,000 values, of which 1 in 20,000 is left out at either end. */
    @Test
    void percentilesLeaveOutliersOut() {
        assertTrue(range(Clipping.PERCENTILE) < 10);
    }

    @Test
    void leastSquaresClipWhereThatCostsLessThanLargerSteps() {
        float range = range(Clipping.LEAST_SQUARES);
        assertTrue(range > 50 && range < 0.99 * range(Clipping.MIN_MAX), "range of " + range);
    }

    /**
     * Scale of the inputs of a layer that multiplies the first of its two channels by a given weight and the other one by 1. Values of the
     * other one are normally distributed, those of the first are cubes of such.
     */
    private static float scaleUnder(Clipping clipping, float weightOfOutliers, int bits) {
        ComputationGraph graph = TestNets.chain(InputType.convolutional(6, 6, 2), convolution(1, 2, Activation.IDENTITY),
                convolution(1, 1, Activation.IDENTITY));
        graph.setParam("l0_W", Nd4j.createFromArray(1f, 0, 0, 1).reshape(2, 2, 1, 1));
        graph.setParam("l1_W", Nd4j.createFromArray(weightOfOutliers, 1).reshape(1, 2, 1, 1));
        DataSetIterator iterator = TestNets.iterator(1, 4, 1, 16, 2, 6, 6);
        while (iterator.hasNext()) {
            INDArray channel = iterator.next().getFeatures().get(NDArrayIndex.all(), NDArrayIndex.point(0));
            channel.muli(channel.mul(channel));
        }
        return inputScale(Multipoint.of(graph).bits(8).calibrate(iterator).activationBits(bits)
                .options(MultipointOptions.builder().equalization(Equalization.NEVER).clipping(clipping).build()).transform().model(), "l1");
    }

    @Test
    void outliersInAChannelOfLittleWeightAreClipped() {
        float leastSquares = scaleUnder(Clipping.LEAST_SQUARES, 0.01f, 4);
        assertTrue(scaleUnder(Clipping.OUTPUT_ERROR, 0.01f, 4) < 0.85 * leastSquares);
        assertEquals(leastSquares, scaleUnder(Clipping.LEAST_SQUARES, 3, 4), 0.02 * leastSquares);
        assertTrue(scaleUnder(Clipping.OUTPUT_ERROR, 3, 4) > 0.95 * leastSquares);
    }

    @Test
    void at8BitsNoRangeIsSearched() {
        assertEquals(scaleUnder(Clipping.LEAST_SQUARES, 0.01f, 8), scaleUnder(Clipping.OUTPUT_ERROR, 0.01f, 8));
    }

    @Test
    void clippingIsOfInputsAlone() {
        assertEquals(matrices(transform(CHAIN, o -> o.quantizedInputs(false))),
                matrices(transform(CHAIN, o -> o.quantizedInputs(false).clipping(Clipping.MIN_MAX))));
        assertEquals(matrices(quantizer(CHAIN, o -> o).activationBits(0).transform().model()),
                matrices(quantizer(CHAIN, o -> o.clipping(Clipping.MIN_MAX)).activationBits(0).transform().model()));
    }

    // Equalized ranges.

    /** Three layers with channels between them whose ranges differ by factors of up to 2,000. */
    private static ComputationGraph uneven() {
        ComputationGraph graph = TestNets.chain(InputType.convolutional(7, 7, 3), convolution(3, 12, Activation.RELU),
                new SeparableConvolution2D.Builder(3, 3).nOut(8).activation(Activation.LEAKYRELU).build(),
                convolution(1, 4, Activation.IDENTITY));
        for (int c = 0; c < 12; c++) {
            graph.getParam("l0_W").slice(c).muli(Math.pow(2, -c));
            graph.getParam("l0_b").reshape(12).getScalar(c).muli(Math.pow(2, -c));
            graph.getParam("l1_W").get(NDArrayIndex.all(), NDArrayIndex.point(c)).muli(Math.pow(2, c));
        }
        return graph;
    }

    private static double distance(ComputationGraph graph, Method method, int activationBits, boolean equalized) {
        INDArray x = TestNets.random(9, SHAPE);
        ComputationGraph small = quantizer(graph, o -> o.equalization(equalized ? Equalization.ALWAYS : Equalization.NEVER)).method(method).bits(8).activationBits(activationBits)
                .transform().model();
        return graph.outputSingle(x).distance2(small.outputSingle(x));
    }

    @ParameterizedTest
    @CsvSource({"8", "4"})
    void equalizedRangesRoundChannelsOfSmallValuesFinely(int activationBits) {
        double off = distance(uneven(), Method.CALIBRATED, activationBits, false);
        double on = distance(uneven(), Method.CALIBRATED, activationBits, true);
        assertTrue(on < 0.5 * off, on + " with them, " + off + " without");
    }

    @ParameterizedTest
    @CsvSource({"CALIBRATED, 0", "NEAREST, 8", "GREEDY, 8"})
    void rangesAreEqualizedOnlyWhereWeightsAreFittedToQuantizedActivations(Method method, int activationBits) {
        assertEquals(distance(uneven(), method, activationBits, false), distance(uneven(), method, activationBits, true));
    }

    @Test
    void theReportTellsHowManyChannelsWereScaled() {
        assertEquals("32", equalizedChannels(uneven(), Equalization.ALWAYS, 8));
        assertNull(equalizedChannels(uneven(), Equalization.NEVER, 4));
    }

    @Test
    void rangesAreEqualizedWhereActivationsAreWhatIsRoundedCoarsely() {
        assertEquals("32", equalizedChannels(uneven(), Equalization.AUTO, 8));
        assertNull(equalizedChannels(CHAIN, Equalization.AUTO, 8));
    }

    private static String equalizedChannels(ComputationGraph graph, Equalization when, int activationBits) {
        return quantizer(graph, o -> o.equalization(when)).activationBits(activationBits).transform().report().provenance().settings()
                .get("equalizedChannels");
    }

    // Width of the network's inputs.

    /** Widths of the inputs of all operations of some layers. */
    private static List<Integer> inputWidths(ComputationGraph graph, Method method, String... layers) {
        ComputationGraph small = quantizer(graph, o -> o.inputBits(6)).method(method).activationBits(4).transform().model();
        return Stream.of(layers).flatMap(layer -> MultipointWeights.of(small.getVertex(layer).getLayer().conf().getLayer()).orElseThrow()
                .operations().stream()).map(operation -> operation.input().orElseThrow().bits()).toList();
    }

    @ParameterizedTest
    @EnumSource(value = Method.class, names = {"CALIBRATED", "NEAREST"})
    void onlyTheNetworksOwnInputsHaveTheirWidth(Method method) {
        assertEquals(List.of(6, 4, 4), inputWidths(CHAIN, method, "l0", "l1", "l2"));
        ComputationGraph padded = TestNets.graph(b -> b.addInputs("in").setInputTypes(InputType.convolutional(7, 7, 3))
                .addLayer("pad", new ZeroPaddingLayer.Builder(1, 1).build(), "in")
                .addLayer("separable", new SeparableConvolution2D.Builder(3, 3).nOut(4).activation(Activation.RELU).build(), "pad")
                .addLayer("beside", convolution(3, 4, Activation.RELU), "pad")
                .addLayer("behind", convolution(3, 4, Activation.RELU), "beside")
                .setOutputs("separable", "behind").validateOutputLayerConfig(false));
        assertEquals(List.of(6, 4, 6, 4), inputWidths(padded, method, "separable", "beside", "behind"));
    }

    @Test
    void inputsStayFloatingWhereActivationsDo() {
        assertEquals(matrices(quantizer(CHAIN, o -> o).activationBits(0).transform().model()),
                matrices(quantizer(CHAIN, o -> o.inputBits(2)).activationBits(0).transform().model()));
    }

    // Most points.

    private static int most(Method method, UnaryOperator<MultipointOptions.Builder> options) {
        return quantizer(CHAIN, options).method(method).errorThreshold(0).transform().report().layers().stream()
                .mapToInt(layer -> layer.pointsPerRow().size()).max().getAsInt();
    }

    @ParameterizedTest
    @CsvSource({"CALIBRATED, 2", "GREEDY, 4", "NEAREST, 1"})
    void byDefaultTheMethodBoundsThePointsOfARow(Method method, int most) {
        assertEquals(most, most(method, o -> o));
    }

    @ParameterizedTest
    @CsvSource({"CALIBRATED, 1, 1", "CALIBRATED, 3, 3", "GREEDY, 2, 2", "GREEDY, 6, 6", "NEAREST, 3, 1"})
    void mostPointsAreAsAskedForWhereAMethodGivesThem(Method method, int asked, int most) {
        assertEquals(most, most(method, o -> o.maxPoints(asked)));
    }

    @Test
    void aFixedNumberOfPointsIsNotBoundByIt() {
        quantizer(CHAIN, o -> o.maxPoints(1)).points(2).transform().report().layers()
                .forEach(layer -> assertEquals(List.of(0, layer.rows()), layer.pointsPerRow()));
    }

    // Folding.

    private static final ComputationGraph NORMALIZED = TestNets.chain(InputType.convolutional(7, 7, 3),
            convolution(3, 8, Activation.IDENTITY), new BatchNormalization(), convolution(3, 4, Activation.RELU));

    private static ComputationGraph folded(boolean fold) {
        return quantizer(NORMALIZED, o -> o.foldBatchNormalization(fold).equalization(Equalization.NEVER).targetMatching(false)).bits(8).points(1)
                .transform().model();
    }

    @Test
    void foldingTakesTheVertexAwayAndScalesTheWeightsBeforeIt() {
        ComputationGraph folded = folded(true);
        assertFalse(folded.getConfiguration().getVertices().containsKey("l1"));
        assertTrue(distance(source(NORMALIZED, "l0"), matrix(folded, "l0").toFloats()) > 0.1 * norm(source(NORMALIZED, "l0")));
    }

    @Test
    void withoutFoldingTheVertexAndTheWeightsStay() {
        ComputationGraph kept = folded(false);
        assertEquals(NORMALIZED.getVertex("l1").paramTable(false), kept.getVertex("l1").paramTable(false));
        assertTrue(distance(source(NORMALIZED, "l0"), matrix(kept, "l0").toFloats()) < 0.02 * norm(source(NORMALIZED, "l0")));
    }
}
