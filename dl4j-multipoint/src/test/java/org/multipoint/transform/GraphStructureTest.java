package org.multipoint.transform;

import org.deeplearning4j.nn.conf.CNN2DFormat;
import org.deeplearning4j.nn.conf.ConvolutionMode;
import org.deeplearning4j.nn.conf.RNNFormat;
import org.deeplearning4j.nn.conf.graph.ElementWiseVertex;
import org.deeplearning4j.nn.conf.graph.MergeVertex;
import org.deeplearning4j.nn.conf.graph.PreprocessorVertex;
import org.deeplearning4j.nn.conf.graph.SubsetVertex;
import org.deeplearning4j.nn.conf.graph.rnn.DuplicateToTimeSeriesVertex;
import org.deeplearning4j.nn.conf.graph.rnn.LastTimeStepVertex;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.ActivationLayer;
import org.deeplearning4j.nn.conf.layers.BatchNormalization;
import org.deeplearning4j.nn.conf.layers.Convolution1DLayer;
import org.deeplearning4j.nn.conf.layers.ConvolutionLayer;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.DepthwiseConvolution2D;
import org.deeplearning4j.nn.conf.layers.GlobalPoolingLayer;
import org.deeplearning4j.nn.conf.layers.LSTM;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.conf.layers.PoolingType;
import org.deeplearning4j.nn.conf.layers.RnnOutputLayer;
import org.deeplearning4j.nn.conf.layers.SeparableConvolution2D;
import org.deeplearning4j.nn.conf.layers.SubsamplingLayer;
import org.deeplearning4j.nn.conf.layers.misc.FrozenLayer;
import org.deeplearning4j.nn.conf.layers.misc.FrozenLayerWithBackprop;
import org.deeplearning4j.nn.conf.layers.recurrent.Bidirectional;
import org.deeplearning4j.nn.conf.layers.recurrent.TimeDistributed;
import org.deeplearning4j.nn.conf.preprocessor.CnnToFeedForwardPreProcessor;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.multipoint.layers.MultipointWeights;
import org.multipoint.options.Method;
import org.multipoint.report.MultipointReport;
import org.multipoint.segments.CompiledGraph;
import org.multipoint.segments.Segments;
import org.multipoint.testing.TestNets;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.lossfunctions.LossFunctions;

import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.LongStream;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

/** Graphs of every shape: what the layers compute together stays as it was. */
class GraphStructureTest {

    /** Largest error of an output relative to the largest output. */
    private static double error(INDArray expected, INDArray found) {
        assertEquals(box(expected.shape()), box(found.shape()));
        return expected.sub(found).amaxNumber().doubleValue() / expected.amaxNumber().doubleValue();
    }

    private static List<Long> box(long[] shape) {
        return Arrays.stream(shape).boxed().toList();
    }

    /** Two inputs, branches that merge along channels and add up, one input read by several, pooling, two outputs. */
    private static ComputationGraph branches(CNN2DFormat format) {
        return TestNets.graph(b -> {
            b.addInputs("image", "vector").setInputTypes(InputType.convolutional(8, 8, 3, format), InputType.feedForward(5));
            b.addLayer("stem", conv(3, 8, format).activation(Activation.IDENTITY).build(), "image");
            b.addLayer("bn", new BatchNormalization.Builder().dataFormat(format).build(), "stem");
            b.addLayer("relu", new ActivationLayer(Activation.RELU), "bn");
            b.addLayer("left", conv(1, 4, format).build(), "relu");
            b.addLayer("right", new DepthwiseConvolution2D.Builder(3, 3).convolutionMode(ConvolutionMode.Same).dataFormat(format)
                    .nOut(8).activation(Activation.RELU).build(), "relu");
            b.addVertex("merge", new MergeVertex(), "left", "right", "relu");
            b.addLayer("pool", new SubsamplingLayer.Builder().kernelSize(2, 2).stride(2, 2).dataFormat(format).build(), "merge");
            b.addLayer("a", conv(3, 6, format).build(), "pool");
            b.addLayer("b", conv(3, 6, format).build(), "pool");
            b.addVertex("sum", new ElementWiseVertex(ElementWiseVertex.Op.Add), "a", "b");
            b.addVertex("twice", new ElementWiseVertex(ElementWiseVertex.Op.Add), "sum", "sum");
            b.addLayer("global", new GlobalPoolingLayer.Builder(PoolingType.AVG).build(), "twice");
            b.addLayer("dense", new DenseLayer.Builder().nOut(6).activation(Activation.TANH).build(), "vector");
            b.addVertex("both", new MergeVertex(), "global", "dense");
            b.addLayer("classes", new OutputLayer.Builder(LossFunctions.LossFunction.MCXENT).nOut(4)
                    .activation(Activation.SOFTMAX).build(), "both");
            b.addLayer("value", new OutputLayer.Builder(LossFunctions.LossFunction.MSE).nOut(2)
                    .activation(Activation.IDENTITY).build(), "dense");
            b.setOutputs("classes", "value");
        });
    }

