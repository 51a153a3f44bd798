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
import org.deeplearning4j.nn.conf.graph.ElementWiseVertex;
import org.deeplearning4j.nn.conf.graph.L2NormalizeVertex;
import org.deeplearning4j.nn.conf.graph.MergeVertex;
import org.deeplearning4j.nn.conf.graph.PreprocessorVertex;
import org.deeplearning4j.nn.conf.graph.ScaleVertex;
import org.deeplearning4j.nn.conf.graph.ShiftVertex;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.ActivationLayer;
import org.deeplearning4j.nn.conf.layers.BatchNormalization;
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
import org.deeplearning4j.nn.weights.WeightInit;
import org.deeplearning4j.preprocessors.PermutePreprocessor;
import org.deeplearning4j.preprocessors.ReshapePreprocessor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.multipoint.internal.ops.Tensor;
import org.multipoint.options.Method;
import org.multipoint.transform.Multipoint;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.MultiDataSet;
import org.nd4j.linalg.dataset.adapter.SingletonMultiDataSetIterator;
import org.nd4j.linalg.factory.Nd4j;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Supplier;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

class OnnxExporterTest {

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

    private static float[] run(byte[] model, INDArray images, CNN2DFormat format) {
        INDArray channelsFirst = format == CNN2DFormat.NHWC ? images.permute(0, 3, 1, 2) : images;
        try (OnnxRuntimeNetwork runtime = new OnnxRuntimeNetwork(model, Map.of("input", channelsFirst), 1)) {
            return runtime.run().values().iterator().next();
        }
    }

