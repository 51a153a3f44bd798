package org.multipoint.transform;

import org.deeplearning4j.datasets.iterator.utilty.ListDataSetIterator;
import org.deeplearning4j.nn.api.layers.RecurrentLayer;
import org.deeplearning4j.nn.conf.BackpropType;
import org.deeplearning4j.nn.conf.ComputationGraphConfiguration;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.RNNFormat;
import org.deeplearning4j.nn.conf.graph.LayerVertex;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.Convolution3D;
import org.deeplearning4j.nn.conf.layers.Deconvolution3D;
import org.deeplearning4j.nn.conf.layers.EmbeddingLayer;
import org.deeplearning4j.nn.conf.layers.EmbeddingSequenceLayer;
import org.deeplearning4j.nn.conf.layers.GravesLSTM;
import org.deeplearning4j.nn.conf.layers.LSTM;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.LocallyConnected1D;
import org.deeplearning4j.nn.conf.layers.LocallyConnected2D;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.conf.layers.RecurrentAttentionLayer;
import org.deeplearning4j.nn.conf.layers.RnnOutputLayer;
import org.deeplearning4j.nn.conf.layers.SelfAttentionLayer;
import org.deeplearning4j.nn.conf.layers.recurrent.Bidirectional;
import org.deeplearning4j.nn.conf.layers.recurrent.LastTimeStep;
import org.deeplearning4j.nn.conf.layers.recurrent.SimpleRnn;
import org.deeplearning4j.nn.conf.layers.util.MaskZeroLayer;
import org.deeplearning4j.nn.conf.weightnoise.DropConnect;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.layers.wrapper.BaseWrapperLayer;
import org.deeplearning4j.nn.modelimport.keras.Hdf5Archive;
import org.deeplearning4j.nn.modelimport.keras.KerasModel;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.nn.weights.WeightInit;
import org.deeplearning4j.parallelism.ParallelInference;
import org.deeplearning4j.util.ModelSerializer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.multipoint.layers.MultipointWeights;
import org.multipoint.layers.WeightOnlyKind;
import org.multipoint.options.Method;
import org.multipoint.report.InputReport;
import org.multipoint.report.LayerReport;
import org.multipoint.segments.Segments;
import org.multipoint.testing.TestData;
import org.multipoint.testing.TestNets;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.dataset.api.iterator.DataSetIterator;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.lossfunctions.LossFunctions;

import java.io.File;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

/** Layers that store their weights as points and that Deeplearning4j computes. */
@Timeout(300)
class WeightOnlyTest {

    private static final InputType SEQUENCE = InputType.recurrent(5, 7);
    private static final long[] SEQUENCES = {4, 5, 7};
    private static final int WORDS = 11;

    private static Layer lstm() {
        return new LSTM.Builder().nOut(6).activation(Activation.TANH).build();
    }

    private static Layer graves() {
        return new GravesLSTM.Builder().nOut(6).activation(Activation.TANH).build();
    }

    private static Layer simple() {
        return new SimpleRnn.Builder().nOut(6).weightInit(WeightInit.XAVIER).biasInit(0).activation(Activation.TANH).build();
    }

    private static Layer steps() {
        return new RnnOutputLayer.Builder(LossFunctions.LossFunction.MCXENT).nOut(3).activation(Activation.SOFTMAX).build();
    }

    private static Layer classes() {
        return new OutputLayer.Builder(LossFunctions.LossFunction.MCXENT).nOut(3).activation(Activation.SOFTMAX).build();
    }

    private static Layer masking(Layer layer) {
        return new MaskZeroLayer.Builder().setUnderlying(layer).setMaskValue(0).build();
    }

    private static Arguments one(String keys, InputType input, long[] shape, Layer... layers) {
        return Arguments.of(keys, input, shape, layers);
    }

