package org.multipoint.onnx;

import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtSession;
import onnx.Onnx.ModelProto;
import onnx.Onnx.NodeProto;
import onnx.Onnx.TensorProto;
import org.deeplearning4j.nn.conf.CNN2DFormat;
import org.deeplearning4j.nn.conf.ComputationGraphConfiguration.GraphBuilder;
import org.deeplearning4j.nn.conf.ConvolutionMode;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.RNNFormat;
import org.deeplearning4j.nn.conf.graph.ElementWiseVertex;
import org.deeplearning4j.nn.conf.graph.L2NormalizeVertex;
import org.deeplearning4j.nn.conf.graph.MergeVertex;
import org.deeplearning4j.nn.conf.graph.PreprocessorVertex;
import org.deeplearning4j.nn.conf.graph.ScaleVertex;
import org.deeplearning4j.nn.conf.graph.ShiftVertex;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.ActivationLayer;
import org.deeplearning4j.nn.conf.layers.BatchNormalization;
import org.deeplearning4j.nn.conf.layers.Convolution1DLayer;
import org.deeplearning4j.nn.conf.layers.ConvolutionLayer;
import org.deeplearning4j.nn.conf.layers.Deconvolution2D;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.DepthwiseConvolution2D;
import org.deeplearning4j.nn.conf.layers.DropoutLayer;
import org.deeplearning4j.nn.conf.layers.GlobalPoolingLayer;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.LocalResponseNormalization;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.conf.layers.PReLULayer;
import org.deeplearning4j.nn.conf.layers.PoolingType;
import org.deeplearning4j.nn.conf.layers.SeparableConvolution2D;
import org.deeplearning4j.nn.conf.layers.SpaceToDepthLayer;
import org.deeplearning4j.nn.conf.layers.SubsamplingLayer;
import org.deeplearning4j.nn.conf.layers.Upsampling2D;
import org.deeplearning4j.nn.conf.layers.ZeroPaddingLayer;
import org.deeplearning4j.nn.conf.layers.convolutional.Cropping2D;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.nn.weights.WeightInit;
import org.deeplearning4j.preprocessors.PermutePreprocessor;
import org.deeplearning4j.preprocessors.ReshapePreprocessor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.multipoint.internal.ops.Tensor;
import org.multipoint.options.Method;
import org.multipoint.segments.Additions;
import org.multipoint.segments.Segments;
import org.multipoint.testing.OnnxRuntime;
import org.multipoint.testing.TestNets;
import org.multipoint.transform.Multipoint;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.MultiDataSet;
import org.nd4j.linalg.dataset.adapter.SingletonMultiDataSetIterator;
import org.nd4j.linalg.factory.Nd4j;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

/** Graphs as ONNX models, run by ONNX Runtime. */
class OnnxExportTest {

    private static final int SIZE = 13;

    /** Adds layers one behind the other. */
    private static final class Chain {
        private final CNN2DFormat format;
        private final GraphBuilder builder;
        private String last = "input";

        Chain(CNN2DFormat format) {
            this.format = format;
            builder = new NeuralNetConfiguration.Builder().seed(7).dataType(DataType.FLOAT).weightInit(WeightInit.XAVIER)
                    .activation(Activation.IDENTITY).graphBuilder().addInputs("input")
                    .setInputTypes(InputType.convolutional(SIZE, SIZE, 3, format));
        }

        Chain add(String name, Layer layer) {
            builder.addLayer(name, layer, last);
            last = name;
            return this;
        }

        Chain convolution(String name, int channels, int kernel, int stride, ConvolutionMode mode, int padding, int dilation) {
            return add(name, new ConvolutionLayer.Builder(kernel, kernel).nOut(channels).stride(stride, stride)
                    .convolutionMode(mode).padding(padding, padding).dilation(dilation, dilation).dataFormat(format).build());
        }

        ComputationGraph graph(String... outputs) {
            ComputationGraph graph = new ComputationGraph(builder.setOutputs(outputs).build());
            graph.init();
            // BatchNormalization that does nothing would not show whether it is folded.
            for (var vertex : graph.getVertices()) {
                Map<String, INDArray> params = vertex.paramTable(false);
                if (params != null && params.containsKey("mean")) {
                    params.get("mean").assign(Nd4j.linspace(-0.2, 0.3, params.get("mean").length(), DataType.FLOAT));
                    params.get("gamma").assign(Nd4j.linspace(0.5, 1.5, params.get("mean").length(), DataType.FLOAT));
                }
            }
            return graph;
        }
    }

