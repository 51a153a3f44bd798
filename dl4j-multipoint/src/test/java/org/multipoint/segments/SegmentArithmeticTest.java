package org.multipoint.segments;

import org.deeplearning4j.nn.conf.CNN2DFormat;
import org.deeplearning4j.nn.conf.ComputationGraphConfiguration.GraphBuilder;
import org.deeplearning4j.nn.conf.ConvolutionMode;
import org.deeplearning4j.nn.conf.graph.ElementWiseVertex;
import org.deeplearning4j.nn.conf.graph.ReshapeVertex;
import org.deeplearning4j.nn.conf.graph.ScaleVertex;
import org.deeplearning4j.nn.conf.graph.ShiftVertex;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.ActivationLayer;
import org.deeplearning4j.nn.conf.layers.Convolution1DLayer;
import org.deeplearning4j.nn.conf.layers.ConvolutionLayer;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.DepthwiseConvolution2D;
import org.deeplearning4j.nn.conf.layers.GlobalPoolingLayer;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.PReLULayer;
import org.deeplearning4j.nn.conf.layers.PoolingType;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.weights.WeightInit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.multipoint.options.Method;
import org.multipoint.testing.TestNets;
import org.multipoint.transform.Multipoint;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.activations.IActivation;
import org.nd4j.linalg.activations.impl.ActivationCube;
import org.nd4j.linalg.activations.impl.ActivationELU;
import org.nd4j.linalg.activations.impl.ActivationGELU;
import org.nd4j.linalg.activations.impl.ActivationHardSigmoid;
import org.nd4j.linalg.activations.impl.ActivationHardTanH;
import org.nd4j.linalg.activations.impl.ActivationLReLU;
import org.nd4j.linalg.activations.impl.ActivationMish;
import org.nd4j.linalg.activations.impl.ActivationReLU;
import org.nd4j.linalg.activations.impl.ActivationRectifiedTanh;
import org.nd4j.linalg.activations.impl.ActivationSELU;
import org.nd4j.linalg.activations.impl.ActivationSigmoid;
import org.nd4j.linalg.activations.impl.ActivationSoftPlus;
import org.nd4j.linalg.activations.impl.ActivationSoftSign;
import org.nd4j.linalg.activations.impl.ActivationSoftmax;
import org.nd4j.linalg.activations.impl.ActivationSwish;
import org.nd4j.linalg.activations.impl.ActivationTanH;
import org.nd4j.linalg.api.ndarray.INDArray;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

/** Activations and element-wise arithmetic are computed within segments, in fp32 and between quantized layers, as Deeplearning4j does. */
class SegmentArithmeticTest {

    private static final int HEIGHT = 7;
    private static final int WIDTH = 5;
    private static final double ROUNDING = 1e-5;

    static long[] images(CNN2DFormat format, long examples) {
        return format == CNN2DFormat.NCHW ? new long[]{examples, 3, HEIGHT, WIDTH} : new long[]{examples, HEIGHT, WIDTH, 3};
    }

    static ConvolutionLayer.Builder conv(int kernel, int nIn, int nOut, CNN2DFormat format) {
        return new ConvolutionLayer.Builder(kernel, kernel).convolutionMode(ConvolutionMode.Same).dataFormat(format).nIn(nIn).nOut(nOut)
                .activation(Activation.IDENTITY);
    }

    /** Compares a graph with its compiled form, and so its transformed graph. */
    static void assertOneSegment(ComputationGraph graph, long[]... shapes) {
        assertOneSegment(ROUNDING, graph, shapes);
    }

    private static void assertOneSegment(double tolerance, ComputationGraph graph, long[]... shapes) {
        INDArray[] x = new INDArray[shapes.length];
        for (int i = 0; i < x.length; i++) {
            x[i] = TestNets.random(5 + i, shapes[i]);
        }
        assertSame(tolerance, graph, x);
        ComputationGraph small = Multipoint.of(graph).method(Method.GREEDY).bits(5).points(1).calibrate(TestNets.iterator(1, 2, shapes))
                .transform().model();
        // Half a step of an activation may fall on either side.
        assertSame(0.02, small, x);
    }

