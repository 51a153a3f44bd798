package org.multipoint.onnx;

import onnx.Onnx.AttributeProto;
import org.deeplearning4j.nn.conf.CNN2DFormat;
import org.deeplearning4j.nn.conf.InputPreProcessor;
import org.deeplearning4j.nn.conf.graph.ElementWiseVertex;
import org.deeplearning4j.nn.conf.graph.GraphVertex;
import org.deeplearning4j.nn.conf.graph.LayerVertex;
import org.deeplearning4j.nn.conf.graph.MergeVertex;
import org.deeplearning4j.nn.conf.graph.PreprocessorVertex;
import org.deeplearning4j.nn.conf.layers.ActivationLayer;
import org.deeplearning4j.nn.conf.layers.DropoutLayer;
import org.deeplearning4j.nn.conf.layers.GlobalPoolingLayer;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.SubsamplingLayer;
import org.deeplearning4j.nn.conf.layers.ZeroPaddingLayer;
import org.deeplearning4j.nn.conf.preprocessor.CnnToFeedForwardPreProcessor;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.multipoint.calibration.Clipping;
import org.multipoint.calibration.RangeStatistics;
import org.multipoint.layers.LayerKind;
import org.multipoint.linear.Geometry;
import org.multipoint.linear.InputQuantization;
import org.multipoint.linear.LinearOp;
import org.multipoint.linear.LinearOp.Size;
import org.multipoint.linear.Tensor;
import org.multipoint.transform.BatchNormFolding;
import org.multipoint.walk.GraphWalk;
import org.multipoint.walk.LinearVertex;
import org.nd4j.linalg.activations.IActivation;
import org.nd4j.linalg.activations.impl.ActivationIdentity;
import org.nd4j.linalg.activations.impl.ActivationReLU;
import org.nd4j.linalg.activations.impl.ActivationReLU6;
import org.nd4j.linalg.activations.impl.ActivationSoftmax;
import org.nd4j.linalg.api.ndarray.INDArray;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Writes a graph as an ONNX model: in floating point, or quantized to 8 bits in the form that ONNX Runtime runs on integers.
 * BatchNormalization is folded first. The model's images are channels first whatever the graph's are: a graph that takes
 * {@code [N, H, W, C]} becomes a model that takes {@code [N, C, H, W]}, and so for outputs of rank 4. Outputs of rank 2 are the graph's own.
 *
 * <p>Understands convolution, depthwise and separable convolution, dense and output layers, identity, ReLU, ReLU6 and softmax, pooling,
 * global pooling, zero padding, sums, concatenation of channels and flattening.
 */
public final class OnnxExporter {

    /** A tensor of the model, its shape channels first. */
    private record Value(String tensor, long[] shape) {
    }

    private final ComputationGraph graph;
    private final GraphWalk walk;
    private final boolean channelsLast;
    private final Map<String, long[]> shapes = new HashMap<>();
    private final Map<String, RangeStatistics> ranges = new HashMap<>();
    private final Map<String, Value> values = new HashMap<>();
    private final OnnxGraph onnx = new OnnxGraph();

    /**
     * @param source not changed
     * @param inputs what sizes and the ranges of activations are taken from, one array for each network input
     * @throws IllegalArgumentException where a vertex cannot be exported; it names the vertex
     */
    public OnnxExporter(ComputationGraph source, INDArray... inputs) {
        graph = BatchNormFolding.folded(source);
        walk = new GraphWalk(graph);
        channelsLast = walk.linear().values().stream().anyMatch(v -> v.stages().get(0).op().channelsLast());
        observe(inputs);
        walk.order().forEach(this::export);
        for (String name : graph.getConfiguration().getNetworkOutputs()) {
            Value value = values.get(name);
            if (!value.tensor.equals(name)) {
                onnx.node("Identity", name, List.of(value.tensor));
            }
            onnx.output(name, value.shape.length);
        }
    }

    private void observe(INDArray... inputs) {
        graph.feedForward(inputs, false, true).forEach((name, activation) -> {
            long[] s = activation.shape();
            shapes.put(name, channelsLast && s.length == 4 ? new long[]{s[0], s[3], s[1], s[2]} : s);
            RangeStatistics range = new RangeStatistics();
            range.add(Tensor.of(activation).data());
            ranges.put(name, range);
        });
    }

    /** The model in floating point. */
    public byte[] floating() {
        return onnx.toBytes();
    }

