package org.multipoint.segments;

import org.bytedeco.javacpp.Pointer;
import org.deeplearning4j.nn.conf.CNN2DFormat;
import org.deeplearning4j.nn.conf.ComputationGraphConfiguration;
import org.deeplearning4j.nn.conf.ConvolutionMode;
import org.deeplearning4j.nn.conf.RNNFormat;
import org.deeplearning4j.nn.conf.graph.ElementWiseVertex;
import org.deeplearning4j.nn.conf.graph.MergeVertex;
import org.deeplearning4j.nn.conf.graph.PreprocessorVertex;
import org.deeplearning4j.nn.conf.graph.ReshapeVertex;
import org.deeplearning4j.nn.conf.graph.SubsetVertex;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.ActivationLayer;
import org.deeplearning4j.nn.conf.layers.BatchNormalization;
import org.deeplearning4j.nn.conf.layers.Convolution1DLayer;
import org.deeplearning4j.nn.conf.layers.Convolution3D;
import org.deeplearning4j.nn.conf.layers.ConvolutionLayer;
import org.deeplearning4j.nn.conf.layers.Deconvolution2D;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.DepthwiseConvolution2D;
import org.deeplearning4j.nn.conf.layers.DropoutLayer;
import org.deeplearning4j.nn.conf.layers.GlobalPoolingLayer;
import org.deeplearning4j.nn.conf.layers.LSTM;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.LocalResponseNormalization;
import org.deeplearning4j.nn.conf.layers.LossLayer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.conf.layers.PoolingType;
import org.deeplearning4j.nn.conf.layers.RnnOutputLayer;
import org.deeplearning4j.nn.conf.layers.SeparableConvolution2D;
import org.deeplearning4j.nn.conf.layers.SpaceToDepthLayer;
import org.deeplearning4j.nn.conf.layers.Subsampling1DLayer;
import org.deeplearning4j.nn.conf.layers.SubsamplingLayer;
import org.deeplearning4j.nn.conf.layers.Upsampling1D;
import org.deeplearning4j.nn.conf.layers.Upsampling2D;
import org.deeplearning4j.nn.conf.layers.ZeroPadding1DLayer;
import org.deeplearning4j.nn.conf.layers.ZeroPaddingLayer;
import org.deeplearning4j.nn.conf.layers.convolutional.Cropping1D;
import org.deeplearning4j.nn.conf.layers.convolutional.Cropping2D;
import org.deeplearning4j.nn.conf.preprocessor.FeedForwardToCnnPreProcessor;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.parallelism.ParallelInference;
import org.deeplearning4j.parallelism.inference.InferenceMode;
import org.deeplearning4j.preprocessors.KerasFlattenRnnPreprocessor;
import org.deeplearning4j.preprocessors.ReshapePreprocessor;
import org.deeplearning4j.util.ModelSerializer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.multipoint.internal.engine.Engines;
import org.multipoint.internal.graph.EngineRunners;
import org.multipoint.options.Method;
import org.multipoint.report.CompilationReport;
import org.multipoint.report.CompilationReport.CompiledSegment;
import org.multipoint.testing.TestNets;
import org.multipoint.transform.Multipoint;
import org.nd4j.evaluation.classification.Evaluation;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.activations.impl.ActivationReLU;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.memory.MemoryWorkspace;
import org.nd4j.linalg.api.memory.conf.WorkspaceConfiguration;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.dataset.api.MultiDataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.lossfunctions.LossFunctions;

import java.io.File;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

/** Compiled graphs compute what their sources compute, and are graphs like any other. */
class SegmentsTest {

    private static void assertNear(double tolerance, INDArray expected, INDArray found, String message) {
        assertArrayEquals(expected.shape(), found.shape(), message);
        double error = expected.sub(found).amaxNumber().doubleValue() / expected.amaxNumber().doubleValue();
        assertTrue(error <= tolerance, message + ": error " + error);
    }

    private static ConvolutionLayer.Builder conv(int kernel, int stride, int nOut, CNN2DFormat format) {
        return new ConvolutionLayer.Builder(kernel, kernel).stride(stride, stride).convolutionMode(ConvolutionMode.Same)
                .dataFormat(format).nOut(nOut).activation(Activation.IDENTITY);
    }

    private static BatchNormalization norm(CNN2DFormat format) {
        return new BatchNormalization.Builder().dataFormat(format).build();
    }

    /** A small residual network with all that those have: strides, projections, depthwise and separable layers, merges, a classifier. */
    private static ComputationGraph residual(CNN2DFormat format) {
        return TestNets.graph(b -> {
            b.addInputs("image").setInputTypes(InputType.convolutional(16, 16, 3, format));
            b.addLayer("stem", conv(5, 2, 8, format).hasBias(false).build(), "image");
            b.addLayer("stemNorm", norm(format), "stem");
            b.addLayer("stemRelu", new ActivationLayer(Activation.RELU), "stemNorm");
            b.addLayer("pool", new SubsamplingLayer.Builder(SubsamplingLayer.PoolingType.MAX, new int[]{3, 3}, new int[]{1, 1},
                    new int[]{1, 1}).dataFormat(format).build(), "stemRelu");
            b.addLayer("a1", conv(3, 1, 8, format).build(), "pool");
            b.addLayer("a1Norm", norm(format), "a1");
            b.addLayer("a1Relu", new ActivationLayer(Activation.RELU6), "a1Norm");
            b.addLayer("a2", conv(3, 1, 8, format).build(), "a1Relu");
            b.addVertex("aSum", new ElementWiseVertex(ElementWiseVertex.Op.Add), "a2", "pool");
            b.addLayer("aRelu", new ActivationLayer(Activation.RELU), "aSum");
            b.addLayer("b1", new DepthwiseConvolution2D.Builder(3, 3).stride(2, 2).padding(1, 1).dataFormat(format)
                    .activation(Activation.RELU6).build(), "aRelu");
            b.addLayer("b2", conv(1, 1, 17, format).build(), "b1");
            b.addLayer("bSkip", conv(1, 2, 17, format).build(), "aRelu");
            b.addVertex("bSum", new ElementWiseVertex(ElementWiseVertex.Op.Add), "bSkip", "b2");
            b.addLayer("c", new SeparableConvolution2D.Builder(3, 3).padding(1, 1).dataFormat(format).nOut(5)
                    .activation(Activation.RELU).build(), "bSum");
            b.addVertex("merge", new MergeVertex(), "c", "bSum");
            b.addLayer("last", conv(1, 1, 12, format).activation(Activation.RELU).build(), "merge");
            b.addLayer("global", new GlobalPoolingLayer.Builder(PoolingType.AVG).build(), "last");
            b.addLayer("classes", new OutputLayer.Builder(LossFunctions.LossFunction.MCXENT).nOut(6)
                    .activation(Activation.SOFTMAX).build(), "global");
            b.setOutputs("classes");
        });
    }