    /** Keys of the stored matrices of the first layer, and networks with each kind of layer. */
    static Stream<Arguments> kinds() {
        InputType volume = InputType.convolutional3D(Convolution3D.DataFormat.NCDHW, 5, 6, 4, 2);
        long[] volumes = {3, 2, 5, 6, 4};
        return Stream.of(
                one("W RW", SEQUENCE, SEQUENCES, lstm(), steps()),
                one("W RW", SEQUENCE, SEQUENCES, graves(), steps()),
                one("W RW", SEQUENCE, SEQUENCES, simple(), steps()),
                one("fW fRW bW bRW", SEQUENCE, SEQUENCES, new Bidirectional(Bidirectional.Mode.ADD, lstm()), steps()),
                one("fW fRW bW bRW", SEQUENCE, SEQUENCES, new Bidirectional(Bidirectional.Mode.CONCAT, graves()), steps()),
                one("W RW", SEQUENCE, SEQUENCES, new LastTimeStep(lstm()), classes()),
                one("fW fRW bW bRW", SEQUENCE, SEQUENCES, new LastTimeStep(new Bidirectional(simple())), classes()),
                one("W RW", SEQUENCE, SEQUENCES, masking(graves()), steps()),
                one("W RW", SEQUENCE, SEQUENCES, new LastTimeStep(masking(lstm())), classes()),
                one("W", InputType.feedForward(WORDS), new long[]{12, 1}, new EmbeddingLayer.Builder().nIn(WORDS).nOut(5).hasBias(true).build(),
                        classes()),
                one("W", InputType.feedForward(WORDS), new long[]{12, 4}, new EmbeddingSequenceLayer.Builder().nIn(WORDS).nOut(5).inputLength(4)
                        .hasBias(true).build(), lstm(), steps()),
                one("W", volume, volumes, new Convolution3D.Builder(3, 2, 2).nOut(4).activation(Activation.RELU).build()),
                one("W", volume, volumes, new Deconvolution3D.Builder().kernelSize(2, 3, 2).nOut(3).activation(Activation.TANH).build()),
                one("W", InputType.recurrent(3, 8), new long[]{4, 3, 8}, new LocallyConnected1D.Builder().kernelSize(3).nOut(4)
                        .setInputSize(8).activation(Activation.TANH).hasBias(true).build(), steps()),
                one("W", InputType.convolutional(7, 6, 2), new long[]{4, 2, 7, 6}, new LocallyConnected2D.Builder().kernelSize(3, 2).nOut(3)
                        .setInputSize(7, 6).activation(Activation.RELU).hasBias(true).build(), classes()),
                one("Wq Wk Wv Wo", SEQUENCE, SEQUENCES, new SelfAttentionLayer.Builder().nOut(6).nHeads(2).headSize(3).projectInput(true).build(),
                        steps()),
                one("W RW Wq Wk Wv Wo", SEQUENCE, SEQUENCES, new RecurrentAttentionLayer.Builder().nIn(5).nOut(6).nHeads(2).headSize(3)
                        .projectInput(true).build(), steps()));
    }

    private static INDArray input(long seed, long[] shape) {
        if (shape.length > 2) {
            return TestNets.random(seed, shape);
        }
        Random random = new Random(seed);
        INDArray words = Nd4j.create(DataType.FLOAT, shape);
        for (long i = 0; i < words.length(); i++) {
            words.putScalar(i, random.nextInt(WORDS));
        }
        return words;
    }

    private static DataSetIterator data(long[] shape) {
        List<DataSet> batches = new ArrayList<>();
        for (int b = 0; b < 4; b++) {
            batches.add(unlabelled(input(100 + b, shape)));
        }
        return new ListDataSetIterator<>(batches, 1);
    }

    /** Deeplearning4j's iterators of data sets have arrays of up to four axes. */
    private static Multipoint<ComputationGraph> calibrated(Multipoint<ComputationGraph> multipoint, long[] shape) {
        return shape.length > 4 ? multipoint.calibrate(TestNets.iterator(100, 4, shape)) : multipoint.calibrate(data(shape));
    }

    private static DataSet unlabelled(INDArray features) {
        return new DataSet(features, Nd4j.zeros(features.size(0), 1));
    }

    private static double error(INDArray expected, INDArray found) {
        INDArray centred = expected.sub(expected.meanNumber());
        return expected.sub(found).norm2Number().doubleValue() / centred.norm2Number().doubleValue();
    }