    /**
     * The model in 8 bits: weights signed, symmetric, one scale for each output channel; activations unsigned, one scale for each tensor,
     * over the range that it had on the inputs.
     */
    public byte[] quantized() {
        Map<String, InputQuantization> quantizations = new HashMap<>();
        values.forEach((vertex, value) -> quantizations.put(value.tensor, ranges.get(vertex).quantization(Clipping.MIN_MAX, 8)));
        return new IntegerForm(onnx, quantizations).graph().toBytes();
    }

    private void export(String name) {
        if (walk.networkInput(name) >= 0) {
            onnx.input(name, shapes.get(name));
            values.put(name, new Value(name, shapes.get(name)));
            return;
        }
        List<Value> from = walk.inputsOf(name).stream().map(values::get).toList();
        Value out = new Value(name, shapes.get(name));
        values.put(name, out);
        GraphVertex vertex = graph.getConfiguration().getVertices().get(name);
        if (vertex instanceof ElementWiseVertex e && e.getOp() == ElementWiseVertex.Op.Add) {
            sum(name, from);
        } else if (vertex instanceof MergeVertex m && m.getMergeAxis() == (channelsLast && out.shape.length == 4 ? 3 : 1)) {
            onnx.node("Concat", name, from.stream().map(Value::tensor).toList(), OnnxGraph.attribute("axis", 1));
        } else if (vertex instanceof PreprocessorVertex v) {
            values.put(name, preprocessed(name, v.getPreProcessor(), from.get(0)));
        } else if (vertex instanceof LayerVertex v) {
            layer(name, v.getLayerConf().getLayer(), preprocessed(name, v.getPreProcessor(), from.get(0)));
        } else {
            throw unsupported(name, vertex);
        }
    }

    private static IllegalArgumentException unsupported(String name, Object what) {
        return new IllegalArgumentException("Vertex \"" + name + "\" cannot be written as ONNX: " + what);
    }

    private Value preprocessed(String name, InputPreProcessor preProcessor, Value x) {
        if (preProcessor == null) {
            return x;
        }
        if (!(preProcessor instanceof CnnToFeedForwardPreProcessor flatten)) {
            throw unsupported(name, preProcessor);
        }
        if (x.shape.length == 2) {
            return x;
        }
        String tensor = x.tensor;
        if (flatten.getFormat() == CNN2DFormat.NHWC && x.shape[2] * x.shape[3] > 1) {
            tensor = name + "/nhwc";
            onnx.node("Transpose", tensor, List.of(x.tensor), OnnxGraph.attribute("perm", List.of(0L, 2L, 3L, 1L)));
        }
        onnx.node("Flatten", name + "/flat", List.of(tensor));
        return new Value(name + "/flat", new long[]{x.shape[0], x.shape[1] * x.shape[2] * x.shape[3]});
    }

    private void sum(String name, List<Value> from) {
        String x = from.get(0).tensor;
        for (int i = 1; i < from.size(); i++) {
            String y = i == from.size() - 1 ? name : name + "/" + i;
            onnx.node("Add", y, List.of(x, from.get(i).tensor));
            x = y;
        }
    }

    private void layer(String name, Layer layer, Value x) {
        if (walk.linear().containsKey(name)) {
            linear(walk.linear().get(name), x);
        } else if (layer instanceof ActivationLayer a) {
            activation(name, a.getActivationFn(), x.tensor);
        } else if (layer instanceof DropoutLayer) {
            values.put(name, x);
        } else if (layer instanceof GlobalPoolingLayer p && x.shape.length == 4) {
            globalPooling(name, p, x);
        } else if (layer.getClass() == SubsamplingLayer.class) {
            pooling(name, (SubsamplingLayer) layer, x);
        } else if (layer instanceof ZeroPaddingLayer padding) {
            int[] p = padding.getPadding();
            onnx.node("Pad", name, List.of(x.tensor,
                    onnx.constant(name + "/pads", new long[]{0, 0, p[0], p[2], 0, 0, p[1], p[3]}, 8)));
        } else {
            throw unsupported(name, walk.obstacles().getOrDefault(name, layer.getClass().getSimpleName()));
        }
    }

    private void linear(LinearVertex vertex, Value x) {
        String name = vertex.name();
        boolean active = !(vertex.activation() instanceof ActivationIdentity);
        String tensor = x.tensor;
        for (int i = 0; i < vertex.stages().size(); i++) {
            boolean last = i == vertex.stages().size() - 1;
            String y = last && !active ? name : name + "/" + i;
            stage(vertex.stages().get(i), tensor, x.shape, y);
            tensor = y;
        }
        if (active) {
            activation(name, vertex.activation(), tensor);
        }
    }

