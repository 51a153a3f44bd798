package org.multipoint.internal.graph;

import org.deeplearning4j.nn.conf.CNN2DFormat;
import org.deeplearning4j.nn.conf.ConvolutionMode;
import org.deeplearning4j.nn.conf.RNNFormat;
import org.deeplearning4j.nn.conf.graph.ElementWiseVertex;
import org.deeplearning4j.nn.conf.graph.MergeVertex;
import org.deeplearning4j.nn.conf.graph.ScaleVertex;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.ActivationLayer;
import org.deeplearning4j.nn.conf.layers.BatchNormalization;
import org.deeplearning4j.nn.conf.layers.Convolution1DLayer;
import org.deeplearning4j.nn.conf.layers.ConvolutionLayer;
import org.deeplearning4j.nn.conf.layers.Deconvolution2D;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.DepthwiseConvolution2D;
import org.deeplearning4j.nn.conf.layers.GlobalPoolingLayer;
import org.deeplearning4j.nn.conf.layers.LSTM;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.conf.layers.PoolingType;
import org.deeplearning4j.nn.conf.layers.RnnOutputLayer;
import org.deeplearning4j.nn.conf.layers.SeparableConvolution2D;
import org.deeplearning4j.nn.conf.layers.SubsamplingLayer;
import org.deeplearning4j.nn.conf.layers.ZeroPaddingLayer;
import org.deeplearning4j.nn.conf.layers.recurrent.Bidirectional;
import org.deeplearning4j.nn.conf.weightnoise.DropConnect;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.graph.vertex.GraphVertex;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.multipoint.internal.calibration.CalibrationData;
import org.multipoint.internal.engine.Engines;
import org.multipoint.internal.ops.Tensor;
import org.multipoint.testing.CountingEngine;
import org.multipoint.testing.TestNets;
import org.multipoint.testing.TestOps;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.INDArrayIndex;
import org.nd4j.linalg.indexing.NDArrayIndex;
import org.nd4j.linalg.lossfunctions.LossFunctions;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

class ReferenceNetworkTest {

    /** Rectifiers are computed on the heap. */
    @ParameterizedTest
    @EnumSource(value = Activation.class, names = {"RELU", "RELU6", "HARDTANH", "IDENTITY", "LEAKYRELU", "TANH"})
    void activationsAreThoseOfTheGraph(Activation activation) {
        ComputationGraph graph = TestNets.graph(b -> b.addInputs("in").setInputTypes(InputType.convolutional(5, 4, 3))
                .addLayer("first", new ConvolutionLayer.Builder(3, 3).nOut(4).activation(activation).build(), "in")
                .addLayer("activation", new ActivationLayer(activation), "first")
                .addLayer("alone", new ActivationLayer(activation), "in")
                .addLayer("second", new ConvolutionLayer.Builder(1, 1).nOut(2).activation(Activation.IDENTITY).build(), "activation")
                .addLayer("third", new ConvolutionLayer.Builder(1, 1).nOut(2).activation(Activation.IDENTITY).build(), "alone")
                .setOutputs("second", "third"));
        Tensor batch = TestOps.normal(4, 3, 3, 5, 4);
        for (int i = 0; i < batch.data().length; i++) {
            batch.data()[i] *= 5;
        }
        Map<String, INDArray> expected = graph.feedForward(batch.toArray(), false);
        // Deeplearning4j's layers of an activation alone work in place.
        expected.put("in", batch.toArray());
        ReferenceNetwork network = new ReferenceNetwork(graph, Engines.preferred());
        try (ReferenceNetwork.Passes passes = network.passes(network.linear().values())) {
            passes.run(new Tensor[]{batch}, (vertex, operation, input) -> {
                String from = Map.of("first", "in", "second", "activation", "third", "alone").get(vertex.name());
                assertArrayEquals(Tensor.of(expected.get(from)).data(), input.data(), from.equals("activation") ? 1e-5f : 0f, from);
            });
        }
    }

