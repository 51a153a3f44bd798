package org.multipoint.onnx;

import onnx.Onnx.AttributeProto;
import org.deeplearning4j.nn.conf.graph.GraphVertex;
import org.deeplearning4j.nn.conf.graph.LayerVertex;
import org.deeplearning4j.nn.conf.layers.ActivationLayer;
import org.deeplearning4j.nn.conf.layers.LossLayer;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.multipoint.internal.calibration.RangeStatistics;
import org.multipoint.internal.engine.Activate;
import org.multipoint.internal.engine.Combine;
import org.multipoint.internal.engine.Normalize;
import org.multipoint.internal.engine.Program;
import org.multipoint.internal.engine.Program.PoolKind;
import org.multipoint.internal.engine.Rearrange;
import org.multipoint.internal.engine.Slope;
import org.multipoint.internal.graph.BatchNormFolding;
import org.multipoint.internal.ops.Geometry;
import org.multipoint.internal.ops.InputQuantization;
import org.multipoint.internal.ops.LinearOp;
import org.multipoint.internal.ops.LinearOp.Size;
import org.multipoint.internal.ops.Tensor;
import org.multipoint.internal.ops.Window;
import org.multipoint.options.MultipointOptions.Clipping;
import org.multipoint.segments.Segment;
import org.multipoint.segments.SegmentResult;
import org.multipoint.segments.Segments;
import org.nd4j.linalg.activations.IActivation;
import org.nd4j.linalg.activations.impl.ActivationIdentity;
import org.nd4j.linalg.activations.impl.ActivationSoftmax;
import org.nd4j.linalg.api.ndarray.INDArray;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.LongStream;

/**
 * Writes a graph as an ONNX model: in floating point, or quantized to 8 bits in the form that ONNX Runtime runs on integers. It can write
 * what {@link Segments} can compile, except for dilated average pooling and sequences. The model's images are channels first,
 * whatever the graph's are: a graph that takes {@code [N, H, W, C]} becomes a model that takes {@code [N, C, H, W]}, and so for outputs of rank 4.
 */
public final class OnnxExporter {

    /**
     * A tensor of the model.
     *
     * @param shape its shape for the given examples
     * @param flat  true where it is a vector for each example, which has no axes for rows and columns
     */
    private record Value(String tensor, Program.Shape shape, boolean flat) {
    }

    /** Largest absolute codes of weights of 7 and of 8 bits. */
    private static final int REDUCED = 63;
    private static final int FULL = 127;

    private final Map<String, INDArray> examples = new HashMap<>();
    private final Map<String, Value> values = new HashMap<>();
    private final OnnxGraph onnx = new OnnxGraph();
    private final TensorNames names;

    /**
     * @param source   in fp32; not changed
     * @param examples inputs from which sizes and ranges of activations are taken, one array for each network input
     * @throws IllegalArgumentException where a vertex cannot be written; it names the vertex
     */
    public OnnxExporter(ComputationGraph source, INDArray... examples) {
        ComputationGraph graph = Segments.compile(BatchNormFolding.folded(source)).graph();
        Set<String> taken = new HashSet<>(graph.getConfiguration().getVertices().keySet());
        taken.addAll(graph.getConfiguration().getNetworkInputs());
        names = new TensorNames(taken);
        try {
            write(graph, examples);
        } finally {
            graph.close();
        }
    }