    private static ConvolutionLayer.Builder conv(int kernel, int nOut, CNN2DFormat format) {
        return new ConvolutionLayer.Builder(kernel, kernel).convolutionMode(ConvolutionMode.Same).dataFormat(format).nOut(nOut)
                .activation(Activation.RELU);
    }

    private static long[] image(CNN2DFormat format, int examples) {
        return format == CNN2DFormat.NCHW ? new long[]{examples, 3, 8, 8} : new long[]{examples, 8, 8, 3};
    }

    @ParameterizedTest
    @EnumSource(CNN2DFormat.class)
    void severalInputsBranchesAndOutputs(CNN2DFormat format) {
        ComputationGraph graph = branches(format);
        INDArray[] x = {TestNets.random(7, image(format, 5)), TestNets.random(8, 5, 5)};
        INDArray[] expected = graph.output(x);
        for (Method method : List.of(Method.CALIBRATED, Method.GREEDY, Method.NEAREST)) {
            MultipointResult<ComputationGraph> exact = Multipoint.of(graph).method(method).bits(8).points(3).activationBits(0)
                    .calibrate(TestNets.iterator(1, 3, image(format, 4), new long[]{4, 5})).transform();
            assertEquals(Map.of(), exact.report().kept());
            INDArray[] found = exact.model().output(x);
            for (int i = 0; i < 2; i++) {
                assertTrue(error(expected[i], found[i]) < 1e-3, method + ", output " + i);
            }
        }
        MultipointResult<ComputationGraph> int8 = Multipoint.of(graph).bits(8).points(1)
                .calibrate(TestNets.iterator(1, 8, image(format, 8), new long[]{8, 5})).transform();
        INDArray[] found = int8.model().output(x);
        for (int i = 0; i < 2; i++) {
            assertTrue(error(expected[i], found[i]) < 0.1, "output " + i + ": " + error(expected[i], found[i]));
        }
        assertEquals(List.of("stem", "left", "right", "a", "b", "dense", "classes", "value").stream().sorted().toList(),
                int8.report().layers().stream().map(l -> l.name()).sorted().toList());
    }

    @Test
    void channelsLastMergesKeepTheirAxis() {
        ComputationGraph graph = branches(CNN2DFormat.NHWC);
        MergeVertex before = (MergeVertex) graph.getConfiguration().getVertices().get("merge");
        ComputationGraph small = Multipoint.of(graph)
                .calibrate(TestNets.iterator(1, 2, image(CNN2DFormat.NHWC, 4), new long[]{4, 5})).transform().model();
        assertEquals(before, small.getConfiguration().getVertices().get("merge"));
    }

    /** What the method leaves behind is the output error of the report: layers saw each other's errors. */
    @Test
    void fourBitsAreNearAndCalibratedIsNearerThanGreedy() {
        ComputationGraph graph = branches(CNN2DFormat.NCHW);
        INDArray[] x = {TestNets.random(7, image(CNN2DFormat.NCHW, 32)), TestNets.random(8, 32, 5)};
        INDArray expected = graph.output(x)[0];
        Map<Method, Double> squares = new EnumMap<>(Method.class);
        for (Method method : new Method[]{Method.CALIBRATED, Method.GREEDY}) {
            INDArray found = Multipoint.of(graph).method(method).bits(3).extraPoints(0.1)
                    .calibrate(TestNets.iterator(1, 16, image(CNN2DFormat.NCHW, 8), new long[]{8, 5})).transform().model().output(x)[0];
            squares.put(method, expected.squaredDistance(found));
        }
        assertTrue(squares.get(Method.CALIBRATED) < squares.get(Method.GREEDY), squares.toString());
    }