    /** Linear vertices show what they read; as many others as there are kinds of layers stand between them. */
    private static ComputationGraph images(CNN2DFormat format) {
        return TestNets.graph(b -> b.addInputs("in", "side")
                .setInputTypes(InputType.convolutional(9, 9, 3, format), InputType.feedForward(4))
                .addLayer("conv", new ConvolutionLayer.Builder(3, 3).stride(2, 2).convolutionMode(ConvolutionMode.Same).dataFormat(format)
                        .nOut(6).activation(Activation.RELU).build(), "in")
                .addLayer("bn", new BatchNormalization.Builder().dataFormat(format).build(), "conv")
                .addLayer("pad", new ZeroPaddingLayer.Builder(1, 1).dataFormat(format).build(), "bn")
                .addLayer("depthwise", new DepthwiseConvolution2D.Builder(3, 3).dataFormat(format).nOut(6).activation(Activation.TANH).build(), "pad")
                .addVertex("add", new ElementWiseVertex(ElementWiseVertex.Op.Add), "bn", "depthwise")
                .addLayer("separable", new SeparableConvolution2D.Builder(3, 3).convolutionMode(ConvolutionMode.Same).dataFormat(format)
                        .nOut(4).activation(Activation.ELU).build(), "add")
                .addVertex("merge", new MergeVertex(), "separable", "add")
                .addLayer("up", new Deconvolution2D.Builder(2, 2).stride(2, 2).dataFormat(format).nOut(3).activation(Activation.SIGMOID).build(), "merge")
                .addLayer("pool", new SubsamplingLayer.Builder().kernelSize(2, 2).stride(2, 2).dataFormat(format).build(), "up")
                .addLayer("flat", new DenseLayer.Builder().nOut(7).activation(Activation.SOFTMAX).build(), "pool")
                .addLayer("global", new GlobalPoolingLayer.Builder(PoolingType.MAX).build(), "merge")
                .addVertex("scale", new ScaleVertex(2), "side")
                .addVertex("all", new MergeVertex(), "flat", "global", "scale")
                .addLayer("out", new OutputLayer.Builder(LossFunctions.LossFunction.MCXENT).nOut(3).activation(Activation.SOFTMAX).build(), "all")
                .setOutputs("out"));
    }

    @ParameterizedTest
    @EnumSource(CNN2DFormat.class)
    void linearVerticesAreShownWhatDeeplearning4jGivesThem(CNN2DFormat format) {
        ComputationGraph graph = images(format);
        ReferenceNetwork network = new ReferenceNetwork(graph, Engines.preferred());
        long[] shape = format == CNN2DFormat.NCHW ? new long[]{3, 3, 9, 9} : new long[]{3, 9, 9, 3};
        Map<String, Tensor> seen = new HashMap<>();
        long examples = stream(network, CalibrationData.of(TestNets.iterator(1, 2, shape, new long[]{3, 4}), 2),
                (vertex, operation, input) -> seen.put(vertex.operations().get(operation).name(), input));
        assertEquals(6, examples);
        assertEquals(List.of("conv", "depthwise", "separable", "up", "flat", "out").stream().sorted().toList(),
                network.linear().keySet().stream().sorted().toList());
        assertEquals(Map.of("bn", "BatchNormalization is not supported"), network.obstacles());
        Map<String, INDArray> expected = graph.feedForward(new INDArray[]{TestNets.random(101, shape), TestNets.random(102, 3, 4)}, false);
        same(TestNets.random(101, shape), seen.get("conv"));
        same(expected.get("pad"), seen.get("depthwise"));
        same(expected.get("add"), seen.get("separable/W"));
        same(expected.get("merge"), seen.get("up"));
        same(expected.get("all"), seen.get("out"));
        INDArray pool = expected.get("pool");
        same(pool.dup('c').reshape(3, pool.length() / 3), seen.get("flat"));
    }

    /** All batches, observed by a tap at all linear vertices; the number of examples. */
    private static long stream(ReferenceNetwork network, CalibrationData data, ReferenceNetwork.Tap tap) {
        long examples = 0;
        try (ReferenceNetwork.Passes passes = network.passes(network.linear().values())) {
            while (data.hasNext()) {
                Tensor[] batch = data.next();
                examples += batch[0].examples();
                passes.run(batch, tap);
            }
        }
        return examples;
    }

