package org.multipoint.onnx;

import onnx.Onnx.AttributeProto;
import org.deeplearning4j.nn.conf.graph.GraphVertex;
import org.deeplearning4j.nn.conf.graph.LayerVertex;
import org.deeplearning4j.nn.conf.layers.ActivationLayer;
import org.deeplearning4j.nn.conf.layers.LossLayer;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.multipoint.internal.calibration.RangeStatistics;
import org.multipoint.internal.engine.Engines;
import org.multipoint.internal.engine.Program.PoolKind;
import org.multipoint.internal.engine.Program;
import org.multipoint.internal.graph.BatchNormFolding;
import org.multipoint.internal.ops.Geometry;
import org.multipoint.internal.ops.InputQuantization;
import org.multipoint.internal.ops.LinearOp.Size;
import org.multipoint.internal.ops.LinearOp;
import org.multipoint.internal.ops.Tensor;
import org.multipoint.internal.ops.Window;
import org.multipoint.options.Clipping;
import org.multipoint.points.IntegerRows;
import org.multipoint.segments.Segment;
import org.multipoint.segments.Segments;
import org.nd4j.linalg.activations.IActivation;
import org.nd4j.linalg.activations.impl.ActivationIdentity;
import org.nd4j.linalg.activations.impl.ActivationSoftmax;
import org.nd4j.linalg.api.ndarray.INDArray;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Writes a graph as an ONNX model: in floating point, or quantized to 8 bits in the form that ONNX Runtime runs on integers. What it can
 * write is what {@link Segments} can compile, and softmax. The model's images are channels first whatever the graph's are: a graph that
 * takes {@code [N, H, W, C]} becomes a model that takes {@code [N, C, H, W]}, and so for outputs of rank 4.
 */
public final class OnnxExporter {

    /**
     * A tensor of the model.
     *
     * @param shape for the examples at hand
     * @param flat  true where it is a vector for each example, which has no axes for rows and columns
     */
    private record Value(String tensor, Program.Shape shape, boolean flat) {
    }

    private final Map<String, INDArray> examples = new HashMap<>();
    private final Map<String, Value> values = new HashMap<>();
    private final OnnxGraph onnx = new OnnxGraph();

    /**
     * @param source   in fp32; not changed
     * @param examples what sizes and the ranges of activations are taken from, one array for each network input
     * @throws IllegalArgumentException where a vertex cannot be written; it names the vertex
     */
    public OnnxExporter(ComputationGraph source, INDArray... examples) {
        ComputationGraph graph = Segments.compile(BatchNormFolding.folded(source)).graph();
        Map<String, GraphVertex> vertices = graph.getConfiguration().getVertices();
        boolean channelsLast = vertices.values().stream().anyMatch(v -> Segment.of(v).filter(Segment::channelsLast).isPresent());
        List<String> inputs = graph.getConfiguration().getNetworkInputs();
        for (int i = 0; i < inputs.size(); i++) {
            input(inputs.get(i), channelsLast && examples[i].rank() == 4 ? examples[i].permute(0, 3, 1, 2) : examples[i]);
        }
        for (int index : graph.topologicalSortOrder()) {
            org.deeplearning4j.nn.graph.vertex.GraphVertex vertex = graph.getVertices()[index];
            if (!vertex.isInputVertex()) {
                String name = vertex.getVertexName();
                List<Value> from = graph.getConfiguration().getVertexInputs().get(name).stream().map(values::get).toList();
                Optional<Segment> segment = Segment.of(vertices.get(name));
                if (segment.isPresent()) {
                    Optional<IActivation> activation = segment.get().foreignActivation();
                    String result = activation.isPresent() ? name + "/linear" : name;
                    program(result, segment.get().program(vertex.params(), IntegerRows.FULL_LIMIT), from);
                    activation.ifPresent(a -> activation(name, a, values.get(result)));
                } else {
                    activation(name, activation(name, vertices.get(name)), from.get(0));
                }
            }
        }
        for (String name : graph.getConfiguration().getNetworkOutputs()) {
            onnx.output(name, values.get(name).flat ? 2 : 4);
        }
        graph.close();
    }