    private static void assertSame(double tolerance, ComputationGraph graph, INDArray... x) {
        CompiledGraph compiled = Segments.compile(graph);
        assertEquals(1, compiled.report().segments().size(), compiled.report().toString());
        assertEquals(Map.of(), compiled.report().outside());
        // An activation layer of Deeplearning4j may change what it reads.
        INDArray expected = graph.output(Arrays.stream(x).map(INDArray::dup).toArray(INDArray[]::new))[0];
        INDArray found = compiled.graph().output(x)[0];
        assertArrayEquals(expected.shape(), found.shape());
        double error = expected.sub(found).amaxNumber().doubleValue() / expected.amaxNumber().doubleValue();
        assertTrue(error <= tolerance, "error " + error);
    }

    static List<IActivation> activations() {
        return List.of(new ActivationLReLU(0.1), new ActivationLReLU(-0.2), new ActivationReLU(2.0, null, 0.2),
                new ActivationReLU(null, 0.0, 0.3), new ActivationELU(1), new ActivationELU(0.4), new ActivationSELU(), new ActivationSigmoid(),
                new ActivationHardSigmoid(), new ActivationTanH(), new ActivationHardTanH(), new ActivationRectifiedTanh(),
                new ActivationSwish(), new ActivationMish(), new ActivationGELU(false), new ActivationSoftPlus());
    }

    /** As activations of layers, and as layers behind what has none of its own. */
    @ParameterizedTest
    @MethodSource("activations")
    void activationsAreComputedWithinSegments(IActivation activation) {
        for (CNN2DFormat format : CNN2DFormat.values()) {
            assertOneSegment(TestNets.graph(b -> b.addInputs("in")
                    .setInputTypes(InputType.convolutional(HEIGHT, WIDTH, 3, format))
                    .addLayer("a", conv(3, 3, 7, format).activation(activation).build(), "in")
                    .addLayer("b", new DepthwiseConvolution2D.Builder(3, 3).padding(1, 1).dataFormat(format).activation(activation)
                            .build(), "a")
                    .addLayer("c", conv(1, 7, 7, format).build(), "b")
                    .addVertex("sum", new ElementWiseVertex(ElementWiseVertex.Op.Add), "c", "a")
                    .addLayer("act", new ActivationLayer(activation), "sum")
                    .addLayer("d", conv(3, 7, 6, format).build(), "act")
                    .addLayer("pool", new GlobalPoolingLayer.Builder(PoolingType.AVG).build(), "d")
                    .addLayer("act2", new ActivationLayer(activation), "pool")
                    .addLayer("dense", new DenseLayer.Builder().nOut(5).activation(activation).build(), "act2")
                    .setOutputs("dense").validateOutputLayerConfig(false)), images(format, 3));
        }
    }

    @Test
    void activationsOfVectors() {
        List<IActivation> all = new ArrayList<>(activations());
        all.add(new ActivationCube());
        for (IActivation activation : all) {
            // Cubes triple relative errors.
            assertOneSegment(activation instanceof ActivationCube ? 9 * ROUNDING : ROUNDING, TestNets.graph(b -> b.addInputs("in").setInputTypes(InputType.feedForward(9))
                    .addLayer("a", new DenseLayer.Builder().nOut(6).activation(activation).build(), "in")
                    .addLayer("b", new DenseLayer.Builder().nOut(5).activation(activation).build(), "a")
                    .setOutputs("b").validateOutputLayerConfig(false)), new long[]{4, 9});
        }
    }

    /** Activations with formulas that no engine has: Deeplearning4j's precise GELU cubes 0.044715 with x. */
    @Test
    void otherActivationsAreLeftToDeeplearning4j() {
        for (IActivation activation : List.of(new ActivationGELU(true), new ActivationReLU(null, 0.5, null), new ActivationSoftSign())) {
            ComputationGraph graph = TestNets.graph(b -> b.addInputs("in").setInputTypes(InputType.feedForward(9))
                    .addLayer("a", new DenseLayer.Builder().nOut(6).activation(activation).build(), "in")
                    .addLayer("b", new DenseLayer.Builder().nOut(5).activation(Activation.TANH).build(), "a")
                    .setOutputs("b").validateOutputLayerConfig(false));
            INDArray x = TestNets.random(5, 4, 9);
            CompiledGraph compiled = Segments.compile(graph);
            assertEquals(2, compiled.report().segments().size());
            assertTrue(graph.outputSingle(x).equalsWithEps(compiled.graph().outputSingle(x), ROUNDING));
        }
    }

