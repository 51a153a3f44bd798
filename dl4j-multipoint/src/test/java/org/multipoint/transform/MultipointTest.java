package org.multipoint.transform;

import org.deeplearning4j.datasets.iterator.ExistingDataSetIterator;
import org.deeplearning4j.datasets.iterator.utilty.ListDataSetIterator;
import org.deeplearning4j.nn.conf.ConvolutionMode;
import org.deeplearning4j.nn.conf.graph.ElementWiseVertex;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.ConvolutionLayer;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.GlobalPoolingLayer;
import org.deeplearning4j.nn.conf.layers.GravesBidirectionalLSTM;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.conf.layers.PoolingType;
import org.deeplearning4j.nn.conf.layers.SeparableConvolution2D;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.multipoint.internal.calibration.CalibrationData;
import org.multipoint.internal.ops.InputQuantization;
import org.multipoint.layers.MultipointWeights;
import org.multipoint.options.Method;
import org.multipoint.options.MultipointOptions;
import org.multipoint.options.MultipointOptions.Clipping;
import org.multipoint.options.MultipointOptions.Equalization;
import org.multipoint.options.MultipointOptions.Granularity;
import org.multipoint.points.CodeGrid;
import org.multipoint.points.ScaleLayout;
import org.multipoint.report.LayerReport;
import org.multipoint.report.MultipointReport;
import org.multipoint.report.Provenance;
import org.multipoint.segments.Segments;
import org.multipoint.testing.TestNets;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.dataset.MultiDataSet;
import org.nd4j.linalg.dataset.api.iterator.DataSetIterator;
import org.nd4j.linalg.dataset.api.iterator.TestMultiDataSetIterator;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.lossfunctions.LossFunctions;

import java.util.ArrayList;
import java.util.Base64;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import java.util.function.UnaryOperator;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

class MultipointTest {

    private static final long[] SHAPE = {8, 3, 7, 7};

    private static ComputationGraph graph() {
        return TestNets.chain(InputType.convolutional(7, 7, 3),
                new ConvolutionLayer.Builder(3, 3).nOut(8).activation(Activation.RELU).build(),
                new SeparableConvolution2D.Builder(3, 3).nOut(12).activation(Activation.RELU).build(),
                new DenseLayer.Builder().nOut(16).activation(Activation.TANH).build(),
                new OutputLayer.Builder(LossFunctions.LossFunction.MCXENT).nOut(5).activation(Activation.SOFTMAX).build());
    }

    private static DataSetIterator data() {
        return TestNets.iterator(1, 4, 5, SHAPE);
    }

    private static MultipointResult<ComputationGraph> transform(UnaryOperator<Multipoint<ComputationGraph>> settings) {
        return settings.apply(Multipoint.of(graph()).calibrate(data())).transform();
    }

    private static UnaryOperator<Multipoint<ComputationGraph>> with(UnaryOperator<MultipointOptions.Builder> options) {
        return m -> m.options(options.apply(MultipointOptions.builder()).build());
    }

    private static void same(ComputationGraph expected, ComputationGraph found) {
        assertEquals(expected.getConfiguration().toJson(), found.getConfiguration().toJson());
        assertArrayEquals(expected.params().data().asFloat(), found.params().data().asFloat());
    }

    // What it leaves alone.

    @ParameterizedTest
    @EnumSource(Method.class)
    void theSourceIsNotChanged(Method method) {
        ComputationGraph graph = graph();
        String conf = graph.getConfiguration().toJson();
        float[] params = graph.params().dup().data().asFloat();
        INDArray x = TestNets.random(2, SHAPE);
        INDArray output = graph.outputSingle(x);
        Multipoint.of(graph).method(method).calibrate(data()).transform();
        assertEquals(conf, graph.getConfiguration().toJson());
        assertArrayEquals(params, graph.params().data().asFloat());
        assertEquals(output, graph.outputSingle(x));
    }

    @Test
    void sourceNetworksAreNotChanged() {
        MultiLayerNetwork network = TestNets.network(InputType.feedForward(6),
                new DenseLayer.Builder().nOut(4).activation(Activation.RELU).build(),
                new DenseLayer.Builder().nOut(3).activation(Activation.TANH).build());
        String conf = network.getLayerWiseConfigurations().toJson();
        float[] params = network.params().dup().data().asFloat();
        Multipoint.of(network).calibrate(TestNets.iterator(1, 2, 1, 8, 6)).transform();
        assertEquals(conf, network.getLayerWiseConfigurations().toJson());
        assertArrayEquals(params, network.params().data().asFloat());
    }

    @Test
    void whatTheUserChangesAfterwardsChangesNothing() {
        ComputationGraph graph = graph();
        Multipoint<ComputationGraph> multipoint = Multipoint.of(graph).calibrate(data());
        ComputationGraph first = multipoint.transform().model();
        graph.params().assign(0);
        same(first, multipoint.transform().model());
    }

    @Test
    void calibrationDataIsNotChangedNorKept() {
        INDArray features = TestNets.random(3, SHAPE);
        INDArray before = features.dup();
        List<DataSet> one = List.of(new DataSet(features, TestNets.random(4, 8, 5)));
        DataSetIterator iterator = new ListDataSetIterator<>(one, 1);
        Multipoint.of(graph()).calibrate(iterator).transform();
        assertEquals(before, features);
    }

    // Determinism.

    @ParameterizedTest
    @EnumSource(Method.class)
    void sameCallSameBytes(Method method) {
        same(transform(m -> m.method(method)).model(), transform(m -> m.method(method)).model());
    }

