package org.multipoint.internal.engine;

import org.multipoint.internal.ops.Geometry;
import org.multipoint.internal.ops.InputQuantization;
import org.multipoint.internal.ops.LinearOp;
import org.multipoint.internal.ops.LinearOp.PaddingMode;
import org.multipoint.internal.ops.Window;
import org.multipoint.points.MultipointMatrix;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.IntFunction;
import java.util.function.ToIntFunction;

/**
 * What an engine runs in one piece: a straight list of instructions over images, each of which computes one value from earlier ones. Values
 * are numbered: inputs first, then one for each instruction. All values are floating point; an engine may hold them as integers where only
 * quantized operations read them.
 *
 * <p>A value is an image {@code [n, c, h, w]}; vectors are images of one pixel, sequences images of width 1.
 *
 * @param inputs       number of inputs, at least 1
 * @param channelsLast true where the channel axis of input and result arrays of rank 3 and 4 is the last one
 * @param instructions at least one
 * @param results      numbers of the values that are returned: values of instructions, all different
 */
public record Program(int inputs, boolean channelsLast, List<Instruction> instructions, List<Integer> results) {

    /** Sizes of an image. */
    public record Shape(int n, int c, int h, int w) {

        /**
         * The shape of an operation on each element of images, which are broadcast along axes of size 1.
         *
         * @throws IllegalArgumentException where sizes differ that are not 1
         */
        static Shape broadcast(List<Shape> shapes) {
            return new Shape(common(shapes, Shape::n), common(shapes, Shape::c), common(shapes, Shape::h), common(shapes, Shape::w));
        }

        private static int common(List<Shape> shapes, ToIntFunction<Shape> axis) {
            int[] sizes = shapes.stream().mapToInt(axis).filter(size -> size != 1).distinct().toArray();
            if (sizes.length > 1) {
                throw new IllegalArgumentException("Images to be added or multiplied have different shapes: " + shapes);
            }
            return sizes.length == 0 ? 1 : sizes[0];
        }

        @Override
        public String toString() {
            return "[" + n + ", " + c + ", " + h + ", " + w + "]";
        }
    }

    /** An instruction. Code that depends on its kind is a {@link Visitor}: it does not compile if it forgets a kind. */
    public interface Instruction {
        /** Numbers of the values that it reads. */
        List<Integer> reads();

        /** Calls the visitor's method for this kind of instruction. */
        <R> R accept(Visitor<R> visitor);

        /**
         * Shape of the result.
         *
         * @param read shapes of the values that it reads
         * @throws IllegalArgumentException where they do not fit
         */
        Shape shape(List<Shape> read);

        /**
         * Rank of the array that would hold the result.
         *
         * @param read rank of the arrays of the values that it reads
         */
        default int rank(int read) {
            return read;
        }

        /** Whether rounding all that it reads in one way does the same as rounding its result in that way. */
        default boolean commutesWithRounding() {
            return false;
        }

        /** The same instruction without weights and biases. */
        default Instruction withoutWeights() {
            return this;
        }
    }

    /**
     * One method for each kind of instruction.
     *
     * @param <R> the result
     */
    public interface Visitor<R> {
        R visit(Linear linear);

        R visit(Affine affine);

        R visit(Rectify rectify);

        R visit(Activate activate);

        R visit(Slope slope);

        R visit(Softmax softmax);

        R visit(Normalize normalize);

        R visit(Add add);

        R visit(Combine combine);

        R visit(Concat concat);

        R visit(Pool pool);

        R visit(GlobalPool pool);

        R visit(Pad pad);

        R visit(Flatten flatten);

        R visit(Rearrange rearrange);
    }

    /** An instruction that reads one value. */
    interface OneInput extends Instruction {
        /** Number of the value that it reads. */
        int input();

        @Override
        default List<Integer> reads() {
            return List.of(input());
        }

        /** By default that of the value that it reads. */
        @Override
        default Shape shape(List<Shape> read) {
            return read.get(0);
        }
    }

    /** Weights of a linear operation. */
    public sealed interface Weights {
        /** Calls the function for this kind of weights. */
        <R> R map(Function<FloatWeights, R> floating, Function<IntegerWeights, R> integer);

        /** How the operation's input is quantized; empty where it stays floating. */
        default Optional<InputQuantization> quantization() {
            return map(w -> Optional.empty(), w -> Optional.of(w.input()));
        }
    }