    private static INDArray images(CNN2DFormat format, int count) {
        INDArray images = Nd4j.rand(DataType.FLOAT, count, 3, SIZE, SIZE).subi(0.3);
        return format == CNN2DFormat.NHWC ? images.permute(0, 2, 3, 1).dup('c') : images;
    }

    private static InputType type(CNN2DFormat format) {
        return InputType.convolutional(SIZE, SIZE, 3, format);
    }

    private static INDArray run(byte[] model, INDArray images) {
        return OnnxRuntime.run(model, Map.of("input", images)).values().iterator().next();
    }

    private static ComputationGraph quantized(ComputationGraph graph, CNN2DFormat format, UnaryOperator<Multipoint<ComputationGraph>> settings) {
        return settings.apply(Multipoint.of(graph).calibrate(new SingletonMultiDataSetIterator(new MultiDataSet(images(format, 16), null))))
                .transform().model();
    }

    /** Exports a graph in fp32, and with points and activations of 8 and of 4 bits, and compares outputs with the compiled graph's. */
    private static void check(ComputationGraph graph, CNN2DFormat format) {
        Nd4j.getRandom().setSeed(3);
        INDArray images = images(format, 3);
        INDArray expected = graph.outputSingle(images.dup());
        INDArray floating = run(OnnxExport.of(graph, type(format)).toBytes(), images);
        assertArrayEquals(expected.shape(), floating.shape());
        assertArrayEquals(Tensor.of(expected).data(), Tensor.of(floating).data(), 1e-4f);

        for (int activationBits : new int[]{8, 4}) {
            ComputationGraph small = quantized(graph, format, m -> m.bits(4).points(1).method(Method.NEAREST).activationBits(activationBits));
            ComputationGraph compiled = Segments.compile(small).graph();
            float[] integers = Tensor.of(compiled.outputSingle(images)).data();
            for (ComputationGraph source : List.of(small, compiled)) {
                assertSteps(integers, Tensor.of(run(OnnxExport.of(source, type(format)).toBytes(), images)).data());
            }
            assertFalse(Arrays.equals(Tensor.of(expected).data(), integers), "integers cannot be exact");
        }
    }

    /** At most one step of an 8-bit output apart, and hardly anywhere. */
    private static void assertSteps(float[] expected, float[] found) {
        float smallest = 0;
        float largest = 0;
        for (float y : expected) {
            smallest = Math.min(smallest, y);
            largest = Math.max(largest, y);
        }
        assertArrayEquals(expected, found, (largest - smallest) / 255);
    }

    private static Chain residualNet(CNN2DFormat format) {
        Chain net = new Chain(format);
        net.convolution("stem", 8, 3, 2, ConvolutionMode.Truncate, 1, 1);
        net.add("stem/bn", new BatchNormalization.Builder().dataFormat(format).build());
        net.add("stem/relu", new ActivationLayer(Activation.RELU));
        net.add("pool", new SubsamplingLayer.Builder(PoolingType.MAX).kernelSize(3, 3).stride(2, 2)
                .convolutionMode(ConvolutionMode.Same).dataFormat(format).build());
        net.add("depthwise", new DepthwiseConvolution2D.Builder(3, 3).depthMultiplier(2).convolutionMode(ConvolutionMode.Same)
                .activation(Activation.RELU6).dataFormat(format).build());
        net.convolution("project", 8, 1, 1, ConvolutionMode.Truncate, 0, 1);
        net.builder.addVertex("add", new ElementWiseVertex(ElementWiseVertex.Op.Add), "project", "pool");
        net.last = "add";
        net.add("add/relu", new ActivationLayer(Activation.RELU));
        net.add("dropout", new DropoutLayer(0.5));
        net.convolution("dilated", 5, 3, 1, ConvolutionMode.Same, 0, 2);
        MergeVertex merge = new MergeVertex();
        merge.setMergeAxis(format == CNN2DFormat.NHWC ? 3 : 1);
        net.builder.addVertex("concat", merge, "dropout", "dilated");
        net.last = "concat";
        net.add("global", new GlobalPoolingLayer.Builder(PoolingType.AVG)
                .poolingDimensions(format == CNN2DFormat.NHWC ? new int[]{1, 2} : new int[]{2, 3}).build());
        return net.add("classes", new OutputLayer.Builder().nOut(10).activation(Activation.SOFTMAX).build());
    }

