package org.multipoint.internal.engine;

import org.multipoint.internal.engine.Program.Frame;
import org.multipoint.internal.engine.Program.Instruction;
import org.multipoint.internal.engine.Program.PoolKind;
import org.multipoint.internal.engine.Program.Shape;
import org.multipoint.internal.ops.InputQuantization;
import org.multipoint.internal.ops.LinearOp;
import org.multipoint.internal.ops.LinearOp.PaddingMode;
import org.multipoint.internal.ops.LinearOp.Size;
import org.multipoint.internal.ops.Window;
import org.multipoint.testing.TestPoints;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;

/**
 * Small programs about one window each, of sizes that networks seldom have: images smaller than their kernels, padding beyond the
 * kernel, strides beyond it, frames around images, and what can be taken into a convolution behind it.
 */
final class RandomGeometries {

    /**
     * @param program of one convolution or pooling, and what stands before and behind it
     * @param inputs  shapes of its inputs
     * @param rank    of the arrays that hold them
     * @param exact   whether results are the same to the last bit in whatever order is added up
     */
    record Sample(Program program, List<Shape> inputs, int rank, boolean exact) {

        /** Normally distributed values, and now and then one that no range covers. */
        float[][] values() {
            Random random = new Random(inputs.hashCode());
            float[][] values = new float[inputs.size()][];
            for (int i = 0; i < values.length; i++) {
                Shape s = inputs.get(i);
                values[i] = new float[s.n() * s.c() * s.h() * s.w()];
                for (int j = 0; j < values[i].length; j++) {
                    values[i][j] = exact && random.nextInt(100) == 0 ? (random.nextInt(3) - 1) * 1e20f : (float) random.nextGaussian();
                }
            }
            return values;
        }
    }

    private final Random random;
    private final int codeLimit;
    private final List<Shape> shapes = new ArrayList<>();
    private final List<Instruction> instructions = new ArrayList<>();

    private RandomGeometries(Random random, int codeLimit) {
        this.random = random;
        this.codeLimit = codeLimit;
    }

    /**
     * @param codeLimit largest code of integer operations
     */
    static Sample sample(long seed, int codeLimit) {
        Random random = new Random(seed);
        while (true) {
            try {
                return new RandomGeometries(random, codeLimit).sample();
            } catch (IllegalArgumentException e) {
                // The image is too small for the kernel, or a mean would be of no pixels: try another.
            }
        }
    }

    private Sample sample() {
        int rank = random.nextInt(10) == 0 ? 2 : random.nextInt(5) == 0 ? 3 : 4;
        shapes.add(new Shape(1 + random.nextInt(3), 1 + random.nextInt(20), rank == 2 ? 1 : 1 + random.nextInt(17),
                rank < 4 ? 1 : 1 + random.nextInt(17)));
        boolean pooling = rank > 2 && random.nextInt(4) == 0;
        boolean integers = !pooling && random.nextInt(4) > 0;
        int inputs = 1;
        int addend = -1;
        if (!pooling && random.nextInt(3) == 0) {
            // Its shape is known when the convolution is made.
            shapes.add(null);
            addend = inputs++;
        }
        int x = 0;
        if (pooling && random.nextBoolean()) {
            x = add(new Program.Rectify(x, Float.POSITIVE_INFINITY));
        }
        if (rank > 2 && random.nextInt(4) == 0) {
            x = add(new Program.Pad(x, new Frame(random.nextInt(4), random.nextInt(4), rank < 4 ? 0 : random.nextInt(4),
                    rank < 4 ? 0 : random.nextInt(4))));
        }
        boolean exact = integers;
        if (pooling) {
            PoolKind kind = PoolKind.values()[random.nextInt(3)];
            exact = kind == PoolKind.MAX;
            int pooled = add(new Program.Pool(x, kind, window(rank)));
            if (exact && random.nextBoolean()) {
                convolve(pooled, LinearOp.dense(shapes.get(pooled).c(), 3, false), true, powerOfTwo());
            }
        } else {
            int y = convolve(x, operation(rank, shapes.get(x).c(), rank == 4 && random.nextInt(5) == 0), integers, quantization());
            behind(y, addend, integers);
        }
        return new Sample(new Program(inputs, random.nextBoolean(), instructions), List.copyOf(shapes.subList(0, inputs)), rank, exact);
    }

    /** A rectifier, an addition and a quantized reader, each of which may be there. */
    private void behind(int convolved, int addend, boolean integers) {
        int y = convolved;
        if (random.nextInt(3) == 0) {
            y = add(new Program.Rectify(y, random.nextBoolean() ? Float.POSITIVE_INFINITY : 0.7f));
        }
        if (random.nextInt(4) == 0) {
            y = add(sign(y));
        }
        if (addend >= 0) {
            Shape s = shapes.get(y);
            boolean smaller = random.nextInt(3) == 0;
            shapes.set(addend, smaller ? new Shape(s.n(), either(s.c()), either(s.h()), either(s.w())) : s);
            List<Integer> operands = random.nextBoolean() ? List.of(addend, y) : List.of(y, addend);
            y = add(random.nextBoolean() ? new Program.Add(operands, operands.stream().map(v -> rounding(v == addend)).toList())
                    : new Combine(Combine.Operation.values()[random.nextInt(3)], operands));
        }
        if (random.nextInt(4) == 0) {
            y = add(new Program.Rectify(y, random.nextBoolean() ? Float.POSITIVE_INFINITY : 6));
        }
        if (integers && random.nextInt(3) == 0) {
            convolve(y, LinearOp.dense(shapes.get(y).c(), 1 + random.nextInt(5), false), true, powerOfTwo());
        }
    }

