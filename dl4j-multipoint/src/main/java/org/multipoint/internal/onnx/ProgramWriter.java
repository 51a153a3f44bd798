package org.multipoint.internal.onnx;

import onnx.Onnx.AttributeProto;
import org.multipoint.internal.engine.Activate;
import org.multipoint.internal.engine.Combine;
import org.multipoint.internal.engine.FusedRows;
import org.multipoint.internal.engine.Normalize;
import org.multipoint.internal.engine.Program;
import org.multipoint.internal.engine.Program.PoolKind;
import org.multipoint.internal.engine.Rearrange;
import org.multipoint.internal.engine.Roundings;
import org.multipoint.internal.engine.Slope;
import org.multipoint.internal.ops.Geometry;
import org.multipoint.internal.ops.InputQuantization;
import org.multipoint.internal.ops.LinearOp;
import org.multipoint.internal.ops.LinearOp.Size;
import org.multipoint.internal.ops.Window;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.BiFunction;
import java.util.stream.IntStream;
import java.util.stream.LongStream;

/**
 * Writes programs as nodes of an ONNX graph. Images are tensors {@code [N, C, H, W]}, those of arrays of rank 2 tensors {@code [N, C]}.
 *
 * <p>Operations on integers are floating operations between pairs of QuantizeLinear and DequantizeLinear: of what they read, which is rounded
 * where a program rounds it and nowhere else, and of their weights, the fused rows of their points.
 */
public final class ProgramWriter {

    /**
     * An image as a tensor of the model.
     *
     * @param shape its shape for one example
     * @param rank  of the array that holds it
     */
    public record Image(String tensor, Program.Shape shape, int rank) {
        private boolean flat() {
            return rank == 2;
        }
    }

    /** A tensor, and how it is rounded. */
    private record Rounded(String tensor, InputQuantization quantization) {
    }

    /** Largest integer of a bias: as much again is left for the sum. */
    private static final double LARGEST_BIAS = 1 << 30;
    /** How much of a step of the result may be lost where a bias is rounded. */
    private static final double UNSEEN = 1.0 / 128;
    /** How many bits finer the scale of a row of zeros is than its own. */
    private static final int FINE = 16;

    private final OnnxGraph onnx;
    private final TensorNames names;
    private final IntegerTensors integers;
    private final int codeLimit;
    private final Map<Rounded, String> rounded = new HashMap<>();

    /**
     * @param codeLimit largest absolute code of a weight
     */
    public ProgramWriter(OnnxGraph onnx, TensorNames names, int codeLimit) {
        this.onnx = onnx;
        this.names = names;
        this.integers = new IntegerTensors(onnx, names);
        this.codeLimit = codeLimit;
    }

    /**
     * Writes a program.
     *
     * @param vertex  that runs it, for errors and the names of tensors
     * @param results the name of the tensor of each result, by its index and the rank of its array
     * @return the results
     * @throws IllegalArgumentException where it cannot be written or does not fit the inputs; it names the vertex
     */
    public List<Image> write(String vertex, Program program, List<Image> inputs, BiFunction<Integer, Integer, String> results) {
        List<Program.Shape> shapes = shapes(vertex, program, inputs);
        Roundings roundings = Roundings.of(program);
        List<Image> all = new ArrayList<>(inputs);
        for (Program.Instruction instruction : program.instructions()) {
            int value = all.size();
            List<Image> from = instruction.reads().stream().map(all::get).toList();
            if (from.stream().mapToInt(Image::rank).distinct().count() > 1) {
                throw unsupported(vertex, "arrays of different ranks are added or merged");
            }
            int rank = instruction.rank(from.get(0).rank);
            int result = program.results().indexOf(value);
            String tensor = result < 0 ? names.of(vertex, String.valueOf(value)) : results.apply(result, rank);
            int read = instruction.reads().get(0) - program.inputs();
            boolean padded = read >= 0 && program.instructions().get(read) instanceof Program.Pad;
            write(new Writer(vertex, from, padded, tensor, roundings.behindRectifier(value)), instruction, roundings.of(value));
            all.add(new Image(tensor, shapes.get(value), rank));
        }
        return program.results().stream().map(all::get).toList();
    }