    /** Only the first operation of a layer may change the size of the image, so the layer's input gives the size for all. */
    private void stage(LinearVertex.Stage stage, String x, long[] shape, String y) {
        LinearOp op = stage.op();
        if (op.transposed() || shape.length == 3) {
            throw unsupported(stage.name(), "a deconvolution or a sequence");
        }
        String bias = onnx.constant(y + "/b", stage.bias(), op.rows());
        if (shape.length == 2) {
            String weights = onnx.constant(y + "/W", stage.weights(), op.rows(), op.columns());
            onnx.node("Gemm", y, List.of(x, weights, bias), OnnxGraph.attribute("transB", 1));
            return;
        }
        String weights = onnx.constant(y + "/W", stage.weights(), op.rows(), op.inChannels() / op.groups(),
                op.kernel().height(), op.kernel().width());
        List<AttributeProto> attributes = window(op, shape);
        attributes.add(OnnxGraph.attribute("group", op.groups()));
        onnx.node("Conv", y, List.of(x, weights, bias), attributes.toArray(AttributeProto[]::new));
    }

    private static List<AttributeProto> window(LinearOp op, long[] shape) {
        Geometry g = op.geometry((int) shape[2], (int) shape[3]);
        return new ArrayList<>(List.of(
                OnnxGraph.attribute("kernel_shape", axes(op.kernel())),
                OnnxGraph.attribute("strides", axes(op.stride())),
                OnnxGraph.attribute("dilations", axes(op.dilation())),
                OnnxGraph.attribute("pads", List.of((long) g.padTop(), (long) g.padLeft(), (long) g.padBottom(), (long) g.padRight()))));
    }

    private static List<Long> axes(Size size) {
        return List.of((long) size.height(), (long) size.width());
    }

    private void activation(String name, IActivation activation, String x) {
        if (activation instanceof ActivationIdentity) {
            onnx.node("Identity", name, List.of(x));
        } else if (activation instanceof ActivationSoftmax) {
            onnx.node("Softmax", name, List.of(x), OnnxGraph.attribute("axis", 1));
        } else if (activation instanceof ActivationReLU6) {
            clip(name, x, 6);
        } else if (activation instanceof ActivationReLU relu && zero(relu.getThreshold()) && zero(relu.getNegativeSlope())) {
            if (zero(relu.getMax())) {
                onnx.node("Relu", name, List.of(x));
            } else {
                clip(name, x, relu.getMax().floatValue());
            }
        } else {
            throw unsupported(name, "activation " + activation);
        }
    }

    private static boolean zero(Double parameter) {
        return parameter == null || parameter == 0;
    }

    private void clip(String name, String x, float max) {
        onnx.node("Clip", name, List.of(x, onnx.constant(name + "/min", new float[]{0}), onnx.constant(name + "/max", new float[]{max})));
    }

    private void globalPooling(String name, GlobalPoolingLayer layer, Value x) {
        String pooled = layer.isCollapseDimensions() ? name + "/pooled" : name;
        onnx.node(switch (layer.getPoolingType()) {
            case AVG -> "GlobalAveragePool";
            case MAX -> "GlobalMaxPool";
            default -> throw unsupported(name, layer.getPoolingType() + " pooling");
        }, pooled, List.of(x.tensor));
        if (layer.isCollapseDimensions()) {
            onnx.node("Flatten", name, List.of(pooled));
        }
    }

    private void pooling(String name, SubsamplingLayer layer, Value x) {
        int channels = (int) x.shape[1];
        int[] d = layer.getDilation();
        LinearOp window = new LinearOp(channels, channels, channels, size(layer.getKernelSize()), size(layer.getStride()),
                d == null ? Size.ONE : size(d), size(layer.getPadding()), LayerKind.padding(layer.getConvolutionMode()), false, channelsLast);
        List<AttributeProto> attributes = window(window, x.shape);
        switch (layer.getPoolingType()) {
            case MAX -> onnx.node("MaxPool", name, List.of(x.tensor), attributes.toArray(AttributeProto[]::new));
            case AVG -> {
                // Average pooling knows no dilation before operator set 19.
                if (!window.dilation().equals(Size.ONE)) {
                    throw unsupported(name, "dilated average pooling");
                }
                attributes.removeIf(a -> a.getName().equals("dilations"));
                attributes.add(OnnxGraph.attribute("count_include_pad", layer.isAvgPoolIncludePadInDivisor() ? 1 : 0));
                onnx.node("AveragePool", name, List.of(x.tensor), attributes.toArray(AttributeProto[]::new));
            }
            default -> throw unsupported(name, layer.getPoolingType() + " pooling");
        }
    }

    private static Size size(int[] heightAndWidth) {
        return new Size(heightAndWidth[0], heightAndWidth[1]);
    }
}