    private static void same(INDArray expected, Tensor found) {
        assertArrayEquals(expected.shape(), found.shape());
        assertArrayEquals(expected.dup('c').data().asFloat(), found.data(), 1e-4f);
    }

    @ParameterizedTest
    @EnumSource(RNNFormat.class)
    void sequencesAreShownToo(RNNFormat format) {
        ComputationGraph graph = TestNets.chain(InputType.recurrent(3, 8, format),
                new Convolution1DLayer.Builder(3).convolutionMode(ConvolutionMode.Causal).rnnDataFormat(format).nOut(4).activation(Activation.TANH).build(),
                new LSTM.Builder().dataFormat(format).nOut(5).activation(Activation.TANH).build(),
                new RnnOutputLayer.Builder(LossFunctions.LossFunction.MCXENT).dataFormat(format).nOut(4).activation(Activation.SOFTMAX).build(),
                new RnnOutputLayer.Builder(LossFunctions.LossFunction.MCXENT).dataFormat(format).nOut(2).activation(Activation.SOFTMAX).build());
        long[] shape = format == RNNFormat.NCW ? new long[]{2, 3, 8} : new long[]{2, 8, 3};
        Map<String, Tensor> seen = new HashMap<>();
        stream(new ReferenceNetwork(graph, Engines.preferred()), CalibrationData.of(TestNets.iterator(1, 1, 1, shape), 1),
                (vertex, operation, input) -> seen.put(vertex.name(), input));
        Map<String, INDArray> expected = graph.feedForward(TestNets.random(1, shape), false);
        same(TestNets.random(1, shape), seen.get("l0"));
        same(expected.get("l1"), seen.get("l2"));
        same(expected.get("l2"), seen.get("l3"));
    }

    /** What the two matrices of a recurrent layer meet: the input, and the layer's own output one step earlier, of steps that are not masked. */
    @ParameterizedTest
    @EnumSource(RNNFormat.class)
    void stepsOfRecurrentLayers(RNNFormat format) {
        LSTM lstm = new LSTM.Builder().dataFormat(format).nOut(5).activation(Activation.TANH).build();
        boolean last = format == RNNFormat.NWC;
        long[] shape = last ? new long[]{2, 4, 3} : new long[]{2, 3, 4};
        float[][] masks = {{1, 1, 1, 0}, {1, 1, 0, 0}};
        for (boolean masked : new boolean[]{false, true}) {
            ComputationGraph graph = TestNets.chain(InputType.recurrent(3, 4, format), lstm, new Bidirectional(lstm));
            Map<String, Tensor> seen = new HashMap<>();
            ReferenceNetwork network = new ReferenceNetwork(graph, Engines.preferred());
            INDArray x = TestNets.random(1, shape);
            INDArray mask = masked ? Nd4j.createFromArray(masks) : null;
            Tensor[] batch = {Tensor.of(x)};
            try (ReferenceNetwork.Passes passes = network.passes(network.withWeights().values())) {
                passes.run(batch, BatchShape.of(batch, masked ? new Tensor[]{Tensor.of(mask)} : new Tensor[0]),
                        (vertex, operation, input) -> seen.put(vertex.operations().get(operation).name(), input));
            }
            graph.setLayerMaskArrays(new INDArray[]{mask}, null);
            Map<String, INDArray> all = graph.feedForward(x, false);
            graph.clearLayerMaskArrays();
            steps(x, masked ? masks : null, last, 0, seen.get("l0/W"));
            steps(all.get("l0"), masked ? masks : null, last, -1, seen.get("l0/RW"));
            steps(all.get("l0"), masked ? masks : null, last, 0, seen.get("l1/fW"));
            INDArray both = all.get("l1");
            INDArray[] halves = new INDArray[2];
            for (int i = 0; i < 2; i++) {
                INDArrayIndex half = NDArrayIndex.interval(5 * i, 5 * i + 5);
                halves[i] = last ? both.get(NDArrayIndex.all(), NDArrayIndex.all(), half) : both.get(NDArrayIndex.all(), half, NDArrayIndex.all());
            }
            steps(halves[0], masked ? masks : null, last, -1, seen.get("l1/fRW"));
            assertEquals(seen.get("l1/fW").shape()[0], seen.get("l1/bRW").shape()[0]);
            if (!masked) {
                // The backward layer reads from the end: its first step is the last one, before which it has given nothing.
                for (int n = 0; n < 2; n++) {
                    for (int t = 0; t < 4; t++) {
                        for (int c = 0; c < 5; c++) {
                            float expected = t == 0 ? 0 : value(halves[1], last, n, 4 - t, c);
                            assertEquals(expected, seen.get("l1/bRW").data()[(n * 4 + t) * 5 + c], 1e-5f);
                        }
                    }
                }
            }
        }
    }