    @ParameterizedTest
    @MethodSource("kinds")
    void everyKindIsStoredAndComputesTheSame(String keys, InputType input, long[] shape, Layer[] layers, @TempDir Path folder) throws IOException {
        ComputationGraph source = TestNets.chain(input, layers);
        INDArray before = source.params().dup();
        MultipointResult<ComputationGraph> result = calibrated(Multipoint.of(source).bits(8).points(3).activationBits(0), shape).transform();
        ComputationGraph graph = result.model();
        INDArray x = input(7, shape);
        INDArray found = graph.outputSingle(x);
        assertTrue(error(source.outputSingle(x), found) < 2e-3, error(source.outputSingle(x), found) + "");
        assertEquals(before, source.params());
        assertEquals(Map.of(), result.report().kept());

        String kind = WeightOnlyKind.of(source.getLayer(0).conf().getLayer()).orElseThrow().name().toLowerCase(Locale.ROOT);
        List<LayerReport> stored = result.report().layers().stream().filter(l -> l.name().equals("l0") || l.name().startsWith("l0/")).toList();
        assertEquals(Stream.of(keys.split(" ")).map(key -> keys.equals("W") ? "l0" : "l0/" + key).toList(), stored.stream().map(LayerReport::name).toList());
        stored.forEach(l -> {
            assertEquals(kind, l.kind());
            assertEquals(InputReport.FLOATING, l.input());
            assertTrue(l.outputError() < 1e-4, l.toString());
        });
        long weights = result.report().layers().stream().mapToLong(l -> (long) l.rows() * l.columns()).sum();
        assertEquals(source.numParams() - weights, graph.numParams());
        assertEquals(graph.numParams(), result.report().floatParameters());

        File file = folder.resolve("model.zip").toFile();
        ModelSerializer.writeModel(graph, file, true);
        ComputationGraph restored = ModelSerializer.restoreComputationGraph(file);
        assertEquals(found, restored.outputSingle(x));
        assertEquals(graph.getConfiguration(), restored.getConfiguration());
        assertEquals(found, graph.clone().outputSingle(x));
        assertTrue(graph.summary().contains("l0"), graph.summary());
    }

    @ParameterizedTest
    @MethodSource("kinds")
    void codedAndBaselines(String keys, InputType input, long[] shape, Layer[] layers) {
        ComputationGraph source = TestNets.chain(input, layers);
        INDArray x = input(7, shape);
        INDArray expected = source.outputSingle(x);
        ComputationGraph coded = calibrated(Multipoint.of(source).method(Method.CODED).bits(8).extraPoints(0.6)
                .activationBits(0), shape).transform().model();
        assertTrue(error(expected, coded.outputSingle(x)) < 0.12, error(expected, coded.outputSingle(x)) + "");
        ComputationGraph nearest = calibrated(Multipoint.of(source).method(Method.NEAREST).bits(8).activationBits(0), shape).transform().model();
        assertTrue(error(expected, nearest.outputSingle(x)) < 0.05, error(expected, nearest.outputSingle(x)) + "");
    }

    /** A network of layers, as most recurrent ones are, and its compiled form, in which these layers are outside of segments. */
    @Test
    void networksOfLayers(@TempDir Path folder) throws IOException {
        MultiLayerNetwork source = TestNets.network(SEQUENCE, new Bidirectional(lstm()), lstm(), steps());
        MultiLayerNetwork network = Multipoint.of(source).bits(4).calibrate(data(SEQUENCES)).transform().model();
        INDArray x = input(7, SEQUENCES);
        INDArray found = network.output(x);
        assertTrue(error(source.output(x), found) < 0.2, error(source.output(x), found) + "");
        File file = folder.resolve("network.zip").toFile();
        ModelSerializer.writeModel(network, file, false);
        assertEquals(found, ModelSerializer.restoreMultiLayerNetwork(file).output(x));
        assertEquals(found, network.clone().output(x));
        assertTrue(network.summary().length() > 0);

        ComputationGraph graph = Multipoint.of(TestNets.chain(SEQUENCE, lstm(), steps())).calibrate(data(SEQUENCES)).transform().model();
        assertEquals(0, graph.outputSingle(x).sub(Segments.compile(graph).graph().outputSingle(x)).amaxNumber().doubleValue(), 1e-5);
    }