    private static long[] images(CNN2DFormat format, long examples, long height, long width) {
        return format == CNN2DFormat.NCHW ? new long[]{examples, 3, height, width} : new long[]{examples, height, width, 3};
    }

    private static ComputationGraph quantized(ComputationGraph graph, CNN2DFormat format) {
        return Multipoint.of(graph).method(Method.GREEDY).bits(4).calibrate(TestNets.iterator(1, 2, 6, images(format, 6, 16, 16)))
                .transform().model();
    }

    @ParameterizedTest
    @EnumSource
    void residualNetworksBecomeOneSegment(CNN2DFormat format) {
        ComputationGraph graph = residual(format);
        INDArray x = TestNets.random(2, images(format, 3, 16, 16));
        INDArray before = x.dup();
        CompiledGraph compiled = Segments.compile(graph);
        assertNear(1e-5, graph.outputSingle(x), compiled.graph().outputSingle(x), "fp32");
        assertEquals(before, x);
        List<CompiledSegment> segments = compiled.report().segments();
        assertEquals(1, segments.size());
        assertEquals(19, segments.get(0).vertices().size());
        assertTrue(!segments.get(0).integer());
        assertEquals(Map.of("image", "a network input", "classes", "a network output"), segments.get(0).ends());

        ComputationGraph small = quantized(graph, format);
        CompiledGraph fused = Segments.compile(small);
        assertNear(1e-4, small.outputSingle(x), fused.graph().outputSingle(x), "int8");
        assertTrue(fused.report().segments().get(0).integer());
        assertEquals(1, fused.report().segments().size());
    }

    @ParameterizedTest
    @EnumSource
    void additionsOfIntegersRoundTheirShortcuts(CNN2DFormat format) {
        ComputationGraph graph = residual(format);
        INDArray x = TestNets.random(2, images(format, 3, 16, 16));
        assertEquals(Segments.compile(graph).graph().outputSingle(x), Segments.compile(graph, Additions.INTEGER).graph().outputSingle(x));

        ComputationGraph small = quantized(graph, format);
        INDArray floating = Segments.compile(small, Additions.FLOATING).graph().outputSingle(x);
        INDArray integer = Segments.compile(small, Additions.INTEGER).graph().outputSingle(x);
        assertEquals(Segments.compile(small).graph().outputSingle(x), floating);
        assertNotEquals(floating, integer);
        assertNear(0.05, floating, integer, "rounded once more");

        ComputationGraph reference = Segments.compile(small, Additions.INTEGER).graph();
        EngineRunners.of(reference).forEach(runner -> runner.runOn(Engines.nd4j()));
        assertNear(1e-4, reference.outputSingle(x), integer, "on ND4J");
    }

    /** Layers one after another that each have something of their own; all but the last become one segment. */
    static List<List<Layer>> chains() {
        List<List<Layer>> chains = new ArrayList<>();
        for (CNN2DFormat format : CNN2DFormat.values()) {
            for (boolean include : new boolean[]{false, true}) {
                for (ConvolutionMode mode : new ConvolutionMode[]{ConvolutionMode.Same, ConvolutionMode.Truncate}) {
                    int pad = mode == ConvolutionMode.Same ? 0 : 1;
                    chains.add(List.of(conv(3, 1, 5, format).build(),
                            new SubsamplingLayer.Builder(SubsamplingLayer.PoolingType.AVG, new int[]{3, 2}, new int[]{2, 1},
                                    new int[]{pad, pad}).convolutionMode(mode).dataFormat(format).avgPoolIncludePadInDivisor(include).build(),
                            new SubsamplingLayer.Builder(SubsamplingLayer.PoolingType.MAX, new int[]{2, 3}, new int[]{1, 2},
                                    new int[]{0, pad}).convolutionMode(mode).dataFormat(format).build(), conv(1, 1, 3, format).build()));
                }
            }
            chains.add(List.of(conv(3, 2, 5, format).activation(Activation.RELU).build(),
                    new Deconvolution2D.Builder(3, 3).stride(2, 2).nOut(6).convolutionMode(ConvolutionMode.Same).dataFormat(format)
                            .activation(Activation.RELU).build(),
                    new Deconvolution2D.Builder(2, 4).stride(3, 2).padding(0, 1).nOut(4).convolutionMode(ConvolutionMode.Truncate)
                            .dataFormat(format).activation(Activation.IDENTITY).build(), norm(format), conv(1, 1, 3, format).build()));
            chains.add(List.of(conv(3, 1, 5, format).activation(Activation.RELU).build(),
                    new Upsampling2D.Builder().size(new int[]{3, 2}).dataFormat(format).build(),
                    new Cropping2D.Builder(2, 1, 0, 4).dataFormat(format).build(), conv(2, 1, 4, format).build(),
                    new SpaceToDepthLayer.Builder(2).dataFormat(format).build(), new Upsampling2D.Builder(2).dataFormat(format).build(),
                    conv(3, 2, 3, format).build(), new SpaceToDepthLayer.Builder(2).dataFormat(format).build()));
            ZeroPaddingLayer pad = new ZeroPaddingLayer.Builder(1, 2, 0, 1).dataFormat(format).build();
            chains.add(List.of(pad, conv(3, 2, 4, format).convolutionMode(ConvolutionMode.Truncate).build(), norm(format), pad,
                    new SubsamplingLayer.Builder().kernelSize(3, 3).stride(2, 2).dataFormat(format).build(),
                    conv(3, 1, 4, format).dilation(2, 2).build(), pad));
            chains.add(List.of(norm(format), new ActivationLayer(Activation.RELU), conv(3, 1, 6, format).build(),
                    new ActivationLayer(new ActivationReLU(0.7, 0.0, 0.0)), new DropoutLayer(0.5),
                    new GlobalPoolingLayer.Builder(PoolingType.MAX).build(), new DenseLayer.Builder().nOut(4)
                            .activation(Activation.RELU).build(), new BatchNormalization(), new DenseLayer.Builder().nOut(5)
                            .activation(Activation.IDENTITY).build()));
            chains.add(List.of(conv(3, 2, 7, format).activation(Activation.RELU).build(),
                    new DenseLayer.Builder().nOut(9).activation(Activation.RELU).build(),
                    new DenseLayer.Builder().nOut(4).hasBias(false).activation(Activation.IDENTITY).build()));
        }
        return chains;
    }