    private void write(ComputationGraph graph, INDArray[] examples) {
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
                write(name, vertices.get(name), vertex.params(), graph.getConfiguration().getVertexInputs().get(name));
            }
        }
        for (String name : graph.getConfiguration().getNetworkOutputs()) {
            onnx.output(name, values.get(name).flat ? 2 : 4);
        }
    }

    private void write(String name, GraphVertex vertex, INDArray params, List<String> inputs) {
        Optional<Segment> segment = Segment.of(vertex);
        if (segment.isPresent()) {
            program(name, segment.get(), segment.get().program(params), inputs.stream().map(values::get).toList());
        } else if (!(vertex instanceof SegmentResult)) {
            values.put(name, activation(name, activation(name, vertex), values.get(inputs.get(0))));
        }
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
     * over the range that the floating model has on the examples.
     *
     * @param reduceRange whether weights take 7 bits, as with {@code reduce_range} of ONNX Runtime's own quantizer: for CPUs on which sums
     *                    of two products of 8 bits saturate
     */
    public byte[] quantized(boolean reduceRange) {
        Map<String, InputQuantization> quantizations = new HashMap<>();
        examples.forEach((name, example) -> quantizations.put(name, covering(Tensor.of(example).data())));
        try (OnnxRuntimeNetwork runtime = new OnnxRuntimeNetwork(onnx.withAllOutputs().toBytes(), examples, 1)) {
            runtime.run().forEach((name, activations) -> quantizations.put(name, covering(activations)));
        }
        return new IntegerForm(onnx, quantizations, reduceRange ? REDUCED : FULL).graph().toBytes();
    }

    private static InputQuantization covering(float[] values) {
        RangeStatistics range = new RangeStatistics();
        range.add(values);
        return range.quantization(Clipping.MIN_MAX, 8);
    }

    /** The activation that a vertex outside segments applies. */
    private static IActivation activation(String name, GraphVertex vertex) {
        if (vertex instanceof LayerVertex v && v.getLayerConf().getLayer() instanceof ActivationLayer a) {
            return a.getActivationFn();
        } else if (vertex instanceof LayerVertex v && v.getLayerConf().getLayer() instanceof LossLayer l) {
            return l.getActivationFn();
        }
        throw unsupported(name, vertex);
    }

    private Value activation(String name, IActivation activation, Value x) {
        if (activation instanceof ActivationSoftmax) {
            onnx.node("Softmax", name, List.of(x.tensor), OnnxGraph.attribute("axis", 1));
        } else if (activation instanceof ActivationIdentity) {
            onnx.node("Identity", name, List.of(x.tensor));
        } else {
            throw unsupported(name, "activation " + activation);
        }
        return new Value(name, x.shape, x.flat);
    }

    /**
     * Writes what a segment runs, with results under the names of the parts that compute them.
     *
     * @param vertex the segment's, for errors and the names of tensors
     */
    private void program(String vertex, Segment segment, Program program, List<Value> inputs) {
        List<Program.Shape> shapes = program.shapes(inputs.stream().map(Value::shape).toList());
        List<Value> all = new ArrayList<>(inputs);
        for (Program.Instruction instruction : program.instructions()) {
            List<Value> from = instruction.reads().stream().map(all::get).toList();
            int result = program.results().indexOf(all.size());
            String name = result < 0 ? null : segment.results().get(result);
            Optional<IActivation> foreign = Optional.ofNullable(name).flatMap(segment::foreignActivation);
            String tensor = name == null ? names.of(vertex, String.valueOf(all.size()))
                    : foreign.isPresent() ? names.of(name, "linear") : name;
            instruction.accept(new Writer(vertex, from, tensor));
            Value value = new Value(tensor, shapes.get(all.size()), instruction.rank(from.get(0).flat ? 2 : 4) == 2);
            all.add(value);
            if (name != null) {
                values.put(name, foreign.map(a -> activation(name, a, value)).orElse(value));
            }
        }
    }

    /** Writes one instruction as the nodes that compute a tensor. */
    private final class Writer implements Program.Visitor<Void>, Rearrange.Kinds<Void> {
        private final String vertex;
        private final List<Value> from;
        private final Value x;
        private final String y;

        /**
         * @param vertex that the instruction is part of
         * @param from   what it reads
         * @param y      the tensor that it computes
         */
        Writer(String vertex, List<Value> from, String y) {
            this.vertex = vertex;
            this.from = from;
            this.x = from.get(0);
            this.y = y;
        }

        @Override
        public Void visit(Program.Linear linear) {
            LinearOp op = linear.op();
            float[] matrix = linear.weights().map(Program.FloatWeights::matrix, w -> {
                throw unsupported(vertex, "weights of integers; write the network that they were made from");
            });
            String bias = onnx.constant(names.of(y, "b"), linear.bias(), op.rows());
            if (x.flat) {
                String w = onnx.constant(names.of(y, "W"), matrix, op.rows(), op.columns());
                return node("Gemm", List.of(x.tensor, w, bias), OnnxGraph.attribute("transB", 1));
            }
            if (op.transposed()) {
                return transposed(op, matrix, bias);
            }
            String w = onnx.constant(names.of(y, "W"), matrix, op.rows(), op.inChannels() / op.groups(), op.kernel().height(),
                    op.kernel().width());
            return windowed("Conv", op.window(), List.of(w, bias), OnnxGraph.attribute("group", op.groups()));
        }

        /** ONNX has input channels first, and what is cut off the full output as padding, or added behind it. */
        private Void transposed(LinearOp op, float[] matrix, String bias) {
            Geometry g = op.geometry(x.shape.h(), x.shape.w());
            if (g.padTop() < 0 || g.padLeft() < 0) {
                throw unsupported(vertex, "rows or columns that a deconvolution adds before its first");
            }
            int taps = op.kernel().height() * op.kernel().width();
            float[] inputsFirst = new float[matrix.length];
            for (int i = 0; i < matrix.length; i++) {
                int row = i / op.columns();
                int channel = i % op.columns() / taps;
                inputsFirst[(channel * op.rows() + row) * taps + i % taps] = matrix[i];
            }
            String w = onnx.constant(names.of(y, "W"), inputsFirst, op.inChannels(), op.rows(), op.kernel().height(), op.kernel().width());
            List<AttributeProto> attributes = attributes(op.window(), g);
            attributes.add(OnnxGraph.attribute("output_padding",
                    List.of((long) Math.max(-g.padBottom(), 0), (long) Math.max(-g.padRight(), 0))));
            return node("ConvTranspose", List.of(x.tensor, w, bias), attributes.toArray(AttributeProto[]::new));
        }

        /** Batch normalization of mean 0 and variance 1. */
        @Override
        public Void visit(Program.Affine affine) {
            int channels = affine.factor().length;
            float[] ones = new float[channels];
            Arrays.fill(ones, 1);
            return node("BatchNormalization", List.of(x.tensor, onnx.constant(names.of(y, "factor"), affine.factor(), channels),
                    onnx.constant(names.of(y, "shift"), affine.shift(), channels),
                    onnx.constant(names.of(y, "mean"), new float[channels], channels),
                    onnx.constant(names.of(y, "variance"), ones, channels)), OnnxGraph.attribute("epsilon", 0f));
        }

        @Override
        public Void visit(Program.Rectify rectify) {
            return Float.isInfinite(rectify.upper()) ? node("Relu", List.of(x.tensor))
                    : node("Clip", List.of(x.tensor, onnx.constant(names.of(y, "min"), new float[]{0}),
                            onnx.constant(names.of(y, "max"), new float[]{rectify.upper()})));
        }

        @Override
        public Void visit(Activate activate) {
            new OnnxFunctions(onnx, names).write(activate.function(), x.tensor, y);
            return null;
        }

        @Override
        public Void visit(Slope slope) {
            Program.Shape s = slope.sizes();
            long[] sizes = x.flat ? new long[]{s.c()} : new long[]{s.c(), s.h(), s.w()};
            return node("PRelu", List.of(x.tensor, onnx.constant(names.of(y, "slopes"), slope.slopes(), sizes)));
        }

        @Override
        public Void visit(Program.Softmax softmax) {
            return node("Softmax", List.of(x.tensor), OnnxGraph.attribute("axis", 1));
        }

        /** ONNX has no smallest norm. */
        @Override
        public Void visit(Normalize normalize) {
            onnx.node("ReduceL2", names.of(y, "norm"), List.of(x.tensor), OnnxGraph.attribute("axes", x.flat ? List.of(1L) : List.of(1L, 2L, 3L)),
                    OnnxGraph.attribute("keepdims", 1));
            onnx.node("Max", names.of(y, "divisor"),
                    List.of(names.of(y, "norm"), onnx.constant(names.of(y, "least"), new float[]{normalize.least()})));
            return node("Div", List.of(x.tensor, names.of(y, "divisor")));
        }

        @Override
        public Void visit(Program.Add add) {
            return from.size() == 1 ? node("Identity", List.of(x.tensor)) : fold("Add");
        }

        @Override
        public Void visit(Combine combine) {
            return fold(switch (combine.operation()) {
                case PRODUCT -> "Mul";
                case MAXIMUM -> "Max";
                case DIFFERENCE -> "Sub";
            });
        }

        /** An operation on the first two tensors that are read, on the result and the third, and so on. */
        private Void fold(String op) {
            String result = x.tensor;
            for (int i = 1; i < from.size() - 1; i++) {
                String next = names.of(y, String.valueOf(i));
                onnx.node(op, next, List.of(result, from.get(i).tensor));
                result = next;
            }
            return node(op, List.of(result, from.get(from.size() - 1).tensor));
        }

        @Override
        public Void visit(Program.Concat concat) {
            return node("Concat", from.stream().map(Value::tensor).toList(), OnnxGraph.attribute("axis", concat.axis()));
        }

        @Override
        public Void visit(Program.Pool pool) {
            if (pool.kind() == PoolKind.MAX) {
                return windowed("MaxPool", pool.window(), List.of());
            }
            if (!pool.window().dilation().equals(Size.ONE)) {
                throw unsupported(vertex, "dilated average pooling");
            }
            return windowed("AveragePool", pool.window(), List.of(),
                    OnnxGraph.attribute("count_include_pad", pool.kind() == PoolKind.MEAN_WITH_PADDING ? 1 : 0));
        }

        @Override
        public Void visit(Program.GlobalPool pool) {
            return node(pool.kind() == PoolKind.MAX ? "GlobalMaxPool" : "GlobalAveragePool", List.of(x.tensor));
        }

        @Override
        public Void visit(Program.Pad pad) {
            Program.Frame f = pad.frame();
            return pad(y, f.top(), f.left(), f.bottom(), f.right());
        }

        /** Programs flatten in the order (row, column, channel). */
        @Override
        public Void visit(Program.Flatten flatten) {
            return node("Flatten", List.of(x.shape.h() * x.shape.w() > 1 ? channelsLast() : x.tensor));
        }

        @Override
        public Void visit(Rearrange rearrange) {
            return rearrange.acceptKind(this);
        }

        @Override
        public Void visit(Rearrange.Upsample upsample) {
            onnx.constant(names.of(y, "scales"), new float[]{1, 1, upsample.rows(), upsample.columns()}, 4);
            return node("Resize", List.of(x.tensor, "", names.of(y, "scales")), OnnxGraph.attribute("mode", "nearest"),
                    OnnxGraph.attribute("coordinate_transformation_mode", "asymmetric"), OnnxGraph.attribute("nearest_mode", "floor"));
        }

        @Override
        public Void visit(Rearrange.Crop crop) {
            Program.Frame f = crop.frame();
            return pad(y, -f.top(), -f.left(), -f.bottom(), -f.right());
        }

        @Override
        public Void visit(Rearrange.Select select) {
            return node("Slice", List.of(x.tensor, onnx.constant(names.of(y, "from"), new long[]{select.from()}, 1),
                    onnx.constant(names.of(y, "to"), new long[]{select.to()}, 1), onnx.constant(names.of(y, "axis"), new long[]{1}, 1)));
        }

        @Override
        public Void visit(Rearrange.SpaceToDepth fold) {
            return node("SpaceToDepth", List.of(x.tensor), OnnxGraph.attribute("blocksize", fold.block()));
        }

        @Override
        public Void visit(Rearrange.Reshape reshape) {
            List<Integer> sizes = reshape.sizes();
            if (sizes.size() == 2) {
                throw unsupported(vertex, "a sequence of sizes " + sizes);
            }
            boolean last = reshape.channelsLast();
            String shape = onnx.constant(names.of(y, "shape"),
                    LongStream.concat(LongStream.of(-1), sizes.stream().mapToLong(i -> i)).toArray(), sizes.size() + 1);
            String from = last && !x.flat ? channelsLast() : x.tensor;
            if (!last || sizes.size() == 1) {
                return node("Reshape", List.of(from, shape));
            }
            onnx.node("Reshape", names.of(y, "reshaped"), List.of(from, shape));
            return node("Transpose", List.of(names.of(y, "reshaped")), OnnxGraph.attribute("perm", List.of(0L, 3L, 1L, 2L)));
        }

        /** Sequences are images of width 1 here, and the axes of images are channels first. */
        @Override
        public Void visit(Rearrange.Permute permute) {
            List<Integer> image = permute.channelsLast() ? permute.axes().size() == 3 ? List.of(0, 2, 1) : List.of(0, 2, 3, 1) : List.of(0, 1, 2, 3);
            Long[] order = {0L, 1L, 2L, 3L};
            for (int i = 0; i < permute.axes().size(); i++) {
                order[image.get(i)] = (long) image.get(permute.axes().get(i));
            }
            return node("Transpose", List.of(x.tensor), OnnxGraph.attribute("perm", List.of(order)));
        }

        /** Of a batch of any size. */
        @Override
        public Void visit(Rearrange.Part part) {
            throw unsupported(vertex, "a part of the examples");
        }

        private String channelsLast() {
            onnx.node("Transpose", names.of(y, "nhwc"), List.of(x.tensor), OnnxGraph.attribute("perm", List.of(0L, 2L, 3L, 1L)));
            return names.of(y, "nhwc");
        }

        private Void node(String op, List<String> inputs, AttributeProto... attributes) {
            onnx.node(op, y, inputs, attributes);
            return null;
        }

        /** Adds zeros to the image that is read, or cuts off pixels where a number is negative. */
        private Void pad(String padded, int top, int left, int bottom, int right) {
            onnx.node("Pad", padded, List.of(x.tensor, onnx.constant(names.of(padded, "pads"),
                    new long[]{0, 0, top, left, 0, 0, bottom, right}, 8)));
            return null;
        }

        /** A window over the image that is read. ONNX has no negative padding of windows: pixels are cut off beforehand. */
        private Void windowed(String op, Window window, List<String> constants, AttributeProto... more) {
            Geometry g = window.geometry(x.shape.h(), x.shape.w());
            String image = x.tensor;
            if (Math.min(Math.min(g.padTop(), g.padLeft()), Math.min(g.padBottom(), g.padRight())) < 0) {
                image = names.of(y, "cut");
                pad(image, Math.min(g.padTop(), 0), Math.min(g.padLeft(), 0), Math.min(g.padBottom(), 0), Math.min(g.padRight(), 0));
            }
            List<String> inputs = new ArrayList<>(List.of(image));
            inputs.addAll(constants);
            List<AttributeProto> attributes = attributes(window, g);
            attributes.addAll(List.of(more));
            return node(op, inputs, attributes.toArray(AttributeProto[]::new));
        }
    }

    private static List<AttributeProto> attributes(Window window, Geometry g) {
        List<AttributeProto> attributes = new ArrayList<>(List.of(
                OnnxGraph.attribute("kernel_shape", axes(window.kernel())),
                OnnxGraph.attribute("strides", axes(window.stride())),
                OnnxGraph.attribute("pads", LongStream.of(g.padTop(), g.padLeft(), g.padBottom(), g.padRight())
                        .mapToObj(p -> Math.max(p, 0)).toList())));
        // Average pooling has no dilation in this operator set.
        if (!window.dilation().equals(Size.ONE)) {
            attributes.add(OnnxGraph.attribute("dilations", axes(window.dilation())));
        }
        return attributes;
    }

    private static List<Long> axes(Size size) {
        return List.of((long) size.height(), (long) size.width());
    }
}
