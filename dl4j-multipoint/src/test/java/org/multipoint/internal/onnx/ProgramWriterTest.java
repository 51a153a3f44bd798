package org.multipoint.internal.onnx;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.multipoint.internal.engine.Activate;
import org.multipoint.internal.engine.Combine;
import org.multipoint.internal.engine.Engines;
import org.multipoint.internal.engine.Executable;
import org.multipoint.internal.engine.FusedRows;
import org.multipoint.internal.engine.Normalize;
import org.multipoint.internal.engine.Program;
import org.multipoint.internal.engine.Program.Instruction;
import org.multipoint.internal.engine.Program.PoolKind;
import org.multipoint.internal.engine.Program.Shape;
import org.multipoint.internal.engine.RandomPrograms;
import org.multipoint.internal.engine.Rearrange;
import org.multipoint.internal.engine.ScalarFunction;
import org.multipoint.internal.engine.Slope;
import org.multipoint.internal.ops.InputQuantization;
import org.multipoint.internal.ops.LinearOp;
import org.multipoint.internal.ops.LinearOp.PaddingMode;
import org.multipoint.internal.ops.LinearOp.Size;
import org.multipoint.internal.ops.Tensor;
import org.multipoint.internal.ops.Window;
import org.multipoint.testing.OnnxRuntime;
import org.multipoint.testing.TestPoints;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

import java.lang.reflect.Method;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.IntStream;
import java.util.stream.Stream;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

/** Programs as ONNX models compute on ONNX Runtime what they compute on an engine. */
class ProgramWriterTest {

    private static final int PROGRAMS = 60;

    /** A program as a model with the inputs "x0", "x1", ... and the outputs "y0", "y1", ... */
    private static byte[] model(Program program, List<Shape> inputs) {
        OnnxGraph onnx = new OnnxGraph();
        List<ProgramWriter.Image> images = new ArrayList<>();
        for (Shape s : inputs) {
            Shape one = new Shape(1, s.c(), s.h(), s.w());
            onnx.input("x" + images.size(), sizes(one, 4));
            images.add(new ProgramWriter.Image("x" + images.size(), one, 4));
        }
        new ProgramWriter(onnx, new TensorNames(Set.of()), FusedRows.SAFE_LIMIT)
                .write("program", program, images, (result, rank) -> "y" + result)
                .forEach(y -> onnx.output(y.tensor(), sizes(y.shape(), y.rank() == 2 ? 2 : 4)));
        return onnx.toBytes();
    }

    private static long[] sizes(Shape s, int rank) {
        return Arrays.copyOf(new long[]{s.n(), s.c(), s.h(), s.w()}, rank);
    }

    /** What ONNX Runtime computes, and what the engine does, in the order of channels first. */
    private record Outputs(List<float[]> found, List<float[]> expected) {

        static Outputs of(Program program, List<Shape> shapes, INDArray... inputs) {
            Map<String, INDArray> tensors = new HashMap<>();
            for (int i = 0; i < inputs.length; i++) {
                tensors.put("x" + i, channelsFirst(program, inputs[i]));
            }
            try (Executable executable = Engines.preferred().compile(program)) {
                List<INDArray> expected = executable.runAll(all -> all.stream().map(Executable::detached).toList(), inputs);
                return new Outputs(OnnxRuntime.run(model(program, shapes), tensors).values().stream().map(y -> Tensor.of(y).data()).toList(),
                        expected.stream().map(y -> Tensor.of(channelsFirst(program, y)).data()).toList());
            }
        }

        private static INDArray channelsFirst(Program program, INDArray array) {
            return !program.channelsLast() || array.rank() == 2 ? array : array.rank() == 4 ? array.permute(0, 3, 1, 2) : array.permute(0, 2, 1);
        }
    }

    private static float largest(float[] values) {
        float largest = 0;
        for (float v : values) {
            largest = Math.max(largest, Math.abs(v));
        }
        return largest;
    }