    private static InputType input(List<Layer> layers) {
        boolean last = layers.stream().anyMatch(l -> l instanceof ConvolutionLayer c && c.getCnn2dDataFormat() == CNN2DFormat.NHWC);
        return InputType.convolutional(9, 10, 3, last ? CNN2DFormat.NHWC : CNN2DFormat.NCHW);
    }

    private static long[] shape(InputType type, long examples) {
        long[] s = type.getShape();
        return new long[]{examples, s[0], s[1], s[2]};
    }

    @ParameterizedTest
    @MethodSource("chains")
    void layersOfEachKindComputeTheSame(List<Layer> layers) {
        InputType type = input(layers);
        ComputationGraph graph = TestNets.chain(type, layers.toArray(Layer[]::new));
        INDArray x = TestNets.random(3, shape(type, 2));
        CompiledGraph compiled = Segments.compile(graph);
        assertEquals(1, compiled.report().segments().size(), compiled.report().toString());
        assertEquals(Map.of(), compiled.report().outside());
        assertNear(1e-5, graph.outputSingle(x), compiled.graph().outputSingle(x), "fp32");

        ComputationGraph small = Multipoint.of(graph).method(Method.GREEDY).bits(4)
                .calibrate(TestNets.iterator(1, 2, 1, shape(type, 4))).transform().model();
        assertNear(1e-4, small.outputSingle(x), Segments.compile(small).graph().outputSingle(x), "int8");
    }

    private static void becomesOneSegment(ComputationGraph graph, long... shape) {
        CompiledGraph compiled = Segments.compile(graph);
        assertEquals(1, compiled.report().segments().size(), compiled.report().toString());
        assertEquals(Map.of(), compiled.report().outside());
        assertOutputs(1e-5, graph, compiled.graph(), TestNets.random(3, shape));
        ComputationGraph small = Multipoint.of(graph).method(Method.GREEDY).bits(4).calibrate(TestNets.iterator(1, 2, 1, shape))
                .transform().model();
        CompiledGraph fused = Segments.compile(small);
        assertEquals(1, fused.report().segments().size());
        assertOutputs(1e-4, small, fused.graph(), TestNets.random(3, shape));
    }

    @Test
    void sequencesBecomeOneSegment() {
        becomesOneSegment(TestNets.chain(InputType.recurrent(4, 11),
                new Convolution1DLayer.Builder(3).convolutionMode(ConvolutionMode.Causal).nOut(6).activation(Activation.RELU).build(),
                new Subsampling1DLayer.Builder(SubsamplingLayer.PoolingType.AVG, 3, 2).convolutionMode(ConvolutionMode.Same).build(),
                new Upsampling1D.Builder(2).build(), new Cropping1D(1, 2), new ZeroPadding1DLayer(2, 1),
                new Subsampling1DLayer.Builder(2, 2).build(),
                new Convolution1DLayer.Builder(2).nOut(3).activation(Activation.IDENTITY).build()), 2, 4, 11);
        becomesOneSegment(TestNets.chain(InputType.recurrent(4, 11),
                new Convolution1DLayer.Builder(3).nOut(6).dilation(2).activation(Activation.RELU).build(),
                new GlobalPoolingLayer.Builder(PoolingType.MAX).build(),
                new DenseLayer.Builder().nOut(5).activation(Activation.RELU).build()), 2, 4, 11);
    }

    @Test
    void sequencesWithChannelsLastBecomeOneSegment() {
        becomesOneSegment(TestNets.graph(b -> b.addInputs("in").setInputTypes(InputType.recurrent(4, 12, RNNFormat.NWC))
                .addLayer("one", new Convolution1DLayer.Builder(3).convolutionMode(ConvolutionMode.Causal).nOut(6)
                        .activation(Activation.RELU).rnnDataFormat(RNNFormat.NWC).build(), "in")
                .addLayer("pool", new Subsampling1DLayer.Builder(SubsamplingLayer.PoolingType.MAX, 2, 2).dataFormat(CNN2DFormat.NHWC)
                        .build(), "one")
                .addLayer("two", new Convolution1DLayer.Builder(2).nIn(6).nOut(3).activation(Activation.RELU)
                        .rnnDataFormat(RNNFormat.NWC).build(), "pool")
                .addVertex("vector", new PreprocessorVertex(new KerasFlattenRnnPreprocessor(3, 5)), "two")
                .addLayer("dense", new DenseLayer.Builder().nIn(15).nOut(4).activation(Activation.RELU).build(), "vector")
                .setOutputs("dense").validateOutputLayerConfig(false)), 2, 12, 4);
    }

