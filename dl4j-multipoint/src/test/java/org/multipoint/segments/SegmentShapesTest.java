package org.multipoint.segments;

import org.deeplearning4j.nn.conf.CNN2DFormat;
import org.deeplearning4j.nn.conf.ComputationGraphConfiguration.GraphBuilder;
import org.deeplearning4j.nn.conf.ConvolutionMode;
import org.deeplearning4j.nn.conf.RNNFormat;
import org.deeplearning4j.nn.conf.graph.ElementWiseVertex;
import org.deeplearning4j.nn.conf.graph.L2NormalizeVertex;
import org.deeplearning4j.nn.conf.graph.MergeVertex;
import org.deeplearning4j.nn.conf.graph.PreprocessorVertex;
import org.deeplearning4j.nn.conf.graph.StackVertex;
import org.deeplearning4j.nn.conf.graph.UnstackVertex;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.BatchNormalization;
import org.deeplearning4j.nn.conf.layers.Convolution1DLayer;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.LSTM;
import org.deeplearning4j.nn.conf.layers.RnnOutputLayer;
import org.deeplearning4j.nn.conf.preprocessor.FeedForwardToRnnPreProcessor;
import org.deeplearning4j.nn.conf.preprocessor.RnnToFeedForwardPreProcessor;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.preprocessors.PermutePreprocessor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.multipoint.testing.TestNets;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.lossfunctions.LossFunctions;

import java.util.function.Consumer;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.multipoint.segments.SegmentArithmeticTest.assertOneSegment;
import static org.multipoint.segments.SegmentArithmeticTest.conv;
import static org.multipoint.segments.SegmentArithmeticTest.images;

/** Vertices that normalize examples, exchange axes, stack examples and take them apart are parts of segments. */
class SegmentShapesTest {

    @Test
    void vectorsAreNormalized() {
        assertOneSegment(TestNets.graph(b -> b.addInputs("in").setInputTypes(InputType.feedForward(9))
                .addLayer("a", new DenseLayer.Builder().nOut(7).activation(Activation.TANH).build(), "in")
                .addVertex("norm", new L2NormalizeVertex(), "a")
                .addLayer("b", new DenseLayer.Builder().nOut(5).activation(Activation.IDENTITY).build(), "norm")
                .addVertex("end", new L2NormalizeVertex(null, 0.1), "b")
                .setOutputs("end").validateOutputLayerConfig(false)), new long[]{3, 9});
    }

    @ParameterizedTest
    @EnumSource
    void imagesAreNormalized(CNN2DFormat format) {
        assertOneSegment(TestNets.graph(b -> b.addInputs("in").setInputTypes(InputType.convolutional(7, 5, 3, format))
                .addLayer("a", conv(3, 3, 6, format).activation(Activation.RELU).build(), "in")
                .addVertex("norm", new L2NormalizeVertex(), "a")
                .addLayer("b", conv(3, 6, 4, format).build(), "norm")
                .setOutputs("b").validateOutputLayerConfig(false)), images(format, 3));
    }

    /** A network that sees two inputs with the same weights, and compares what it makes of them. */
    @Test
    void examplesOfTwoInputs() {
        assertOneSegment(TestNets.graph(b -> b.addInputs("in", "other")
                .setInputTypes(InputType.convolutional(7, 5, 3), InputType.convolutional(7, 5, 3))
                .addVertex("both", new StackVertex(), "in", "other")
                .addLayer("a", conv(3, 3, 6, CNN2DFormat.NCHW).activation(Activation.RELU).build(), "both")
                .addLayer("b", conv(3, 6, 4, CNN2DFormat.NCHW).build(), "a")
                .addVertex("first", new UnstackVertex(0, 2), "b")
                .addVertex("second", new UnstackVertex(1, 2), "b")
                .addVertex("difference", new ElementWiseVertex(ElementWiseVertex.Op.Subtract), "first", "second")
                .setOutputs("difference").validateOutputLayerConfig(false)),
                images(CNN2DFormat.NCHW, 3), images(CNN2DFormat.NCHW, 3));
    }

    private static MergeVertex rows() {
        MergeVertex merge = new MergeVertex();
        merge.setMergeAxis(2);
        return merge;
    }

    /** Rows of images, steps of sequences. */
    @Test
    void rowsAreMerged() {
        assertOneSegment(TestNets.graph(b -> b.addInputs("in")
                .addLayer("a", conv(3, 3, 6, CNN2DFormat.NCHW).activation(Activation.RELU).build(), "in")
                .addLayer("b", conv(1, 6, 6, CNN2DFormat.NCHW).build(), "a")
                .addVertex("merged", rows(), "a", "b")
                .addLayer("c", conv(3, 6, 4, CNN2DFormat.NCHW).build(), "merged")
                .setOutputs("c").validateOutputLayerConfig(false)), images(CNN2DFormat.NCHW, 3));
        assertOneSegment(TestNets.graph(b -> b.addInputs("in")
                .addLayer("a", new Convolution1DLayer.Builder(3).nIn(5).nOut(6).activation(Activation.RELU).build(), "in")
                .addLayer("b", new Convolution1DLayer.Builder(2).nIn(6).nOut(6).activation(Activation.IDENTITY).build(), "a")
                .addVertex("merged", rows(), "b", "a")
                .addLayer("c", new Convolution1DLayer.Builder(3).nIn(6).nOut(4).activation(Activation.IDENTITY).build(), "merged")
                .setOutputs("c").validateOutputLayerConfig(false)), new long[]{2, 5, 9});
    }