    private static float value(INDArray sequences, boolean channelsLast, int example, int step, int channel) {
        return channelsLast ? sequences.getFloat(example, step, channel) : sequences.getFloat(example, channel, step);
    }

    /** Expects the steps of sequences that count, each {@code shift} steps away from where it is found. */
    private static void steps(INDArray sequences, float[][] masks, boolean channelsLast, int shift, Tensor found) {
        int channels = (int) sequences.size(channelsLast ? 2 : 1);
        int row = 0;
        for (int n = 0; n < 2; n++) {
            for (int t = 0; t < 4; t++) {
                if (masks == null || masks[n][t] == 1) {
                    for (int c = 0; c < channels; c++) {
                        float expected = t + shift < 0 ? 0 : value(sequences, channelsLast, n, t + shift, c);
                        assertEquals(expected, found.data()[row * channels + c], 1e-5f);
                    }
                    row++;
                }
            }
        }
        assertArrayEquals(new long[]{row, channels}, found.shape());
    }

    @Test
    void theGraphCanBeUsedAfterwards() {
        ComputationGraph graph = images(CNN2DFormat.NCHW);
        INDArray[] x = {TestNets.random(1, 2, 3, 9, 9), TestNets.random(2, 2, 4)};
        INDArray before = graph.output(x)[0];
        stream(new ReferenceNetwork(graph, Engines.preferred()), CalibrationData.of(TestNets.iterator(1, 2, new long[]{3, 3, 9, 9}, new long[]{3, 4}), 2),
                (vertex, operation, input) -> { });
        assertEquals(before, graph.output(x)[0]);
    }

    @Test
    void addendsAreKnownWhereAnOutputIsAddedAndNothingElse() {
        ComputationGraph graph = TestNets.graph(b -> {
            b.addInputs("in").setInputTypes(InputType.feedForward(3));
            for (String name : new String[]{"added", "alsoRead", "doubled", "subtracted"}) {
                b.addLayer(name, new DenseLayer.Builder().nOut(3).build(), "in");
            }
            b.addVertex("sum", new ElementWiseVertex(ElementWiseVertex.Op.Add), "in", "added", "alsoRead")
                    .addVertex("twice", new ElementWiseVertex(ElementWiseVertex.Op.Add), "doubled", "doubled")
                    .addVertex("difference", new ElementWiseVertex(ElementWiseVertex.Op.Subtract), "alsoRead", "subtracted")
                    .setOutputs("sum", "twice", "difference");
        });
        ReferenceNetwork network = new ReferenceNetwork(graph, Engines.preferred());
        assertEquals(List.of("in", "alsoRead"), network.addends("added"));
        for (String other : new String[]{"alsoRead", "doubled", "subtracted", "sum"}) {
            assertEquals(List.of(), network.addends(other), other);
        }
    }