    @ParameterizedTest
    @EnumSource(Method.class)
    void littleMemoryGivesTheSameBytes(Method method) {
        // Enough for the layer that needs most, not for two of them.
        same(transform(m -> m.method(method)).model(), transform(m -> m.method(method).memory(1_400_000)).model());
    }

    /** A layer whose second moments alone would take 128 MB, under a bound of a few. */
    @Test
    void wideLayersKeepWithinTheirMemory() {
        ComputationGraph graph = TestNets.chain(InputType.feedForward(4000),
                new DenseLayer.Builder().nOut(40).activation(Activation.IDENTITY).build());
        DataSetIterator iterator = TestNets.iterator(1, 2, 1, 16, 4000);
        INDArray x = TestNets.random(9, 16, 4000);
        INDArray expected = graph.outputSingle(x);
        double whole = error(expected, Multipoint.of(graph).calibrate(iterator).transform(), x);
        double blocks = error(expected, Multipoint.of(graph).memory(12 << 20).calibrate(iterator).transform(), x);
        assertEquals(1, blocks / whole, 0.2);
        refused("Layer \"l0\": second moments of its 4,000 input columns need at least 7,424,000 bytes of memory, found a bound of "
                + "1,000,000 bytes", () -> Multipoint.of(graph).memory(1_000_000).calibrate(iterator).transform());
    }

    private static double error(INDArray expected, MultipointResult<ComputationGraph> result, INDArray x) {
        return result.model().outputSingle(x).sub(expected).norm2Number().doubleValue() / expected.norm2Number().doubleValue();
    }

    // Few examples.

    /** What a handful of examples tells must not make a model worse than plain rounding does. */
    @ParameterizedTest
    @CsvSource({"1, 1", "2, 1", "3, 1", "7, 1", "32, 1", "1, 32", "2, 16"})
    void fewExamplesDoNoHarm(int examples, int copies) {
        ComputationGraph graph = TestNets.chain(InputType.convolutional(10, 10, 3),
                new ConvolutionLayer.Builder(3, 3).nOut(8).activation(Activation.RELU).build(),
                new DenseLayer.Builder().nOut(6).activation(Activation.IDENTITY).build());
        INDArray some = TestNets.random(3, examples, 3, 10, 10);
        List<DataSet> batches = Collections.nCopies(copies, new DataSet(some, Nd4j.zeros(examples, 6)));
        INDArray x = TestNets.random(4, 64, 3, 10, 10);
        INDArray expected = graph.outputSingle(x);
        Multipoint<ComputationGraph> multipoint = Multipoint.of(graph).activationBits(0).calibrate(new ListDataSetIterator<>(batches, 1));
        double fine = error(expected, multipoint.bits(8).points(2).transform(), x);
        assertTrue(fine < 1.5 * error(expected, multipoint.method(Method.NEAREST).transform(), x), "error of " + fine);
        double coarse = error(expected, multipoint.method(Method.CALIBRATED).bits(4).points(1).transform(), x);
        assertTrue(coarse < error(expected, multipoint.method(Method.NEAREST).transform(), x), "error of " + coarse);
    }

    @Test
    void fewExamplesAreWarnedOf() {
        ComputationGraph graph = TestNets.chain(InputType.feedForward(40),
                new DenseLayer.Builder().nOut(30).activation(Activation.RELU).build(),
                new DenseLayer.Builder().nOut(20).activation(Activation.RELU).build());
        Function<Integer, Map<String, String>> warnings = n -> Multipoint.of(graph).calibrate(TestNets.iterator(1, 1, 1, n, 40)).transform()
                .report().warnings();
        assertEquals(Map.of("l0", "few samples: 5 independent input vectors for 40 columns, and 1 other layer has too few; calibrate on 8 times "
                        + "as many examples",
                "calibration", "output errors were measured on the 5 examples that weights were fitted to, and are larger on others; of 8 or "
                        + "more, some are held out to measure them"), warnings.apply(5));
        assertEquals(Map.of("l0", "few samples: 35 independent input vectors for 40 columns; calibrate on 2 times as many examples"), warnings.apply(40));
        assertEquals(Map.of(), warnings.apply(80));
        assertEquals(Map.of(), Multipoint.of(graph).method(Method.NEAREST).calibrate(TestNets.iterator(1, 1, 1, 5, 40)).transform()
                .report().warnings());
    }

    /** Weights are fitted to the examples so well that these do not tell how far off they are. */
    @Test
    void reportedErrorsAreThoseOfOtherExamples() {
        ComputationGraph graph = TestNets.chain(InputType.feedForward(120),
                new DenseLayer.Builder().nOut(50).activation(Activation.IDENTITY).build());
        MultipointResult<ComputationGraph> result = Multipoint.of(graph).bits(3).activationBits(0)
                .calibrate(TestNets.iterator(1, 1, 1, 80, 120)).transform();
        INDArray x = TestNets.random(7, 2000, 120);
        INDArray expected = graph.outputSingle(x);
        double fresh = expected.squaredDistance(result.model().outputSingle(x)) / expected.length()
                / Math.pow(expected.stdNumber().doubleValue(), 2);
        assertEquals(1, result.report().layers().get(0).outputError() / fresh, 0.3);
    }

    // Budgets and settings.

    @Test
    void budgetsHold() {
        for (Method method : new Method[]{Method.CALIBRATED, Method.GREEDY}) {
            double extra = transform(m -> m.method(method).bits(3).extraPoints(0.25)).report().codesPerWeight();
            assertTrue(extra <= 1.25 && extra > 1.2, method + ": " + extra);
            double bits = transform(m -> m.method(method).bits(3).storedBits(6)).report().storedBitsPerWeight();
            assertTrue(bits <= 6 && bits > 5.8, method + ": " + bits);
            long bytes = transform(m -> m.method(method).bits(3).storedBytes(1200)).report().storedBytes();
            assertTrue(bytes <= 1200 && bytes > 1150, method + ": " + bytes);
        }
    }