    @ParameterizedTest
    @EnumSource
    void residualNetworks(CNN2DFormat format) {
        check(residualNet(format).graph("classes"), format);
    }

    @Test
    void additionsOfIntegersAreRoundedInTheModelToo() {
        ComputationGraph small = quantized(residualNet(CNN2DFormat.NCHW).graph("classes"), CNN2DFormat.NCHW, m -> m.bits(4));
        ComputationGraph compiled = Segments.compile(small, Additions.INTEGER).graph();
        INDArray images = images(CNN2DFormat.NCHW, 3);
        byte[] model = OnnxExport.of(small, type(CNN2DFormat.NCHW)).additions(Additions.INTEGER).toBytes();
        assertSteps(Tensor.of(compiled.outputSingle(images)).data(), Tensor.of(run(model, images)).data());
        assertArrayEquals(model, OnnxExport.of(compiled, type(CNN2DFormat.NCHW)).toBytes());
        assertFalse(Arrays.equals(model, OnnxExport.of(small, type(CNN2DFormat.NCHW)).toBytes()));
    }

    /** Operations between quantized ones run on bytes alone. */
    @Test
    void chainsBecomeIntegerOperationsAlone(@TempDir Path folder) throws Exception {
        Chain net = new Chain(CNN2DFormat.NCHW).convolution("stem", 8, 3, 2, ConvolutionMode.Truncate, 1, 1);
        net.add("relu", new ActivationLayer(Activation.RELU));
        net.add("pool", new SubsamplingLayer.Builder(PoolingType.MAX).kernelSize(3, 3).stride(2, 2).build());
        net.add("depthwise", new DepthwiseConvolution2D.Builder(3, 3).depthMultiplier(2).convolutionMode(ConvolutionMode.Same)
                .activation(Activation.RELU6).build());
        ComputationGraph small = quantized(net.convolution("last", 5, 1, 1, ConvolutionMode.Truncate, 0, 1).graph("last"), CNN2DFormat.NCHW,
                m -> m.bits(4));
        Path optimized = folder.resolve("optimized.onnx");
        try (OrtSession.SessionOptions options = new OrtSession.SessionOptions()) {
            options.setOptimizationLevel(OrtSession.SessionOptions.OptLevel.ALL_OPT);
            options.setOptimizedModelFilePath(optimized.toString());
            OrtEnvironment.getEnvironment().createSession(OnnxExport.of(small, type(CNN2DFormat.NCHW)).toBytes(), options).close();
        }
        Map<String, Integer> ops = new TreeMap<>();
        for (NodeProto node : ModelProto.parseFrom(Files.readAllBytes(optimized)).getGraph().getNodeList()) {
            ops.merge(node.getOpType(), 1, Integer::sum);
        }
        assertEquals(2, ops.get("QLinearConv"), ops::toString);
        assertFalse(ops.containsKey("Relu") || ops.containsKey("Clip"), ops::toString);
        // The input.
        assertEquals(1, ops.get("QuantizeLinear"), ops::toString);
    }

    @ParameterizedTest
    @EnumSource
    void flattensInTheGraphsOrder(CNN2DFormat format) {
        Chain net = new Chain(format).convolution("conv", 4, 3, 2, ConvolutionMode.Same, 0, 1);
        net.add("mean", new SubsamplingLayer.Builder(PoolingType.AVG).kernelSize(3, 3).stride(2, 2).padding(1, 1)
                .convolutionMode(ConvolutionMode.Truncate).dataFormat(format).build());
        net.add("dense", new DenseLayer.Builder().nOut(12).activation(Activation.RELU).build());
        net.add("classes", new OutputLayer.Builder().nOut(5).activation(Activation.SOFTMAX).build());
        check(net.graph("classes"), format);
    }

