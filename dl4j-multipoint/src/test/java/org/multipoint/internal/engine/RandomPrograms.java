package org.multipoint.internal.engine;

import org.multipoint.internal.engine.Program.Instruction;
import org.multipoint.internal.engine.Program.Shape;
import org.multipoint.internal.ops.InputQuantization;
import org.multipoint.internal.ops.LinearOp;
import org.multipoint.internal.ops.LinearOp.PaddingMode;
import org.multipoint.internal.ops.LinearOp.Size;
import org.multipoint.internal.ops.Window;
import org.multipoint.testing.TestPoints;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;

/** Programs of all instructions in random order, with residual additions, merges and padding where they may be fused and where not. */
public final class RandomPrograms {

    private static final int[] CHANNELS = {1, 3, 8, 16, 17};

    private final Random random;
    private final boolean integers;
    private final int codeLimit;
    /** Whether the channel axis is the last one. */
    private final boolean last;
    private final List<Shape> shapes = new ArrayList<>();
    private final List<Instruction> instructions = new ArrayList<>();

    private RandomPrograms(long seed, boolean integers, int codeLimit) {
        this.random = new Random(seed);
        this.integers = integers;
        this.codeLimit = codeLimit;
        this.last = seed % 3 == 0;
    }

    /** A program and the shapes of inputs that fit it. */
    public record Sample(Program program, List<Shape> inputs) {

        /** Random inputs of the given shapes. */
        public INDArray[] arrays(List<Shape> shapes) {
            Random random = new Random(1);
            return shapes.stream().map(s -> {
                float[] x = new float[s.n() * s.c() * s.h() * s.w()];
                for (int i = 0; i < x.length; i++) {
                    x[i] = (float) random.nextGaussian();
                }
                return Nd4j.create(x, Images.arrayShape(s, 4, program.channelsLast()), 'c');
            }).toArray(INDArray[]::new);
        }

        public INDArray[] arrays() {
            return arrays(inputs);
        }

        /** The same program with some more results, in any order. */
        public Sample withResults() {
            Random random = new Random(2);
            List<Integer> results = new ArrayList<>(program.results());
            for (int i = 0; i < program.instructions().size(); i++) {
                int value = program.inputs() + i;
                if (!results.contains(value) && random.nextInt(4) == 0) {
                    results.add(random.nextInt(results.size() + 1), value);
                }
            }
            return new Sample(new Program(program.inputs(), program.channelsLast(), program.instructions(), results), inputs);
        }
    }

    /**
     * @param integers  whether most linear operations run on integers
     * @param codeLimit largest code of those
     */
    public static Sample sample(long seed, boolean integers, int codeLimit) {
        RandomPrograms p = new RandomPrograms(seed, integers, codeLimit);
        Random random = p.random;
        Shape first = new Shape(1 + random.nextInt(2), CHANNELS[random.nextInt(5)], 6 + random.nextInt(4),
                random.nextInt(6) == 0 ? 1 : 5 + random.nextInt(6));
        p.shapes.add(first);
        if (random.nextBoolean()) {
            p.shapes.add(new Shape(first.n(), CHANNELS[random.nextInt(5)], first.h(), first.w()));
        }
        List<Shape> inputs = List.copyOf(p.shapes);
        for (int i = 0; i < 10; i++) {
            p.step();
        }
        if (random.nextInt(3) > 0) {
            int pooled = p.add(new Program.GlobalPool(p.latest(), random.nextBoolean() ? Program.PoolKind.MAX : Program.PoolKind.MEAN));
            p.dense(p.add(new Program.Flatten(pooled)));
        } else if (random.nextBoolean()) {
            p.add(new Program.Softmax(p.dense(p.add(new Program.Flatten(p.latest())))));
        }
        return new Sample(new Program(inputs.size(), p.last, p.instructions), inputs);
    }

    private int latest() {
        return shapes.size() - 1;
    }

    private int add(Instruction instruction) {
        instructions.add(instruction);
        shapes.add(instruction.shape(instruction.reads().stream().map(shapes::get).toList()));
        return latest();
    }