    @ParameterizedTest
    @EnumSource(RNNFormat.class)
    void sequencesOfEitherFormat(RNNFormat format) {
        ComputationGraph source = TestNets.chain(InputType.recurrent(5, 7, format),
                new Bidirectional(new LSTM.Builder().nOut(6).dataFormat(format).activation(Activation.TANH).build()),
                new RnnOutputLayer.Builder(LossFunctions.LossFunction.MCXENT).nOut(3).dataFormat(format).activation(Activation.SOFTMAX).build());
        long[] shape = format == RNNFormat.NCW ? SEQUENCES : new long[]{4, 7, 5};
        ComputationGraph graph = Multipoint.of(source).bits(4).activationBits(0).calibrate(data(shape)).transform().model();
        INDArray x = input(7, shape);
        assertTrue(error(source.outputSingle(x), graph.outputSingle(x)) < 0.2, error(source.outputSingle(x), graph.outputSingle(x)) + "");
    }

    /** Step by step, with the state in between taken out and put back, is the same as a sequence at once. */
    @ParameterizedTest
    @MethodSource("stateful")
    void timeSteps(Layer layer) {
        MultiLayerNetwork source = TestNets.network(SEQUENCE, layer, steps());
        MultiLayerNetwork network = Multipoint.of(source).bits(3).activationBits(0).calibrate(data(SEQUENCES)).transform().model();
        ComputationGraph graph = Multipoint.of(TestNets.chain(SEQUENCE, layer, steps())).bits(3).activationBits(0).calibrate(data(SEQUENCES)).transform().model();
        INDArray x = input(7, SEQUENCES);
        INDArray expected = network.output(x);
        INDArray ofGraph = graph.outputSingle(x);
        network.rnnClearPreviousState();
        graph.rnnClearPreviousState();
        for (int t = 0; t < 7; t++) {
            INDArray step = x.get(NDArrayIndex.all(), NDArrayIndex.all(), NDArrayIndex.interval(t, t + 1)).dup();
            INDArray now = expected.get(NDArrayIndex.all(), NDArrayIndex.all(), NDArrayIndex.interval(t, t + 1));
            INDArray nowOfGraph = ofGraph.get(NDArrayIndex.all(), NDArrayIndex.all(), NDArrayIndex.interval(t, t + 1));
            if (t == 4) {
                Map<String, INDArray> state = network.rnnGetPreviousState(0);
                assertTrue(!state.isEmpty());
                network.rnnClearPreviousState();
                assertTrue(network.rnnGetPreviousState(0).isEmpty());
                network.rnnSetPreviousState(0, state);
            }
            assertEquals(0, now.sub(network.rnnTimeStep(step)).amaxNumber().doubleValue(), 1e-5, "step " + t);
            assertEquals(0, nowOfGraph.sub(graph.rnnTimeStep(step)[0]).amaxNumber().doubleValue(), 1e-5, "step " + t);
        }
    }

    static Stream<Layer> stateful() {
        return Stream.of(lstm(), graves(), simple());
    }

    /** Steps that are padding are not looked at, whatever they hold, and outputs are as in fp32. */
    @ParameterizedTest
    @MethodSource("maskable")
    void masks(Layer[] layers) {
        ComputationGraph source = TestNets.chain(SEQUENCE, layers);
        INDArray mask = Nd4j.createFromArray(new float[][]{{1, 1, 1, 1, 1, 0, 0}, {1, 1, 1, 0, 0, 0, 0}, {1, 1, 1, 1, 1, 1, 1}, {1, 0, 0, 0, 0, 0, 0}});
        List<MultipointResult<ComputationGraph>> results = new ArrayList<>();
        for (float padding : new float[]{0, 50}) {
            List<DataSet> batches = new ArrayList<>();
            for (int b = 0; b < 4; b++) {
                INDArray x = input(100 + b, SEQUENCES);
                INDArray inside = mask.reshape(4, 1, 7).repeat(1, 5);
                x.muli(inside).addi(inside.rsub(1).mul(padding));
                batches.add(new DataSet(x, Nd4j.zeros(4, 1), mask, null));
            }
            results.add(Multipoint.of(source).bits(8).points(2).activationBits(0).calibrate(new ListDataSetIterator<>(batches, 1)).transform());
        }
        assertEquals(weights(results.get(0).model()), weights(results.get(1).model()));
        ComputationGraph plain = Multipoint.of(source).bits(8).points(2).activationBits(0).calibrate(data(SEQUENCES)).transform().model();
        assertNotEquals(weights(plain), weights(results.get(0).model()));
        INDArray[] x = {input(7, SEQUENCES)};
        INDArray expected = source.output(false, x, new INDArray[]{mask})[0];
        INDArray found = results.get(1).model().output(false, x, new INDArray[]{mask})[0];
        assertNotEquals(source.outputSingle(x), expected);
        assertTrue(error(expected, found) < 5e-3, error(expected, found) + "");
    }