    private static List<Program.Shape> shapes(String vertex, Program program, List<Image> inputs) {
        try {
            return program.shapes(inputs.stream().map(Image::shape).toList());
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException(unsupported(vertex, e.getMessage()).getMessage(), e);
        }
    }

    private void write(Writer writer, Program.Instruction instruction, Optional<InputQuantization> rounding) {
        rounding.ifPresent(q -> rounded.put(new Rounded(writer.y, q), writer.y));
        if (rounding.isEmpty()) {
            instruction.accept(writer);
        } else if (instruction instanceof Program.Rectify rectify && clips(rounding.get(), rectify.upper())) {
            integers.round(writer.x.tensor, rounding.get(), writer.y);
        } else {
            Writer before = new Writer(writer.vertex, writer.from, writer.padded, names.of(writer.y, "raw"), writer.rounding);
            instruction.accept(before);
            integers.round(before.y, rounding.get(), writer.y);
        }
    }

    /** Whether quantization does what a rectifier before it does. */
    private static boolean clips(InputQuantization q, float upper) {
        return q.zeroPoint() == 0 && q.quantize(upper) == q.levels();
    }

    private String rounded(String tensor, InputQuantization q) {
        return rounded.computeIfAbsent(new Rounded(tensor, q), r -> {
            String y = names.of(tensor, "rounded" + rounded.size());
            integers.round(tensor, q, y);
            return y;
        });
    }

    static IllegalArgumentException unsupported(String vertex, Object what) {
        return new IllegalArgumentException("Vertex \"" + vertex + "\" cannot be written as ONNX: " + what);
    }

    /** Writes one instruction as the nodes that compute a tensor. */
    private final class Writer implements Program.Visitor<Void>, Rearrange.Kinds<Void> {
        private final String vertex;
        private final List<Image> from;
        private final Image x;
        private final boolean padded;
        private final String y;
        private final Optional<InputQuantization> rounding;

        /**
         * @param vertex   that the instruction is part of
         * @param from     what it reads
         * @param padded   whether that was padded by an instruction of its own
         * @param y        the tensor that it computes
         * @param rounding how what it computes is rounded, at once or behind a rectifier
         */
        Writer(String vertex, List<Image> from, boolean padded, String y, Optional<InputQuantization> rounding) {
            this.vertex = vertex;
            this.from = from;
            this.x = from.get(0);
            this.padded = padded;
            this.y = y;
            this.rounding = rounding;
        }

        @Override
        public Void visit(Program.Linear linear) {
            return linear.weights().map(w -> floating(linear, w.matrix()), w -> quantized(linear, w));
        }

        private Void floating(Program.Linear linear, float[] matrix) {
            LinearOp op = linear.op();
            float[] ordered = matrix;
            if (op.transposed()) {
                int[] order = inputsFirst(op);
                ordered = new float[matrix.length];
                for (int i = 0; i < ordered.length; i++) {
                    ordered[i] = matrix[order[i]];
                }
            }
            String weights = onnx.constant(names.of(y, "W"), ordered, weightShape(op));
            if (growsBefore(op)) {
                return added(linear(op, names.of(y, "sums"), List.of(x.tensor, weights)), linear.bias());
            }
            linear(op, y, List.of(x.tensor, weights, onnx.constant(names.of(y, "b"), linear.bias(), op.rows())));
            return null;
        }

