package org.multipoint.internal.graph;

import org.deeplearning4j.nn.conf.CNN2DFormat;
import org.deeplearning4j.nn.conf.ComputationGraphConfiguration.GraphBuilder;
import org.deeplearning4j.nn.conf.ConvolutionMode;
import org.deeplearning4j.nn.conf.dropout.Dropout;
import org.deeplearning4j.nn.conf.graph.ElementWiseVertex;
import org.deeplearning4j.nn.conf.graph.MergeVertex;
import org.deeplearning4j.nn.conf.graph.ScaleVertex;
import org.deeplearning4j.nn.conf.graph.ShiftVertex;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.ActivationLayer;
import org.deeplearning4j.nn.conf.layers.BatchNormalization;
import org.deeplearning4j.nn.conf.layers.Convolution1DLayer;
import org.deeplearning4j.nn.conf.layers.ConvolutionLayer;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.DepthwiseConvolution2D;
import org.deeplearning4j.nn.conf.layers.DropoutLayer;
import org.deeplearning4j.nn.conf.layers.GlobalPoolingLayer;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.PReLULayer;
import org.deeplearning4j.nn.conf.layers.PoolingType;
import org.deeplearning4j.nn.conf.layers.SeparableConvolution2D;
import org.deeplearning4j.nn.conf.layers.Subsampling1DLayer;
import org.deeplearning4j.nn.conf.layers.SubsamplingLayer;
import org.deeplearning4j.nn.conf.layers.Upsampling2D;
import org.deeplearning4j.nn.conf.layers.ZeroPaddingLayer;
import org.deeplearning4j.nn.conf.layers.convolutional.Cropping2D;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.multipoint.testing.RandomGraphs;
import org.multipoint.testing.TestNets;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.activations.impl.ActivationLReLU;
import org.nd4j.linalg.activations.impl.ActivationReLU;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import java.util.stream.Stream;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

class ChannelScalingTest {

    private static final int GRAPHS = Integer.getInteger("org.multipoint.graphs", 150);
    private static final long FIRST = Long.getLong("org.multipoint.seed", 1);
    private static final InputType IMAGE = InputType.convolutional(6, 6, 3);

    private static ConvolutionLayer convolution(int out, Activation activation) {
        return convolution(out).activation(activation).build();
    }

    private static ConvolutionLayer.Builder convolution(int out) {
        return new ConvolutionLayer.Builder(3, 3).convolutionMode(ConvolutionMode.Same).nOut(out);
    }

    private static ComputationGraph graph(Consumer<GraphBuilder> layers) {
        return TestNets.graph(b -> {
            b.addInputs("in").setInputTypes(IMAGE);
            layers.accept(b);
            b.validateOutputLayerConfig(false);
        });
    }

    private static ChannelScaling scaling(ComputationGraph graph) {
        return ChannelScaling.of(GraphEdit.of(graph), Set.of());
    }

    /** Factors up to 16 up and down. */
    private static double[] factors(int count, long seed) {
        Random random = new Random(seed);
        return IntStream.range(0, count).mapToDouble(i -> Math.pow(16, 2 * random.nextDouble() - 1)).toArray();
    }

    private static int channels(ChannelScaling scaling) {
        return scaling.readers().stream().mapToInt(vertex -> (int) Arrays.stream(scaling.inputs(vertex, 0))
                .filter(number -> number != ChannelScaling.FIXED).count()).sum();
    }

    private static void assertSameOutputs(INDArray[] expected, INDArray[] found, String message) {
        for (int i = 0; i < expected.length; i++) {
            double size = expected[i].norm2Number().doubleValue();
            assertEquals(0, expected[i].sub(found[i]).norm2Number().doubleValue(), 1e-5 * (size + 0.01), message + ", output " + i);
        }
    }