    private static List<MultipointWeights.Operation> weights(ComputationGraph graph) {
        LayerVertex first = (LayerVertex) graph.getConfiguration().getVertices().get("l0");
        return MultipointWeights.of(first.getLayerConf().getLayer()).orElseThrow().operations();
    }

    static Stream<Arguments> maskable() {
        return Stream.of(Arguments.of((Object) new Layer[]{lstm(), new LastTimeStep(simple()), classes()}),
                Arguments.of((Object) new Layer[]{new Bidirectional(simple()), new LastTimeStep(lstm()), classes()}),
                Arguments.of((Object) new Layer[]{new LastTimeStep(lstm()), classes()}));
    }

    /** A MaskZeroLayer finds its mask in its input. */
    @Test
    void maskingValuesAreNotLookedAt() {
        ComputationGraph source = TestNets.chain(SEQUENCE, masking(lstm()), steps());
        List<DataSet> longer = new ArrayList<>();
        List<DataSet> shorter = new ArrayList<>();
        for (int b = 0; b < 4; b++) {
            INDArray x = input(100 + b, SEQUENCES);
            x.get(NDArrayIndex.all(), NDArrayIndex.all(), NDArrayIndex.interval(4, 7)).assign(0);
            longer.add(unlabelled(x));
            shorter.add(unlabelled(x.get(NDArrayIndex.all(), NDArrayIndex.all(), NDArrayIndex.interval(0, 4)).dup()));
        }
        assertEquals(weights(Multipoint.of(source).bits(4).activationBits(0).calibrate(new ListDataSetIterator<>(shorter, 1)).transform().model()),
                weights(Multipoint.of(source).bits(4).activationBits(0).calibrate(new ListDataSetIterator<>(longer, 1)).transform().model()));
    }

    /** What is floating learns, over truncated sequences too; stored weights do not. */
    @ParameterizedTest
    @EnumSource(BackpropType.class)
    void fineTuning(BackpropType type) {
        NeuralNetConfiguration.ListBuilder builder = new NeuralNetConfiguration.Builder().seed(3).updater(new Adam(0.01)).list()
                .layer(graves()).layer(lstm()).layer(steps()).setInputType(SEQUENCE);
        builder.backpropType(type);
        if (type == BackpropType.TruncatedBPTT) {
            builder.tBPTTLength(3);
        }
        MultiLayerNetwork source = new MultiLayerNetwork(builder.build());
        source.init();
        MultiLayerNetwork network = Multipoint.of(source).leaveOut("layer2").bits(4).calibrate(data(SEQUENCES)).transform().model();
        INDArray labels = Nd4j.zeros(4, 3, 7);
        labels.get(NDArrayIndex.all(), NDArrayIndex.point(1)).assign(1);
        DataSet batch = new DataSet(input(3, SEQUENCES), labels);
        INDArray output = network.output(batch.getFeatures());
        double before = network.score(batch);
        Map<String, INDArray> params = Map.of("0_b", network.getParam("0_b").dup(), "0_RW", network.getParam("0_RW").dup(),
                "1_b", network.getParam("1_b").dup());
        INDArray stored = network.getLayer(1).getParam("RW").dup();
        for (int i = 0; i < 10; i++) {
            network.fit(batch);
        }
        assertTrue(network.score(batch) < before, network.score(batch) + " after " + before);
        params.forEach((key, value) -> assertNotEquals(value, network.getParam(key), key));
        assertEquals(stored, network.getLayer(1).getParam("RW"));
        network.rnnClearPreviousState();
        assertNotEquals(output, network.output(batch.getFeatures()));
        if (type == BackpropType.TruncatedBPTT) {
            assertTrue(network.getLayer(0) instanceof RecurrentLayer);
        }
    }