    private void input(String name, INDArray example) {
        long[] s = example.shape();
        boolean flat = s.length == 2;
        if (!flat && s.length != 4) {
            throw unsupported(name, "input of shape " + Arrays.toString(s));
        }
        examples.put(name, example);
        onnx.input(name, s);
        values.put(name, new Value(name, new Program.Shape((int) s[0], (int) s[1], flat ? 1 : (int) s[2], flat ? 1 : (int) s[3]), flat));
    }

    private static IllegalArgumentException unsupported(String vertex, Object what) {
        return new IllegalArgumentException("Vertex \"" + vertex + "\" cannot be written as ONNX: " + what);
    }

    /** The model in floating point. */
    public byte[] floating() {
        return onnx.toBytes();
    }

    /**
     * The model in 8 bits: weights signed, symmetric, one scale for each output channel; activations unsigned, one scale for each tensor,
     * over the range that the floating model has on the examples. Where products of 8 bits saturate on this CPU, weights take 7 bits, as
     * {@code reduce_range} of ONNX Runtime's own quantizer makes them.
     */
    public byte[] quantized() {
        Map<String, InputQuantization> quantizations = new HashMap<>();
        examples.forEach((name, example) -> quantizations.put(name, covering(Tensor.of(example).data())));
        try (OnnxRuntimeNetwork runtime = new OnnxRuntimeNetwork(onnx.withAllOutputs().toBytes(), examples, 1)) {
            runtime.run().forEach((name, activations) -> quantizations.put(name, covering(activations)));
        }
        return new IntegerForm(onnx, quantizations, Engines.preferred().exactCodeLimit()).graph().toBytes();
    }

    private static InputQuantization covering(float[] values) {
        RangeStatistics range = new RangeStatistics();
        range.add(values);
        return range.quantization(Clipping.MIN_MAX, 8);
    }

    /** The activation that a vertex outside of segments is. */
    private static IActivation activation(String name, GraphVertex vertex) {
        if (vertex instanceof LayerVertex v && v.getLayerConf().getLayer() instanceof ActivationLayer a) {
            return a.getActivationFn();
        } else if (vertex instanceof LayerVertex v && v.getLayerConf().getLayer() instanceof LossLayer l) {
            return l.getActivationFn();
        }
        throw unsupported(name, vertex);
    }

    private void activation(String name, IActivation activation, Value x) {
        if (activation instanceof ActivationSoftmax) {
            onnx.node("Softmax", name, List.of(x.tensor), OnnxGraph.attribute("axis", 1));
        } else if (activation instanceof ActivationIdentity) {
            onnx.node("Identity", name, List.of(x.tensor));
        } else {
            throw unsupported(name, "activation " + activation);
        }
        values.put(name, new Value(name, x.shape, x.flat));
    }

    private void program(String name, Program program, List<Value> inputs) {
        List<Program.Shape> shapes = program.shapes(inputs.stream().map(Value::shape).toList());
        List<Value> all = new ArrayList<>(inputs);
        for (Program.Instruction instruction : program.instructions()) {
            List<Value> from = instruction.reads().stream().map(all::get).toList();
            String tensor = all.size() == program.result() ? name : name + "/" + all.size();
            Value y = new Value(tensor, shapes.get(all.size()), from.get(0).flat || instruction instanceof Program.Flatten);
            write(name, instruction, from, y);
            all.add(y);
        }
        values.put(name, all.get(program.result()));
    }

    private void write(String vertex, Program.Instruction instruction, List<Value> from, Value y) {
        Value x = from.get(0);
        if (instruction instanceof Program.Linear linear) {
            linear(vertex, linear, x, y.tensor);
        } else if (instruction instanceof Program.Rectify rectify) {
            rectify(rectify.upper(), x.tensor, y.tensor);
        } else if (instruction instanceof Program.Add) {
            add(from, y.tensor);
        } else if (instruction instanceof Program.Concat) {
            onnx.node("Concat", y.tensor, from.stream().map(Value::tensor).toList(), OnnxGraph.attribute("axis", 1));
        } else if (instruction instanceof Program.Pool pool) {
            pool(vertex, pool, x, y.tensor);
        } else if (instruction instanceof Program.GlobalPool pool) {
            onnx.node(pool.kind() == PoolKind.MAX ? "GlobalMaxPool" : "GlobalAveragePool", y.tensor, List.of(x.tensor));
        } else if (instruction instanceof Program.Pad pad) {
            Program.Frame f = pad.frame();
            onnx.node("Pad", y.tensor, List.of(x.tensor, onnx.constant(y.tensor + "/pads",
                    new long[]{0, 0, f.top(), f.left(), 0, 0, f.bottom(), f.right()}, 8)));
        } else if (instruction instanceof Program.Flatten) {
            flatten(x, y.tensor);
        } else if (instruction instanceof Program.Softmax) {
            onnx.node("Softmax", y.tensor, List.of(x.tensor), OnnxGraph.attribute("axis", 1));
        } else {
            throw unsupported(vertex, instruction.getClass().getSimpleName());
        }
    }