    @Test
    void followersReadOneVertexThatNobodyElseReads() {
        ComputationGraph graph = TestNets.graph(b -> b.addInputs("in").setInputTypes(InputType.convolutional(8, 8, 2))
                .addLayer("conv", new ConvolutionLayer.Builder(3, 3).nOut(4).build(), "in")
                .addLayer("relu", new ActivationLayer(Activation.RELU), "conv")
                .addLayer("pool", new SubsamplingLayer.Builder().kernelSize(2, 2).stride(2, 2).build(), "relu")
                .addLayer("read twice", new ConvolutionLayer.Builder(1, 1).nOut(4).build(), "pool")
                .addLayer("elu", new ActivationLayer(Activation.ELU), "read twice")
                .addVertex("sum", new ElementWiseVertex(ElementWiseVertex.Op.Add), "read twice", "elu")
                .addLayer("summed", new ConvolutionLayer.Builder(1, 1).nOut(4).build(), "sum")
                .addVertex("product", new ElementWiseVertex(ElementWiseVertex.Op.Product), "summed", "pool")
                .addLayer("last", new ConvolutionLayer.Builder(1, 1).nOut(4).build(), "product")
                .addLayer("output", new ActivationLayer(Activation.TANH), "last")
                .setOutputs("output"));
        ReferenceNetwork network = new ReferenceNetwork(graph, Engines.preferred());
        // Nobody reads the output: it is not computed.
        Map<String, List<String>> followers = Map.of("conv", List.of("relu", "pool"), "read twice", List.of(), "summed", List.of(), "last", List.of());
        followers.forEach((vertex, expected) -> assertEquals(expected, network.followers(vertex), vertex));
    }

    @Test
    void followersGiveWhatTheyGiveByThemselves() {
        ComputationGraph graph = TestNets.chain(InputType.convolutional(8, 8, 2),
                new ConvolutionLayer.Builder(3, 3).nOut(4).build(), new ActivationLayer(Activation.RELU6),
                new SubsamplingLayer.Builder().kernelSize(2, 2).stride(2, 2).build(), new ActivationLayer(Activation.TANH),
                new ConvolutionLayer.Builder(1, 1).nOut(4).build());
        ReferenceNetwork network = new ReferenceNetwork(graph, Engines.preferred());
        assertEquals(List.of("l1", "l2", "l3"), network.followers("l0"));
        Tensor x = TestOps.normal(3, 2, 4, 6, 6);
        BatchShape batch = BatchShape.of(new Tensor[]{TestOps.normal(4, 2, 2, 8, 8)});
        for (String follower : network.followers("l0")) {
            Tensor expected = network.forward(follower, List.of(x), batch);
            Tensor followed = network.follow(follower, new Tensor(x.data().clone(), x.shape()), batch);
            assertArrayEquals(expected.data(), followed.data(), follower);
            assertArrayEquals(expected.shape(), followed.shape(), follower);
            x = expected;
        }
    }

    @Test
    void obstaclesAreNamed() {
        ComputationGraph graph = TestNets.chain(InputType.feedForward(5),
                new DenseLayer.Builder().nOut(4).weightNoise(new DropConnect(0.5)).build(),
                new DenseLayer.Builder().nOut(4).hasLayerNorm(true).build(), new DenseLayer.Builder().nOut(4).build());
        ReferenceNetwork network = new ReferenceNetwork(graph, Engines.preferred());
        assertEquals(Map.of("l0", "it has weight noise", "l1", "it has layer normalization"), network.obstacles());
        assertEquals(List.of("l2"), List.copyOf(network.linear().keySet()));
    }

    @Test
    void failingVerticesAreNamed() {
        ComputationGraph graph = images(CNN2DFormat.NCHW);
        CalibrationData wrong = CalibrationData.of(TestNets.iterator(1, 1, new long[]{3, 3, 9, 9}, new long[]{3, 4, 2}), 2);
        String message = assertThrows(IllegalArgumentException.class,
                () -> stream(new ReferenceNetwork(graph, Engines.preferred()), wrong, (vertex, operation, input) -> { })).getMessage();
        assertTrue(message.startsWith("Vertex \"all\": "), message);
    }