    /**
     * @param matrix {@code [rows, columns]} row by row
     */
    public record FloatWeights(float[] matrix) implements Weights {
        @Override
        public <R> R map(Function<FloatWeights, R> floating, Function<IntegerWeights, R> integer) {
            return floating.apply(this);
        }

        @Override
        public boolean equals(Object other) {
            return other instanceof FloatWeights w && Arrays.equals(matrix, w.matrix);
        }

        @Override
        public int hashCode() {
            return Arrays.hashCode(matrix);
        }
    }

    /**
     * Weights as they are stored: each engine chooses the form in which it multiplies them.
     *
     * @param points {@code [rows, columns]}
     * @param input  how the operation's input is quantized
     */
    public record IntegerWeights(MultipointMatrix points, InputQuantization input) implements Weights {
        @Override
        public <R> R map(Function<FloatWeights, R> floating, Function<IntegerWeights, R> integer) {
            return integer.apply(this);
        }
    }

    /**
     * A convolution or dense layer without its activation; {@link LinearOp#channelsLast()} has no meaning here.
     *
     * @param bias {@code [rows]}
     */
    public record Linear(int input, LinearOp op, Weights weights, float[] bias) implements OneInput {
        @Override
        public <R> R accept(Visitor<R> visitor) {
            return visitor.visit(this);
        }

        @Override
        public Shape shape(List<Shape> read) {
            Shape x = read.get(0);
            if (x.c != op.inChannels()) {
                throw new IllegalArgumentException("Expected " + op.inChannels() + " channels, found an image of " + x);
            }
            Geometry g = op.geometry(x.h, x.w);
            return new Shape(x.n, op.outChannels(), g.outHeight(), g.outWidth());
        }

        @Override
        public Linear withoutWeights() {
            return new Linear(input, op, weights.map(w -> new FloatWeights(null), w -> new IntegerWeights(null, w.input())), null);
        }

        @Override
        public boolean equals(Object other) {
            return other instanceof Linear l && input == l.input && op.equals(l.op) && weights.equals(l.weights)
                    && Arrays.equals(bias, l.bias);
        }

        @Override
        public int hashCode() {
            return Objects.hash(input, op, weights, Arrays.hashCode(bias));
        }
    }

    /** {@code y = x * factor + shift}, one factor and shift for each channel. */
    public record Affine(int input, float[] factor, float[] shift) implements OneInput {
        @Override
        public <R> R accept(Visitor<R> visitor) {
            return visitor.visit(this);
        }

        @Override
        public Shape shape(List<Shape> read) {
            if (read.get(0).c != factor.length) {
                throw new IllegalArgumentException("Expected " + factor.length + " channels, found an image of " + read.get(0));
            }
            return read.get(0);
        }

        @Override
        public boolean equals(Object other) {
            return other instanceof Affine a && input == a.input && Arrays.equals(factor, a.factor) && Arrays.equals(shift, a.shift);
        }

        @Override
        public int hashCode() {
            return Objects.hash(input, Arrays.hashCode(factor), Arrays.hashCode(shift));
        }
    }

    /** {@code y = min(max(x, 0), upper)}: ReLU with an infinite upper bound, ReLU6 with 6. */
    public record Rectify(int input, float upper) implements OneInput {
        @Override
        public <R> R accept(Visitor<R> visitor) {
            return visitor.visit(this);
        }
    }

    /** Softmax over the channels of each pixel. */
    public record Softmax(int input) implements OneInput {
        @Override
        public <R> R accept(Visitor<R> visitor) {
            return visitor.visit(this);
        }
    }

    /**
     * The sum of images, which have the same size or size 1 along each axis and are broadcast along axes of size 1. Images that are
     * added come from arrays of one rank.
     *
     * @param roundings how each image is rounded before it is added; empty where it is not
     */
    public record Add(List<Integer> reads, List<Optional<InputQuantization>> roundings) implements Instruction {
        public Add {
            if (roundings.size() != reads.size()) {
                throw new IllegalArgumentException("Expected as many roundings as images to be added, found " + roundings.size() + " and "
                        + reads.size());
            }
        }

        /** A sum of images as they are. */
        public Add(List<Integer> reads) {
            this(reads, Collections.nCopies(reads.size(), Optional.empty()));
        }

        @Override
        public <R> R accept(Visitor<R> visitor) {
            return visitor.visit(this);
        }