    @Test
    void floatingProgramsAgree() {
        for (int seed = 0; seed < PROGRAMS; seed++) {
            RandomPrograms.Sample sample = RandomPrograms.sample(seed, false, 0).withResults();
            Outputs outputs = Outputs.of(sample.program(), sample.inputs(), sample.arrays());
            assertEquals(outputs.expected.size(), outputs.found.size());
            for (int i = 0; i < outputs.found.size(); i++) {
                float[] expected = outputs.expected.get(i);
                assertArrayEquals(expected, outputs.found.get(i), 2e-5f * Math.max(1, largest(expected)), "seed " + seed + ", result " + i);
            }
        }
    }

    @Test
    void integersAgreeAtEveryBoundaryUpToOneStep() {
        int boundaries = 0;
        for (int seed = 0; seed < PROGRAMS; seed++) {
            RandomPrograms.Sample sample = RandomPrograms.sample(seed, true, FusedRows.SAFE_LIMIT);
            Program program = withoutIntegerBiases(sample.program());
            for (Instruction instruction : program.instructions()) {
                if (instruction instanceof Program.Linear l && l.weights() instanceof Program.IntegerWeights w && l.input() >= program.inputs()) {
                    Program before = new Program(program.inputs(), program.channelsLast(),
                            program.instructions().subList(0, l.input() - program.inputs() + 1));
                    Outputs outputs = Outputs.of(before, sample.inputs(), sample.arrays());
                    assertSteps(w.input(), outputs.expected.get(0), outputs.found.get(0), "seed " + seed);
                    boundaries++;
                }
            }
            Outputs outputs = Outputs.of(program, sample.inputs(), sample.arrays());
            float[] expected = outputs.expected.get(0);
            assertArrayEquals(expected, outputs.found.get(0), 0.02f * largest(expected), "seed " + seed);
        }
        assertTrue(boundaries > 2 * PROGRAMS, "only " + boundaries + " boundaries");
    }

    private static void assertSteps(InputQuantization q, float[] expected, float[] found, String message) {
        assertEquals(expected.length, found.length, message);
        for (int i = 0; i < expected.length; i++) {
            assertTrue(Math.abs(q.quantize(expected[i]) - q.quantize(found[i])) <= 1,
                    message + ": expected " + expected[i] + " and found " + found[i] + " at " + i + ", " + q);
        }
    }

    /** Without what is rounded in a model only: one step more here and there becomes several in what is made of many values. */
    private static Program withoutIntegerBiases(Program program) {
        return new Program(program.inputs(), program.channelsLast(), program.instructions().stream().map(i ->
                i instanceof Program.Linear l && l.weights() instanceof Program.IntegerWeights
                        ? new Program.Linear(l.input(), l.op(), l.weights(), new float[l.bias().length]) : i).toList(), program.results());
    }

    /** What stands before and behind an instruction. */
    enum Neighbours {
        FLOATS(0, 0), INTEGERS(8, 8), FLOATS_THEN_INTEGERS(0, 8), INTEGERS_THEN_FLOATS(8, 0), FEWER_BITS(8, 4);

        private final int before;
        private final int behind;

        Neighbours(int before, int behind) {
            this.before = before;
            this.behind = behind;
        }
    }

    private static final Shape INPUT = new Shape(3, 5, 8, 6);
    /** The number of the value that instructions read, an image of eight channels, and of another one like it. */
    private static final int X = 1;
    private static final int OTHER = 2;
    private static final int CHANNELS = 8;

    private static Program.Linear linear(int input, LinearOp op, InputQuantization q) {
        Random random = new Random(op.toString().hashCode());
        byte[] codes = new byte[op.rows() * op.columns()];
        float[] floats = new float[codes.length];
        float[] scales = new float[op.rows()];
        float[] bias = new float[op.rows()];
        for (int r = 0; r < scales.length; r++) {
            scales[r] = (float) ((0.5 + random.nextFloat()) / FusedRows.SAFE_LIMIT / Math.sqrt(op.columns()));
            bias[r] = 0.3f * (float) random.nextGaussian();
        }
        for (int i = 0; i < codes.length; i++) {
            // A row of zeros, and one of small codes.
            int row = i / op.columns();
            codes[i] = (byte) (row == 1 ? 0 : (random.nextInt(2 * FusedRows.SAFE_LIMIT + 1) - FusedRows.SAFE_LIMIT) / (row == 2 ? 20 : 1));
            floats[i] = codes[i] * scales[row];
        }
        return new Program.Linear(input, op, q == null ? new Program.FloatWeights(floats)
                : new Program.IntegerWeights(TestPoints.of(op.rows(), op.columns(), codes, scales), q), bias);
    }