    /** How a value is rounded before it is added; mostly the value that was not computed, which an engine can add to in place. */
    private Optional<InputQuantization> rounding(boolean input) {
        return random.nextInt(input ? 2 : 9) == 0 ? Optional.of(powerOfTwo()) : Optional.empty();
    }

    /** What is a single exact product of each value. */
    private Instruction sign(int x) {
        Shape s = shapes.get(x);
        if (random.nextBoolean()) {
            return new Activate(x, random.nextBoolean() ? ScalarFunction.of(ScalarFunction.Kind.LEAKY, 0.1f)
                    : ScalarFunction.clip(-0.3f, 0.4f));
        }
        Shape sizes = new Shape(1, either(s.c()), either(s.h()), either(s.w()));
        float[] slopes = new float[sizes.c() * sizes.h() * sizes.w()];
        for (int i = 0; i < slopes.length; i++) {
            slopes[i] = random.nextFloat() * (random.nextInt(9) == 0 ? 2 : 1);
        }
        return new Slope(x, sizes, slopes);
    }

    private int either(int size) {
        return random.nextBoolean() ? size : 1;
    }

    private int add(Instruction instruction) {
        shapes.add(instruction.shape(instruction.reads().stream().map(shapes::get).toList()));
        instructions.add(instruction);
        return shapes.size() - 1;
    }

    private LinearOp operation(int rank, int in, boolean transposed) {
        if (rank == 2) {
            return LinearOp.dense(in, 1 + random.nextInt(20), false);
        }
        Window w = window(rank);
        List<Integer> divisors = new ArrayList<>();
        for (int g = 1; g <= in; g++) {
            if (in % g == 0) {
                divisors.add(g);
            }
        }
        if (transposed) {
            PaddingMode mode = w.paddingMode() == PaddingMode.CAUSAL ? PaddingMode.EXPLICIT : w.paddingMode();
            return new LinearOp(in, 1 + random.nextInt(20), 1, w.kernel(), w.stride(), w.dilation(), w.padding(), mode, true, false);
        }
        int groups = random.nextInt(3) > 0 ? 1 : random.nextBoolean() ? in : divisors.get(random.nextInt(divisors.size()));
        int out = groups == 1 ? 1 + random.nextInt(20) : groups * (1 + random.nextInt(3));
        return new LinearOp(in, out, groups, w.kernel(), w.stride(), w.dilation(), w.padding(), w.paddingMode(), false, false);
    }

    private Window window(int rank) {
        PaddingMode mode = random.nextInt(8) == 0 ? PaddingMode.CAUSAL : random.nextBoolean() ? PaddingMode.SAME : PaddingMode.EXPLICIT;
        int height = 1 + random.nextInt(7);
        int width = random.nextInt(3) == 0 ? height : 1 + random.nextInt(7);
        return rank == 3 ? new Window(new Size(height, 1), new Size(stride(), 1), new Size(dilation(), 1),
                new Size(random.nextInt(height + 2), 0), mode, false)
                : new Window(new Size(height, width), new Size(stride(), stride()), new Size(dilation(), dilation()),
                new Size(random.nextInt(height + 2), random.nextInt(width + 2)), mode, false);
    }

    private int stride() {
        return random.nextBoolean() ? 1 : 1 + random.nextInt(4);
    }

    private int dilation() {
        return random.nextInt(3) > 0 ? 1 : 1 + random.nextInt(3);
    }

    private InputQuantization quantization() {
        int bits = 2 + random.nextInt(7);
        int levels = (1 << bits) - 1;
        float scale = (0.5f + random.nextFloat()) * 4 / levels;
        return new InputQuantization(scale, random.nextInt(3) == 0 ? 0 : random.nextInt(levels + 1), bits);
    }

    /** A step that divides all values exactly: rounding is the same however it is done. */
    private InputQuantization powerOfTwo() {
        int bits = 2 + random.nextInt(7);
        return new InputQuantization((float) Math.pow(2, 2 - bits), random.nextInt(1 << bits), bits);
    }

    private int convolve(int x, LinearOp op, boolean integers, InputQuantization input) {
        float[] bias = new float[op.rows()];
        for (int r = 0; r < bias.length; r++) {
            bias[r] = (float) random.nextGaussian();
        }
        int columns = op.columns();
        if (!integers) {
            float[] weights = new float[op.rows() * columns];
            for (int i = 0; i < weights.length; i++) {
                weights[i] = (float) (random.nextGaussian() / Math.sqrt(columns));
            }
            return add(new Program.Linear(x, op, new Program.FloatWeights(weights), bias));
        }
        byte[] codes = new byte[op.rows() * columns];
        boolean largest = random.nextInt(10) == 0;
        for (int i = 0; i < codes.length; i++) {
            codes[i] = (byte) (largest ? codeLimit : random.nextInt(2 * codeLimit + 1) - codeLimit);
        }
        float[] scales = new float[op.rows()];
        for (int r = 0; r < scales.length; r++) {
            scales[r] = (float) ((0.5 + random.nextFloat()) / codeLimit / Math.sqrt(columns));
        }
        return add(new Program.Linear(x, op, new Program.IntegerWeights(TestPoints.of(op.rows(), columns, codes, scales), input), bias));
    }
}