    /** Vectors that are images of a first layer, in either order of axes, and shapes that vertices give. */
    @ParameterizedTest
    @EnumSource
    void reshapedValuesStayInside(CNN2DFormat format) {
        boolean last = format == CNN2DFormat.NHWC;
        long[] image = last ? new long[]{6, 5, 4} : new long[]{4, 6, 5};
        long[] other = last ? new long[]{3, 10, 4} : new long[]{8, 3, 5};
        becomesOneSegment(TestNets.graph(b -> b.addInputs("in")
                .addVertex("image", new PreprocessorVertex(new ReshapePreprocessor(new long[]{120}, image, false)), "in")
                .addLayer("conv", conv(3, 1, 4, format).nIn(4).activation(Activation.RELU).build(), "image")
                .addVertex("other", new ReshapeVertex(-1, (int) other[0], (int) other[1], (int) other[2]), "conv")
                .addLayer("next", conv(1, 1, 3, format).nIn(last ? 4 : 8).activation(Activation.RELU).build(), "other")
                .addVertex("vector", new PreprocessorVertex(new ReshapePreprocessor(other, new long[]{last ? 90 : 45}, false)), "next")
                .addVertex("some", new SubsetVertex(3, 11), "vector")
                .addLayer("dense", new DenseLayer.Builder().nIn(9).nOut(4).activation(Activation.IDENTITY).build(), "some")
                .setOutputs("dense", "vector").validateOutputLayerConfig(false)), 3, 120);
    }

    @Test
    void flatImagesAndSomeChannelsStayInside() {
        becomesOneSegment(TestNets.chain(InputType.convolutionalFlat(7, 6, 2),
                conv(3, 1, 4, CNN2DFormat.NCHW).activation(Activation.RELU).build(),
                new DenseLayer.Builder().nOut(5).activation(Activation.IDENTITY).build()), 3, 84);
        becomesOneSegment(TestNets.graph(b -> b.addInputs("in")
                .addLayer("conv", conv(3, 1, 5, CNN2DFormat.NCHW).nIn(4).activation(Activation.RELU).build(),
                        new FeedForwardToCnnPreProcessor(6, 5, 4), "in")
                .addVertex("some", new SubsetVertex(1, 3), "conv")
                .addLayer("next", conv(3, 2, 6, CNN2DFormat.NCHW).nIn(3).activation(Activation.RELU).build(), "some")
                .addLayer("keep", new GlobalPoolingLayer.Builder(PoolingType.AVG).collapseDimensions(false).build(), "next")
                .addLayer("last", conv(1, 1, 6, CNN2DFormat.NCHW).nIn(6).activation(Activation.IDENTITY).build(), "keep")
                .setOutputs("last").validateOutputLayerConfig(false)), 3, 120);
    }

    @Test
    void networksOfLayersBecomeGraphs() {
        MultiLayerNetwork network = TestNets.network(InputType.convolutional(10, 10, 3),
                new ConvolutionLayer.Builder(3, 3).nOut(6).activation(Activation.RELU).build(),
                new DenseLayer.Builder().nOut(5).activation(Activation.TANH).build(),
                new OutputLayer.Builder(LossFunctions.LossFunction.MCXENT).nOut(4).activation(Activation.SOFTMAX).build());
        INDArray x = TestNets.random(9, 3, 3, 10, 10);
        assertNear(1e-5, network.output(x), Segments.compile(network).graph().outputSingle(x), "network");
    }

    @Test
    void whatIsNotKnownEndsASegmentAndIsNamed() {
        ComputationGraph graph = TestNets.graph(b -> b.addInputs("in").setInputTypes(InputType.convolutional(8, 8, 3))
                .addLayer("one", conv(3, 1, 6, CNN2DFormat.NCHW).activation(Activation.RELU).build(), "in")
                .addLayer("lrn", new LocalResponseNormalization(), "one")
                .addLayer("two", conv(3, 1, 6, CNN2DFormat.NCHW).activation(Activation.TANH).build(), "lrn")
                .addVertex("product", new ElementWiseVertex(ElementWiseVertex.Op.Product), "two", "one")
                .addLayer("lrn2", new LocalResponseNormalization(), "product")
                .addLayer("three", conv(3, 1, 2, CNN2DFormat.NCHW).build(), "lrn2")
                .setOutputs("three", "one").validateOutputLayerConfig(false));
        CompiledGraph compiled = Segments.compile(graph);
        INDArray x = TestNets.random(4, 2, 3, 8, 8);
        INDArray[] expected = graph.output(x);
        INDArray[] found = compiled.graph().output(x);
        for (int i = 0; i < 2; i++) {
            assertNear(1e-5, expected[i], found[i], "output " + i);
        }
        CompilationReport report = compiled.report();
        assertEquals(List.of("one", "product", "three"), report.segments().stream().map(CompiledSegment::name).toList());
        assertEquals(Map.of("lrn", "LocalResponseNormalization is not known", "lrn2", "LocalResponseNormalization is not known"),
                report.outside());
        assertEquals(Map.of("in", "a network input", "one", "a network output", "lrn", "LocalResponseNormalization is not known",
                "product", "in segment \"product\": segments have one order of axes, and no path leaves one and comes back"), report.segments().get(0).ends());
        assertTrue(report.toString().contains("ends at \"lrn\": LocalResponseNormalization is not known"), report.toString());
        assertTrue(report.toString().contains("\"lrn2\" (LocalResponseNormalization is not known)"), report.toString());
    }