    /** A size that is asked for without a width is spent on entropy-coded weights. */
    @Test
    void theMethodFollowsFromWhatIsAskedFor() {
        assertEquals("calibrated", method(m -> m));
        assertEquals("calibrated", method(m -> m.extraPoints(0.2)));
        assertEquals("calibrated", method(m -> m.errorThreshold(0.1)));
        assertEquals("calibrated", method(m -> m.points(2)));
        assertEquals("coded", method(m -> m.storedBits(6)));
        assertEquals("coded", method(m -> m.storedBytes(1200)));
        assertEquals("coded", method(m -> m.bits("l2", 5).storedBits(7)));
        assertEquals("calibrated", method(m -> m.storedBits(6).bits(3)));
        assertEquals("calibrated", method(m -> m.bits(3).storedBytes(1200)));
        assertEquals("calibrated", method(m -> m.storedBits(6).extraPoints(0.1)));
        assertEquals("greedy", method(m -> m.storedBits(6).method(Method.GREEDY)));
        assertEquals("coded", method(m -> m.bits(4).extraPoints(0.5).method(Method.CODED)));
    }

    /** Between transformations; an object that is used again starts anew. */
    @Test
    void aBudgetThatReplacesAnotherSaysSo() {
        assertEquals("of several budgets the last one counts: 7.0 stored bits per weight, which replaces 20 % extra points and a largest drop of 0.1",
                transform(m -> m.extraPoints(0.2).maxDrop(0.1, g -> 1).storedBits(7)).report().warnings().get("budgets"));
        assertFalse(transform(m -> m.storedBits(7).bits("l2", 5)).report().warnings().containsKey("budgets"));
        transform(m -> {
            m.extraPoints(0.2).transform();
            MultipointResult<ComputationGraph> second = m.extraPoints(0.3).transform();
            assertFalse(second.report().warnings().containsKey("budgets"));
            return m;
        });
    }

    @Test
    void aBudgetBelowOnePointForEachRowSaysSo() {
        MultipointResult<ComputationGraph> result = transform(m -> m.bits(4).storedBits(1));
        assertTrue(result.report().storedBitsPerWeight() > 4);
        assertTrue(result.report().warnings().get("budget").startsWith("1.0 stored bits per weight: these layers take "),
                result.report().warnings().toString());
        assertFalse(transform(m -> m.bits(3).storedBits(6)).report().warnings().containsKey("budget"));
    }

    @Test
    void missingArgumentsAreNamed() {
        assertEquals("graph", assertThrows(NullPointerException.class, () -> Multipoint.of((ComputationGraph) null)).getMessage());
        transform(m -> {
            assertEquals("iterator", assertThrows(NullPointerException.class, () -> m.calibrate((DataSetIterator) null)).getMessage());
            assertEquals("layer", assertThrows(NullPointerException.class, () -> m.bits(null, 4)).getMessage());
            assertEquals("layer", assertThrows(NullPointerException.class, () -> m.leaveOut((String) null)).getMessage());
            assertEquals("method", assertThrows(NullPointerException.class, () -> m.method(null)).getMessage());
            return m;
        });
    }

    private static String method(UnaryOperator<Multipoint<ComputationGraph>> settings) {
        return transform(settings).report().provenance().method();
    }

    @Test
    void entropyCodedBudgetsHold() {
        for (double budget : new double[]{5.5, 6, 7}) {
            double bits = transform(m -> m.storedBits(budget)).report().storedBitsPerWeight();
            assertTrue(bits <= budget && bits > budget - 0.2, budget + ": " + bits);
        }
        long bytes = transform(m -> m.storedBytes(1000)).report().storedBytes();
        assertTrue(bytes <= 1000 && bytes > 970, bytes + " bytes");
    }

    @Test
    void anEntropyCodedLayerTakesTheBitsThatItIsGiven() {
        MultipointReport all = transform(m -> m.storedBits(4.6)).report();
        MultipointReport own = transform(m -> m.storedBits(4.6).bits("l2", 3)).report();
        LayerReport layer = own.layers().get(3);
        assertEquals("l2", layer.name());
        assertTrue(layer.bitsPerWeight() <= 3 && layer.bitsPerWeight() > 2.8, layer.toString());
        assertTrue(all.layers().get(3).bitsPerWeight() > 3.2, all.toString());
        assertTrue(own.storedBitsPerWeight() <= 4.6 && own.storedBitsPerWeight() > 4.4, own.toString());
    }

    @Test
    void budgetsThatEntropyCodedLayersCannotHold() {
        refused("A budget of 100 bytes is too small: entropy-coded, these layers take ", () -> transform(m -> m.storedBytes(100)));
        refused("a budget of 0.5 stored bits per weight", () -> transform(m -> m.storedBits(0.5)));
        refused("a budget of 8.5 stored bits per weight", () -> transform(m -> m.storedBits(8.5)));
        refused("A budget of 5.0 stored bits per weight is too small", () -> transform(m -> m.storedBits(5).bits("l2", 8)));
        refused("Layer \"l3\": 160 stored bits are too few: entropy-coded, it takes ", () -> transform(m -> m.storedBits(6).bits("l3", 2)));
    }