    /** The gradients of what is floating are those of a plain network with the same weights. */
    @Test
    void gradients() {
        MultiLayerNetwork source = TestNets.network(SEQUENCE, lstm(), new Bidirectional(graves()), steps());
        MultiLayerNetwork network = Multipoint.of(source).leaveOut("layer2").bits(4).calibrate(data(SEQUENCES)).transform().model();
        MultiLayerNetwork plain = TestNets.network(SEQUENCE, lstm(), new Bidirectional(graves()), steps());
        for (int layer = 0; layer < 3; layer++) {
            for (Map.Entry<String, INDArray> param : plain.getLayer(layer).paramTable().entrySet()) {
                INDArray value = network.getLayer(layer).getParam(param.getKey());
                INDArray target = param.getValue();
                if (value.length() < target.length()) {
                    long stored = target.size(1) - value.size(1);
                    target.get(NDArrayIndex.all(), NDArrayIndex.interval(stored, target.size(1))).assign(value);
                    INDArray points = ((BaseWrapperLayer) network.getLayer(layer)).getUnderlying()
                            .getParam(param.getKey());
                    target.assign(points);
                } else {
                    target.assign(value.reshape(target.shape()));
                }
            }
        }
        INDArray labels = Nd4j.zeros(4, 3, 7);
        labels.get(NDArrayIndex.all(), NDArrayIndex.point(1)).assign(1);
        DataSet batch = new DataSet(input(3, SEQUENCES), labels);
        assertEquals(0, plain.output(batch.getFeatures()).sub(network.output(batch.getFeatures())).amaxNumber().doubleValue(), 1e-6);
        for (MultiLayerNetwork each : List.of(plain, network)) {
            each.setInput(batch.getFeatures());
            each.setLabels(batch.getLabels());
            each.computeGradientAndScore();
        }
        for (String key : List.of("0_b", "1_fb", "1_bb", "2_W", "2_b")) {
            INDArray expected = plain.gradient().getGradientFor(key);
            INDArray found = network.gradient().getGradientFor(key);
            assertEquals(0, expected.reshape(found.shape()).sub(found).amaxNumber().doubleValue(), 1e-4, key);
        }
        assertEquals(plain.score() , network.score(), 1e-4);
    }

    @Test
    void parallelInference() {
        ComputationGraph graph = Multipoint.of(TestNets.chain(SEQUENCE, new Bidirectional(lstm()), steps())).calibrate(data(SEQUENCES)).transform().model();
        ParallelInference inference = new ParallelInference.Builder(graph).workers(2).build();
        try {
            for (int i = 0; i < 6; i++) {
                INDArray x = input(i, SEQUENCES);
                assertEquals(0, graph.outputSingle(x).sub(inference.output(x)).amaxNumber().doubleValue(), 1e-5);
            }
        } finally {
            inference.shutdown();
        }
    }

    @Test
    void otherPrecisionsAndOtherParameters() {
        ComputationGraph graph = Multipoint.of(TestNets.chain(SEQUENCE, graves(), steps())).activationBits(0).calibrate(data(SEQUENCES)).transform().model();
        INDArray x = input(7, SEQUENCES);
        INDArray output = graph.outputSingle(x);
        INDArray inDouble = graph.convertDataType(DataType.DOUBLE).outputSingle(x.castTo(DataType.DOUBLE));
        assertEquals(0, inDouble.castTo(DataType.FLOAT).sub(output).amaxNumber().doubleValue(), 1e-5);
        ComputationGraph other = graph.clone();
        other.params().addi(0.5);
        assertNotEquals(output, other.outputSingle(x));
        other.setParams(graph.params());
        assertEquals(output, other.outputSingle(x));
        assertEquals(3 * 6 + 4 * 6 + 3, graph.numParams(), "peephole connections and biases");
    }