    @Test
    void valuesThatAreReadOutsideAreResults() {
        ComputationGraph graph = TestNets.graph(b -> b.addInputs("in").setInputTypes(InputType.convolutional(8, 8, 3))
                .addLayer("one", conv(3, 1, 6, CNN2DFormat.NCHW).activation(Activation.RELU).build(), "in")
                .addLayer("two", conv(3, 1, 6, CNN2DFormat.NCHW).activation(Activation.RELU).build(), "one")
                .addLayer("three", conv(3, 1, 6, CNN2DFormat.NCHW).activation(Activation.RELU).build(), "two")
                .addVertex("sum", new ElementWiseVertex(ElementWiseVertex.Op.Add), "one", "three")
                .setOutputs("two", "sum").validateOutputLayerConfig(false));
        CompiledGraph compiled = Segments.compile(graph);
        assertEquals(List.of("two-segment"), compiled.report().segments().stream().map(CompiledSegment::name).toList());
        assertEquals(List.of("two", "sum"), compiled.graph().getConfiguration().getNetworkOutputs());
        assertOutputs(1e-5, graph, compiled.graph(), TestNets.random(4, 2, 3, 8, 8));
    }

    private static void assertOutputs(double tolerance, ComputationGraph graph, ComputationGraph compiled, INDArray... x) {
        INDArray[] expected = graph.output(x);
        INDArray[] found = compiled.output(x);
        assertEquals(expected.length, found.length);
        for (int i = 0; i < expected.length; i++) {
            assertNear(tolerance, expected[i], found[i], "output " + i);
        }
    }

    /** Heads at several depths: of different sizes and ranks, with an activation of Deeplearning4j's, and one that is read again. */
    private static ComputationGraph detector(DataType type, CNN2DFormat format) {
        return TestNets.graph(type, b -> b.addInputs("image").setInputTypes(InputType.convolutional(17, 13, 3, format))
                .addLayer("stem", conv(3, 2, 8, format).activation(Activation.RELU).build(), "image")
                .addLayer("a", conv(3, 1, 8, format).activation(Activation.RELU).build(), "stem")
                .addVertex("sum", new ElementWiseVertex(ElementWiseVertex.Op.Add), "a", "stem")
                .addLayer("boxes", conv(1, 1, 5, format).build(), "sum")
                .addLayer("scores", conv(1, 1, 3, format).activation(Activation.RATIONALTANH).build(), "sum")
                .addLayer("b", conv(3, 2, 12, format).activation(Activation.RELU).build(), "sum")
                .addLayer("boxes2", conv(3, 1, 5, format).build(), "b")
                .addLayer("drop", new DropoutLayer(0.5), "b")
                .addLayer("pool", new GlobalPoolingLayer.Builder(PoolingType.AVG).build(), "b")
                .addLayer("vector", new DenseLayer.Builder().nOut(4).activation(Activation.IDENTITY).build(), "pool")
                .setOutputs("vector", "boxes", "b", "drop", "scores", "boxes2").validateOutputLayerConfig(false));
    }

    @ParameterizedTest
    @EnumSource
    void detectorsBecomeOneSegment(CNN2DFormat format, @TempDir Path folder) throws Exception {
        InputType type = InputType.convolutional(17, 13, 3, format);
        ComputationGraph graph = detector(DataType.FLOAT, format);
        ComputationGraph small = Multipoint.of(graph).method(Method.GREEDY).bits(4)
                .calibrate(TestNets.iterator(1, 2, 1, shape(type, 6))).transform().model();
        for (ComputationGraph source : List.of(graph, small)) {
            double tolerance = source == graph ? 1e-5 : 1e-3;
            CompiledGraph compiled = Segments.compile(source);
            assertEquals(1, compiled.report().segments().size(), compiled.report().toString());
            assertEquals(Map.of(), compiled.report().outside());
            ComputationGraph fused = compiled.graph();
            for (int size = 0; size < 3; size++) {
                long[] s = format == CNN2DFormat.NCHW ? new long[]{2 + size, 3, 17 + size, 13} : new long[]{2 + size, 17 + size, 13, 3};
                assertOutputs(tolerance, source, fused, TestNets.random(5, s));
            }
            INDArray x = TestNets.random(6, shape(type, 3));
            INDArray[] expected = fused.output(x);
            File file = folder.resolve("graph.zip").toFile();
            ModelSerializer.writeModel(fused, file, false);
            ComputationGraph restored = ModelSerializer.restoreComputationGraph(file, false);
            assertArrayEquals(expected, restored.output(x));
            assertEquals(fused.getConfiguration(), restored.getConfiguration());
            assertArrayEquals(expected, fused.clone().output(x));
            assertEquals(expected[2], fused.feedForward(x, false).get("b"));
            assertTrue(fused.summary(type).contains("SegmentResult"));
            try (MemoryWorkspace results = Nd4j.getWorkspaceManager().getAndActivateWorkspace(
                    WorkspaceConfiguration.builder().initialSize(1 << 20).build(), "results")) {
                assertArrayEquals(expected, fused.output(false, results, x));
            }
        }
    }

    @Test
    void severalResultsOfOtherPrecisions() {
        ComputationGraph graph = detector(DataType.DOUBLE, CNN2DFormat.NCHW);
        INDArray x = TestNets.random(6, 3, 3, 17, 13).castTo(DataType.DOUBLE);
        ComputationGraph compiled = Segments.compile(graph).graph();
        assertOutputs(1e-5, graph, compiled, x);
        assertEquals(DataType.DOUBLE, compiled.output(x)[0].dataType());
    }