    private static LinearOp convolution(int in, int out, int groups, Size kernel, Size stride, Size dilation, PaddingMode mode) {
        return new LinearOp(in, out, groups, kernel, stride, dilation, new Size(1, 0), mode, false, false);
    }

    private static LinearOp deconvolution(Size kernel, Size stride, PaddingMode mode) {
        return new LinearOp(CHANNELS, 3, 1, kernel, stride, Size.ONE, Size.ZERO, mode, true, false);
    }

    private static Window window(Size kernel, Size stride, Size dilation, PaddingMode mode) {
        return new Window(kernel, stride, dilation, new Size(1, 1), mode, false);
    }

    /** An instruction that reads {@link #X}, and maybe {@link #OTHER}. */
    record Case(Instruction instruction) {
        @Override
        public String toString() {
            return instruction instanceof Program.Linear l ? l.op().toString() : instruction instanceof Slope s ? "Slope " + s.sizes()
                    : instruction instanceof Program.Affine ? "Affine" : instruction.toString();
        }
    }

    static Stream<Case> instructions() {
        Size three = new Size(3, 3);
        Size two = new Size(2, 2);
        float[] factor = {1, -0.5f, 2, 0.3f, 1, 1, 0, 1};
        float[] slopes = new float[CHANNELS * 48];
        for (int i = 0; i < slopes.length; i++) {
            slopes[i] = (i * 37 % 50 - 10) / 40f;
        }
        List<LinearOp> ops = List.of(convolution(CHANNELS, 6, 1, three, Size.ONE, Size.ONE, PaddingMode.SAME),
                convolution(CHANNELS, 6, 2, new Size(2, 3), new Size(2, 1), Size.ONE, PaddingMode.EXPLICIT),
                convolution(CHANNELS, 16, CHANNELS, three, two, Size.ONE, PaddingMode.SAME),
                convolution(CHANNELS, 3, 1, three, Size.ONE, two, PaddingMode.EXPLICIT),
                convolution(CHANNELS, 3, 1, new Size(4, 1), Size.ONE, new Size(2, 1), PaddingMode.CAUSAL),
                convolution(CHANNELS, 3, 1, Size.ONE, three, Size.ONE, PaddingMode.SAME), LinearOp.dense(CHANNELS, 9, false),
                deconvolution(three, two, PaddingMode.SAME), deconvolution(two, new Size(3, 2), PaddingMode.EXPLICIT),
                deconvolution(Size.ONE, three, PaddingMode.SAME), deconvolution(Size.ONE, two, PaddingMode.SAME));
        Stream<Instruction> linear = ops.stream().flatMap(op -> Stream.of(linear(X, op, null), linear(X, op, InputQuantization.ofRange(-1, 3, 8)),
                linear(X, op, InputQuantization.ofRange(0, 1.7, 8)), linear(X, op, InputQuantization.ofRange(-2, 1, 4))));
        Stream<Instruction> functions = Stream.of(ScalarFunction.linear(0.7f, -0.2f), ScalarFunction.clip(-0.5f, 1.2f),
                ScalarFunction.clip(Float.NEGATIVE_INFINITY, 0.1f), ScalarFunction.of(ScalarFunction.Kind.LEAKY, 0.1f),
                ScalarFunction.of(ScalarFunction.Kind.ELU, 1.3f), ScalarFunction.of(ScalarFunction.Kind.SIGMOID),
                ScalarFunction.of(ScalarFunction.Kind.TANH), ScalarFunction.of(ScalarFunction.Kind.SWISH, 1),
                ScalarFunction.of(ScalarFunction.Kind.SWISH, 1.702f), ScalarFunction.of(ScalarFunction.Kind.MISH),
                ScalarFunction.of(ScalarFunction.Kind.SOFTPLUS), ScalarFunction.of(ScalarFunction.Kind.POWER, 3)).map(f -> new Activate(X, f));
        Stream<Instruction> pools = Stream.of(PoolKind.values()).flatMap(kind -> Stream.of(
                new Program.Pool(X, kind, window(three, two, Size.ONE, PaddingMode.SAME)),
                new Program.Pool(X, kind, window(new Size(2, 3), Size.ONE, Size.ONE, PaddingMode.EXPLICIT)),
                new Program.Pool(X, kind, window(two, Size.ONE, two, PaddingMode.EXPLICIT)),
                new Program.Pool(X, kind, window(Size.ONE, three, Size.ONE, PaddingMode.SAME))));
        Stream<Instruction> others = Stream.of(new Program.Affine(X, factor, factor), new Program.Rectify(X, Float.POSITIVE_INFINITY),
                new Program.Rectify(X, 1), new Slope(X, new Shape(1, CHANNELS, 1, 1), Arrays.copyOf(slopes, CHANNELS)),
                new Slope(X, new Shape(1, CHANNELS, 8, 6), slopes), new Slope(X, new Shape(1, 1, 8, 1), Arrays.copyOf(slopes, 8)),
                new Program.Softmax(X), new Program.Add(List.of(X)), new Program.Add(List.of(X, OTHER)), new Program.Add(List.of(OTHER, X, X)),
                new Program.Add(List.of(X, OTHER), List.of(Optional.of(InputQuantization.ofRange(-1, 2, 8)), Optional.empty())),
                new Program.Add(List.of(X, OTHER), List.of(Optional.of(InputQuantization.ofRange(-1, 2, 4)), Optional.of(InputQuantization.ofRange(0, 1, 8)))),
                new Combine(Combine.Operation.PRODUCT, List.of(X, OTHER, X)), new Combine(Combine.Operation.MAXIMUM, List.of(X, OTHER)),
                new Combine(Combine.Operation.DIFFERENCE, List.of(OTHER, X)), new Program.Concat(List.of(X, OTHER)),
                new Program.Concat(List.of(X, X)), new Program.Concat(List.of(X, OTHER), 2), new Normalize(X, 1e-3f), new Normalize(X, 20),
                new Rearrange.Permute(X, false, List.of(0, 1, 3, 2)), new Rearrange.Permute(X, false, List.of(0, 3, 1, 2)),
                new Program.GlobalPool(X, PoolKind.MAX), new Program.GlobalPool(X, PoolKind.MEAN),
                new Program.Pad(X, new Program.Frame(1, 0, 2, 3)), new Program.Flatten(X), new Rearrange.Upsample(X, 2, 3),
                new Rearrange.Crop(X, new Program.Frame(1, 2, 0, 3)), new Rearrange.Select(X, 2, 7), new Rearrange.SpaceToDepth(X, 2),
                new Rearrange.Reshape(X, false, false, List.of(16, 24)), new Rearrange.Reshape(X, true, false, List.of(24, 16)),
                new Rearrange.Reshape(X, true, false, List.of(6, 4, 16)), new Rearrange.Reshape(X, false, true, List.of(16, 4, 6)),
                new Rearrange.Reshape(X, true, false, List.of(384)));
        return Stream.of(linear, functions, pools, others).flatMap(Function.identity()).map(Case::new);
    }