    @ParameterizedTest
    @EnumSource
    void axesOfImages(CNN2DFormat format) {
        int[][] orders = {{2, 1, 3}, {1, 3, 2}, {3, 1, 2}, {0, 3, 2, 1}};
        for (int[] order : orders) {
            long[] sizes = format == CNN2DFormat.NCHW ? new long[]{6, 7, 5} : new long[]{7, 5, 6};
            int offset = order.length == 3 ? 0 : 1;
            int channels = (int) sizes[order[offset + (format == CNN2DFormat.NCHW ? 0 : 2)] - 1];
            assertOneSegment(TestNets.graph(b -> b.addInputs("in")
                    .addLayer("a", conv(3, 3, 6, format).activation(Activation.RELU).build(), "in")
                    .addVertex("permuted", new PreprocessorVertex(new PermutePreprocessor(order)), "a")
                    .addLayer("b", conv(3, channels, 4, format).build(), "permuted")
                    .setOutputs("b").validateOutputLayerConfig(false)), images(format, 3));
        }
    }

    @ParameterizedTest
    @EnumSource
    void axesOfSequences(RNNFormat format) {
        boolean last = format == RNNFormat.NWC;
        assertOneSegment(TestNets.graph(b -> b.addInputs("in")
                .addLayer("a", new Convolution1DLayer.Builder(3).convolutionMode(ConvolutionMode.Same).rnnDataFormat(format).nIn(5).nOut(6)
                        .activation(Activation.RELU).build(), "in")
                .addVertex("permuted", new PreprocessorVertex(new PermutePreprocessor(2, 1)), "a")
                .addLayer("b", new Convolution1DLayer.Builder(3).rnnDataFormat(format).nIn(9).nOut(4).activation(Activation.IDENTITY).build(),
                        "permuted")
                .setOutputs("b").validateOutputLayerConfig(false)), last ? new long[]{2, 9, 5} : new long[]{2, 5, 9});
    }

    private static Convolution1DLayer steps(int in, int out, RNNFormat format) {
        return new Convolution1DLayer.Builder(3).convolutionMode(ConvolutionMode.Same).rnnDataFormat(format).nIn(in).nOut(out)
                .activation(Activation.RELU).build();
    }

    private static DenseLayer dense(int in, int out) {
        return new DenseLayer.Builder().nIn(in).nOut(out).activation(Activation.TANH).build();
    }

    /** A network whose dense layers see each step of a sequence by itself. */
    private static GraphBuilder perStep(GraphBuilder builder, RNNFormat format) {
        return builder.addInputs("in").addLayer("a", steps(5, 6, format), "in")
                .addLayer("b", dense(6, 8), new RnnToFeedForwardPreProcessor(format), "a")
                .addLayer("norm", new BatchNormalization.Builder().nIn(8).nOut(8).build(), "b")
                .addLayer("c", dense(8, 7), "norm")
                .addLayer("d", steps(7, 4, format), new FeedForwardToRnnPreProcessor(format), "c");
    }

    @ParameterizedTest
    @EnumSource
    void denseLayersOfSteps(RNNFormat format) {
        for (long examples : new long[]{1, 3}) {
            assertOneSegment(TestNets.graph(b -> perStep(b, format).setOutputs("d").validateOutputLayerConfig(false)),
                    format == RNNFormat.NWC ? new long[]{examples, 9, 5} : new long[]{examples, 5, 9});
        }
    }

    /** Those whose steps are read, as examples, from outside of a segment are Deeplearning4j's. */
    @Test
    void stepsThatLeaveASegment() {
        assertSame(2, b -> perStep(b, RNNFormat.NCW).addLayer("e", dense(8, 3), "norm").setOutputs("d", "e"));
        assertSame(2, b -> perStep(b, RNNFormat.NCW)
                .addLayer("lstm", new LSTM.Builder().nIn(7).nOut(3).build(), new FeedForwardToRnnPreProcessor(), "c").setOutputs("d", "lstm"));
        assertSame(2, b -> perStep(b, RNNFormat.NCW).addLayer("out", new RnnOutputLayer.Builder(LossFunctions.LossFunction.MSE).nIn(7).nOut(3)
                .activation(Activation.SIGMOID).build(), new FeedForwardToRnnPreProcessor(), "c").setOutputs("d", "out"));
    }

    private static void assertSame(int segments, Consumer<GraphBuilder> build) {
        ComputationGraph graph = TestNets.graph(b -> build.accept(b.validateOutputLayerConfig(false)));
        INDArray x = TestNets.random(3, 2, 5, 9);
        CompiledGraph compiled = Segments.compile(graph);
        assertEquals(segments, compiled.report().segments().size(), compiled.report().toString());
        INDArray[] expected = graph.output(x);
        INDArray[] found = compiled.graph().output(x);
        for (int i = 0; i < expected.length; i++) {
            assertArrayEquals(expected[i].shape(), found[i].shape());
            assertTrue(expected[i].sub(found[i]).amaxNumber().doubleValue() < 1e-5);
        }
    }
}