    @Test
    void randomGraphsComputeTheSame() {
        int scaled = 0;
        int checked = 0;
        for (long seed = FIRST; seed < FIRST + GRAPHS; seed++) {
            ComputationGraph graph;
            INDArray x;
            INDArray[] expected;
            try {
                RandomGraphs.Drawn drawn = RandomGraphs.draw(seed);
                graph = drawn.graph();
                x = TestNets.random(seed, LongStream.concat(LongStream.of(3), LongStream.of(drawn.shape())).toArray());
                expected = graph.output(x);
            } catch (RuntimeException e) {
                // What Deeplearning4j cannot build or run itself says nothing about the plugin.
                Nd4j.getMemoryManager().setCurrentWorkspace(null);
                Nd4j.getWorkspaceManager().destroyAllWorkspacesForCurrentThread();
                continue;
            }
            if (Arrays.stream(expected).anyMatch(INDArray::isEmpty)) {
                continue;
            }
            checked++;
            GraphEdit edit = GraphEdit.of(graph);
            BatchNormFolding.fold(edit, Set.of());
            ChannelScaling scaling = ChannelScaling.of(edit, Set.of());
            scaled += channels(scaling) > 0 ? 1 : 0;
            scaling.scale(factors(scaling.factors(), seed));
            assertSameOutputs(expected, edit.toGraph().output(x), "seed " + seed);
        }
        assertTrue(checked > GRAPHS / 2, "only " + checked + " of " + GRAPHS + " graphs run in Deeplearning4j");
        assertTrue(scaled > checked / 8, "channels of only " + scaled + " of " + checked + " graphs can be scaled");
    }

    static Stream<Arguments> between() {
        List<Arguments> cases = new ArrayList<>();
        for (CNN2DFormat format : CNN2DFormat.values()) {
            cases.add(Arguments.of(format, new SubsamplingLayer.Builder(SubsamplingLayer.PoolingType.MAX).kernelSize(2, 2).stride(2, 2)
                    .dataFormat(format).build()));
            cases.add(Arguments.of(format, new SubsamplingLayer.Builder(SubsamplingLayer.PoolingType.AVG).kernelSize(2, 2).stride(2, 2)
                    .dataFormat(format).build()));
            cases.add(Arguments.of(format, new ZeroPaddingLayer.Builder(1, 2).dataFormat(format).build()));
            cases.add(Arguments.of(format, new Upsampling2D.Builder(2).dataFormat(format).build()));
            cases.add(Arguments.of(format, new Cropping2D.Builder(1, 1).dataFormat(format).build()));
            cases.add(Arguments.of(format, new DropoutLayer.Builder(new Dropout(0.5)).build()));
            cases.add(Arguments.of(format, new ActivationLayer(new ActivationLReLU(0.1))));
            cases.add(Arguments.of(format, new ActivationLayer(new ActivationReLU(null, 0.0, 0.2))));
            cases.add(Arguments.of(format, new DepthwiseConvolution2D.Builder(3, 3).depthMultiplier(1).nOut(4).dataFormat(format)
                    .activation(Activation.RELU).build()));
            cases.add(Arguments.of(format, new SeparableConvolution2D.Builder(3, 3).nOut(4).dataFormat(format).activation(Activation.RELU)
                    .build()));
        }
        cases.add(Arguments.of(CNN2DFormat.NCHW, new PReLULayer.Builder().inputShape(4, 6, 6).build()));
        cases.add(Arguments.of(CNN2DFormat.NHWC, new PReLULayer.Builder().inputShape(6, 6, 4).build()));
        return cases.stream();
    }

    @ParameterizedTest(name = "{0} {1}")
    @MethodSource("between")
    void channelsAreScaledThroughLayersThatKeepThemApart(CNN2DFormat format, Layer layer) {
        ComputationGraph graph = TestNets.chain(InputType.convolutional(6, 6, 3, format),
                convolution(4).dataFormat(format).activation(Activation.LEAKYRELU).build(), layer,
                convolution(2).dataFormat(format).activation(Activation.IDENTITY).build());
        GraphEdit edit = GraphEdit.of(graph);
        ChannelScaling scaling = ChannelScaling.of(edit, Set.of());
        assertEquals(4, Arrays.stream(scaling.inputs("l2", 0)).filter(n -> n != ChannelScaling.FIXED).distinct().count());
        scaling.scale(factors(scaling.factors(), 3));
        ComputationGraph scaled = edit.toGraph();
        INDArray x = TestNets.random(5, format == CNN2DFormat.NCHW ? new long[]{2, 3, 6, 6} : new long[]{2, 6, 6, 3});
        assertSameOutputs(graph.output(x), scaled.output(x), "scaled");
        double before = graph.feedForward(x, false).get("l1").norm2Number().doubleValue();
        assertFalse(Math.abs(before - scaled.feedForward(x, false).get("l1").norm2Number().doubleValue()) < 0.1 * before);
    }