    @Test
    void thresholdsAndFixedPointsAndTheirMost() {
        MultipointReport loose = transform(m -> m.errorThreshold(0.5)).report();
        MultipointReport tight = transform(m -> m.errorThreshold(1e-4)).report();
        assertTrue(loose.codesPerWeight() < tight.codesPerWeight());
        assertEquals(3, transform(m -> m.points(3)).report().codesPerWeight());
        MultipointReport most = transform(m -> with(o -> o.maxPoints(2)).apply(m.method(Method.GREEDY).errorThreshold(0))).report();
        assertEquals(2, most.codesPerWeight());
        assertEquals(1, transform(m -> m.method(Method.NEAREST).extraPoints(5)).report().codesPerWeight());
    }

    @Test
    void aResultOfEitherKindCompilesToAGraph() {
        INDArray x = TestNets.random(5, SHAPE);
        MultipointResult<ComputationGraph> ofGraph = transform(m -> m.bits(6));
        assertEquals(Segments.compile(ofGraph.model()).graph().outputSingle(x), ofGraph.compile().graph().outputSingle(x));
        MultiLayerNetwork network = TestNets.network(InputType.convolutional(7, 7, 3),
                new ConvolutionLayer.Builder(3, 3).nOut(8).activation(Activation.RELU).build(),
                new OutputLayer.Builder(LossFunctions.LossFunction.MCXENT).nOut(5).activation(Activation.SOFTMAX).build());
        MultipointResult<MultiLayerNetwork> ofNetwork = Multipoint.of(network).calibrate(data()).bits(6).transform();
        assertEquals(Segments.compile(ofNetwork.model()).graph().outputSingle(x), ofNetwork.compile().graph().outputSingle(x));
    }

    @Test
    void bitsOfALayerAreItsOwn() {
        assertEquals(Map.of("l0", 3, "l1/W", 6, "l1/pW", 6, "l2", 2, "l3", 3), bits(m -> m.bits(3).bits("l1", 6).bits("l2", 2)));
    }

    private static Map<String, Integer> bits(UnaryOperator<Multipoint<ComputationGraph>> settings) {
        Map<String, Integer> bits = new HashMap<>();
        transform(settings).report().layers().forEach(l -> bits.put(l.name(), l.bits()));
        return bits;
    }

    /** A range of 127 integers needs no more than 7 bits. Floating activations do not restrict it. */
    @Test
    void eightBitsAreStoredAsSevenWhereTheRangeIsReduced() {
        assertEquals(Set.of(7), Set.copyOf(bits(m -> m.bits(8)).values()));
        assertEquals(Set.of(8), Set.copyOf(bits(m -> with(o -> o.reduceRange(false)).apply(m.bits(8))).values()));
        assertEquals(Set.of(8), Set.copyOf(bits(m -> m.bits(8).activationBits(0)).values()));
    }

    @Test
    void moreBitsAndPointsComeNearer() {
        INDArray x = TestNets.random(5, SHAPE);
        INDArray expected = graph().outputSingle(x);
        double last = Double.POSITIVE_INFINITY;
        for (int bits : new int[]{2, 4, 8}) {
            double error = expected.squaredDistance(transform(m -> m.bits(bits).points(1)).model().outputSingle(x));
            assertTrue(error < last / 2, bits + " bits: " + error + " after " + last);
            last = error;
        }
    }

    @Test
    void settingsOfEverySort() {
        INDArray x = TestNets.random(5, SHAPE);
        INDArray expected = graph().outputSingle(x);
        List<UnaryOperator<Multipoint<ComputationGraph>>> settings = List.of(
                with(o -> o.grid(CodeGrid.ODD)), with(o -> o.scales(ScaleLayout.PER_POINT)),
                with(o -> o.grid(CodeGrid.ODD).scales(ScaleLayout.PER_POINT)),
                with(o -> o.clipping(Clipping.MIN_MAX)), with(o -> o.clipping(Clipping.PERCENTILE)), m -> m.activationBits(6),
                with(o -> o.quantizedInputs(false)), with(o -> o.targetMatching(false)), with(o -> o.shortcutMatching(false)),
                with(o -> o.biasCorrection(false)), with(o -> o.ridge(0.5)),
                with(o -> o.positionsPerImage(3)), m -> with(o -> o.granularity(Granularity.LAYER)).apply(m.method(Method.GREEDY)),
                m -> with(o -> o.granularity(Granularity.LAYER)).apply(m.method(Method.NEAREST)), m -> m.method(Method.NEAREST));
        for (int i = 0; i < settings.size(); i++) {
            int index = i;
            INDArray found = transform(m -> settings.get(index).apply(m.bits(5))).model().outputSingle(x);
            double error = expected.sub(found).amaxNumber().doubleValue();
            assertTrue(error < 0.15, "setting " + i + ": " + error);
        }
    }

    @Test
    void reportedErrorsAreTheErrorsOfALayer() {
        ComputationGraph graph = TestNets.chain(InputType.feedForward(20),
                new DenseLayer.Builder().nOut(30).activation(Activation.IDENTITY).build());
        DataSetIterator iterator = TestNets.iterator(1, 4, 1, 64, 20);
        for (Method method : Method.values()) {
            MultipointResult<ComputationGraph> result = Multipoint.of(graph).method(method).bits(3).extraPoints(0.3)
                    .activationBits(0).calibrate(iterator).transform();
            double difference = 0;
            double variance = 0;
            iterator.reset();
            while (iterator.hasNext()) {
                INDArray x = iterator.next().getFeatures();
                INDArray expected = graph.outputSingle(x);
                difference += expected.squaredDistance(result.model().outputSingle(x)) / 256 / 30;
                variance += expected.var(false, 0).meanNumber().doubleValue() / 4;
            }
            double reported = result.report().layers().get(0).outputError();
            // Means of outputs are told apart by some and not by others.
            assertEquals(1, reported / (difference / variance), 0.25, method.name());
        }
    }