    @Test
    void sequencesWithRecurrentLayersBetween() {
        ComputationGraph graph = TestNets.graph(b -> b.addInputs("in").setInputTypes(InputType.recurrent(4, 9))
                .addLayer("conv", new Convolution1DLayer.Builder(3).convolutionMode(ConvolutionMode.Causal).nOut(6)
                        .activation(Activation.TANH).build(), "in")
                .addLayer("lstm", new LSTM.Builder().nOut(5).activation(Activation.TANH).build(), "conv")
                .addLayer("steps", new RnnOutputLayer.Builder(LossFunctions.LossFunction.MCXENT).nOut(3)
                        .activation(Activation.SOFTMAX).build(), "lstm")
                .addVertex("last", new LastTimeStepVertex("in"), "lstm")
                .addLayer("end", new OutputLayer.Builder(LossFunctions.LossFunction.MSE).nOut(2)
                        .activation(Activation.IDENTITY).build(), "last")
                .setOutputs("steps", "end"));
        MultipointResult<ComputationGraph> result = Multipoint.of(graph).bits(8).points(3).activationBits(0)
                .calibrate(TestNets.iterator(1, 3, 1, 4, 4, 9)).transform();
        assertEquals(Map.of(), result.report().kept());
        INDArray x = TestNets.random(9, 3, 4, 9);
        INDArray[] expected = graph.output(x);
        INDArray[] found = result.model().output(x);
        assertTrue(error(expected[0], found[0]) < 1e-3);
        assertTrue(error(expected[1], found[1]) < 1e-3);
    }

    @Test
    void outputsThatAreReadAndVerticesWithoutLayers() {
        ComputationGraph graph = TestNets.graph(b -> b.addInputs("in").setInputTypes(InputType.feedForward(6))
                .addLayer("first", new DenseLayer.Builder().nOut(8).activation(Activation.TANH).build(), "in")
                .addVertex("half", new SubsetVertex(0, 3), "first")
                .addLayer("second", new DenseLayer.Builder().nOut(3).activation(Activation.SIGMOID).build(), "half")
                .setOutputs("first", "second", "half").validateOutputLayerConfig(false));
        MultipointResult<ComputationGraph> result = Multipoint.of(graph).bits(8).points(3).activationBits(0)
                .calibrate(TestNets.iterator(1, 3, 1, 8, 6)).transform();
        INDArray x = TestNets.random(9, 3, 6);
        INDArray[] expected = graph.output(x);
        INDArray[] found = result.model().output(x);
        for (int i = 0; i < 3; i++) {
            assertTrue(error(expected[i], found[i]) < 1e-3, "output " + i);
        }
    }

    private static Multipoint<MultiLayerNetwork> deep(MultiLayerNetwork network) {
        return Multipoint.of(network).calibrate(TestNets.iterator(1, 3, 1, 4, 3, 10, 10));
    }

    private static MultiLayerNetwork network() {
        return TestNets.network(InputType.convolutional(10, 10, 3),
                new ConvolutionLayer.Builder(3, 3).nOut(6).activation(Activation.IDENTITY).build(),
                new BatchNormalization(), new ActivationLayer(Activation.RELU),
                new SubsamplingLayer.Builder().kernelSize(2, 2).stride(2, 2).build(),
                new ConvolutionLayer.Builder(3, 3).nOut(8).name("second").activation(Activation.RELU).build(),
                new DenseLayer.Builder().nOut(10).activation(Activation.TANH).build(),
                new OutputLayer.Builder(LossFunctions.LossFunction.MCXENT).nOut(4).activation(Activation.SOFTMAX).build());
    }

    @Test
    void networksOfManyLayers() {
        MultiLayerNetwork network = network();
        MultipointResult<MultiLayerNetwork> result = deep(network).bits(8).points(3).activationBits(0).transform();
        assertEquals(Map.of(), result.report().kept());
        INDArray x = TestNets.random(9, 3, 3, 10, 10);
        assertTrue(error(network.output(x), result.model().output(x)) < 1e-3);
        assertEquals(Set.of(0, 3, 4, 5), IntStream.range(0, result.model().getnLayers())
                .filter(i -> MultipointWeights.of(result.model().getLayer(i).conf().getLayer()).isPresent()).boxed().collect(Collectors.toSet()));
    }