    /** Exports both models and compares their outputs with the graph's; gives the 8-bit model. */
    private static byte[] check(ComputationGraph graph, CNN2DFormat format) {
        Nd4j.getRandom().setSeed(3);
        INDArray images = images(format, 3);
        INDArray output = graph.outputSingle(images);
        float[] expected = Tensor.of(output.rank() == 4 && format == CNN2DFormat.NHWC ? output.permute(0, 3, 1, 2) : output).data();
        OnnxExporter exporter = new OnnxExporter(graph, images(format, 16));

        float[] floating = run(exporter.floating(), images, format);
        assertEquals(expected.length, floating.length);
        for (int i = 0; i < expected.length; i++) {
            assertEquals(expected[i], floating[i], 1e-4, "output " + i);
        }

        byte[] model = exporter.quantized(true);
        float[] quantized = run(model, images, format);
        double distance = 0;
        double length = 0;
        for (int i = 0; i < expected.length; i++) {
            distance += Math.pow(quantized[i] - expected[i], 2);
            length += Math.pow(expected[i], 2);
        }
        assertTrue(distance > 0, "8 bits cannot be exact");
        assertTrue(distance < 0.05 * 0.05 * length, "relative error " + Math.sqrt(distance / length));
        return model;
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
    void residualNetworkBecomesIntegerOperationsAlone(CNN2DFormat format, @TempDir Path folder) throws Exception {
        byte[] model = check(residualNet(format).graph("classes"), format);

        Path optimized = folder.resolve("optimized.onnx");
        try (OrtSession.SessionOptions options = new OrtSession.SessionOptions()) {
            options.setOptimizationLevel(OrtSession.SessionOptions.OptLevel.ALL_OPT);
            options.setOptimizedModelFilePath(optimized.toString());
            OrtEnvironment.getEnvironment().createSession(model, options).close();
        }
        Map<String, Integer> ops = new TreeMap<>();
        for (NodeProto node : ModelProto.parseFrom(Files.readAllBytes(optimized)).getGraph().getNodeList()) {
            ops.merge(node.getOpType(), 1, Integer::sum);
        }
        assertEquals(4, ops.get("QLinearConv"), ops::toString);
        assertEquals(1, ops.get("QLinearAdd"), ops::toString);
        assertEquals(1, ops.get("QLinearConcat"), ops::toString);
        assertEquals(1, ops.get("QLinearGlobalAveragePool"), ops::toString);
        assertEquals(1, ops.get("QGemm"), ops::toString);
        // The input, and what softmax reads.
        assertEquals(1, ops.get("QuantizeLinear"), ops::toString);
        assertEquals(1, ops.get("DequantizeLinear"), ops::toString);
        Set<String> floating = Set.of("Conv", "Add", "Relu", "Clip", "Concat", "GlobalAveragePool", "Gemm");
        assertTrue(floating.stream().noneMatch(ops::containsKey), ops::toString);
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

    @ParameterizedTest
    @EnumSource
    void heads(CNN2DFormat format) {
        Chain net = new Chain(format).convolution("trunk", 6, 3, 2, ConvolutionMode.Same, 0, 1);
        net.builder.addLayer("side", new ConvolutionLayer.Builder(3, 3).nOut(4).activation(Activation.SOFTMAX).dataFormat(format).build(),
                "trunk");
        ComputationGraph graph = net.convolution("next", 5, 3, 2, ConvolutionMode.Same, 0, 1).graph("next", "side", "trunk");
        INDArray images = images(format, 3);
        INDArray[] outputs = graph.output(images);
        INDArray channelsFirst = format == CNN2DFormat.NHWC ? images.permute(0, 3, 1, 2) : images;
        byte[] model = new OnnxExporter(graph, images).floating();
        try (OnnxRuntimeNetwork runtime = new OnnxRuntimeNetwork(model, Map.of("input", channelsFirst), 1)) {
            Map<String, float[]> found = runtime.run();
            for (int i : new int[]{0, 2}) {
                INDArray expected = format == CNN2DFormat.NHWC ? outputs[i].permute(0, 3, 1, 2) : outputs[i];
                assertArrayEquals(Tensor.of(expected).data(), found.get(graph.getConfiguration().getNetworkOutputs().get(i)), 1e-4f);
            }
            assertTrue(found.containsKey("side"));
        }
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
                run(new OnnxExporter(graph, images).floating(), images, CNN2DFormat.NCHW), 1e-4f);
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
        byte[] model = check(net.convolution("last", 3, 1, 1, ConvolutionMode.Truncate, 0, 1).graph("last"), format);
        for (NodeProto node : ModelProto.parseFrom(model).getGraph().getNodeList()) {
            assertTrue(node.getAttributeList().stream().filter(a -> a.getName().equals("pads"))
                    .allMatch(a -> a.getIntsList().stream().allMatch(pad -> pad >= 0)), node::toString);
        }
    }

    /** Names that a vertex's own tensors would have. */
    @ParameterizedTest
    @ValueSource(strings = {"a/1", "a/1/W", "a/1/raw", "a/codes", "a/scale"})
    void tensorsDoNotShareNames(String input) {
        ComputationGraph graph = new ComputationGraph(new NeuralNetConfiguration.Builder().seed(7).weightInit(WeightInit.XAVIER)
                .graphBuilder().addInputs(input).setInputTypes(InputType.convolutional(SIZE, SIZE, 3))
                .addLayer("first", new ConvolutionLayer.Builder(3, 3).nOut(4).activation(Activation.IDENTITY).build(), input)
                .addLayer("a", new ConvolutionLayer.Builder(3, 3).nOut(4).activation(Activation.RELU).build(), "first")
                .setOutputs("a").build());
        graph.init();
        INDArray images = images(CNN2DFormat.NCHW, 2);
        float[] expected = Tensor.of(graph.outputSingle(images)).data();
        OnnxExporter exporter = new OnnxExporter(graph, images);
        for (byte[] model : new byte[][]{exporter.floating(), exporter.quantized(true)}) {
            try (OnnxRuntimeNetwork runtime = new OnnxRuntimeNetwork(model, Map.of(input, images), 1)) {
                assertArrayEquals(expected, runtime.run().get("a"), 0.05f);
            }
        }
    }

    @ParameterizedTest
    @CsvSource({"true, 63", "false, 127"})
    void weightsTakeSevenOrEightBits(boolean reduceRange, int largest) throws Exception {
        ComputationGraph graph = residualNet(CNN2DFormat.NCHW).graph("classes");
        byte[] model = new OnnxExporter(graph, images(CNN2DFormat.NCHW, 2)).quantized(reduceRange);
        int found = 0;
        for (TensorProto constant : ModelProto.parseFrom(model).getGraph().getInitializerList()) {
            if (constant.getDataType() == TensorProto.DataType.INT8_VALUE) {
                for (byte code : constant.getRawData().toByteArray()) {
                    found = Math.max(found, Math.abs(code));
                }
            }
        }
        assertEquals(largest, found);
    }

    @Test
    void exportsTheSameBytesForTheSameInput() {
        ComputationGraph graph = residualNet(CNN2DFormat.NCHW).graph("classes");
        INDArray images = images(CNN2DFormat.NCHW, 2);
        assertArrayEquals(new OnnxExporter(graph, images).quantized(true), new OnnxExporter(graph, images).quantized(true));
    }

    /** Weights of a quantized network are written as the floats that they stand for, where its inputs are floats. */
    @Test
    void entropyCodedWeights() {
        ComputationGraph source = residualNet(CNN2DFormat.NCHW).graph("classes");
        Supplier<Multipoint<ComputationGraph>> multipoint = () -> Multipoint.of(source).method(Method.CODED).storedBits(4)
                .calibrate(new SingletonMultiDataSetIterator(new MultiDataSet(images(CNN2DFormat.NCHW, 16), null)));
        ComputationGraph coded = multipoint.get().activationBits(0).transform().model();
        INDArray images = images(CNN2DFormat.NCHW, 3);
        float[] expected = Tensor.of(coded.outputSingle(images)).data();
        float[] found = run(new OnnxExporter(coded, images(CNN2DFormat.NCHW, 16)).floating(), images, CNN2DFormat.NCHW);
        assertArrayEquals(expected, found, 1e-4f);
        float[] before = Tensor.of(source.outputSingle(images)).data();
        assertFalse(Arrays.equals(before, expected));

        ComputationGraph integers = multipoint.get().transform().model();
        String message = assertThrows(IllegalArgumentException.class, () -> new OnnxExporter(integers, images(CNN2DFormat.NCHW, 16))).getMessage();
        assertTrue(message.contains("weights of integers; write the network that they were made from"), message);
    }

    @Test
    void namesTheVertexThatItCannotWrite() {
        ComputationGraph graph = new Chain(CNN2DFormat.NCHW).convolution("conv", 4, 3, 1, ConvolutionMode.Same, 0, 1)
                .add("response", new LocalResponseNormalization()).graph("response");
        IllegalArgumentException e = assertThrows(IllegalArgumentException.class,
                () -> new OnnxExporter(graph, images(CNN2DFormat.NCHW, 1)));
        assertTrue(e.getMessage().contains("\"response\""), e.getMessage());
    }

    @Test
    void namesTheVertexWhoseActivationItCannotWrite() {
        ComputationGraph graph = new Chain(CNN2DFormat.NCHW).add("conv", new ConvolutionLayer.Builder(3, 3).nOut(2)
                .activation(Activation.SOFTSIGN).build()).graph("conv");
        IllegalArgumentException e = assertThrows(IllegalArgumentException.class,
                () -> new OnnxExporter(graph, images(CNN2DFormat.NCHW, 1)));
        assertTrue(e.getMessage().contains("\"conv\"") && e.getMessage().contains("softsign"), e.getMessage());
    }
}