    /** Each layer is quantized on the inputs that the transformed model will give it, errors of all before it included. */
    @Test
    void calibratedErrorsAreThoseOfTheTransformedModelLayerByLayer() {
        ComputationGraph graph = TestNets.chain(InputType.convolutional(6, 6, 3),
                new ConvolutionLayer.Builder(3, 3).nOut(8).activation(Activation.IDENTITY).build(),
                new SeparableConvolution2D.Builder(3, 3).nOut(6).activation(Activation.IDENTITY).build(),
                new DenseLayer.Builder().nOut(10).activation(Activation.IDENTITY).build(),
                new DenseLayer.Builder().nOut(4).activation(Activation.IDENTITY).build());
        DataSetIterator iterator = TestNets.iterator(1, 4, 1, 16, 3, 6, 6);
        MultipointResult<ComputationGraph> result = Multipoint.of(graph).options(ofTheSourcesRanges()).bits(2).activationBits(4).calibrate(iterator).transform();
        Map<String, Double> reported = new HashMap<>();
        result.report().layers().forEach(l -> reported.put(l.name().replace("/pW", ""), l.outputError()));
        Map<String, double[]> sums = new HashMap<>();
        CalibrationData data = CalibrationData.of(iterator, 1);
        data.reset();
        while (data.hasNext()) {
            INDArray x = data.next()[0].toArray();
            if (!data.heldOut()) {
                continue;
            }
            Map<String, INDArray> expected = graph.feedForward(x, false);
            Map<String, INDArray> found = result.model().feedForward(x, false);
            for (String layer : List.of("l0", "l1", "l2", "l3")) {
                INDArray e = expected.get(layer);
                double[] s = sums.computeIfAbsent(layer, l -> new double[4]);
                s[0] += e.squaredDistance(found.get(layer));
                s[1] += e.sumNumber().doubleValue();
                s[2] += e.mul(e).sumNumber().doubleValue();
                s[3] += e.length();
            }
        }
        sums.forEach((layer, s) -> {
            double variance = s[2] / s[3] - s[1] / s[3] * s[1] / s[3];
            assertEquals(1, reported.get(layer) / (s[0] / s[3] / variance), 0.02, layer);
        });
    }

    /** Outputs of single layers are then those of the source. */
    private static MultipointOptions ofTheSourcesRanges() {
        return MultipointOptions.builder().equalization(Equalization.NEVER).build();
    }

    private static ComputationGraph identities() {
        return TestNets.chain(InputType.convolutional(6, 6, 3),
                new ConvolutionLayer.Builder(3, 3).nOut(8).activation(Activation.IDENTITY).build(),
                new SeparableConvolution2D.Builder(3, 3).nOut(6).activation(Activation.IDENTITY).build(),
                new DenseLayer.Builder().nOut(10).activation(Activation.IDENTITY).build());
    }

    /** Rounding of weights and of inputs moves no mean. */
    @Test
    void calibratedMeanOutputsAreExact() {
        ComputationGraph graph = identities();
        DataSetIterator iterator = TestNets.iterator(1, 1, 1, 1024, 3, 6, 6);
        ComputationGraph small = Multipoint.of(graph).options(ofTheSourcesRanges()).bits(2).activationBits(3).calibrate(iterator).transform().model();
        CalibrationData data = CalibrationData.of(iterator, 1);
        data.reset();
        // Those that it learnt from; the others come in the next batch.
        INDArray x = data.next()[0].toArray();
        Map<String, INDArray> expected = graph.feedForward(x, false);
        Map<String, INDArray> found = small.feedForward(x, false);
        for (String layer : List.of("l0", "l1", "l2")) {
            int[] others = layer.equals("l2") ? new int[]{0} : new int[]{0, 2, 3};
            INDArray difference = expected.get(layer).mean(others).sub(found.get(layer).mean(others));
            assertEquals(0, difference.amaxNumber().doubleValue(), 1e-5, layer);
        }
    }

    @Test
    void targetMatchingComesNearerToTheOutputsOfTheReference() {
        ComputationGraph graph = identities();
        DataSetIterator iterator = TestNets.iterator(1, 1, 1, 256, 3, 6, 6);
        double[] errors = new double[2];
        for (int on = 0; on < 2; on++) {
            ComputationGraph small = Multipoint.of(graph).bits(2).activationBits(3)
                    .options(MultipointOptions.builder().targetMatching(on == 1).build()).calibrate(iterator).transform().model();
            iterator.reset();
            INDArray x = iterator.next().getFeatures();
            errors[on] = graph.outputSingle(x).squaredDistance(small.outputSingle(x));
        }
        assertTrue(errors[1] < 0.95 * errors[0], errors[1] + " with it, " + errors[0] + " without");
    }