    @Test
    void leftOutLayersKeepTheirWeights() {
        ComputationGraph graph = branches(CNN2DFormat.NCHW);
        MultipointResult<ComputationGraph> result = Multipoint.of(graph).leaveOut("a", "dense").bits(2)
                .calibrate(TestNets.iterator(1, 2, image(CNN2DFormat.NCHW, 4), new long[]{4, 5})).transform();
        assertEquals(Map.of("a", "left out as asked", "dense", "left out as asked"), result.report().kept());
        for (String name : List.of("a", "dense")) {
            assertEquals(graph.getVertex(name).paramTable(false), result.model().getVertex(name).paramTable(false));
            assertEquals(Optional.empty(), MultipointWeights.of(result.model().getVertex(name).getLayer().conf().getLayer()));
        }
        assertTrue(MultipointWeights.of(result.model().getVertex("b").getLayer().conf().getLayer()).isPresent());
    }

    @Test
    void frozenLayersAreTransformedLikeOthers() {
        ComputationGraph graph = TestNets.chain(InputType.feedForward(6),
                new FrozenLayer(new DenseLayer.Builder().nOut(8).activation(Activation.TANH).build()),
                new DenseLayer.Builder().nOut(3).activation(Activation.TANH).build());
        MultipointResult<ComputationGraph> result = Multipoint.of(graph).bits(8).points(3).activationBits(0)
                .calibrate(TestNets.iterator(1, 3, 1, 8, 6)).transform();
        assertEquals(Map.of(), result.report().kept());
        INDArray x = TestNets.random(9, 3, 6);
        assertTrue(error(graph.outputSingle(x), result.model().outputSingle(x)) < 1e-3);
    }

    @Test
    void frozenLayersThatPassGradientsOnAreTransformedLikeOthers() {
        ComputationGraph graph = TestNets.chain(InputType.convolutional(7, 7, 2),
                new FrozenLayerWithBackprop(conv(3, 4, CNN2DFormat.NCHW).build()),
                new DenseLayer.Builder().nOut(3).activation(Activation.TANH).build());
        MultipointResult<ComputationGraph> result = Multipoint.of(graph).bits(8).points(3).activationBits(0)
                .calibrate(TestNets.iterator(1, 3, 1, 8, 2, 7, 7)).transform();
        assertEquals(Map.of(), result.report().kept());
        INDArray x = TestNets.random(9, 3, 2, 7, 7);
        assertTrue(error(graph.outputSingle(x), result.model().outputSingle(x)) < 1e-3);
        assertTrue(error(graph.outputSingle(x), Segments.compile(graph).graph().outputSingle(x)) < 1e-5);
    }

    /** Layers that wrap others than recurrent ones stay as they are, with the reason, and can be left out by name. */
    @ParameterizedTest
    @EnumSource
    void wrappedLayersAreKept(RNNFormat format) {
        ComputationGraph graph = TestNets.graph(b -> b.addInputs("in").setInputTypes(InputType.recurrent(4, 6, format))
                .addLayer("steps", new TimeDistributed(new DenseLayer.Builder().nIn(4).nOut(5).activation(Activation.RELU).build(), format), "in")
                .addLayer("both", new Bidirectional(new LSTM.Builder().nOut(3).dataFormat(format).build()), "steps")
                .addLayer("classes", new RnnOutputLayer.Builder(LossFunctions.LossFunction.MCXENT).nOut(3).activation(Activation.SOFTMAX)
                        .dataFormat(format).build(), "both").setOutputs("classes"));
        long[] shape = format == RNNFormat.NCW ? new long[]{4, 4, 6} : new long[]{4, 6, 4};
        for (boolean leaveOut : new boolean[]{false, true}) {
            Multipoint<ComputationGraph> multipoint = Multipoint.of(graph).bits(8).points(3).activationBits(0)
                    .calibrate(TestNets.iterator(1, 3, 1, shape));
            if (leaveOut) {
                multipoint.leaveOut("steps");
            }
            MultipointResult<ComputationGraph> result = multipoint.transform();
            assertEquals(Map.of("steps", leaveOut ? "left out as asked" : "TimeDistributed is not supported"), result.report().kept());
            INDArray x = TestNets.random(9, shape);
            assertTrue(error(graph.outputSingle(x), result.model().outputSingle(x)) < 1e-3);
        }
    }