    /** Where everything is stored a layer has no parameters left; gradients pass through it all the same. */
    @Test
    void layersWithoutParameters(@TempDir Path folder) throws IOException {
        long[] shape = {12, 4};
        ComputationGraph source = TestNets.chain(InputType.feedForward(WORDS),
                new EmbeddingSequenceLayer.Builder().nIn(WORDS).nOut(5).inputLength(4).build(),
                new LSTM.Builder().nOut(5).activation(Activation.TANH).build(),
                new SelfAttentionLayer.Builder().nOut(6).nHeads(2).headSize(3).projectInput(true).build(), new LastTimeStep(lstm()), classes());
        ComputationGraph graph = Multipoint.of(source).bits(8).points(2).activationBits(0).calibrate(data(shape)).transform().model();
        assertEquals(0, graph.getLayer(0).numParams());
        assertEquals(4 * 5 + 4 * 6 + 3, graph.numParams());
        INDArray x = input(7, shape);
        assertTrue(error(source.outputSingle(x), graph.outputSingle(x)) < 5e-3, error(source.outputSingle(x), graph.outputSingle(x)) + "");
        INDArray labels = Nd4j.zeros(12, 3);
        labels.getColumn(1).assign(1);
        DataSet batch = new DataSet(x, labels);
        double before = graph.score(batch);
        INDArray bias = graph.getVertex("l1").paramTable(false).get("b").dup();
        graph.setLearningRate(0.1);
        for (int i = 0; i < 5; i++) {
            graph.fit(batch);
        }
        assertTrue(graph.score(batch) < before, graph.score(batch) + " after " + before);
        assertNotEquals(bias, graph.getVertex("l1").paramTable(false).get("b"));
        File file = folder.resolve("graph.zip").toFile();
        ModelSerializer.writeModel(graph, file, true);
        assertEquals(graph.outputSingle(x), ModelSerializer.restoreComputationGraph(file).outputSingle(x));
    }

    @Test
    void whatCannotBeStoredStaysWithTheReason() {
        Layer noisy = new LSTM.Builder().nOut(6).weightNoise(new DropConnect(0.5)).build();
        Layer plain = new SelfAttentionLayer.Builder().nIn(6).nOut(6).nHeads(1).projectInput(false).build();
        ComputationGraph graph = TestNets.chain(SEQUENCE, noisy, lstm(), plain, steps());
        Layer normed = new SimpleRnn.Builder().nIn(5).nOut(6).hasLayerNorm(true).build();
        assertEquals(Optional.of("it has layer normalization"), WeightOnlyKind.SIMPLE_RNN.obstacle(new Bidirectional(normed)));
        assertEquals(Map.of("l0", "it has weight noise"), Multipoint.of(graph).calibrate(data(SEQUENCES)).transform().report().kept());
    }

    @Test
    void damagedFilesAreRefusedByName() {
        ComputationGraph graph = Multipoint.of(TestNets.chain(SEQUENCE, lstm(), steps())).calibrate(data(SEQUENCES)).transform().model();
        String json = graph.getConfiguration().toJson();
        for (String[] change : new String[][]{{"\"payload\" : [ \"TVBU", "\"payload\" : [ \"TVBV"}, {"\"inputBits\" : 0", "\"inputBits\" : 8"},
                {"\"nin\" : 5", "\"nin\" : 6"}, {"\"payload\" : [", "\"payload\" : [ ], \"other\" : ["},
                {"\"underlying\" : {", "\"other\" : {"}, {"\"multipoint\" : {", "\"other\" : {"}, {"conf.layers.LSTM", "conf.layers.DenseLayer"}}) {
            String damaged = json.replaceFirst(Pattern.quote(change[0]), Matcher.quoteReplacement(change[1]));
            assertNotEquals(json, damaged, change[0]);
            Exception e = assertThrows(Exception.class, () -> new ComputationGraph(ComputationGraphConfiguration.fromJson(damaged)).init(), change[0]);
            assertTrue(messages(e).contains("\"l0\""), messages(e));
        }
    }

    private static String messages(Throwable e) {
        return e == null ? "" : e.getMessage() + "\n" + messages(e.getCause());
    }