    @Test
    void shortcutMatchingComesNearerToTheOutputsOfTheReference() {
        ComputationGraph graph = TestNets.graph(b -> b.addInputs("in").setInputTypes(InputType.convolutional(6, 6, 3))
                .addLayer("first", new ConvolutionLayer.Builder(3, 3).convolutionMode(ConvolutionMode.Same).nOut(8)
                        .activation(Activation.IDENTITY).build(), "in")
                .addLayer("a", new ConvolutionLayer.Builder(3, 3).convolutionMode(ConvolutionMode.Same).nOut(8)
                        .activation(Activation.RELU).build(), "first")
                .addLayer("b", new ConvolutionLayer.Builder(3, 3).convolutionMode(ConvolutionMode.Same).nOut(8)
                        .activation(Activation.IDENTITY).build(), "a")
                .addVertex("sum", new ElementWiseVertex(ElementWiseVertex.Op.Add), "first", "b")
                .addLayer("out", new DenseLayer.Builder().nOut(4).activation(Activation.IDENTITY).build(), "sum")
                .setOutputs("out"));
        DataSetIterator iterator = TestNets.iterator(1, 1, 1, 256, 3, 6, 6);
        double[] errors = new double[2];
        for (int on = 0; on < 2; on++) {
            MultipointResult<ComputationGraph> result = Multipoint.of(graph).bits(2).points(1)
                    .options(MultipointOptions.builder().shortcutMatching(on == 1).build()).calibrate(iterator).transform();
            iterator.reset();
            INDArray x = iterator.next().getFeatures();
            errors[on] = graph.feedForward(x, false).get("sum").squaredDistance(result.model().feedForward(x, false).get("sum"));
        }
        assertTrue(errors[1] < 0.95 * errors[0], errors[1] + " with it, " + errors[0] + " without");
    }

    /** The largest value comes last. */
    @ParameterizedTest
    @EnumSource(Method.class)
    void rangesOfInputsCoverAllBatches(Method method) {
        DataSetIterator iterator = data();
        double max = Double.NEGATIVE_INFINITY;
        double min = Double.POSITIVE_INFINITY;
        while (iterator.hasNext()) {
            INDArray features = iterator.next().getFeatures();
            if (!iterator.hasNext()) {
                features.muli(3);
            }
            max = Math.max(max, features.maxNumber().doubleValue());
            min = Math.min(min, features.minNumber().doubleValue());
        }
        LayerReport first = Multipoint.of(graph()).method(method).activationBits(3).calibrate(iterator)
                .options(MultipointOptions.builder().clipping(Clipping.MIN_MAX).inputBits(5).build()).transform().report().layers().get(0);
        InputQuantization expected = InputQuantization.ofRange(min, max, 5);
        assertEquals(expected.scale(), first.input().scale());
        assertEquals(expected.zeroPoint(), first.input().zeroPoint());
        assertEquals(5, first.input().bits());
        assertEquals(min, first.input().min());
        assertEquals(max, first.input().max());
        assertEquals(0, first.input().clipped());
        assertEquals(expected.round((float) max), first.input().high(), 1e-5);
        assertEquals(expected.round((float) min), first.input().low(), 1e-5);
    }

    @Test
    void listenersHearOfEqualization() {
        List<String> heard = new ArrayList<>();
        transform(m -> m.options(MultipointOptions.builder().equalization(Equalization.ALWAYS).build()).listener((phase, done, total, what) -> {
            if (phase == TransformListener.Phase.EQUALIZATION) {
                heard.add(what);
            }
        }));
        assertEquals(List.of("batch 1", "batch 2", "batch 3", "batch 4"), heard);
    }

    @Test
    void listenersHearEachPhaseToItsEnd() {
        for (Method method : Method.values()) {
            Map<TransformListener.Phase, List<String>> heard = new HashMap<>();
            Map<TransformListener.Phase, Integer> last = new HashMap<>();
            transform(m -> m.method(method).listener((phase, done, total, what) -> {
                heard.computeIfAbsent(phase, p -> new ArrayList<>()).add(what);
                assertEquals(last.getOrDefault(phase, 0) + 1, done, "steps are counted one by one");
                assertTrue(total == -1 || done <= total);
                last.put(phase, done);
            }));
            List<String> batches = List.of("batch 1", "batch 2", "batch 3", "batch 4");
            assertNull(heard.get(TransformListener.Phase.EQUALIZATION), method.toString());
            assertEquals(batches, heard.get(TransformListener.Phase.CALIBRATION));
            assertEquals(List.of("l0", "l1/W", "l1/pW", "l2", "l3"), heard.get(TransformListener.Phase.ALLOCATION));
            assertEquals(List.of("l0", "l1", "l2", "l3"), heard.get(TransformListener.Phase.QUANTIZATION));
            assertEquals(method == Method.CODED || method == Method.OMPQ, heard.containsKey(TransformListener.Phase.SENSITIVITY),
                    method.toString());
        }
    }

    @Test
    void reportSaysWhatMadeIt() {
        MultipointResult<ComputationGraph> result = transform(m -> m.bits(3).extraPoints(0.07).leaveOut("l2"));
        Provenance provenance = result.report().provenance();
        assertEquals(32, provenance.examples());
        assertEquals("ListDataSetIterator", provenance.iterator());
        assertEquals("calibrated", provenance.method());
        assertEquals(3, provenance.bits());
        assertEquals("7 % extra points", provenance.budget());
        assertEquals("l2", provenance.settings().get("leftOut"));
        assertEquals("ComputationGraph", provenance.model());
        assertTrue(provenance.version().matches("\\d+\\.\\d+\\.\\d+.*"), provenance.version());
        assertTrue(result.calibrationSeconds() > 0 && result.quantizationSeconds() > 0);
        assertEquals(result.model().numParams(), result.report().floatParameters());
        for (LayerReport layer : result.report().layers()) {
            assertTrue(layer.outputError() > 0 && layer.outputError() < 1, layer.toString());
            assertEquals(layer.rows(), layer.fusedExactly());
            assertEquals(0, layer.fusingError());
            assertTrue(layer.input().scale() > 0);
        }
    }