    @Test
    void allInstructionsAreTried() {
        Set<Class<?>> tried = new HashSet<>();
        instructions().forEach(c -> tried.add(c.instruction.getClass()));
        for (Class<?> visitor : List.of(Program.Visitor.class, Rearrange.Kinds.class)) {
            for (Method visit : visitor.getMethods()) {
                Class<?> kind = visit.getParameterTypes()[0];
                assertTrue(kind == Rearrange.class || kind == Rearrange.Part.class || tried.contains(kind), kind + " is not tried");
            }
        }
        Set<ScalarFunction.Kind> functions = new HashSet<>();
        instructions().filter(c -> c.instruction instanceof Activate).forEach(c -> functions.add(((Activate) c.instruction).function().kind()));
        assertEquals(Set.of(ScalarFunction.Kind.values()), functions);
    }

    /** Models are for batches of any size. */
    @Test
    void partsOfBatchesAreRefused() {
        Program program = new Program(1, false, List.of(new Rearrange.Part(0, 1, 2)));
        assertTrue(assertThrows(IllegalArgumentException.class, () -> model(program, List.of(INPUT))).getMessage().startsWith("Vertex \"program\""));
    }

    @ParameterizedTest
    @MethodSource("instructions")
    void instructionsAgree(Case tried) {
        for (Neighbours neighbours : Neighbours.values()) {
            for (boolean rectified : new boolean[]{false, true}) {
                assertAgree(tried.instruction, neighbours, rectified);
            }
        }
    }