        private Void quantized(Program.Linear linear, Program.IntegerWeights weights) {
            LinearOp op = linear.op();
            FusedRows rows = FusedRows.of(weights.points(), codeLimit);
            byte[] codes = rows.codes().clone();
            float[] scales = rows.scales().clone();
            widen(codes, scales);
            byte[] ordered = codes;
            if (op.transposed()) {
                int[] order = inputsFirst(op);
                ordered = new byte[order.length];
                for (int i = 0; i < ordered.length; i++) {
                    ordered[i] = codes[order[i]];
                }
            }
            String w = integers.weights(names.of(y, "W"), ordered, scales, op.transposed() ? 1 : 0, weightShape(op));
            String image = rounded(x.tensor, weights.input());
            Optional<String> bias = integerBias(linear, weights.input(), scales);
            if (bias.isEmpty()) {
                // ONNX Runtime would make integers of a bias of the operation itself.
                return added(linear(op, names.of(y, "sums"), List.of(image, w)), linear.bias());
            }
            linear(op, y, List.of(image, w, bias.get()));
            return null;
        }

        /** Multiplies rows of codes by powers of two, as far as they stay within the limit: no weight changes, and biases have finer steps. */
        private void widen(byte[] codes, float[] scales) {
            int columns = codes.length / scales.length;
            for (int r = 0; r < scales.length; r++) {
                int largest = 0;
                for (int i = r * columns; i < (r + 1) * columns; i++) {
                    largest = Math.max(largest, Math.abs(codes[i]));
                }
                int shift = largest == 0 ? FINE : 31 - Integer.numberOfLeadingZeros(codeLimit / largest);
                scales[r] = Math.scalb(scales[r], -shift);
                for (int i = r * columns; i < (r + 1) * columns; i++) {
                    codes[i] <<= shift;
                }
            }
        }

        /**
         * The bias of an operation on integers: as integers, with which runtimes start their sums, where the result is rounded and this rounding
         * is too small to be seen in it.
         */
        private Optional<String> integerBias(Program.Linear linear, InputQuantization input, float[] weightScales) {
            float[] bias = linear.bias();
            int[] codes = new int[bias.length];
            float[] scales = new float[bias.length];
            boolean fine = rounding.isPresent() && !linear.op().transposed();
            for (int r = 0; r < codes.length && fine; r++) {
                scales[r] = input.scale() * weightScales[r];
                double code = Math.rint(bias[r] / (double) scales[r]);
                codes[r] = (int) code;
                fine = Math.abs(code) <= LARGEST_BIAS && Math.abs(bias[r] - code * scales[r]) <= UNSEEN * rounding.get().scale();
            }
            return fine ? Optional.of(integers.biases(names.of(y, "b"), codes, scales)) : Optional.empty();
        }

        private Void added(String sums, float[] bias) {
            long[] shape = x.flat() ? new long[]{bias.length} : new long[]{1, bias.length, 1, 1};
            return node("Add", List.of(sums, onnx.constant(names.of(y, "b"), bias, shape)));
        }

        private long[] weightShape(LinearOp op) {
            return x.flat() ? new long[]{op.rows(), op.columns()}
                    : op.transposed() ? new long[]{op.inChannels(), op.rows(), op.kernel().height(), op.kernel().width()}
                    : new long[]{op.rows(), op.inChannels() / op.groups(), op.kernel().height(), op.kernel().width()};
        }

        /**
         * Writes a linear operation.
         *
         * @param to     the tensor that is computed
         * @param inputs the image, the weights, and the bias if there is one
         * @return that tensor
         */
        private String linear(LinearOp op, String to, List<String> inputs) {
            if (x.flat()) {
                onnx.node("Gemm", to, inputs, OnnxGraph.attribute("transB", 1));
            } else if (op.transposed()) {
                transposed(op, to, inputs);
            } else {
                windowed("Conv", to, op.window(), inputs, OnnxGraph.attribute("group", op.groups()));
            }
            return to;
        }

        /** The place in a matrix of each weight of a deconvolution, of which ONNX has the input channels first. */
        private int[] inputsFirst(LinearOp op) {
            int taps = op.kernel().height() * op.kernel().width();
            return IntStream.range(0, op.rows() * op.columns())
                    .map(i -> i / taps % op.rows() * op.columns() + i / (taps * op.rows()) * taps + i % taps).toArray();
        }