    /** Also where the method has a size of its own in mind. */
    @ParameterizedTest
    @EnumSource(Method.class)
    void theReportedSizeIsThatOfThePayloads(Method method) {
        MultipointResult<ComputationGraph> result = transform(m -> m.method(method).bits(3).extraPoints(0.3));
        long bytes = 0;
        for (org.deeplearning4j.nn.api.Layer layer : result.model().getLayers()) {
            for (MultipointWeights.Operation operation : MultipointWeights.of(layer.conf().getLayer()).orElseThrow().operations()) {
                for (String piece : operation.payload()) {
                    bytes += Base64.getDecoder().decode(piece).length;
                }
            }
        }
        assertEquals(bytes, result.report().storedBytes());
    }

    @Test
    void pointsAreStoredAsTheyAreCounted() {
        for (Method method : new Method[]{Method.CALIBRATED, Method.GREEDY, Method.NEAREST}) {
            MultipointReport report = transform(m -> m.method(method).bits(3)).report();
            assertEquals(report.storedBitsPerWeight(), report.notionalBitsPerWeight());
            assertFalse(report.provenance().settings().containsKey("storage"));
        }
    }

    @Test
    void whatIsStoredAsCodesOfEightBitsSaysSo() {
        for (Method method : new Method[]{Method.MIXED_PRECISION, Method.CHANNEL_SPLITTING}) {
            MultipointReport report = transform(m -> m.method(method).bits(3).extraPoints(0.2)).report();
            assertTrue(report.storedBitsPerWeight() > 8);
            assertTrue(report.notionalBitsPerWeight() > 3 && report.notionalBitsPerWeight() < 5, report.toString());
            assertTrue(report.provenance().settings().get("storage").startsWith("8-bit codes"), report.toString());
            report.layers().forEach(layer -> assertEquals(8, layer.bits()));
        }
    }

    @Test
    void settingsInOneCallDoNotReachAnother() {
        ComputationGraph graph = graph();
        Multipoint<ComputationGraph> multipoint = Multipoint.of(graph).calibrate(data());
        ComputationGraph four = multipoint.transform().model();
        ComputationGraph two = multipoint.bits(2).transform().model();
        assertNotEquals(four.getConfiguration(), two.getConfiguration());
        same(four, multipoint.bits(4).transform().model());
    }

    @Test
    void resultsStayAsTheyWereWhenSettingsChange() {
        Multipoint<ComputationGraph> multipoint = Multipoint.of(graph()).calibrate(data()).leaveOut("l0").bits("l1", 3);
        MultipointResult<ComputationGraph> first = multipoint.transform();
        String report = first.report().toJson();
        String model = first.model().getConfiguration().toJson();
        multipoint.leaveOut("l3").bits("l1", 8).options(MultipointOptions.builder().ridge(5).build()).transform();
        assertEquals(report, first.report().toJson());
        assertEquals(model, first.model().getConfiguration().toJson());
    }

    @Test
    void freeScalesAreRoundedByTheFusingAndTheReportSaysByHowMuch() {
        for (LayerReport layer : transform(m -> m.method(Method.GREEDY).bits(4).points(2)).report().layers()) {
            assertEquals(0, layer.fusedExactly());
            assertTrue(layer.fusingError() > 0 && layer.fusingError() <= 1.0 / 127, layer.toString());
        }
    }

    // Bad input.

    private static void refused(String expected, Executable attempt) {
        String message = assertThrows(IllegalArgumentException.class, attempt).getMessage();
        assertTrue(message.contains(expected), message);
    }

    @Test
    void settingsOutOfRange() {
        Multipoint<ComputationGraph> m = Multipoint.of(graph());
        for (int bits : new int[]{-1, 0, 1, 9}) {
            refused("Bits must be 2 to 8, found " + bits, () -> m.bits(bits));
            refused("Bits must be 2 to 8, found " + bits, () -> m.bits("l0", bits));
        }
        refused("found 9", () -> m.activationBits(9));
        refused("found 1", () -> m.activationBits(1));
        refused("found -0.1", () -> m.extraPoints(-0.1));
        refused("found NaN", () -> m.extraPoints(Double.NaN));
        refused("found NaN", () -> m.storedBits(Double.NaN));
        refused("found -5.0", () -> m.storedBytes(-5));
        refused("found -1.0", () -> m.errorThreshold(-1));
        refused("found 0", () -> m.points(0));
        refused("found 0", () -> m.memory(0));
    }

    @Test
    void unknownLayersAreNamedAndTheKnownOnesListed() {
        Multipoint<ComputationGraph> m = Multipoint.of(graph());
        refused("There is no layer \"conv9\"; the layers are [l0, l1, l2, l3]", () -> m.bits("conv9", 4));
        refused("There is no layer \"in\"", () -> m.leaveOut("l0", "in"));
        MultiLayerNetwork network = TestNets.network(InputType.feedForward(6), new DenseLayer.Builder().nOut(4).build(),
                new DenseLayer.Builder().nOut(3).build());
        refused("There is no layer \"2\"", () -> Multipoint.of(network).bits("2", 4));
        Multipoint.of(network).bits("layer1", 4);
    }

    @Test
    void missingCalibration() {
        String message = assertThrows(IllegalStateException.class, () -> Multipoint.of(graph()).transform()).getMessage();
        assertTrue(message.contains("calibrate"), message);
    }

    @Test
    void nothingToQuantize() {
        ComputationGraph graph = TestNets.chain(InputType.recurrent(3, 5), new GravesBidirectionalLSTM.Builder().nOut(4).activation(Activation.TANH)
                .build());
        refused("no layer that can be quantized: {l0=GravesBidirectionalLSTM is not supported}",
                () -> Multipoint.of(graph).calibrate(TestNets.iterator(1, 1, 1, 2, 3, 5)).transform());
    }