    /** Compares a program that ends with an instruction and what is behind it. */
    private static void assertAgree(Instruction instruction, Neighbours neighbours, boolean rectified) {
        INDArray x = Nd4j.rand(Nd4j.getRandomFactory().getNewRandomInstance(3), INPUT.n(), INPUT.c(), INPUT.h(), INPUT.w()).muli(3).subi(1);
        List<Instruction> program = new ArrayList<>();
        InputQuantization before = neighbours.before == 0 ? null : InputQuantization.ofRange(-1, 2, neighbours.before);
        program.add(linear(0, convolution(INPUT.c(), CHANNELS, 1, new Size(3, 3), Size.ONE, Size.ONE, PaddingMode.SAME), before));
        program.add(linear(0, LinearOp.dense(INPUT.c(), CHANNELS, false), before));
        boolean last = instruction instanceof Rearrange.Reshape reshape && reshape.channelsLast();
        program.add(instruction);
        if (rectified) {
            program.add(new Program.Rectify(program.size(), 2));
        }
        // A window reads up to 72 values, of which one in a hundred lies between two integers.
        double share = effect(instruction) > 0 ? 0.1 : 0.01;
        INDArray input = last ? x.permute(0, 2, 3, 1) : x;
        String message = neighbours + (rectified ? ", rectified" : "");
        float[] values = assertNear(message, effect(instruction), share, new Program(1, last, program), input);
        float[] sorted = values.clone();
        Arrays.sort(sorted);
        // A part of the values is clipped.
        InputQuantization behind = neighbours.behind == 0 ? null
                : InputQuantization.ofRange(sorted[sorted.length / 50], sorted[sorted.length - 1 - sorted.length / 50], neighbours.behind);
        int channels = shape(new Program(1, last, program)).c();
        program.add(behind == null ? linear(program.size(), LinearOp.dense(channels, 4, false), null) : identity(program.size(), channels, behind));
        assertNear(message, effect(instruction) + (behind == null ? 0 : 1.01f * behind.scale()), share, new Program(1, last, program), input);
    }

    /** How much one step of all that an instruction reads is at most in its result, where it reads integers. */
    private static float effect(Instruction instruction) {
        if (instruction instanceof Program.Add add) {
            return (float) add.roundings().stream().flatMap(Optional::stream).mapToDouble(InputQuantization::scale).sum();
        }
        return instruction instanceof Program.Linear l && l.weights() instanceof Program.IntegerWeights w
                ? 1.5f * w.input().scale() / (float) Math.sqrt(l.op().columns()) : 0;
    }

    /** Makes visible to which integers values are rounded. */
    private static Program.Linear identity(int input, int channels, InputQuantization q) {
        byte[] codes = new byte[channels * channels];
        float[] scales = new float[channels];
        for (int i = 0; i < channels; i++) {
            codes[i * channels + i] = 32;
            scales[i] = 1f / 32;
        }
        return new Program.Linear(input, LinearOp.dense(channels, channels, false),
                new Program.IntegerWeights(TestPoints.of(channels, channels, codes, scales), q), new float[channels]);
    }

    private static Shape shape(Program program) {
        return program.shapes(List.of(INPUT)).get(program.instructions().size());
    }

    /**
     * @param tolerance of values that lie between two integers, which may become either, or that are computed of one
     * @param share     of such values
     */
    private static float[] assertNear(String message, float tolerance, double share, Program program, INDArray input) {
        Outputs outputs = Outputs.of(program, List.of(INPUT), input);
        float[] expected = outputs.expected.get(0);
        float[] found = outputs.found.get(0);
        float exact = 1e-5f * Math.max(1, largest(expected));
        assertArrayEquals(expected, found, Math.max(tolerance, exact), message);
        long apart = IntStream.range(0, found.length).filter(i -> Math.abs(found[i] - expected[i]) > exact).count();
        assertTrue(apart <= found.length * share + 1, message + ": " + apart + " of " + found.length + " values differ");
        return expected;
    }
}