    private void linear(String vertex, Program.Linear linear, Value x, String y) {
        LinearOp op = linear.op();
        if (!(linear.weights() instanceof Program.FloatWeights weights)) {
            throw unsupported(vertex, "weights of integers; write the network that they were made from");
        }
        String bias = onnx.constant(y + "/b", linear.bias(), op.rows());
        if (x.flat) {
            String w = onnx.constant(y + "/W", weights.matrix(), op.rows(), op.columns());
            onnx.node("Gemm", y, List.of(x.tensor, w, bias), OnnxGraph.attribute("transB", 1));
            return;
        }
        String w = onnx.constant(y + "/W", weights.matrix(), op.rows(), op.inChannels() / op.groups(), op.kernel().height(),
                op.kernel().width());
        List<AttributeProto> attributes = attributes(op.window(), x.shape);
        attributes.add(OnnxGraph.attribute("group", op.groups()));
        onnx.node("Conv", y, List.of(x.tensor, w, bias), attributes.toArray(AttributeProto[]::new));
    }

    private static List<AttributeProto> attributes(Window window, Program.Shape x) {
        Geometry g = window.geometry(x.h(), x.w());
        List<AttributeProto> attributes = new ArrayList<>(List.of(
                OnnxGraph.attribute("kernel_shape", axes(window.kernel())),
                OnnxGraph.attribute("strides", axes(window.stride())),
                OnnxGraph.attribute("pads", List.of((long) g.padTop(), (long) g.padLeft(), (long) g.padBottom(), (long) g.padRight()))));
        // Average pooling knows no dilation in this operator set.
        if (!window.dilation().equals(Size.ONE)) {
            attributes.add(OnnxGraph.attribute("dilations", axes(window.dilation())));
        }
        return attributes;
    }

    private static List<Long> axes(Size size) {
        return List.of((long) size.height(), (long) size.width());
    }

    private void rectify(float upper, String x, String y) {
        if (Float.isInfinite(upper)) {
            onnx.node("Relu", y, List.of(x));
        } else {
            onnx.node("Clip", y, List.of(x, onnx.constant(y + "/min", new float[]{0}), onnx.constant(y + "/max", new float[]{upper})));
        }
    }

    private void add(List<Value> from, String y) {
        if (from.size() == 1) {
            onnx.node("Identity", y, List.of(from.get(0).tensor));
        }
        String sum = from.get(0).tensor;
        for (int i = 1; i < from.size(); i++) {
            String next = i == from.size() - 1 ? y : y + "/" + i;
            onnx.node("Add", next, List.of(sum, from.get(i).tensor));
            sum = next;
        }
    }

    private void pool(String vertex, Program.Pool pool, Value x, String y) {
        List<AttributeProto> attributes = attributes(pool.window(), x.shape);
        if (pool.kind() == PoolKind.MAX) {
            onnx.node("MaxPool", y, List.of(x.tensor), attributes.toArray(AttributeProto[]::new));
            return;
        }
        if (!pool.window().dilation().equals(Size.ONE)) {
            throw unsupported(vertex, "dilated average pooling");
        }
        attributes.add(OnnxGraph.attribute("count_include_pad", pool.kind() == PoolKind.MEAN_WITH_PADDING ? 1 : 0));
        onnx.node("AveragePool", y, List.of(x.tensor), attributes.toArray(AttributeProto[]::new));
    }

    /** Programs flatten in the order (row, column, channel). */
    private void flatten(Value x, String y) {
        String tensor = x.tensor;
        if (x.shape.h() * x.shape.w() > 1) {
            tensor = y + "/nhwc";
            onnx.node("Transpose", tensor, List.of(x.tensor), OnnxGraph.attribute("perm", List.of(0L, 2L, 3L, 1L)));
        }
        onnx.node("Flatten", y, List.of(tensor));
    }
}