        /** Whether a deconvolution adds rows or columns before its first, which ONNX does not. */
        private boolean growsBefore(LinearOp op) {
            Geometry g = op.geometry(x.shape.h(), x.shape.w());
            return op.transposed() && (g.padTop() < 0 || g.padLeft() < 0);
        }

        /** ONNX has what is cut off the full output as padding, or added behind it. */
        private void transposed(LinearOp op, String to, List<String> inputs) {
            Geometry g = op.geometry(x.shape.h(), x.shape.w());
            List<AttributeProto> attributes = attributes(op.window(), g);
            if (growsBefore(op)) {
                onnx.node("ConvTranspose", names.of(y, "inside"), inputs, attributes.toArray(AttributeProto[]::new));
                pad(names.of(y, "inside"), to, Math.max(-g.padTop(), 0), Math.max(-g.padLeft(), 0), Math.max(-g.padBottom(), 0),
                        Math.max(-g.padRight(), 0));
                return;
            }
            attributes.add(OnnxGraph.attribute("output_padding",
                    List.of((long) Math.max(-g.padBottom(), 0), (long) Math.max(-g.padRight(), 0))));
            onnx.node("ConvTranspose", to, inputs, attributes.toArray(AttributeProto[]::new));
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
            long[] sizes = x.flat() ? new long[]{s.c()} : new long[]{s.c(), s.h(), s.w()};
            return node("PRelu", List.of(x.tensor, onnx.constant(names.of(y, "slopes"), slope.slopes(), sizes)));
        }

        @Override
        public Void visit(Program.Softmax softmax) {
            return node("Softmax", List.of(x.tensor), OnnxGraph.attribute("axis", 1));
        }

        /** ONNX has no smallest norm. */
        @Override
        public Void visit(Normalize normalize) {
            onnx.node("ReduceL2", names.of(y, "norm"), List.of(x.tensor),
                    OnnxGraph.attribute("axes", x.flat() ? List.of(1L) : List.of(1L, 2L, 3L)), OnnxGraph.attribute("keepdims", 1));
            onnx.node("Max", names.of(y, "divisor"),
                    List.of(names.of(y, "norm"), onnx.constant(names.of(y, "least"), new float[]{normalize.least()})));
            return node("Div", List.of(x.tensor, names.of(y, "divisor")));
        }

        @Override
        public Void visit(Program.Add add) {
            List<String> addends = IntStream.range(0, from.size()).mapToObj(i -> {
                String addend = from.get(i).tensor;
                return add.roundings().get(i).map(q -> rounded(addend, q)).orElse(addend);
            }).toList();
            return addends.size() == 1 ? node("Identity", addends) : fold("Add", addends);
        }

        @Override
        public Void visit(Combine combine) {
            return fold(switch (combine.operation()) {
                case PRODUCT -> "Mul";
                case MAXIMUM -> "Max";
                case DIFFERENCE -> "Sub";
            }, from.stream().map(Image::tensor).toList());
        }

        /** An operation on the first two tensors, on the result and the third, and so on. */
        private Void fold(String op, List<String> tensors) {
            String result = tensors.get(0);
            for (int i = 1; i < tensors.size() - 1; i++) {
                String next = names.of(y, "part" + i);
                onnx.node(op, next, List.of(result, tensors.get(i)));
                result = next;
            }
            return node(op, List.of(result, tensors.get(tensors.size() - 1)));
        }

        @Override
        public Void visit(Program.Concat concat) {
            return node("Concat", from.stream().map(Image::tensor).toList(), OnnxGraph.attribute("axis", concat.axis()));
        }

        @Override
        public Void visit(Program.Pool pool) {
            if (pool.kind() == PoolKind.MAX) {
                return windowed("MaxPool", y, pool.window(), List.of(x.tensor));
            }
            return pool.window().dilation().equals(Size.ONE) && !padded ? windowed("AveragePool", y, pool.window(), List.of(x.tensor),
                    OnnxGraph.attribute("count_include_pad", pool.kind() == PoolKind.MEAN_WITH_PADDING ? 1 : 0)) : meanOfSums(pool);
        }