    private void step() {
        int x = random.nextInt(3) > 0 ? latest() : random.nextInt(shapes.size());
        Shape s = shapes.get(x);
        switch (random.nextInt(18)) {
            case 0, 1, 2 -> convolve(x, s);
            case 3 -> add(new Program.Rectify(x, random.nextBoolean() ? Float.POSITIVE_INFINITY : 1.5f));
            case 4, 5 -> residual(x, s);
            case 6 -> merge(s);
            case 7 -> add(new Program.Pad(x, new Program.Frame(random.nextInt(2), 1, random.nextInt(3), 0)));
            case 8 -> pool(x, s);
            case 9 -> add(new Program.Affine(x, values(s.c(), 1), values(s.c(), 0.5f)));
            case 10 -> context(x, s);
            case 11 -> add(new Activate(x, function()));
            case 12 -> add(new Activate(convolve(x, s), function()));
            case 13 -> add(slope(random.nextBoolean() ? x : convolve(x, s)));
            case 14 -> gate(x, s);
            case 15 -> rearrange(x, s);
            case 16 -> add(new Normalize(random.nextBoolean() ? x : convolve(x, s), 1e-3f));
            default -> add(new Program.Rectify(convolve(x, s), random.nextBoolean() ? Float.POSITIVE_INFINITY : 6));
        }
    }

    private int convolve(int x, Shape s) {
        int k = Math.min(1 + random.nextInt(3), Math.min(s.h(), s.w()));
        boolean depthwise = s.c() > 1 && random.nextInt(4) == 0;
        boolean same = random.nextBoolean();
        int stride = random.nextInt(4) == 0 && s.h() > 4 ? 2 : 1;
        int out = depthwise ? s.c() : CHANNELS[random.nextInt(5)];
        return linear(x, new LinearOp(s.c(), out, depthwise ? s.c() : 1, new Size(k, k), new Size(stride, stride), Size.ONE,
                new Size(k / 2, k / 2), same ? PaddingMode.SAME : PaddingMode.EXPLICIT, false, false));
    }

    private int dense(int x) {
        return linear(x, LinearOp.dense(shapes.get(x).c(), 7, false));
    }

    private int linear(int x, LinearOp op) {
        float[] bias = values(op.rows(), 0.3f);
        if (!integers || random.nextInt(6) == 0) {
            return add(new Program.Linear(x, op, new Program.FloatWeights(values(op.rows() * op.columns(),
                    (float) (1 / Math.sqrt(op.columns())))), bias));
        }
        byte[] codes = new byte[op.rows() * op.columns()];
        for (int i = 0; i < codes.length; i++) {
            codes[i] = (byte) (random.nextInt(2 * codeLimit + 1) - codeLimit);
        }
        float[] scales = new float[op.rows()];
        for (int r = 0; r < scales.length; r++) {
            scales[r] = (float) ((1 + random.nextFloat()) / codeLimit / Math.sqrt(op.columns()));
        }
        int bits = random.nextInt(3) == 0 ? 6 : 8;
        InputQuantization input = InputQuantization.ofRange(random.nextInt(3) == 0 ? 0 : -2, 1 + 3 * random.nextFloat(), bits);
        return add(new Program.Linear(x, op, new Program.IntegerWeights(
                TestPoints.of(op.rows(), op.columns(), codes, scales), input), bias));
    }

    /** An addition of a value and something made of it, the way residual networks have it. */
    private void residual(int x, Shape s) {
        LinearOp op = new LinearOp(s.c(), s.c(), 1, new Size(3, 3), Size.ONE, Size.ONE, Size.ZERO, PaddingMode.SAME, false, false);
        int middle = add(new Program.Rectify(linear(x, op), Float.POSITIVE_INFINITY));
        int branch = linear(middle, op);
        List<Integer> addends = random.nextInt(4) == 0 ? List.of(branch, x, middle) : random.nextBoolean() ? List.of(branch, x)
                : List.of(x, branch);
        int sum = add(new Program.Add(addends));
        if (random.nextBoolean()) {
            add(new Program.Rectify(sum, Float.POSITIVE_INFINITY));
        }
    }

    /** An addition of a value and one of one pixel, or of one channel, that is made of it. */
    private void context(int x, Shape s) {
        boolean pixel = random.nextBoolean();
        int read = pixel ? add(new Program.GlobalPool(x, Program.PoolKind.MEAN)) : x;
        int smaller = linear(read, LinearOp.dense(s.c(), pixel ? s.c() : 1, false));
        add(new Program.Add(random.nextBoolean() ? List.of(x, smaller) : List.of(smaller, x, x)));
    }