    /** Another way leads from the input to what reads the activation: no segment may contain both. */
    @Test
    void otherActivationsBesideAnotherPath() {
        ComputationGraph graph = TestNets.graph(b -> b.addInputs("in").setInputTypes(InputType.feedForward(9))
                .addLayer("a", new DenseLayer.Builder().nOut(6).activation(Activation.TANH).build(), "in")
                .addLayer("other", new DenseLayer.Builder().nOut(5).activation(Activation.SOFTSIGN).build(), "a")
                .addLayer("known", new DenseLayer.Builder().nOut(5).activation(Activation.SWISH).build(), "a")
                .addVertex("sum", new ElementWiseVertex(ElementWiseVertex.Op.Add), "known", "other")
                .addLayer("b", new DenseLayer.Builder().nOut(4).activation(Activation.RELU).build(), "sum")
                .setOutputs("b").validateOutputLayerConfig(false));
        INDArray x = TestNets.random(5, 4, 9);
        assertTrue(graph.outputSingle(x).equalsWithEps(Segments.compile(graph).graph().outputSingle(x), ROUNDING));
    }

    /** Shapes of slopes in the order of a format, and axes that share them. */
    private static List<long[]> shared() {
        return Arrays.asList(null, new long[]{1}, new long[]{2, 3}, new long[]{1, 2}, new long[]{3}, new long[]{1, 2, 3});
    }

    private static Layer slopes(long[] shape, long[] sharedAxes) {
        return new PReLULayer.Builder().inputShape(shape.clone()).sharedAxes(sharedAxes).weightInit(WeightInit.ONES).build();
    }

    private static void randomize(ComputationGraph graph, String layer, double most) {
        INDArray slopes = graph.getLayer(layer).getParam("W");
        slopes.assign(TestNets.random(9, slopes.shape()).muli(most));
    }

    @ParameterizedTest
    @EnumSource
    void slopesAreShared(CNN2DFormat format) {
        for (long[] axes : shared()) {
            for (double most : new double[]{0.3, 1}) {
                long[] shape = format == CNN2DFormat.NCHW ? new long[]{7, HEIGHT, WIDTH} : new long[]{HEIGHT, WIDTH, 7};
                ComputationGraph graph = TestNets.graph(b -> b.addInputs("in").setInputTypes(InputType.convolutional(HEIGHT, WIDTH, 3, format))
                        .addLayer("a", conv(3, 3, 7, format).build(), "in")
                        .addLayer("p", slopes(shape, axes), "a")
                        .addLayer("b", conv(3, 7, 7, format).build(), "p")
                        .addVertex("sum", new ElementWiseVertex(ElementWiseVertex.Op.Add), "b", "p")
                        .addLayer("q", slopes(shape, axes), "sum")
                        .addLayer("c", conv(1, 7, 2, format).build(), "q")
                        .setOutputs("c").validateOutputLayerConfig(false));
                randomize(graph, "p", most);
                randomize(graph, "q", most);
                assertOneSegment(graph, images(format, 2));
            }
        }
    }