    /** What a vertex outside makes of a segment's result is read together with results of that segment. */
    @Test
    void detoursThroughOtherVerticesCutSegments() {
        ComputationGraph graph = TestNets.graph(b -> b.addInputs("in").setInputTypes(InputType.convolutional(8, 8, 3))
                .addLayer("one", conv(3, 1, 6, CNN2DFormat.NCHW).activation(Activation.RELU).build(), "in")
                .addLayer("lrn", new LocalResponseNormalization(), "one")
                .addLayer("two", conv(3, 1, 6, CNN2DFormat.NCHW).activation(Activation.RELU).build(), "one")
                .addLayer("three", conv(3, 1, 6, CNN2DFormat.NCHW).activation(Activation.RELU).build(), "lrn")
                .addVertex("sum", new ElementWiseVertex(ElementWiseVertex.Op.Add), "two", "three")
                .addLayer("four", conv(3, 1, 6, CNN2DFormat.NCHW).activation(Activation.RELU).build(), "two")
                .setOutputs("sum", "four").validateOutputLayerConfig(false));
        CompiledGraph compiled = Segments.compile(graph);
        assertEquals(List.of(List.of("one", "two", "four"), List.of("three", "sum")),
                compiled.report().segments().stream().map(CompiledSegment::vertices).toList());
        assertOutputs(1e-5, graph, compiled.graph(), TestNets.random(4, 2, 3, 8, 8));
    }

    private record Compiled(ComputationGraph source, Additions additions) {
    }

    @Test
    void compiledGraphsAreSavedCopiedAndShared(@TempDir Path folder) throws Exception {
        ComputationGraph graph = residual(CNN2DFormat.NCHW);
        ComputationGraph small = quantized(graph, CNN2DFormat.NCHW);
        for (Compiled each : List.of(new Compiled(graph, Additions.FLOATING), new Compiled(small, Additions.FLOATING),
                new Compiled(small, Additions.INTEGER))) {
            ComputationGraph source = each.source;
            ComputationGraph compiled = Segments.compile(source, each.additions).graph();
            INDArray x = TestNets.random(5, 4, 3, 16, 16);
            INDArray expected = compiled.outputSingle(x);
            for (boolean updater : new boolean[]{false, true}) {
                File file = folder.resolve("graph.zip").toFile();
                ModelSerializer.writeModel(compiled, file, updater);
                ComputationGraph restored = ModelSerializer.restoreComputationGraph(file, updater);
                assertEquals(expected, restored.outputSingle(x));
                assertEquals(compiled.getConfiguration(), restored.getConfiguration());
                assertEquals(compiled.params(), restored.params());
            }
            assertEquals(expected, compiled.clone().outputSingle(x));
            assertTrue(compiled.summary().contains("SegmentOutputLayer"));
            assertEquals(source.params().length(), compiled.params().length());
            assertEquals(source.numParams(), compiled.numParams());
            ParallelInference parallel = new ParallelInference.Builder(compiled).workers(2)
                    .inferenceMode(InferenceMode.SEQUENTIAL).build();
            try {
                assertEquals(expected, parallel.output(x));
            } finally {
                parallel.shutdown();
            }
        }
    }

    @Test
    void compiledGraphsAreEvaluatedAndScored() {
        ComputationGraph graph = residual(CNN2DFormat.NCHW);
        ComputationGraph compiled = Segments.compile(graph).graph();
        Evaluation expected = graph.evaluate(TestNets.iterator(1, 3, 6, 8, 3, 16, 16));
        Evaluation found = compiled.evaluate(TestNets.iterator(1, 3, 6, 8, 3, 16, 16));
        assertEquals(expected.accuracy(), found.accuracy());
        DataSet data = TestNets.iterator(1, 1, 6, 8, 3, 16, 16).next();
        assertEquals(graph.score(data), compiled.score(data), 1e-4);
    }

    /** A layer is never cut in two: names of layers may look like names of parts of others. */
    @Test
    void layersWithOtherActivationsEndSegmentsUnderTheirOwnNames() {
        for (List<String> names : List.of(List.of("a", "a-inside"), List.of("a-inside", "a"), List.of("a/W", "a"))) {
            ComputationGraph graph = TestNets.graph(b -> b.addInputs("in").setInputTypes(InputType.convolutional(8, 8, 3))
                    .addLayer(names.get(0), conv(3, 1, 3, CNN2DFormat.NCHW).activation(Activation.SOFTSIGN).build(), "in")
                    .addLayer(names.get(1), conv(3, 1, 3, CNN2DFormat.NCHW).activation(Activation.RATIONALTANH).build(), names.get(0))
                    .addLayer("out", conv(3, 1, 3, CNN2DFormat.NCHW).build(), names.get(1))
                    .setOutputs("out").validateOutputLayerConfig(false));
            INDArray x = TestNets.random(4, 2, 3, 8, 8);
            CompiledGraph compiled = Segments.compile(graph);
            assertNear(1e-5, graph.outputSingle(x), compiled.graph().outputSingle(x), names.toString());
            assertEquals(List.of(names.get(0), names.get(1), "out"),
                    compiled.report().segments().stream().map(CompiledSegment::name).toList());
        }
    }