    /** Flattening as Keras import writes it, and steps of sequences as rows: both need to know the size of the batch. */
    @Test
    void verticesAndPreprocessorsThatAskForTheBatch() {
        ComputationGraph flat = TestNets.graph(b -> b.addInputs("image").setInputTypes(InputType.convolutional(8, 8, 3))
                .addLayer("conv", new ConvolutionLayer.Builder(3, 3).nOut(4).activation(Activation.RELU).build(), "image")
                .addVertex("flatten", new PreprocessorVertex(new CnnToFeedForwardPreProcessor(6, 6, 4)), "conv")
                .addLayer("dense", new DenseLayer.Builder().nIn(144).nOut(5).activation(Activation.TANH).build(), "flatten")
                .setOutputs("dense").validateOutputLayerConfig(false));
        assertExactTransform(flat, 3, 8, 8);
        ComputationGraph sequence = TestNets.graph(b -> b.addInputs("in").setInputTypes(InputType.recurrent(4, 6))
                .addLayer("conv", new Convolution1DLayer.Builder(3).convolutionMode(ConvolutionMode.Same).nOut(6)
                        .activation(Activation.TANH).build(), "in")
                .addLayer("rows", new DenseLayer.Builder().nOut(5).activation(Activation.RELU).build(), "conv")
                .addLayer("again", new Convolution1DLayer.Builder(2).convolutionMode(ConvolutionMode.Same).nOut(4)
                        .activation(Activation.TANH).build(), "rows")
                .addVertex("last", new LastTimeStepVertex("in"), "again")
                .addVertex("repeated", new DuplicateToTimeSeriesVertex("in"), "last")
                .addLayer("steps", new RnnOutputLayer.Builder(LossFunctions.LossFunction.MCXENT).nOut(3)
                        .activation(Activation.SOFTMAX).build(), "repeated")
                .setOutputs("steps"));
        assertExactTransform(sequence, 4, 6);
    }

    private static void assertExactTransform(ComputationGraph graph, long... shape) {
        long[] batch = LongStream.concat(LongStream.of(4), LongStream.of(shape)).toArray();
        MultipointResult<ComputationGraph> result = Multipoint.of(graph).bits(8).points(3).activationBits(0)
                .calibrate(TestNets.iterator(1, 3, 1, batch)).transform();
        assertEquals(Map.of(), result.report().kept());
        INDArray x = TestNets.random(9, batch);
        assertTrue(error(graph.outputSingle(x), result.model().outputSingle(x)) < 1e-3);
        assertTrue(error(graph.outputSingle(x), Segments.compile(graph).graph().outputSingle(x)) < 1e-5);
    }

    @Test
    void operationsOfALayerAreToldApartFromLayersOfTheirName() {
        ComputationGraph graph = TestNets.graph(b -> b.addInputs("in").setInputTypes(InputType.convolutional(8, 8, 3))
                .addLayer("a", new SeparableConvolution2D.Builder(3, 3).nOut(6).activation(Activation.RELU).build(), "in")
                .addLayer("a/W", new ConvolutionLayer.Builder(3, 3).nOut(4).activation(Activation.RELU).build(), "a")
                .addLayer("a/pW", new DenseLayer.Builder().nOut(5).activation(Activation.TANH).build(), "a/W")
                .setOutputs("a/pW").validateOutputLayerConfig(false));
        assertExactTransform(graph, 3, 8, 8);
    }

    @Test
    void namesOfLayersInANetworkDoNotCollide() {
        MultiLayerNetwork network = TestNets.network(InputType.feedForward(6),
                new DenseLayer.Builder().nOut(7).name("1").activation(Activation.TANH).build(),
                new DenseLayer.Builder().nOut(8).activation(Activation.RELU).build(),
                new DenseLayer.Builder().nOut(9).name("input").activation(Activation.TANH).build(),
                new DenseLayer.Builder().nOut(5).name("1").activation(Activation.RELU).build(),
                new DenseLayer.Builder().nOut(4).name("1-1").activation(Activation.TANH).build());
        MultipointResult<MultiLayerNetwork> result = Multipoint.of(network).bits(8).points(3).activationBits(0)
                .calibrate(TestNets.iterator(1, 3, 1, 8, 6)).transform();
        INDArray x = TestNets.random(9, 3, 6);
        assertTrue(error(network.output(x), result.model().output(x)) < 1e-3);
        assertTrue(error(network.output(x), Segments.compile(network).graph().outputSingle(x)) < 1e-5);
    }