        /**
         * An average as sums, which are a convolution of ones, divided by the numbers of pixels. Averages of this operator set have no dilation,
         * and ONNX Runtime 1.23 merges padding into an average behind it also where it then refuses the result.
         */
        private Void meanOfSums(Program.Pool pool) {
            Window window = pool.window();
            Geometry g = window.geometry(x.shape.h(), x.shape.w());
            int taps = window.kernel().height() * window.kernel().width();
            int[] rows = window.rowsInside(g);
            int[] columns = window.columnsInside(g);
            float[] counts = new float[rows.length * columns.length];
            for (int i = 0; i < counts.length; i++) {
                counts[i] = pool.kind() == PoolKind.MEAN ? rows[i / columns.length] * columns[i % columns.length] : taps;
            }
            float[] ones = new float[x.shape.c() * taps];
            Arrays.fill(ones, 1);
            String sum = names.of(y, "sum");
            windowed("Conv", sum, window, List.of(x.tensor, onnx.constant(names.of(y, "ones"), ones, x.shape.c(), 1,
                    window.kernel().height(), window.kernel().width())), OnnxGraph.attribute("group", x.shape.c()));
            return node("Div", List.of(sum, onnx.constant(names.of(y, "counts"), counts, 1, 1, rows.length, columns.length)));
        }

        @Override
        public Void visit(Program.GlobalPool pool) {
            return node(pool.kind() == PoolKind.MAX ? "GlobalMaxPool" : "GlobalAveragePool", List.of(x.tensor));
        }

        @Override
        public Void visit(Program.Pad pad) {
            Program.Frame f = pad.frame();
            return pad(x.tensor, y, f.top(), f.left(), f.bottom(), f.right());
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
            return pad(x.tensor, y, -f.top(), -f.left(), -f.bottom(), -f.right());
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

        /** The order of values is that of the array, which has the channels last or first; a sequence is an image of one column. */
        @Override
        public Void visit(Rearrange.Reshape reshape) {
            boolean last = reshape.channelsLast() && reshape.sizes().size() > 1;
            List<Integer> sizes = new ArrayList<>(reshape.sizes());
            if (sizes.size() == 2) {
                sizes.add(last ? 1 : 2, 1);
            }
            String shape = onnx.constant(names.of(y, "shape"),
                    LongStream.concat(LongStream.of(-1), sizes.stream().mapToLong(i -> i)).toArray(), sizes.size() + 1);
            String from = reshape.channelsLast() && !x.flat() ? channelsLast() : x.tensor;
            if (!last) {
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

        /** Adds zeros to an image, or cuts off pixels where a number is negative. */
        private Void pad(String image, String padded, int top, int left, int bottom, int right) {
            onnx.node("Pad", padded, List.of(image, onnx.constant(names.of(padded, "pads"),
                    new long[]{0, 0, top, left, 0, 0, bottom, right}, 8)));
            return null;
        }

        /**
         * A window over the image that is read. ONNX has no negative padding of windows: pixels are cut off beforehand.
         *
         * @param to     the tensor that is computed
         * @param inputs the image, rounded or not, and constants
         */
        private Void windowed(String op, String to, Window window, List<String> inputs, AttributeProto... more) {
            Geometry g = window.geometry(x.shape.h(), x.shape.w());
            List<String> cut = new ArrayList<>(inputs);
            if (Math.min(Math.min(g.padTop(), g.padLeft()), Math.min(g.padBottom(), g.padRight())) < 0) {
                cut.set(0, names.of(to, "cut"));
                pad(inputs.get(0), cut.get(0), Math.min(g.padTop(), 0), Math.min(g.padLeft(), 0), Math.min(g.padBottom(), 0),
                        Math.min(g.padRight(), 0));
            }
            List<AttributeProto> attributes = attributes(window, g);
            attributes.addAll(List.of(more));
            onnx.node(op, to, cut, attributes.toArray(AttributeProto[]::new));
            return null;
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