    /** An output in the middle, close to the input, with enough vertices behind it for Deeplearning4j to trip over. */
    @Test
    void outputsThatAreReadCanBeOutputs() {
        ComputationGraph graph = TestNets.graph(b -> b.addInputs("in").setInputTypes(InputType.feedForward(4))
                .addLayer("first", new DenseLayer.Builder().nOut(6).activation(Activation.RELU).build(), "in")
                .addLayer("features", new DenseLayer.Builder().nOut(5).activation(Activation.RELU).build(), "first")
                .addLayer("hidden", new DenseLayer.Builder().nOut(5).activation(Activation.TANH).build(), "features")
                .addLayer("hidden2", new DenseLayer.Builder().nOut(5).activation(Activation.TANH).build(), "hidden")
                .addLayer("out", new OutputLayer.Builder(LossFunctions.LossFunction.XENT).nOut(1)
                        .activation(Activation.SIGMOID).build(), "hidden2")
                .setOutputs("features", "out").validateOutputLayerConfig(false));
        INDArray x = TestNets.random(4, 3, 4);
        INDArray[] expected = graph.output(x);
        ComputationGraph compiled = Segments.compile(graph).graph();
        INDArray[] found = compiled.output(x);
        assertEquals(List.of("features", "out"), compiled.getConfiguration().getNetworkOutputs());
        for (int i = 0; i < 2; i++) {
            assertNear(1e-5, expected[i], found[i], "output " + i);
        }
        assertArrayEquals(found, compiled.clone().output(x));
    }

    /** Whichever operand is made last: one value for each channel, and one for each pixel. */
    @Test
    void sumsRepeatSmallerImages() {
        for (boolean contextFirst : new boolean[]{false, true}) {
            ComputationGraph graph = TestNets.graph(b -> b.addInputs("in")
                    .addLayer("a", conv(3, 1, 6, CNN2DFormat.NCHW).nIn(3).activation(Activation.RELU).build(), "in")
                    .addLayer("pool", new GlobalPoolingLayer.Builder(PoolingType.AVG).collapseDimensions(false).build(), "a")
                    .addLayer("context", conv(1, 1, 6, CNN2DFormat.NCHW).nIn(6).build(), "pool")
                    .addLayer("wide", conv(1, 1, 6, CNN2DFormat.NCHW).nIn(6).build(), "a")
                    .addVertex("sum", new ElementWiseVertex(ElementWiseVertex.Op.Add), contextFirst ? "context" : "wide",
                            contextFirst ? "wide" : "context")
                    .addLayer("mask", conv(1, 1, 1, CNN2DFormat.NCHW).nIn(6).build(), "sum")
                    .addVertex("again", new ElementWiseVertex(ElementWiseVertex.Op.Add), "sum", "mask")
                    .addLayer("end", conv(1, 1, 4, CNN2DFormat.NCHW).nIn(6).activation(Activation.RELU).build(), "again")
                    .setOutputs("end").validateOutputLayerConfig(false));
            INDArray x = TestNets.random(4, 2, 3, 8, 8);
            CompiledGraph compiled = Segments.compile(graph);
            assertEquals(1, compiled.report().segments().size());
            assertNear(1e-5, graph.outputSingle(x), compiled.graph().outputSingle(x), "fp32");
            ComputationGraph small = Multipoint.of(graph).bits(5).points(1).calibrate(TestNets.iterator(1, 2, 1, 8, 3, 8, 8))
                    .transform().model();
            assertNear(1e-3, small.outputSingle(x), Segments.compile(small).graph().outputSingle(x), "int8");
        }
    }

    @Test
    void volumesStayOutside() {
        ComputationGraph graph = TestNets.graph(b -> b.addInputs("in")
                .setInputTypes(InputType.convolutional3D(Convolution3D.DataFormat.NCDHW, 4, 6, 6, 2))
                .addLayer("drop", new DropoutLayer(0.5), "in")
                .addLayer("conv", new Convolution3D.Builder(2, 2, 2).nOut(4).activation(Activation.IDENTITY).build(), "drop")
                .addLayer("relu", new ActivationLayer(Activation.RELU), "conv")
                .addLayer("pool", new GlobalPoolingLayer.Builder(PoolingType.MAX).build(), "relu")
                .addLayer("dense", new DenseLayer.Builder().nOut(5).activation(Activation.RELU).build(), "pool")
                .setOutputs("dense").validateOutputLayerConfig(false));
        CompiledGraph compiled = Segments.compile(graph);
        INDArray x = TestNets.random(4, 2, 2, 4, 6, 6);
        assertNear(1e-5, graph.outputSingle(x), compiled.graph().outputSingle(x), "volumes");
        assertEquals(Map.of("drop", "it reads volumes", "conv", "it reads volumes", "relu", "it reads volumes", "pool", "it reads volumes"),
                compiled.report().outside());
    }

    /** Also where the loss has several inputs before it, or is a layer of its own, and where activations are none of a segment's. */
    @Test
    void scoresAreTheSourcesWithAllTheirTerms() {
        ComputationGraph graph = TestNets.graph(b -> b.addInputs("in", "more").setInputTypes(InputType.feedForward(6), InputType.feedForward(3))
                .addLayer("left", new DenseLayer.Builder().nOut(5).l2(0.03).activation(Activation.RELU).build(), "in")
                .addLayer("norm", new BatchNormalization(), "left")
                .addLayer("right", new DenseLayer.Builder().nOut(4).l1(0.02).l2Bias(0.01).activation(Activation.TANH).build(), "more")
                .addVertex("both", new MergeVertex(), "norm", "right")
                .addLayer("classes", new OutputLayer.Builder(LossFunctions.LossFunction.MCXENT).nOut(4).l2(0.05)
                        .activation(Activation.SOFTMAX).build(), "both")
                .addLayer("flags", new OutputLayer.Builder(LossFunctions.LossFunction.XENT).nOut(2).l2(0.05)
                        .activation(Activation.SIGMOID).build(), "both")
                .addLayer("values", new DenseLayer.Builder().nOut(3).activation(Activation.IDENTITY).build(), "left")
                .addLayer("distance", new LossLayer.Builder(LossFunctions.LossFunction.MSE).activation(Activation.IDENTITY).build(), "values")
                .setOutputs("classes", "flags", "distance"));
        MultiDataSet data = new org.nd4j.linalg.dataset.MultiDataSet(
                new INDArray[]{TestNets.random(1, 8, 6), TestNets.random(2, 8, 3)},
                new INDArray[]{TestNets.iterator(1, 1, 4, 8, 1).next().getLabels(), TestNets.iterator(1, 1, 2, 8, 1).next().getLabels(),
                        TestNets.random(3, 8, 3)});
        double expected = graph.score(data);
        CompiledGraph compiled = Segments.compile(graph);
        assertEquals(expected, compiled.graph().score(data), 1e-5 * expected);
        assertEquals(Map.of(), compiled.report().warnings());
        ComputationGraph small = Multipoint.of(graph).bits(8).points(3).activationBits(0)
                .calibrate(TestNets.iterator(1, 3, new long[]{8, 6}, new long[]{8, 3})).transform().model();
        assertEquals(expected, small.score(data), 1e-3 * expected);
        assertEquals(small.score(data), Segments.compile(small).graph().score(data), 1e-5 * expected);
    }

