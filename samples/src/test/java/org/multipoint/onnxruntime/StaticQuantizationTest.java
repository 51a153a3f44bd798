package org.multipoint.onnxruntime;

import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtSession;
import onnx.Onnx.ModelProto;
import onnx.Onnx.NodeProto;
import onnx.Onnx.TensorProto;
import org.deeplearning4j.nn.conf.CNN2DFormat;
import org.deeplearning4j.nn.conf.ConvolutionMode;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.graph.ElementWiseVertex;
import org.deeplearning4j.nn.conf.graph.MergeVertex;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.ActivationLayer;
import org.deeplearning4j.nn.conf.layers.ConvolutionLayer;
import org.deeplearning4j.nn.conf.layers.DepthwiseConvolution2D;
import org.deeplearning4j.nn.conf.layers.GlobalPoolingLayer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.conf.layers.PoolingType;
import org.deeplearning4j.nn.conf.layers.SubsamplingLayer;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.weights.WeightInit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.multipoint.internal.ops.Tensor;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

class StaticQuantizationTest {

    private static final int SIZE = 13;

    private static ConvolutionLayer convolution(int channels, int kernel, int stride, CNN2DFormat format) {
        return new ConvolutionLayer.Builder(kernel, kernel).nOut(channels).stride(stride, stride).convolutionMode(ConvolutionMode.Same)
                .dataFormat(format).build();
    }

    private static ComputationGraph residualNet(CNN2DFormat format) {
        MergeVertex merge = new MergeVertex();
        merge.setMergeAxis(format == CNN2DFormat.NHWC ? 3 : 1);
        ComputationGraph graph = new ComputationGraph(new NeuralNetConfiguration.Builder().seed(7).dataType(DataType.FLOAT)
                .weightInit(WeightInit.XAVIER).activation(Activation.IDENTITY).graphBuilder().addInputs("input")
                .setInputTypes(InputType.convolutional(SIZE, SIZE, 3, format))
                .addLayer("stem", convolution(8, 3, 2, format), "input")
                .addLayer("relu", new ActivationLayer(Activation.RELU), "stem")
                .addLayer("pool", new SubsamplingLayer.Builder(PoolingType.MAX).kernelSize(3, 3).stride(2, 2)
                        .convolutionMode(ConvolutionMode.Same).dataFormat(format).build(), "relu")
                .addLayer("depthwise", new DepthwiseConvolution2D.Builder(3, 3).depthMultiplier(2).convolutionMode(ConvolutionMode.Same)
                        .activation(Activation.RELU6).dataFormat(format).build(), "pool")
                .addLayer("project", convolution(8, 1, 1, format), "depthwise")
                .addVertex("add", new ElementWiseVertex(ElementWiseVertex.Op.Add), "project", "pool")
                .addLayer("add/relu", new ActivationLayer(Activation.RELU), "add")
                .addLayer("branch", convolution(5, 3, 1, format), "add/relu")
                .addVertex("concat", merge, "add/relu", "branch")
                .addLayer("global", new GlobalPoolingLayer.Builder(PoolingType.AVG)
                        .poolingDimensions(format == CNN2DFormat.NHWC ? new int[]{1, 2} : new int[]{2, 3}).build(), "concat")
                .addLayer("classes", new OutputLayer.Builder().nOut(10).activation(Activation.SOFTMAX).build(), "global")
                .setOutputs("classes").build());
        graph.init();
        return graph;
    }

    private static INDArray images(CNN2DFormat format, int count) {
        INDArray images = Nd4j.rand(Nd4j.getRandomFactory().getNewRandomInstance(3), count, 3, SIZE, SIZE).subi(0.3);
        return format == CNN2DFormat.NHWC ? images.permute(0, 2, 3, 1).dup('c') : images;
    }

    private static float[] run(byte[] model, INDArray images) {
        try (OnnxRuntimeNetwork runtime = new OnnxRuntimeNetwork(model, Map.of("input", images), 1)) {
            return runtime.run().values().iterator().next();
        }
    }

    @ParameterizedTest
    @EnumSource
    void residualNetworksBecomeIntegerOperationsAlone(CNN2DFormat format, @TempDir Path folder) throws Exception {
        ComputationGraph graph = residualNet(format);
        INDArray images = images(format, 3);
        float[] expected = Tensor.of(graph.outputSingle(images)).data();
        StaticQuantization peer = new StaticQuantization(graph, images(format, 16));
        assertArrayEquals(expected, run(peer.floating(), images), 1e-4f);
        byte[] model = peer.quantized(true);
        assertArrayEquals(expected, run(model, images), 0.01f);

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
    @CsvSource({"true, 63", "false, 127"})
    void weightsTakeSevenOrEightBits(boolean reduceRange, int largest) throws Exception {
        byte[] model = new StaticQuantization(residualNet(CNN2DFormat.NCHW), images(CNN2DFormat.NCHW, 2)).quantized(reduceRange);
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
    void theSameBytesForTheSameInput() {
        ComputationGraph graph = residualNet(CNN2DFormat.NCHW);
        INDArray images = images(CNN2DFormat.NCHW, 2);
        assertArrayEquals(new StaticQuantization(graph, images).quantized(true), new StaticQuantization(graph, images).quantized(true));
    }
}