    @ParameterizedTest
    @EnumSource
    void padsAndSeparates(CNN2DFormat format) {
        Chain net = new Chain(format).add("pad", new ZeroPaddingLayer.Builder(0, 1, 2, 1).dataFormat(format).build());
        net.add("separable", new SeparableConvolution2D.Builder(3, 3).nOut(6).depthMultiplier(2).stride(2, 2)
                .convolutionMode(ConvolutionMode.Truncate).activation(Activation.RELU).dataFormat(format).build());
        net.convolution("strict", 7, 2, 2, ConvolutionMode.Truncate, 0, 1);
        check(net.graph("strict"), format);
    }

    @ParameterizedTest
    @EnumSource
    void deconvolves(CNN2DFormat format) {
        Chain net = new Chain(format).convolution("down", 6, 3, 2, ConvolutionMode.Same, 0, 1);
        net.add("up", new Deconvolution2D.Builder(3, 3).nOut(5).stride(2, 2).convolutionMode(ConvolutionMode.Same)
                .activation(Activation.RELU).dataFormat(format).build());
        net.add("wider", new Deconvolution2D.Builder(2, 4).nOut(4).stride(3, 2).padding(0, 1).convolutionMode(ConvolutionMode.Truncate)
                .dataFormat(format).build());
        net.add("gaps", new Deconvolution2D.Builder(1, 2).nOut(4).stride(2, 2).convolutionMode(ConvolutionMode.Same).dataFormat(format)
                .build());
        check(net.convolution("last", 3, 3, 1, ConvolutionMode.Same, 0, 1).graph("last"), format);
    }

    @ParameterizedTest
    @EnumSource
    void rearranges(CNN2DFormat format) {
        Chain net = new Chain(format).convolution("first", 6, 3, 1, ConvolutionMode.Same, 0, 1);
        net.add("up", new Upsampling2D.Builder(2).dataFormat(format).build());
        net.add("crop", new Cropping2D.Builder(1, 3, 0, 2).dataFormat(format).build());
        net.convolution("even", 4, 2, 2, ConvolutionMode.Same, 0, 1);
        net.add("cut", new Cropping2D.Builder(0, SIZE - 10, 0, SIZE - 9).dataFormat(format).build());
        net.add("fold", new SpaceToDepthLayer.Builder(2).dataFormat(format).build());
        net.convolution("next", 5, 3, 1, ConvolutionMode.Same, 0, 1);
        net.builder.addVertex("image", new PreprocessorVertex(new ReshapePreprocessor(new long[]{5, 4, 4}, format == CNN2DFormat.NCHW
                ? new long[]{10, 4, 2} : new long[]{4, 2, 10}, false, format)), net.last);
        net.last = "image";
        net.add("last", new ConvolutionLayer.Builder(1, 1).nIn(10).nOut(3).dataFormat(format).build());
        check(net.graph("last"), format);
    }