    /** Deeplearning4j's separable convolution of one channel leaves its pointwise weights out; ours does not, and says so. */
    @Test
    void deviationsFromTheSourceAreReported() {
        ComputationGraph graph = TestNets.chain(InputType.convolutional(6, 6, 1),
                new SeparableConvolution2D.Builder(3, 3).nOut(1).activation(Activation.IDENTITY).build());
        graph.getVertex("l0").paramTable(false).get("W").assign(1);
        graph.getVertex("l0").paramTable(false).get("pW").assign(5);
        graph.getVertex("l0").paramTable(false).get("b").assign(0);
        MultipointResult<ComputationGraph> result = Multipoint.of(graph).bits(8).points(3).activationBits(0)
                .calibrate(TestNets.iterator(1, 3, 1, 8, 1, 6, 6)).transform();
        CompiledGraph compiled = Segments.compile(graph);
        INDArray ones = Nd4j.ones(1, 1, 6, 6);
        assertEquals(45, result.model().outputSingle(ones).getFloat(0), 0.01);
        assertEquals(45, compiled.graph().outputSingle(ones).getFloat(0), 1e-4);
        for (Map<String, String> warnings : List.of(result.report().warnings(), compiled.report().warnings())) {
            assertTrue(warnings.get("l0").contains("one channel"), warnings.toString());
        }
        assertEquals(Map.of(), Segments.compile(result.model()).report().warnings());
    }

    /** Outputs, layer indices and frozen layers that are otherwise than in the source. */
    @Test
    void changesOfTheStructureAreReported() {
        Layer[] layers = {conv(3, 4, CNN2DFormat.NCHW).activation(Activation.IDENTITY).build(), new BatchNormalization(),
                new FrozenLayer(conv(3, 2, CNN2DFormat.NCHW).activation(Activation.IDENTITY).build()), new BatchNormalization()};
        InputType input = InputType.convolutional(6, 6, 3);
        Map<String, String> ofGraph = Multipoint.of(TestNets.chain(input, layers)).calibrate(TestNets.iterator(1, 3, 1, 8, 3, 6, 6)).transform()
                .report().warnings();
        assertTrue(ofGraph.get("l3").contains("part of \"l2\""), ofGraph.toString());
        assertTrue(ofGraph.get("l2").contains("trainable"), ofGraph.toString());
        assertEquals(Set.of("l2", "l3"), ofGraph.keySet());
        MultiLayerNetwork network = TestNets.network(input, layers);
        MultipointReport report = Multipoint.of(network).calibrate(TestNets.iterator(1, 3, 1, 8, 3, 6, 6)).transform().report();
        assertTrue(report.warnings().values().stream()
                .anyMatch(w -> w.contains("trainable") && w.contains("layer 2 of the source, layer 1 of the result")), report.toString());
    }

    @ParameterizedTest
    @EnumSource(value = DataType.class, names = {"DOUBLE", "HALF"})
    void otherPrecisions(DataType type) {
        ComputationGraph graph = TestNets.graph(type, b -> b.addInputs("in").setInputTypes(InputType.convolutional(6, 6, 3))
                .addLayer("conv", conv(3, 4, CNN2DFormat.NCHW).build(), "in")
                .addLayer("norm", new BatchNormalization(), "conv")
                .addLayer("pool", new GlobalPoolingLayer.Builder(PoolingType.AVG).build(), "norm")
                .addLayer("dense", new DenseLayer.Builder().nOut(3).activation(Activation.TANH).build(), "pool")
                .setOutputs("dense").validateOutputLayerConfig(false));
        MultipointResult<ComputationGraph> result = Multipoint.of(graph).bits(8).points(3).activationBits(0)
                .calibrate(TestNets.iterator(1, 3, 1, 8, 3, 6, 6)).transform();
        INDArray x = TestNets.random(9, 3, 3, 6, 6).castTo(type);
        INDArray found = result.model().outputSingle(x);
        assertEquals(type, found.dataType());
        double precision = type == DataType.DOUBLE ? 1e-3 : 0.05;
        assertTrue(error(graph.outputSingle(x).castTo(DataType.FLOAT), found.castTo(DataType.FLOAT)) < precision);
    }
}