    @Test
    void theOperationsOfASeparableConvolutionHaveChannelsBetweenThem() {
        ComputationGraph graph = TestNets.chain(IMAGE, new SeparableConvolution2D.Builder(3, 3).nOut(4).depthMultiplier(2)
                .activation(Activation.RELU).build());
        GraphEdit edit = GraphEdit.of(graph);
        ChannelScaling scaling = ChannelScaling.of(edit, Set.of());
        assertArrayEquals(new int[3], scaling.inputs("l0", 0));
        assertEquals(6, Arrays.stream(scaling.inputs("l0", 1)).filter(n -> n != ChannelScaling.FIXED).distinct().count());
        scaling.scale(factors(scaling.factors(), 4));
        INDArray x = TestNets.random(6, 2, 3, 6, 6);
        assertSameOutputs(graph.output(x), edit.toGraph().output(x), "scaled");
        assertFalse(edit.params("l0").get("pW").equals(graph.getVertex("l0").paramTable(false).get("pW")));
    }

    @Test
    void channelsThatAreAddedUpHaveOneFactor() {
        ChannelScaling scaling = scaling(graph(b -> b.addLayer("first", convolution(4, Activation.RELU), "in")
                .addLayer("a", convolution(5, Activation.RELU), "first")
                .addLayer("b", convolution(4, Activation.IDENTITY), "a")
                .addVertex("sum", new ElementWiseVertex(ElementWiseVertex.Op.Add), "first", "b")
                .addLayer("out", convolution(2, Activation.IDENTITY), "sum").setOutputs("out")));
        assertArrayEquals(scaling.inputs("a", 0), scaling.inputs("out", 0));
        assertEquals(9, IntStream.concat(IntStream.of(scaling.inputs("a", 0)), IntStream.of(scaling.inputs("b", 0))).distinct().count());
    }

    @Test
    void mergedChannelsKeepTheirFactors() {
        ChannelScaling scaling = scaling(graph(b -> b.addLayer("a", convolution(4, Activation.RELU), "in")
                .addLayer("b", convolution(3, Activation.SIGMOID), "in")
                .addVertex("merged", new MergeVertex(), "a", "b")
                .addLayer("out", convolution(2, Activation.IDENTITY), "merged")
                .addLayer("other", convolution(2, Activation.IDENTITY), "a").setOutputs("out", "other")));
        assertArrayEquals(IntStream.concat(IntStream.of(scaling.inputs("other", 0)), IntStream.of(new int[3])).toArray(),
                scaling.inputs("out", 0));
        assertEquals(4, channels(scaling) / 2);
    }

    @ParameterizedTest
    @EnumSource(CNN2DFormat.class)
    void flattenedChannelsHaveTheFactorsOfTheirImages(CNN2DFormat format) {
        ComputationGraph graph = TestNets.chain(InputType.convolutional(6, 5, 3, format),
                convolution(4).dataFormat(format).activation(Activation.RELU).build(), new DenseLayer.Builder().nOut(3)
                        .activation(Activation.RELU).build(), new DenseLayer.Builder().nOut(2).activation(Activation.IDENTITY).build());
        GraphEdit edit = GraphEdit.of(graph);
        ChannelScaling scaling = ChannelScaling.of(edit, Set.of());
        assertEquals(120, scaling.inputs("l1", 0).length);
        assertEquals(4, Arrays.stream(scaling.inputs("l1", 0)).filter(n -> n != ChannelScaling.FIXED).distinct().count());
        scaling.scale(factors(scaling.factors(), 8));
        INDArray x = TestNets.random(5, format == CNN2DFormat.NCHW ? new long[]{2, 3, 6, 5} : new long[]{2, 6, 5, 3});
        assertSameOutputs(graph.output(x), edit.toGraph().output(x), "scaled");
    }

    @ParameterizedTest
    @EnumSource(CNN2DFormat.class)
    void pooledChannelsAreVectors(CNN2DFormat format) {
        ComputationGraph graph = TestNets.chain(InputType.convolutional(6, 5, 3, format),
                convolution(4).dataFormat(format).activation(Activation.RELU).build(), new GlobalPoolingLayer.Builder(PoolingType.AVG)
                        .poolingDimensions(format == CNN2DFormat.NCHW ? new int[]{2, 3} : new int[]{1, 2}).build(),
                new DenseLayer.Builder().nOut(2).activation(Activation.IDENTITY).build());
        GraphEdit edit = GraphEdit.of(graph);
        ChannelScaling scaling = ChannelScaling.of(edit, Set.of());
        assertEquals(4, channels(scaling));
        scaling.scale(factors(scaling.factors(), 8));
        INDArray x = TestNets.random(5, format == CNN2DFormat.NCHW ? new long[]{2, 3, 6, 5} : new long[]{2, 6, 5, 3});
        assertSameOutputs(graph.output(x), edit.toGraph().output(x), "scaled");
    }