    /** One that keeps values small. */
    private ScalarFunction function() {
        ScalarFunction[] functions = {ScalarFunction.linear(0.7f, -0.2f), ScalarFunction.clip(-0.5f, 1.2f),
                ScalarFunction.of(ScalarFunction.Kind.LEAKY, 0.1f), ScalarFunction.of(ScalarFunction.Kind.ELU, 1.3f),
                ScalarFunction.of(ScalarFunction.Kind.SIGMOID), ScalarFunction.of(ScalarFunction.Kind.TANH),
                ScalarFunction.of(ScalarFunction.Kind.SWISH, 1.702f), ScalarFunction.of(ScalarFunction.Kind.MISH),
                ScalarFunction.of(ScalarFunction.Kind.SOFTPLUS)};
        return functions[random.nextInt(functions.length)];
    }

    private Slope slope(int x) {
        Shape s = shapes.get(x);
        Shape sizes = new Shape(1, random.nextInt(3) > 0 ? s.c() : 1, random.nextInt(3) > 0 ? 1 : s.h(), random.nextInt(3) > 0 ? 1 : s.w());
        return new Slope(x, sizes, values(sizes.c() * sizes.h() * sizes.w(), random.nextBoolean() ? 0.2f : 1));
    }

    /** A value that is weighted, bounded or lessened by what is made of it: of all its pixels, of all its channels, or of each element. */
    private void gate(int x, Shape s) {
        int kind = random.nextInt(3);
        int read = kind == 0 ? add(new Program.GlobalPool(x, Program.PoolKind.MEAN)) : x;
        int made = linear(read, LinearOp.dense(s.c(), kind == 1 ? 1 : s.c(), false));
        int weight = add(new Activate(made, ScalarFunction.of(ScalarFunction.Kind.SIGMOID)));
        Combine.Operation operation = Combine.Operation.values()[random.nextInt(3)];
        int result = add(new Combine(operation, random.nextBoolean() ? List.of(x, weight) : List.of(weight, x)));
        if (operation != Combine.Operation.DIFFERENCE && random.nextInt(3) == 0) {
            add(new Combine(operation, List.of(weight, result, made)));
        } else if (random.nextBoolean()) {
            add(new Program.Add(List.of(result, x)));
        }
    }

    private void merge(Shape s) {
        List<Integer> alike = new ArrayList<>(IntStream.range(0, shapes.size())
                .filter(v -> shapes.get(v).h() == s.h() && shapes.get(v).w() == s.w()).boxed().toList());
        while (alike.size() > 3) {
            alike.remove(random.nextInt(alike.size()));
        }
        add(new Program.Concat(alike));
    }

    /** What makes images larger is followed by what makes them smaller. */
    private void rearrange(int x, Shape s) {
        switch (random.nextInt(6)) {
            case 0 -> {
                int up = add(new Rearrange.Upsample(x, 2, 1 + random.nextInt(2)));
                add(new Rearrange.Crop(up, new Program.Frame(random.nextInt(s.h()), s.h() - 1, 0, shapes.get(up).w() > s.w() ? s.w() : 0)));
            }
            case 1 -> add(new Rearrange.Select(x, s.c() / 3, s.c() - s.c() / 4));
            case 2 -> {
                if (s.h() % 2 == 0 && s.w() % 2 == 0) {
                    add(new Rearrange.SpaceToDepth(x, 2));
                }
            }
            case 3 -> add(new Rearrange.Permute(x, last, List.of(0, 2, 1, 3)));
            case 4 -> add(new Rearrange.Reshape(x, last, false,
                    last ? List.of(s.h() * s.w(), 1, s.c()) : List.of(s.c(), s.h() * s.w(), 1)));
            default -> add(new Rearrange.Reshape(x, last, false, List.of(s.w(), s.c(), s.h())));
        }
    }

    private void pool(int x, Shape s) {
        if (s.h() < 3 || s.w() < 3) {
            return;
        }
        int k = 2 + random.nextInt(2);
        boolean same = random.nextBoolean();
        add(new Program.Pool(x, Program.PoolKind.values()[random.nextInt(3)], new Window(new Size(k, k), new Size(1 + random.nextInt(2), 2),
                Size.ONE, new Size(1, 1), same ? PaddingMode.SAME : PaddingMode.EXPLICIT, false)));
    }

    private float[] values(int length, float spread) {
        float[] v = new float[length];
        for (int i = 0; i < length; i++) {
            v[i] = spread * (float) random.nextGaussian();
        }
        return v;
    }
}