    @Test
    void inputsThatDoNotFitAVertexAreTheCallersFault() {
        ReferenceNetwork network = new ReferenceNetwork(images(CNN2DFormat.NCHW), Engines.preferred());
        BatchShape batch = new BatchShape(List.of(List.of(3L, 3L, 9L, 9L), List.of(3L, 4L)), List.of());
        IllegalArgumentException e = assertThrows(IllegalArgumentException.class,
                () -> network.forward("all", List.of(TestOps.normal(1, 3, 7), TestOps.normal(2, 3, 4, 2), TestOps.normal(3, 3, 4)), batch));
        assertEquals("Vertex \"all\": expected inputs of one rank, found shapes [[3, 7], [3, 4, 2], [3, 4]]", e.getMessage());
        e = assertThrows(IllegalArgumentException.class, () -> network.forward("bn", List.of(TestOps.normal(1, 3, 5, 4, 4)), batch));
        assertTrue(e.getMessage().startsWith("Vertex \"bn\" with inputs of shape [[3, 5, 4, 4]]: "), e.getMessage());
        assertNotNull(e.getCause());
        LinearVertex flat = network.linear().get("flat");
        e = assertThrows(IllegalArgumentException.class, () -> network.operand(flat, TestOps.normal(1, 3, 3, 7, 7), batch));
        assertTrue(e.getMessage().startsWith("Layer \"flat\": Invalid input"), e.getMessage());
        LinearVertex conv = network.linear().get("conv");
        try (LinearForward forward = network.forward(conv)) {
            e = assertThrows(IllegalArgumentException.class, () -> forward.apply(TestOps.normal(1, 3, 4, 9, 9)));
            assertTrue(e.getMessage().startsWith("Layer \"conv\": Expected 3 channels"), e.getMessage());
        }
    }

    /** A vertex whose implementation has a bug. */
    public static final class BrokenVertex extends ScaleVertex {
        public BrokenVertex() {
            super(1);
        }

        @Override
        public GraphVertex instantiate(ComputationGraph graph, String name, int index, INDArray params, boolean initialize, DataType dataType) {
            return new org.deeplearning4j.nn.graph.vertex.impl.ScaleVertex(graph, name, index, 1, dataType) {
                @Override
                public INDArray doForward(boolean training, LayerWorkspaceMgr workspaces) {
                    throw new IndexOutOfBoundsException("a bug");
                }
            };
        }
    }

    @Test
    void bugsLookLikeBugs() {
        ComputationGraph graph = TestNets.graph(b -> b.addInputs("in").setInputTypes(InputType.feedForward(3))
                .addVertex("broken", new BrokenVertex(), "in")
                .addLayer("dense", new DenseLayer.Builder().nOut(2).build(), "broken")
                .setOutputs("dense").validateOutputLayerConfig(false));
        ReferenceNetwork network = new ReferenceNetwork(graph, Engines.preferred());
        IllegalStateException e = assertThrows(IllegalStateException.class,
                () -> stream(network, CalibrationData.of(TestNets.iterator(1, 1, 1, 2, 3), 1), (vertex, operation, input) -> { }));
        assertEquals("Vertex \"broken\" with inputs of shape [[2, 3]] failed: java.lang.IndexOutOfBoundsException: a bug", e.getMessage());
        assertInstanceOf(IndexOutOfBoundsException.class, e.getCause());
    }

    /** A vertex that gives the same array each time. */
    public static final class ConstantVertex extends ScaleVertex {
        public ConstantVertex() {
            super(1);
        }

        @Override
        public GraphVertex instantiate(ComputationGraph graph, String name, int index, INDArray params, boolean initialize, DataType dataType) {
            INDArray constant = TestNets.random(9, 2, 3);
            return new org.deeplearning4j.nn.graph.vertex.impl.ScaleVertex(graph, name, index, 1, dataType) {
                @Override
                public INDArray doForward(boolean training, LayerWorkspaceMgr workspaces) {
                    return constant;
                }
            };
        }
    }

    @Test
    void arraysThatAVertexKeepsStayOpen() {
        ReferenceNetwork network = new ReferenceNetwork(TestNets.graph(b -> b.addInputs("in").setInputTypes(InputType.feedForward(3))
                .addVertex("constant", new ConstantVertex(), "in").addVertex("scale", new ScaleVertex(1), "constant").setOutputs("scale")),
                Engines.preferred());
        BatchShape batch = new BatchShape(List.of(List.of(2L, 3L)), List.of());
        for (int i = 0; i < 2; i++) {
            Tensor constant = network.forward("constant", List.of(TestOps.normal(1, 2, 3)), batch);
            assertArrayEquals(TestOps.normal(9, 2, 3).data(), constant.data());
            assertArrayEquals(constant.data(), network.forward("scale", List.of(constant), batch).data());
        }
    }