    @Test
    void sequencesAreScaled() {
        ComputationGraph graph = TestNets.chain(InputType.recurrent(3, 8), new Convolution1DLayer.Builder(3).nOut(5)
                .activation(Activation.RELU).build(), new Subsampling1DLayer.Builder(SubsamplingLayer.PoolingType.MAX).kernelSize(2).stride(2).build(),
                new Convolution1DLayer.Builder(3).nOut(2).activation(Activation.IDENTITY).build());
        GraphEdit edit = GraphEdit.of(graph);
        ChannelScaling scaling = ChannelScaling.of(edit, Set.of());
        assertEquals(5, channels(scaling));
        scaling.scale(factors(scaling.factors(), 8));
        INDArray x = TestNets.random(5, 2, 3, 8);
        assertSameOutputs(graph.output(x), edit.toGraph().output(x), "scaled");
    }

    private static void assertFixed(Consumer<GraphBuilder> layers) {
        assertEquals(0, channels(scaling(graph(layers))));
    }

    @Test
    void channelsThatSomethingElseReadsAreFixed() {
        Layer first = convolution(4, Activation.RELU);
        Layer last = convolution(2, Activation.IDENTITY);
        assertFixed(b -> b.addLayer("a", first, "in").addLayer("b", last, "a").setOutputs("a", "b"));
        for (Activation bounded : List.of(Activation.RELU6, Activation.SIGMOID, Activation.SWISH, Activation.TANH, Activation.SOFTMAX)) {
            assertFixed(b -> b.addLayer("a", convolution(4, bounded), "in").addLayer("b", last, "a").setOutputs("b"));
            assertFixed(b -> b.addLayer("a", first, "in").addLayer("f", new ActivationLayer(bounded), "a").addLayer("b", last, "f")
                    .setOutputs("b"));
        }
        assertFixed(b -> b.addLayer("a", first, "in").addLayer("n", new BatchNormalization(), "a").addLayer("b", last, "n").setOutputs("b"));
        assertFixed(b -> b.addLayer("a", first, "in").addVertex("s", new ShiftVertex(1), "a").addLayer("b", last, "s").setOutputs("b"));
        assertFixed(b -> b.addLayer("a", first, "in").addLayer("c", convolution(4, Activation.SIGMOID), "in")
                .addVertex("gated", new ElementWiseVertex(ElementWiseVertex.Op.Product), "a", "c").addLayer("b", last, "gated").setOutputs("b"));
        assertFixed(b -> b.addLayer("a", convolution(3, Activation.RELU), "in")
                .addVertex("sum", new ElementWiseVertex(ElementWiseVertex.Op.Add), "a", "in").addLayer("b", last, "sum").setOutputs("b"));
    }

    @Test
    void scaledValuesMayBeMultipliedByAConstant() {
        assertEquals(4, channels(scaling(graph(b -> b.addLayer("a", convolution(4, Activation.RELU), "in")
                .addVertex("s", new ScaleVertex(-2), "a").addLayer("b", convolution(2, Activation.IDENTITY), "s").setOutputs("b")))));
    }

    @Test
    void layersThatAreLeftOutStayAsTheyAre() {
        ComputationGraph graph = TestNets.chain(IMAGE, convolution(4, Activation.RELU), convolution(4, Activation.RELU),
                convolution(4, Activation.RELU), convolution(4, Activation.RELU));
        GraphEdit edit = GraphEdit.of(graph);
        ChannelScaling scaling = ChannelScaling.of(edit, Set.of("l1"));
        assertEquals(List.of("l3"), List.copyOf(scaling.readers()));
        scaling.scale(factors(scaling.factors(), 8));
        assertEquals(graph.getVertex("l1").paramTable(false).get("W"), edit.params("l1").get("W"));
        INDArray x = TestNets.random(5, 2, 3, 6, 6);
        assertSameOutputs(graph.output(x), edit.toGraph().output(x), "scaled");
    }

    @Test
    void theSourceIsLeftAlone() {
        ComputationGraph graph = TestNets.chain(IMAGE, convolution(4, Activation.RELU), convolution(4, Activation.RELU));
        String conf = graph.getConfiguration().toJson();
        float[] params = graph.params().dup().data().asFloat();
        ChannelScaling scaling = scaling(graph);
        scaling.scale(factors(scaling.factors(), 8));
        assertEquals(conf, graph.getConfiguration().toJson());
        assertArrayEquals(params, graph.params().data().asFloat());
    }
}