    @Test
    void scoresThatLackTermsAreReported() {
        ComputationGraph graph = TestNets.chain(InputType.recurrent(4, 5),
                new Convolution1DLayer.Builder(3).nOut(6).l2(0.1).activation(Activation.RELU).build(),
                new LSTM.Builder().nOut(3).build(),
                new RnnOutputLayer.Builder(LossFunctions.LossFunction.MSE).nOut(2).activation(Activation.IDENTITY).build());
        assertTrue(Segments.compile(graph).report().warnings().get("score").contains("L2"));
    }

    @Test
    void compiledGraphsAreReadFromYamlToo() {
        ComputationGraphConfiguration compiled = Segments.compile(residual(CNN2DFormat.NHWC)).graph().getConfiguration();
        assertEquals(compiled, ComputationGraphConfiguration.fromYaml(compiled.toYaml()));
    }

    @Test
    void gradientsDoNotPassThroughSegments() {
        ComputationGraph compiled = Segments.compile(TestNets.chain(InputType.feedForward(3),
                new DenseLayer.Builder().nOut(4).hasLayerNorm(true).activation(Activation.RELU).build(),
                new DenseLayer.Builder().nOut(2).activation(Activation.IDENTITY).build(),
                new LossLayer.Builder(LossFunctions.LossFunction.MSE).activation(Activation.IDENTITY).build())).graph();
        DataSet data = new DataSet(Nd4j.rand(2, 3), Nd4j.rand(2, 2));
        UnsupportedOperationException e = assertThrows(UnsupportedOperationException.class, () -> compiled.fit(data));
        assertTrue(e.getMessage().contains("l2") && e.getMessage().contains("for inference"), e.getMessage());
    }

    @Test
    void theSourceIsNotChanged() {
        ComputationGraph graph = residual(CNN2DFormat.NHWC);
        String conf = graph.getConfiguration().toJson();
        INDArray params = graph.params().dup();
        ComputationGraph compiled = Segments.compile(graph).graph();
        compiled.params().assign(0);
        assertEquals(conf, graph.getConfiguration().toJson());
        assertEquals(params, graph.params());
        assertInstanceOf(SegmentOutputLayer.class, compiled.getVertex("classes").getLayer().conf().getLayer());
    }

    @ParameterizedTest
    @EnumSource(value = DataType.class, names = {"DOUBLE", "HALF"})
    void otherPrecisionsRunInSingle(DataType type) {
        ComputationGraph graph = TestNets.graph(type, b -> b.addInputs("in").setInputTypes(InputType.convolutional(6, 6, 3))
                .addLayer("conv", conv(3, 1, 4, CNN2DFormat.NCHW).build(), "in")
                .addLayer("dense", new DenseLayer.Builder().nOut(3).activation(Activation.RELU).build(), "conv")
                .setOutputs("dense").validateOutputLayerConfig(false));
        INDArray x = TestNets.random(9, 3, 3, 6, 6).castTo(type);
        INDArray found = Segments.compile(graph).graph().outputSingle(x);
        assertEquals(type, found.dataType());
        assertNear(type == DataType.HALF ? 0.01 : 1e-5, graph.outputSingle(x).castTo(DataType.FLOAT), found.castTo(DataType.FLOAT),
                type.toString());
    }

    @Test
    void wrongInputsAreNamed() {
        ComputationGraph compiled = Segments.compile(residual(CNN2DFormat.NCHW)).graph();
        Exception e = assertThrows(IllegalArgumentException.class, () -> compiled.outputSingle(Nd4j.rand(1, 4, 16, 16)));
        assertTrue(e.getMessage().contains("classes") && e.getMessage().contains("3 channels"), e.getMessage());
    }

    /** What a call takes from the system it gives back, whatever the shape. */
    @Test
    void nativeMemoryStaysFlatWhileShapesChange() {
        ComputationGraph compiled = Segments.compile(quantized(residual(CNN2DFormat.NCHW), CNN2DFormat.NCHW)).graph();
        List<Long> tracked = new ArrayList<>();
        List<Long> physical = new ArrayList<>();
        for (int round = 0; round < 6; round++) {
            for (int i = 0; i < 60; i++) {
                try (INDArray x = Nd4j.rand(1 + i % 4, 3, 16 + i % 20, 40 - i % 15)) {
                    compiled.outputSingle(x).close();
                }
            }
            System.gc();
            System.gc();
            tracked.add(Pointer.totalBytes());
            physical.add(Pointer.physicalBytes());
        }
        // The first rounds fill caches.
        long grownTracked = tracked.get(5) - tracked.get(2);
        long grownPhysical = physical.get(5) - physical.get(2);
        String seen = tracked + " tracked, " + physical + " physical";
        assertTrue(grownTracked < 1 << 20, seen);
        // Plans that were not freed would take 100 MB; what else the process does moves some.
        assertTrue(grownPhysical < 64 << 20, seen);
    }
}