    @Test
    void slopesOfVectorsAndSequences() {
        ComputationGraph vectors = TestNets.graph(b -> b.addInputs("in").setInputTypes(InputType.feedForward(9))
                .addLayer("a", new DenseLayer.Builder().nOut(6).activation(Activation.IDENTITY).build(), "in")
                .addLayer("p", slopes(new long[]{6}, null), "a")
                .addLayer("b", new DenseLayer.Builder().nOut(5).activation(Activation.IDENTITY).build(), "p")
                .setOutputs("b").validateOutputLayerConfig(false));
        randomize(vectors, "p", 1);
        assertOneSegment(vectors, new long[]{4, 9});
        for (long[] axes : Arrays.asList(null, new long[]{1}, new long[]{2})) {
            ComputationGraph sequences = TestNets.graph(b -> b.addInputs("in").setInputTypes(InputType.recurrent(4, 11))
                    .addLayer("a", new Convolution1DLayer.Builder(3).convolutionMode(ConvolutionMode.Same).nOut(6)
                            .activation(Activation.IDENTITY).build(), "in")
                    .addLayer("p", slopes(new long[]{6, 11}, axes), "a")
                    .addLayer("b", new Convolution1DLayer.Builder(3).nOut(5).activation(Activation.SWISH).build(), "p")
                    .setOutputs("b").validateOutputLayerConfig(false));
            randomize(sequences, "p", 1);
            assertOneSegment(sequences, new long[]{2, 4, 11});
        }
    }

    /** Operands of the same size, on either side; one of them goes on. */
    @ParameterizedTest
    @EnumSource(ElementWiseVertex.Op.class)
    void elementsOfImages(ElementWiseVertex.Op op) {
        for (CNN2DFormat format : CNN2DFormat.values()) {
            for (boolean swapped : new boolean[]{false, true}) {
                assertOneSegment(TestNets.graph(b -> b.addInputs("in").setInputTypes(InputType.convolutional(HEIGHT, WIDTH, 3, format))
                        .addLayer("a", conv(3, 3, 7, format).activation(Activation.TANH).build(), "in")
                        .addLayer("b", conv(1, 7, 7, format).activation(Activation.SIGMOID).build(), "a")
                        .addVertex("both", new ElementWiseVertex(op), swapped ? "b" : "a", swapped ? "a" : "b")
                        .addVertex("scaled", new ScaleVertex(1.7), "both")
                        .addVertex("shifted", new ShiftVertex(-0.3), "scaled")
                        .addLayer("c", conv(3, 7, 7, format).activation(Activation.LEAKYRELU).build(), "shifted")
                        .addVertex("again", new ElementWiseVertex(op), swapped ? "shifted" : "c", swapped ? "c" : "shifted")
                        .addLayer("d", conv(1, 7, 4, format).build(), "again")
                        .setOutputs("d").validateOutputLayerConfig(false)), images(format, 2));
            }
        }
    }

    @ParameterizedTest
    @EnumSource(value = ElementWiseVertex.Op.class, names = "Subtract", mode = EnumSource.Mode.EXCLUDE)
    void severalOperands(ElementWiseVertex.Op op) {
        assertOneSegment(TestNets.graph(b -> b.addInputs("in", "more")
                .setInputTypes(InputType.convolutional(HEIGHT, WIDTH, 3), InputType.convolutional(HEIGHT, WIDTH, 6))
                .addLayer("a", conv(3, 3, 6, CNN2DFormat.NCHW).build(), "in")
                .addLayer("b", conv(1, 3, 6, CNN2DFormat.NCHW).build(), "in")
                .addVertex("all", new ElementWiseVertex(op), "a", "more", "b")
                .addLayer("c", conv(1, 6, 4, CNN2DFormat.NCHW).build(), "all")
                .setOutputs("c").validateOutputLayerConfig(false)), images(CNN2DFormat.NCHW, 2), new long[]{2, 6, HEIGHT, WIDTH});
    }

    /** Squeeze and excitation: a weight for each channel, and one for each pixel; whichever is the first operand. */
    @ParameterizedTest
    @EnumSource(ElementWiseVertex.Op.class)
    void smallerImagesAreRepeated(ElementWiseVertex.Op op) {
        for (CNN2DFormat format : CNN2DFormat.values()) {
            for (boolean swapped : new boolean[]{false, true}) {
                Consumer<GraphBuilder> squeeze = format == CNN2DFormat.NCHW ? SegmentArithmeticTest::squeezeImages
                        : SegmentArithmeticTest::squeezeVectors;
                Consumer<GraphBuilder> net = squeeze.andThen(b -> b.addVertex("excited", new ElementWiseVertex(op), swapped ? "expand" : "a", swapped ? "a" : "expand")
                        .addLayer("mask", conv(3, 8, 1, format).activation(Activation.SIGMOID).build(), "excited")
                        .addVertex("masked", new ElementWiseVertex(op), swapped ? "mask" : "excited", swapped ? "excited" : "mask")
                        .addLayer("end", conv(1, 8, 4, format).build(), "masked")
                        .setOutputs("end").validateOutputLayerConfig(false));
                assertOneSegment(TestNets.graph(net), images(format, 3));
            }
        }
    }