        @Override
        public Shape shape(List<Shape> read) {
            return Shape.broadcast(read);
        }
    }

    /**
     * Several images concatenated along an axis.
     *
     * @param axis of an image: 0 for examples, 1 for channels, 2 for rows
     */
    public record Concat(List<Integer> reads, int axis) implements Instruction {
        /** Along the channels. */
        public Concat(List<Integer> reads) {
            this(reads, 1);
        }

        @Override
        public <R> R accept(Visitor<R> visitor) {
            return visitor.visit(this);
        }

        @Override
        public Shape shape(List<Shape> read) {
            Shape first = read.get(0);
            IntFunction<Shape> ofSize = size -> new Shape(axis == 0 ? size : first.n, axis == 1 ? size : first.c,
                    axis == 2 ? size : first.h, first.w);
            ToIntFunction<Shape> size = axis == 0 ? Shape::n : axis == 1 ? Shape::c : Shape::h;
            if (read.stream().anyMatch(s -> !s.equals(ofSize.apply(size.applyAsInt(s))))) {
                throw new IllegalArgumentException("Images to be merged have different sizes: " + read);
            }
            return ofSize.apply(read.stream().mapToInt(size).sum());
        }

        @Override
        public boolean commutesWithRounding() {
            return true;
        }
    }

    /** How a pooling reduces a window to one value. */
    public enum PoolKind {
        /** The maximum, without padding; where a window holds nothing else, about {@code -Float.MAX_VALUE}. */
        MAX,
        /** The mean of the pixels inside the image. */
        MEAN,
        /** The mean, with padding counted as zeros. */
        MEAN_WITH_PADDING
    }

    /** A pooling of the pixels of each channel. */
    public record Pool(int input, PoolKind kind, Window window) implements OneInput {
        public Pool {
            if (window.transposed() || window.paddingMode() == PaddingMode.CAUSAL) {
                throw new IllegalArgumentException("Expected a window that pads explicitly or to the same size, found " + window);
            }
        }

        @Override
        public <R> R accept(Visitor<R> visitor) {
            return visitor.visit(this);
        }

        @Override
        public Shape shape(List<Shape> read) {
            Shape x = read.get(0);
            Geometry g = window.geometry(x.h, x.w);
            if (kind == PoolKind.MEAN && window.readsOnlyPaddingSomewhere(g)) {
                throw new IllegalArgumentException("Expected pixels to average everywhere, found a pooling of " + x
                        + " with windows that read nothing but padding: " + window);
            }
            return new Shape(x.n, x.c, g.outHeight(), g.outWidth());
        }

        @Override
        public boolean commutesWithRounding() {
            return kind == PoolKind.MAX;
        }
    }

    /** A pooling over the whole image; the result has one pixel. */
    public record GlobalPool(int input, PoolKind kind) implements OneInput {
        @Override
        public <R> R accept(Visitor<R> visitor) {
            return visitor.visit(this);
        }

        @Override
        public Shape shape(List<Shape> read) {
            return new Shape(read.get(0).n, read.get(0).c, 1, 1);
        }

        @Override
        public boolean commutesWithRounding() {
            return kind == PoolKind.MAX;
        }
    }

    /** Zeros around an image. */
    public record Pad(int input, Frame frame) implements OneInput {
        @Override
        public <R> R accept(Visitor<R> visitor) {
            return visitor.visit(this);
        }

        @Override
        public Shape shape(List<Shape> read) {
            Shape x = read.get(0);
            return new Shape(x.n, x.c, frame.top + x.h + frame.bottom, frame.left + x.w + frame.right);
        }

        @Override
        public boolean commutesWithRounding() {
            return true;
        }
    }

    /** Numbers of pixels, none negative. */
    public record Frame(int top, int bottom, int left, int right) {
        public static final Frame NONE = new Frame(0, 0, 0, 0);

        public Frame {
            if (top < 0 || bottom < 0 || left < 0 || right < 0) {
                throw new IllegalArgumentException("Padding must not be negative: top " + top + ", bottom " + bottom + ", left "
                        + left + ", right " + right);
            }
        }

        /** Geometry of a window over an image with this frame, which counts as padding. */
        Geometry geometry(Window window, Shape inside) {
            Geometry g = window.geometry(inside.h + top + bottom, inside.w + left + right);
            return new Geometry(inside.h, inside.w, g.outHeight(), g.outWidth(), g.padTop() + top, g.padLeft() + left,
                    g.padBottom() + bottom, g.padRight() + right);
        }
    }