    @Test
    void modelsThatAreNotInitialized() {
        refused("call init() first", () -> Multipoint.of(new ComputationGraph(graph().getConfiguration())));
        MultiLayerNetwork network = TestNets.network(InputType.feedForward(6), new DenseLayer.Builder().nOut(4).build());
        refused("call init() first", () -> Multipoint.of(new MultiLayerNetwork(network.getLayerWiseConfigurations())));
    }

    @Test
    void modelsThatAreTransformedAlready() {
        ComputationGraph small = transform(m -> m).model();
        refused("no layer that can be quantized: {l0=MultipointConvolutionLayer is not supported",
                () -> Multipoint.of(small).calibrate(data()).transform());
    }

    @Test
    void weightsThatAreNotFinite() {
        for (float bad : new float[]{Float.NaN, Float.POSITIVE_INFINITY}) {
            for (String key : new String[]{"W", "b"}) {
                ComputationGraph graph = graph();
                graph.getVertex("l2").paramTable(false).get(key).putScalar(1, bad);
                refused("Layer \"l2\": parameter " + key + " holds " + bad + " at element",
                        () -> Multipoint.of(graph).calibrate(data()).transform());
            }
        }
    }

    @Test
    void inputsThatAreNotFinite() {
        for (float bad : new float[]{Float.NaN, Float.NEGATIVE_INFINITY}) {
            DataSetIterator iterator = data();
            iterator.next();
            iterator.next();
            iterator.next().getFeatures().putScalar(5, 1, 2, 2, bad);
            refused("Calibration batch 2, input 0, example 5: found " + bad,
                    () -> Multipoint.of(graph()).calibrate(iterator).transform());
        }
    }

    @Test
    void inputsBeyondWhatFloatsCanSquare() {
        DataSetIterator iterator = data();
        iterator.next().getFeatures().muli(1e30);
        refused("Layer \"l0\"", () -> Multipoint.of(graph()).calibrate(iterator).transform());
    }

    @Test
    void activationsThatAreNotFinite() {
        ComputationGraph graph = graph();
        graph.getVertex("l0").paramTable(false).get("b").assign(Float.MAX_VALUE);
        graph.getVertex("l1").paramTable(false).get("W").assign(1);
        refused("Layer \"l1\": an input is Infinity, expected finite values",
                () -> Multipoint.of(graph).calibrate(data()).transform());
    }

    @Test
    void nothingToCalibrateOn() {
        refused("The calibration iterator gave no examples", () -> Multipoint.of(graph())
                .calibrate(TestNets.iterator(1, 0, 1, SHAPE)).transform());
    }

    @Test
    void iteratorsThatCannotBeReset() {
        DataSetIterator once = new ExistingDataSetIterator(List.<DataSet>of().iterator());
        refused("ExistingDataSetIterator cannot be reset", () -> Multipoint.of(graph()).calibrate(once).transform());
    }

    @Test
    void imagesThatDoNotFit() {
        refused("Layer \"l0\": Expected 3 channels, found an image of [7, 4, 7, 7]",
                () -> Multipoint.of(graph()).calibrate(TestNets.iterator(1, 1, 1, 8, 4, 7, 7)).transform());
        refused("\"l2\"", () -> Multipoint.of(graph()).calibrate(TestNets.iterator(1, 1, 1, 8, 3, 9, 9)).transform());
        refused("Layer \"l0\": An input of 2x2 is too small", () -> Multipoint.of(graph()).calibrate(TestNets.iterator(1, 1, 1, 8, 3, 2, 2)).transform());
        refused("2 inputs, the network has 1", () -> Multipoint.of(graph())
                .calibrate(TestNets.iterator(1, 1, SHAPE, SHAPE)).transform());
        refused("Calibration batch 0 has no features for input 0", () -> Multipoint.of(graph()).calibrate(
                new TestMultiDataSetIterator(1, new MultiDataSet(new INDArray[1], new INDArray[0]))).transform());
    }

    @Test
    void imagesThatDoNotFitTheTransformedModel() {
        ComputationGraph small = transform(m -> m).model();
        refused("Layer \"l0\": expected 3 channels on axis 1 of its input, found shape [2, 4, 7, 7]",
                () -> small.outputSingle(TestNets.random(1, 2, 4, 7, 7)));
        refused("Layer \"l0\": An input of 2x2 is too small", () -> small.outputSingle(TestNets.random(1, 2, 3, 2, 2)));
    }

    @Test
    void morePointsThanAScaleCanHold() {
        refused("4 points of 8 bits with one scale", () -> transform(m -> m.bits(8).points(4).activationBits(0)));
    }

    /** One image only: dense layers see no variance at all. */
    @ParameterizedTest
    @EnumSource(Method.class)
    void aSingleImageIsEnoughToRun(Method method) {
        ComputationGraph graph = TestNets.chain(InputType.convolutional(7, 7, 3),
                new ConvolutionLayer.Builder(3, 3).convolutionMode(ConvolutionMode.Same).nOut(8).activation(Activation.RELU).build(),
                new GlobalPoolingLayer.Builder(PoolingType.AVG).build(),
                new DenseLayer.Builder().nOut(60).activation(Activation.RELU).build(),
                new DenseLayer.Builder().nOut(5).activation(Activation.TANH).build());
        ComputationGraph small = Multipoint.of(graph).method(method).bits(8).calibrate(TestNets.iterator(1, 1, 1, 1, 3, 7, 7)).transform().model();
        INDArray x = TestNets.random(9, SHAPE);
        assertTrue(graph.outputSingle(x).sub(small.outputSingle(x)).amaxNumber().doubleValue() < 0.1);
    }
}