    private static void squeezeImages(GraphBuilder b) {
        b.addInputs("in").addLayer("a", conv(3, 3, 8, CNN2DFormat.NCHW).activation(Activation.SWISH).build(), "in")
                .addLayer("pool", new GlobalPoolingLayer.Builder(PoolingType.AVG).collapseDimensions(false).build(), "a")
                .addLayer("reduce", conv(1, 8, 2, CNN2DFormat.NCHW).activation(Activation.RELU).build(), "pool")
                .addLayer("expand", conv(1, 2, 8, CNN2DFormat.NCHW).activation(Activation.HARDSIGMOID).build(), "reduce");
    }

    private static void squeezeVectors(GraphBuilder b) {
        b.addInputs("in").addLayer("a", conv(3, 3, 8, CNN2DFormat.NHWC).activation(Activation.SWISH).build(), "in")
                .addLayer("pool", new GlobalPoolingLayer.Builder(PoolingType.AVG).poolingDimensions(1, 2).build(), "a")
                .addLayer("reduce", new DenseLayer.Builder().nIn(8).nOut(2).activation(Activation.RELU).build(), "pool")
                .addLayer("weights", new DenseLayer.Builder().nIn(2).nOut(8).activation(Activation.HARDSIGMOID).build(), "reduce")
                .addVertex("expand", new ReshapeVertex(-1, 1, 1, 8), "weights");
    }

    /** Deeplearning4j's softmax is over the last axis: that of the channels only where they come last. */
    @Test
    void softmaxOfPixels() {
        List<Layer> layers = new ArrayList<>(List.of(new ActivationLayer(new ActivationSoftmax())));
        layers.add(conv(1, 7, 4, CNN2DFormat.NHWC).activation(Activation.SOFTMAX).build());
        for (Layer layer : layers) {
            for (CNN2DFormat format : CNN2DFormat.values()) {
                if (layer instanceof ConvolutionLayer c) {
                    c.setCnn2dDataFormat(format);
                }
                ComputationGraph graph = TestNets.graph(b -> b.addInputs("in").setInputTypes(InputType.convolutional(HEIGHT, WIDTH, 3, format))
                        .addLayer("a", conv(3, 3, 7, format).build(), "in")
                        .addLayer("softmax", layer.clone(), "a")
                        .addLayer("b", conv(1, layer instanceof ActivationLayer ? 7 : 4, 2, format).build(), "softmax")
                        .setOutputs("b").validateOutputLayerConfig(false));
                if (format == CNN2DFormat.NHWC) {
                    assertOneSegment(graph, images(format, 2));
                } else {
                    INDArray x = TestNets.random(5, images(format, 2));
                    CompiledGraph compiled = Segments.compile(graph);
                    assertEquals(2, compiled.report().segments().size());
                    assertTrue(graph.outputSingle(x).equalsWithEps(compiled.graph().outputSingle(x), 1e-5));
                }
            }
        }
    }

    @Test
    void softmaxBehindAClassifierIsPartOfItsSegment() {
        assertOneSegment(TestNets.graph(b -> b.addInputs("in").setInputTypes(InputType.convolutional(HEIGHT, WIDTH, 3))
                .addLayer("a", conv(3, 3, 7, CNN2DFormat.NCHW).activation(Activation.RELU).build(), "in")
                .addLayer("pool", new GlobalPoolingLayer.Builder(PoolingType.AVG).build(), "a")
                .addLayer("dense", new DenseLayer.Builder().nOut(5).activation(Activation.IDENTITY).build(), "pool")
                .addLayer("softmax", new ActivationLayer(Activation.SOFTMAX), "dense")
                .setOutputs("softmax").validateOutputLayerConfig(false)), images(CNN2DFormat.NCHW, 3));
    }
}