    /** An image as a vector, in the order (row, column, channel). The result is an array of rank 2. */
    public record Flatten(int input) implements OneInput {
        @Override
        public <R> R accept(Visitor<R> visitor) {
            return visitor.visit(this);
        }

        @Override
        public Shape shape(List<Shape> read) {
            Shape x = read.get(0);
            return new Shape(x.n, x.c * x.h * x.w, 1, 1);
        }

        @Override
        public int rank(int read) {
            return 2;
        }

        @Override
        public boolean commutesWithRounding() {
            return true;
        }
    }

    /** A program that returns the value of its last instruction. */
    public Program(int inputs, boolean channelsLast, List<Instruction> instructions) {
        this(inputs, channelsLast, instructions, List.of(inputs + instructions.size() - 1));
    }

    public Program {
        instructions = List.copyOf(instructions);
        results = List.copyOf(results);
        if (inputs < 1 || instructions.isEmpty()) {
            throw new IllegalArgumentException("A program has inputs and instructions, found " + inputs + " and "
                    + instructions.size());
        }
        for (int i = 0; i < instructions.size(); i++) {
            List<Integer> reads = instructions.get(i).reads();
            int known = inputs + i;
            if (reads.isEmpty() || reads.stream().anyMatch(v -> v < 0 || v >= known)) {
                throw new IllegalArgumentException("Instruction " + i + " reads values " + reads + " of " + known);
            }
        }
        int first = inputs;
        int values = inputs + instructions.size();
        if (results.isEmpty() || results.stream().anyMatch(v -> v < first || v >= values)
                || results.stream().distinct().count() < results.size()) {
            throw new IllegalArgumentException("A program returns different values from " + first + " to " + (values - 1)
                    + ", found " + results);
        }
    }

    /** The same instructions without weights and biases, for engines that hold those in a form of their own. */
    Program withoutWeights() {
        return new Program(inputs, channelsLast, instructions.stream().map(Instruction::withoutWeights).toList(), results);
    }

    /** The linear operations, first to last, by the number of their values. */
    Map<Integer, Linear> linear() {
        Map<Integer, Linear> linear = new LinkedHashMap<>();
        for (int i = 0; i < instructions.size(); i++) {
            if (instructions.get(i) instanceof Linear l) {
                linear.put(inputs + i, l);
            }
        }
        return linear;
    }

    /** How often each value is read; results count as read once more. */
    public int[] uses() {
        int[] uses = new int[inputs + instructions.size()];
        instructions.forEach(i -> i.reads().forEach(v -> uses[v]++));
        results.forEach(v -> uses[v]++);
        return uses;
    }

    /**
     * Shapes of all values.
     *
     * @throws IllegalArgumentException where an input does not fit
     */
    public List<Shape> shapes(List<Shape> ofInputs) {
        if (ofInputs.size() != inputs) {
            throw new IllegalArgumentException("Expected " + inputs + " inputs, found " + ofInputs.size());
        }
        List<Shape> shapes = new ArrayList<>(ofInputs);
        for (Instruction instruction : instructions) {
            shapes.add(instruction.shape(instruction.reads().stream().map(shapes::get).toList()));
        }
        return shapes;
    }

    /**
     * Ranks of the arrays that hold the results: those of the inputs they are computed from, or 2 where they were flattened.
     *
     * @param ofInputs ranks of the inputs' arrays
     * @throws IllegalArgumentException where images of arrays of different ranks are added or merged: Deeplearning4j aligns the
     *                                  last axes of such arrays, whatever they are
     */
    int[] ranks(int... ofInputs) {
        int[] ranks = Arrays.copyOf(ofInputs, inputs + instructions.size());
        for (int i = 0; i < instructions.size(); i++) {
            Instruction instruction = instructions.get(i);
            int[] read = instruction.reads().stream().mapToInt(v -> ranks[v]).distinct().toArray();
            if (read.length > 1) {
                throw new IllegalArgumentException("Arrays to be added or merged have different ranks: " + Arrays.toString(read));
            }
            ranks[inputs + i] = instruction.rank(read[0]);
        }
        return results.stream().mapToInt(v -> ranks[v]).toArray();
    }
}