    /** A network that has learnt to remember: whether the first step was positive, told at the last. */
    @Test
    void trainedRecurrentNetworksKeepTheirOutputs() {
        MultiLayerNetwork network = new MultiLayerNetwork(new NeuralNetConfiguration.Builder().seed(5).updater(new Adam(0.01)).list()
                .layer(new LSTM.Builder().nIn(6).nOut(24).activation(Activation.TANH).build())
                .layer(new LastTimeStep(new LSTM.Builder().nOut(24).activation(Activation.TANH).build()))
                .layer(new OutputLayer.Builder(LossFunctions.LossFunction.MSE).nOut(4).activation(Activation.IDENTITY).build())
                .setInputType(InputType.recurrent(6)).build());
        network.init();
        for (int i = 0; i < 600; i++) {
            network.fit(remembered(i));
        }
        List<DataSet> batches = new ArrayList<>();
        for (int b = 0; b < 8; b++) {
            batches.add(unlabelled(remembered(1000 + b).getFeatures()));
        }
        DataSet test = remembered(5000);
        INDArray expected = network.output(test.getFeatures());
        assertTrue(error(test.getLabels(), expected) < 0.5, "it has not learnt: " + error(test.getLabels(), expected));
        double[] errors = new double[3];
        for (int i = 0; i < 3; i++) {
            MultiLayerNetwork quantized = Multipoint.of(network).bits(i == 0 ? 8 : 4).method(i < 2 ? Method.CALIBRATED : Method.NEAREST)
                    .activationBits(0).calibrate(new ListDataSetIterator<>(batches, 1)).transform().model();
            errors[i] = error(expected, quantized.output(test.getFeatures()));
        }
        assertTrue(errors[0] < 0.02, "W8: " + errors[0]);
        assertTrue(errors[1] < 0.05, "W4: " + errors[1]);
        assertTrue(errors[1] < errors[2], "nearest: " + errors[2]);
    }

    /**
     * A published network of two LSTM layers. Deeplearning4j 1.0.0-M2.1 fails in native code, or never returns, when it samples the orthogonal
     * matrices that Keras would have begun its training with: another initializer takes its place, and the file's weights that of both.
     */
    @Test
    void publishedRecurrentNetwork(@TempDir Path folder) throws Exception {
        Path file = TestData.require("zoo/models/chars2vec_50_full.h5");
        String json;
        try (Hdf5Archive archive = new Hdf5Archive(file.toString())) {
            json = archive.readAttributeAsJson("model_config").replace("\"Orthogonal\"", "\"GlorotUniform\"");
        }
        ComputationGraph source = new KerasModel().modelBuilder().modelJson(json.replaceFirst("\\{", "{\"keras_version\": \"2.13.1\", \"backend\": \"tensorflow\", "))
                .weightsHdf5Filename(file.toString()).enforceTrainingConfig(false).buildModel().getComputationGraph(true);
        List<DataSet> batches = new ArrayList<>();
        for (int b = 0; b < 8; b++) {
            batches.add(unlabelled(words(b)));
        }
        INDArray test = words(100);
        INDArray expected = source.outputSingle(test);
        double[] bounds = {0.006, 0.09};
        for (int i = 0; i < 2; i++) {
            MultipointResult<ComputationGraph> result = Multipoint.of(source).bits(i == 0 ? 8 : 4).calibrate(new ListDataSetIterator<>(batches, 1)).transform();
            double error = error(expected, result.model().outputSingle(test));
            assertTrue(error < bounds[i], error + "");
            assertEquals(Map.of(), result.report().kept());
            File small = folder.resolve("small.zip").toFile();
            ModelSerializer.writeModel(result.model(), small, false);
            assertEquals(result.model().outputSingle(test), ModelSerializer.restoreComputationGraph(small).outputSingle(test));
        }
    }

    /** 64 words of 16 of 59 characters each, one-hot, in which some characters are more frequent than others. */
    private static INDArray words(long seed) {
        Random random = new Random(seed);
        INDArray words = Nd4j.zeros(64, 16, 59);
        for (int n = 0; n < 64; n++) {
            for (int t = 0; t < 16; t++) {
                words.putScalar(n, t, (int) (59 * Math.pow(random.nextDouble(), 2)), 1);
            }
        }
        return words;
    }

    private static DataSet remembered(long seed) {
        INDArray x = TestNets.random(seed, 32, 6, 9);
        INDArray y = Nd4j.create(32, 4);
        for (int n = 0; n < 32; n++) {
            for (int k = 0; k < 4; k++) {
                y.putScalar(n, k, Math.signum(x.getDouble(n, k, 2 * k)));
            }
        }
        return new DataSet(x, y);
    }
}