    /** Softmax of a convolution is over the last axis of the array, as in Deeplearning4j. */
    @ParameterizedTest
    @EnumSource
    void heads(CNN2DFormat format) {
        Chain net = new Chain(format).convolution("trunk", 6, 3, 2, ConvolutionMode.Same, 0, 1);
        net.builder.addLayer("side", new ConvolutionLayer.Builder(3, 3).nOut(4).activation(Activation.SOFTMAX).dataFormat(format).build(),
                "trunk");
        ComputationGraph graph = net.convolution("next", 5, 3, 2, ConvolutionMode.Same, 0, 1).graph("next", "side", "trunk");
        INDArray images = images(format, 3);
        for (ComputationGraph source : List.of(graph, quantized(graph, format, m -> m.bits(8).points(1).method(Method.NEAREST)))) {
            INDArray[] outputs = Segments.compile(source).graph().output(images);
            Map<String, INDArray> found = OnnxRuntime.run(OnnxExport.of(source, type(format)).toBytes(), Map.of("input", images));
            assertEquals(List.of("next", "side", "trunk"), List.copyOf(found.keySet()));
            for (int i = 0; i < outputs.length; i++) {
                INDArray y = found.get(graph.getConfiguration().getNetworkOutputs().get(i));
                assertArrayEquals(outputs[i].shape(), y.shape());
                assertSteps(Tensor.of(outputs[i]).data(), Tensor.of(y).data());
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void sequences(RNNFormat format) {
        ComputationGraph graph = TestNets.graph(b -> b.addInputs("input").setInputTypes(InputType.recurrent(3, 20, format))
                .addLayer("a", new Convolution1DLayer.Builder(3).nOut(6).convolutionMode(ConvolutionMode.Causal).rnnDataFormat(format)
                        .activation(Activation.RELU).build(), "input")
                .addLayer("b", new Convolution1DLayer.Builder(2).nOut(5).stride(2).rnnDataFormat(format).activation(Activation.TANH).build(), "a")
                .setOutputs("b").validateOutputLayerConfig(false));
        long[] shape = format == RNNFormat.NCW ? new long[]{4, 3, 20} : new long[]{4, 20, 3};
        INDArray x = TestNets.random(4, shape);
        ComputationGraph small = Multipoint.of(graph).bits(8).points(1).calibrate(TestNets.iterator(1, 2, shape)).transform().model();
        for (ComputationGraph source : List.of(graph, small)) {
            INDArray expected = Segments.compile(source).graph().outputSingle(x);
            INDArray found = run(OnnxExport.of(source, InputType.recurrent(3, 20, format)).toBytes(), x);
            assertArrayEquals(expected.shape(), found.shape());
            assertSteps(Tensor.of(expected).data(), Tensor.of(found).data());
        }
    }

    /** What reads two inputs, one of them twice, and what stands outside segments. */
    @Test
    void severalInputs() {
        ComputationGraph graph = TestNets.graph(b -> b.addInputs("a", "b")
                .setInputTypes(InputType.feedForward(5), InputType.feedForward(5))
                .addVertex("sum", new ElementWiseVertex(ElementWiseVertex.Op.Add), "a", "b", "a")
                .addLayer("dense", new DenseLayer.Builder().nOut(4).activation(Activation.RELU).build(), "sum")
                .addVertex("rest", new ElementWiseVertex(ElementWiseVertex.Op.Subtract), "b", "a")
                .addVertex("doubled", new ScaleVertex(2), "rest")
                .setOutputs("dense", "doubled").validateOutputLayerConfig(false));
        INDArray a = TestNets.random(1, 3, 5);
        INDArray b = TestNets.random(2, 3, 5);
        Map<String, INDArray> found = OnnxRuntime.run(OnnxExport.of(graph, InputType.feedForward(5), InputType.feedForward(5)).toBytes(),
                Map.of("a", a, "b", b));
        INDArray[] expected = graph.output(a, b);
        assertArrayEquals(Tensor.of(expected[0]).data(), Tensor.of(found.get("dense")).data(), 1e-5f);
        assertArrayEquals(Tensor.of(expected[1]).data(), Tensor.of(found.get("doubled")).data(), 1e-5f);
    }

    @Test
    void networksOfLayers() {
        MultiLayerNetwork network = TestNets.network(InputType.convolutional(9, 7, 3), new ConvolutionLayer.Builder(3, 3).nOut(4)
                .activation(Activation.RELU).build(), new BatchNormalization(),
                new OutputLayer.Builder().nOut(3).activation(Activation.SOFTMAX).build());
        INDArray images = TestNets.random(3, 2, 3, 9, 7);
        float[] found = Tensor.of(run(OnnxExport.of(network, InputType.convolutional(9, 7, 3)).toBytes(), images)).data();
        assertArrayEquals(Tensor.of(network.output(images)).data(), found, 1e-5f);
    }

    @ParameterizedTest
    @EnumSource
    void normalizesSums(CNN2DFormat format) {
        Chain net = new Chain(format).convolution("first", 6, 3, 1, ConvolutionMode.Same, 0, 1);
        net.convolution("second", 6, 3, 1, ConvolutionMode.Same, 0, 1);
        net.builder.addVertex("sum", new ElementWiseVertex(ElementWiseVertex.Op.Add), "first", "second");
        net.last = "sum";
        net.add("bn", new BatchNormalization.Builder().dataFormat(format).build());
        net.add("relu", new ActivationLayer(Activation.RELU));
        net.convolution("third", 5, 3, 2, ConvolutionMode.Truncate, 0, 1);
        net.add("global", new GlobalPoolingLayer.Builder(PoolingType.AVG)
                .poolingDimensions(format == CNN2DFormat.NHWC ? new int[]{1, 2} : new int[]{2, 3}).build());
        net.add("vectors/bn", new BatchNormalization());
        check(net.add("classes", new OutputLayer.Builder().nOut(4).activation(Activation.SOFTMAX).build()).graph("classes"), format);
    }

    static List<Activation> activations() {
        return List.of(Activation.LEAKYRELU, Activation.ELU, Activation.SELU, Activation.SIGMOID, Activation.HARDSIGMOID, Activation.TANH,
                Activation.HARDTANH, Activation.RECTIFIEDTANH, Activation.SWISH, Activation.GELU, Activation.MISH, Activation.SOFTPLUS);
    }

    @ParameterizedTest
    @MethodSource("activations")
    void writesActivations(Activation activation) {
        for (CNN2DFormat format : CNN2DFormat.values()) {
            Chain net = new Chain(format).convolution("first", 6, 3, 1, ConvolutionMode.Same, 0, 1);
            net.add("activation", new ActivationLayer(activation));
            net.convolution("second", 5, 3, 2, ConvolutionMode.Same, 0, 1);
            check(net.graph("second"), format);
        }
    }

    @Test
    void writesCubes() {
        ComputationGraph graph = new Chain(CNN2DFormat.NCHW).convolution("conv", 6, 3, 1, ConvolutionMode.Same, 0, 1)
                .add("cube", new ActivationLayer(Activation.CUBE)).graph("cube");
        INDArray images = images(CNN2DFormat.NCHW, 2);
        assertArrayEquals(Tensor.of(graph.outputSingle(images)).data(),
                Tensor.of(run(OnnxExport.of(graph, type(CNN2DFormat.NCHW)).toBytes(), images)).data(), 1e-4f);
    }

    @ParameterizedTest
    @EnumSource
    void writesArithmetic(CNN2DFormat format) {
        Chain net = new Chain(format).convolution("first", 6, 3, 1, ConvolutionMode.Same, 0, 1);
        net.add("slopes", new PReLULayer.Builder().inputShape(format == CNN2DFormat.NHWC ? new long[]{SIZE, SIZE, 6}
                : new long[]{6, SIZE, SIZE}).sharedAxes(format == CNN2DFormat.NHWC ? new long[]{1, 2} : new long[]{2, 3}).build());
        net.add("mask", new ConvolutionLayer.Builder(1, 1).nOut(6).dataFormat(format).activation(Activation.SIGMOID).build());
        net.builder.addVertex("masked", new ElementWiseVertex(ElementWiseVertex.Op.Product), "slopes", "mask");
        net.builder.addVertex("scaled", new ScaleVertex(1.5), "masked");
        net.builder.addVertex("shifted", new ShiftVertex(-0.2), "scaled");
        net.builder.addVertex("rest", new ElementWiseVertex(ElementWiseVertex.Op.Subtract), "slopes", "shifted");
        net.builder.addVertex("largest", new ElementWiseVertex(ElementWiseVertex.Op.Max), "rest", "shifted", "mask");
        net.builder.addVertex("mean", new ElementWiseVertex(ElementWiseVertex.Op.Average), "largest", "slopes", "mask");
        net.last = "mean";
        ComputationGraph graph = net.convolution("second", 5, 3, 2, ConvolutionMode.Same, 0, 1).graph("second");
        INDArray slopes = graph.getLayer("slopes").getParam("W");
        slopes.assign(Nd4j.linspace(-0.3, 0.8, slopes.length(), DataType.FLOAT).reshape(slopes.shape()));
        check(graph, format);
    }

    /** Deeplearning4j takes images behind such a preprocessor for channels first. */
    @Test
    void normalizesAndExchangesAxes() {
        Chain net = new Chain(CNN2DFormat.NCHW);
        net.convolution("first", 6, 3, 1, ConvolutionMode.Truncate, 0, 1);
        net.builder.addVertex("normalized", new L2NormalizeVertex(), "first");
        net.builder.addVertex("turned", new PreprocessorVertex(new PermutePreprocessor(1, 3, 2)), "normalized");
        net.last = "turned";
        net.convolution("end", 5, 3, 2, ConvolutionMode.Truncate, 0, 1);
        check(net.graph("end"), CNN2DFormat.NCHW);
    }

    /** Where the stride is larger than the kernel, pixels before the first window are left out. ONNX has no negative padding of windows. */
    @ParameterizedTest
    @EnumSource
    void leavesOutPixelsThatNoWindowReaches(CNN2DFormat format) throws Exception {
        Chain net = new Chain(format).convolution("conv", 4, 3, 1, ConvolutionMode.Same, 0, 1);
        net.add("max", new SubsamplingLayer.Builder(PoolingType.MAX).kernelSize(1, 1).stride(5, 5)
                .convolutionMode(ConvolutionMode.Same).dataFormat(format).build());
        net.convolution("next", 4, 3, 1, ConvolutionMode.Same, 0, 1);
        net.add("mean", new SubsamplingLayer.Builder(PoolingType.AVG).kernelSize(1, 1).stride(3, 3)
                .convolutionMode(ConvolutionMode.Same).dataFormat(format).build());
        ComputationGraph graph = net.convolution("last", 3, 1, 1, ConvolutionMode.Truncate, 0, 1).graph("last");
        check(graph, format);
        for (NodeProto node : ModelProto.parseFrom(OnnxExport.of(graph, type(format)).toBytes()).getGraph().getNodeList()) {
            assertTrue(node.getAttributeList().stream().filter(a -> a.getName().equals("pads"))
                    .allMatch(a -> a.getIntsList().stream().allMatch(pad -> pad >= 0)), node::toString);
        }
    }

    /** Names that a vertex's own tensors would have. */
    @ParameterizedTest
    @ValueSource(strings = {"a/1", "a/1/W", "a/1/raw", "a/codes", "a/2/scale"})
    void tensorsDoNotShareNames(String input) {
        ComputationGraph graph = new ComputationGraph(new NeuralNetConfiguration.Builder().seed(7).weightInit(WeightInit.XAVIER)
                .graphBuilder().addInputs(input).setInputTypes(InputType.convolutional(SIZE, SIZE, 3))
                .addLayer("first", new ConvolutionLayer.Builder(3, 3).nOut(4).activation(Activation.IDENTITY).build(), input)
                .addLayer("a", new ConvolutionLayer.Builder(3, 3).nOut(4).activation(Activation.RELU).build(), "first")
                .setOutputs("a").build());
        graph.init();
        INDArray images = images(CNN2DFormat.NCHW, 2);
        for (ComputationGraph source : List.of(graph, quantized(graph, CNN2DFormat.NCHW, m -> m.bits(8).points(1)))) {
            float[] expected = Tensor.of(Segments.compile(source).graph().outputSingle(images)).data();
            Map<String, INDArray> found = OnnxRuntime.run(OnnxExport.of(source, type(CNN2DFormat.NCHW)).toBytes(), Map.of(input, images));
            assertSteps(expected, Tensor.of(found.get("a")).data());
        }
    }

    /** The file holds one byte for each weight, within the range that is asked for. */
    @Test
    void weightsAreBytesOfSevenOrEightBits() throws Exception {
        ComputationGraph small = quantized(residualNet(CNN2DFormat.NCHW).graph("classes"), CNN2DFormat.NCHW, m -> m.bits(8).points(1));
        OnnxExport export = OnnxExport.of(small, type(CNN2DFormat.NCHW));
        assertEquals(63, largestCode(export.toBytes()), 1);
        assertEquals(127, largestCode(export.fullRange().toBytes()), 1);
    }

    private static int largestCode(byte[] model) throws Exception {
        int largest = 0;
        for (TensorProto constant : ModelProto.parseFrom(model).getGraph().getInitializerList()) {
            boolean bytes = constant.getDataType() == TensorProto.DataType.INT8_VALUE;
            assertTrue(bytes || constant.getDimsList().stream().filter(size -> size > 1).count() < 2, constant.getName() + " is not of bytes");
            for (byte code : bytes ? constant.getRawData().toByteArray() : new byte[0]) {
                largest = Math.max(largest, Math.abs(code));
            }
        }
        return largest;
    }

    @Test
    void exportsTheSameBytesForTheSameNetwork() {
        ComputationGraph small = quantized(residualNet(CNN2DFormat.NCHW).graph("classes"), CNN2DFormat.NCHW, m -> m.bits(3));
        byte[] model = OnnxExport.of(small, type(CNN2DFormat.NCHW)).toBytes();
        assertArrayEquals(model, OnnxExport.of(small, type(CNN2DFormat.NCHW)).toBytes());
        assertArrayEquals(model, OnnxExport.of(Segments.compile(small).graph(), type(CNN2DFormat.NCHW)).toBytes());
    }

    /** With integers, and as the floats that they stand for where inputs are floats. */
    @ParameterizedTest
    @ValueSource(ints = {0, 8})
    void entropyCodedWeights(int activationBits) {
        ComputationGraph coded = quantized(residualNet(CNN2DFormat.NCHW).graph("classes"), CNN2DFormat.NCHW,
                m -> m.method(Method.CODED).storedBits(4).activationBits(activationBits));
        INDArray images = images(CNN2DFormat.NCHW, 3);
        float[] expected = Tensor.of(Segments.compile(coded).graph().outputSingle(images)).data();
        float[] found = Tensor.of(run(OnnxExport.of(coded, type(CNN2DFormat.NCHW)).toBytes(), images)).data();
        assertArrayEquals(expected, found, activationBits == 0 ? 1e-5f : 1 / 255f);
    }

    @Test
    void filesAppearAsAWholeOrNotAtAll(@TempDir Path folder) throws Exception {
        ComputationGraph graph = new Chain(CNN2DFormat.NCHW).convolution("conv", 4, 3, 1, ConvolutionMode.Same, 0, 1).graph("conv");
        OnnxExport export = OnnxExport.of(graph, type(CNN2DFormat.NCHW));
        export.write(folder.resolve("model.onnx"));
        assertArrayEquals(export.toBytes(), Files.readAllBytes(folder.resolve("model.onnx")));
        assertThrows(IOException.class, () -> export.write(folder.resolve("no/such/folder/model.onnx")));
        assertThrows(IllegalArgumentException.class,
                () -> OnnxExport.of(graph, InputType.convolutional(SIZE, SIZE, 7)).write(folder.resolve("other.onnx")));
        try (Stream<Path> files = Files.list(folder)) {
            assertEquals(List.of("model.onnx"), files.map(f -> f.getFileName().toString()).toList());
        }
    }

    @Test
    void inputsThatDoNotFit() {
        ComputationGraph graph = new Chain(CNN2DFormat.NCHW).convolution("conv", 4, 3, 1, ConvolutionMode.Same, 0, 1).graph("conv");
        assertComplaint("the types of 1 inputs, [input], found []", () -> OnnxExport.of(graph));
        assertComplaint("as input \"input\", found", () -> OnnxExport.of(graph, InputType.recurrent(3)));
        assertComplaint("\"conv\" cannot be written as ONNX: Expected 3 channels, found an image of [1, 7, 13, 13]",
                () -> OnnxExport.of(graph, InputType.convolutional(SIZE, SIZE, 7)).toBytes());
    }

    private static void assertComplaint(String complaint, Executable call) {
        String message = assertThrows(IllegalArgumentException.class, call).getMessage();
        assertTrue(message.contains(complaint), message);
    }

    @Test
    void namesTheVertexThatItCannotWrite() {
        ComputationGraph graph = new Chain(CNN2DFormat.NCHW).convolution("conv", 4, 3, 1, ConvolutionMode.Same, 0, 1)
                .add("response", new LocalResponseNormalization()).graph("response");
        assertComplaint("\"response\" cannot be written as ONNX: LocalResponseNormalization is not known",
                () -> OnnxExport.of(graph, type(CNN2DFormat.NCHW)).toBytes());
    }

    @Test
    void namesTheVertexWhoseActivationItCannotWrite() {
        ComputationGraph graph = new Chain(CNN2DFormat.NCHW).add("conv", new ConvolutionLayer.Builder(3, 3).nOut(2)
                .activation(Activation.SOFTSIGN).build()).graph("conv");
        assertComplaint("\"conv\" cannot be written as ONNX: activation softsign", () -> OnnxExport.of(graph, type(CNN2DFormat.NCHW)).toBytes());
    }
}