    @Test
    void tapsThatRefuseAnInputNameTheLayerAndOtherwiseFailAsTheyDo() {
        ReferenceNetwork network = new ReferenceNetwork(images(CNN2DFormat.NCHW), Engines.preferred());
        Tensor[] batch = {TestOps.normal(1, 2, 3, 9, 9), TestOps.normal(2, 2, 4)};
        try (ReferenceNetwork.Passes passes = network.passes(network.linear().values())) {
            String message = assertThrows(IllegalArgumentException.class, () -> passes.run(batch, (vertex, operation, input) -> {
                throw new IllegalArgumentException("too hot");
            })).getMessage();
            assertEquals("Layer \"conv\": too hot", message);
            ArithmeticException own = new ArithmeticException();
            assertSame(own, assertThrows(ArithmeticException.class, () -> passes.run(batch, (vertex, operation, input) -> {
                throw own;
            })));
        }
    }

    @Test
    void passesGoNoFurtherThanWhatIsObserved() {
        CountingEngine engine = new CountingEngine(0);
        ReferenceNetwork network = new ReferenceNetwork(images(CNN2DFormat.NCHW), engine);
        List<String> observed = new ArrayList<>();
        try (ReferenceNetwork.Passes passes = network.passes(List.of(network.linear().get("separable")))) {
            passes.run(new Tensor[]{TestOps.normal(1, 2, 3, 9, 9), TestOps.normal(2, 2, 4)},
                    (vertex, operation, input) -> observed.add(vertex.name() + " " + operation));
            assertEquals(List.of("separable 0", "separable 1"), observed);
            // "conv", "depthwise", and the first operation of "separable".
            assertEquals(3, engine.open());
        }
        assertEquals(0, engine.open());
    }

    @Test
    void kernelsAreClosedWhereALaterOneCannotBeMade() {
        for (int failing = 1; failing <= 6; failing++) {
            CountingEngine engine = new CountingEngine(failing);
            ReferenceNetwork network = new ReferenceNetwork(images(CNN2DFormat.NCHW), engine);
            assertThrows(CountingEngine.Bug.class, () -> network.passes(network.linear().values()));
            assertEquals(failing, engine.compiled());
            assertEquals(0, engine.open());
        }
        CountingEngine engine = new CountingEngine(2);
        ReferenceNetwork network = new ReferenceNetwork(images(CNN2DFormat.NCHW), engine);
        assertThrows(CountingEngine.Bug.class, () -> network.forward(network.linear().get("separable")));
        assertEquals(0, engine.open());
    }

    @Test
    void outputsComeBeforeAndAfterTheActivation() {
        ReferenceNetwork network = new ReferenceNetwork(images(CNN2DFormat.NCHW), Engines.preferred());
        LinearVertex conv = network.linear().get("conv");
        LinearVertex.Operation operation = conv.operations().get(0);
        Tensor x = TestOps.normal(1, 2, 3, 9, 9);
        try (OperationKernel kernel = network.kernel(conv, 0, operation.weights(), operation.bias())) {
            OperationKernel.Outputs both = kernel.outputs(x, true);
            float[] rectified = both.linear().data().clone();
            for (int i = 0; i < rectified.length; i++) {
                rectified[i] = Math.max(0, rectified[i]);
            }
            assertFalse(Arrays.equals(rectified, both.linear().data()));
            assertArrayEquals(rectified, both.activated().data());
            assertArrayEquals(rectified, kernel.apply(x).data());
            assertNull(kernel.outputs(x, false).linear());
        }
        LinearVertex separable = network.linear().get("separable");
        LinearVertex.Operation first = separable.operations().get(0);
        try (OperationKernel kernel = network.kernel(separable, 0, first.weights(), first.bias())) {
            OperationKernel.Outputs outputs = kernel.outputs(TestOps.normal(1, 2, 6, 5, 5), false);
            assertSame(outputs.linear(), outputs.activated());
        }
    }
}
