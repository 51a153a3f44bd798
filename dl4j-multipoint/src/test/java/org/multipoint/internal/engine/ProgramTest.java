package org.multipoint.internal.engine;

import org.junit.jupiter.api.Test;
import org.multipoint.internal.engine.Program.IntegerWeights;
import org.multipoint.internal.engine.Program.Linear;
import org.multipoint.internal.ops.InputQuantization;
import org.multipoint.internal.ops.LinearOp;
import org.multipoint.internal.ops.LinearOp.Size;
import org.multipoint.internal.ops.Window;
import org.multipoint.testing.ForkedJvm;
import org.multipoint.testing.TestPoints;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

/** Whole programs: both engines compute the same, however instructions are fused. */
class ProgramTest {

    private static final int PROGRAMS = 60;

    private final OneDnnEngine oneDnn = new OneDnnEngine();

    private static float[] run(Engine engine, Program program, INDArray... inputs) {
        try (Executable executable = engine.compile(program)) {
            return executable.run(inputs).data().asFloat();
        }
    }

    private static double largest(float[] values) {
        double largest = 0;
        for (float v : values) {
            largest = Math.max(largest, Math.abs(v));
        }
        return largest;
    }

    @Test
    void floatingProgramsAgree() {
        for (int seed = 0; seed < PROGRAMS; seed++) {
            RandomPrograms.Sample sample = RandomPrograms.sample(seed, false, 0);
            Program program = sample.program();
            INDArray[] inputs = sample.arrays();
            float[] expected = run(Engines.nd4j(), program, inputs);
            assertArrayEquals(expected, run(oneDnn, program, inputs), (float) (1e-5 * Math.max(1, largest(expected))), "seed " + seed);
        }
    }

    @Test
    void integersAgreeAtEveryBoundaryUpToOneStep() {
        int boundaries = 0;
        int rounding = 0;
        for (int seed = 0; seed < PROGRAMS; seed++) {
            RandomPrograms.Sample sample = RandomPrograms.sample(seed, true, oneDnn.exactCodeLimit());
            Program program = seed % 2 == 0 ? sample.program() : AddendRounding.of(sample.program());
            rounding += program.equals(sample.program()) ? 0 : 1;
            INDArray[] inputs = sample.arrays();
            for (Program.Instruction instruction : program.instructions()) {
                if (instruction instanceof Linear l && l.weights() instanceof IntegerWeights w && l.input() >= program.inputs()) {
                    Program before = new Program(program.inputs(), program.channelsLast(),
                            program.instructions().subList(0, l.input() - program.inputs() + 1));
                    assertSteps(w.input(), run(Engines.nd4j(), before, inputs), run(oneDnn, before, inputs), "seed " + seed);
                    boundaries++;
                }
            }
            float[] expected = run(Engines.nd4j(), program, inputs);
            assertArrayEquals(expected, run(oneDnn, program, inputs), (float) (0.02 * largest(expected)), "seed " + seed);
        }
        assertTrue(boundaries > 2 * PROGRAMS, "only " + boundaries + " boundaries");
        assertTrue(rounding > PROGRAMS / 10, "only " + rounding + " programs that round what they add");
    }

    @Test
    void allResultsAgree() {
        for (int seed = 0; seed < PROGRAMS; seed++) {
            boolean integers = seed % 2 == 1;
            RandomPrograms.Sample sample = RandomPrograms.sample(seed, integers, oneDnn.exactCodeLimit()).withResults();
            INDArray[] inputs = sample.arrays();
            List<INDArray> expected = runAll(Engines.nd4j(), sample.program(), inputs);
            List<INDArray> found = runAll(oneDnn, sample.program(), inputs);
            assertEquals(sample.program().results().size(), found.size());
            for (int i = 0; i < found.size(); i++) {
                float[] values = expected.get(i).data().asFloat();
                assertArrayEquals(expected.get(i).shape(), found.get(i).shape());
                double tolerance = integers ? 0.02 * largest(values) : 1e-5 * Math.max(1, largest(values));
                assertArrayEquals(values, found.get(i).data().asFloat(), (float) tolerance, "seed " + seed + ", result " + i);
            }
        }
    }

    private static List<INDArray> runAll(Engine engine, Program program, INDArray... inputs) {
        try (Executable executable = engine.compile(program)) {
            return executable.runAll(shapes -> shapes.stream().map(Executable::detached).toList(), inputs);
        }
    }

    private static void assertSteps(InputQuantization q, float[] expected, float[] found, String message) {
        assertEquals(expected.length, found.length, message);
        for (int i = 0; i < expected.length; i++) {
            assertTrue(Math.abs(q.quantize(expected[i]) - q.quantize(found[i])) <= 1,
                    message + ": expected " + expected[i] + " and found " + found[i] + " at " + i + ", " + q);
        }
    }

    @Test
    void integersAgreeWhereProductsSaturate() throws Exception {
        ForkedJvm.run(ProgramTest.class, "AVX2");
    }

    /** What the forked processes do. */
    public static void main(String[] args) {
        if (args.length == 0) {
            new ProgramTest().integersAgreeAtEveryBoundaryUpToOneStep();
        } else {
            new ProgramTest().additionsToDepthwiseConvolutions();
        }
    }

    @Test
    void additionsToDepthwiseConvolutionsWithoutAvx() throws Exception {
        ForkedJvm.run(ProgramTest.class, "SSE41", Duration.ofMinutes(5), "additions");
    }

    @Test
    void additionsToDepthwiseConvolutions() {
        for (int channels = 2; channels < 20; channels++) {
            LinearOp op = new LinearOp(channels, channels, channels, new Size(1, 2), Size.ONE, Size.ONE, Size.ZERO,
                    LinearOp.PaddingMode.EXPLICIT, false, false);
            float[] weights = new float[2 * channels];
            Arrays.fill(weights, 1);
            Program program = new Program(2, false, List.of(new Program.Rectify(1, Float.POSITIVE_INFINITY),
                    new Linear(0, op, new Program.FloatWeights(weights), new float[channels]), new Program.Add(List.of(2, 3))));
            float[] expected = new float[2 * channels * 3];
            Arrays.fill(expected, 5);
            bothEnginesCompute(expected, program, Nd4j.ones(2, channels, 3, 2), Nd4j.valueArrayOf(new long[]{2, channels, 3, 1}, 3f));
        }
    }

    @Test
    void batchesAndSizesMayChange() {
        RandomPrograms.Sample sample = IntStream.range(0, 10 * PROGRAMS)
                .mapToObj(seed -> RandomPrograms.sample(seed, true, oneDnn.exactCodeLimit()))
                .filter(s -> s.program().instructions().stream().noneMatch(i -> i instanceof Program.Flatten || i instanceof Rearrange
                        || i instanceof Slope slopes && !slopes.perChannel()))
                .max(Comparator.comparingInt(s -> s.program().instructions().size())).orElseThrow();
        try (Executable fast = oneDnn.compile(sample.program()); Executable plain = Engines.nd4j().compile(sample.program())) {
            for (int call = 0; call < 20; call++) {
                int i = call;
                INDArray[] inputs = sample.arrays(sample.inputs().stream()
                        .map(s -> new Program.Shape(1 + i % 3, s.c(), s.h() + i % 11, s.w() + i % 5)).toList());
                float[] expected = plain.run(inputs).data().asFloat();
                assertArrayEquals(expected, fast.run(inputs).data().asFloat(), (float) (0.02 * largest(expected)), "call " + i);
            }
        }
    }

    @Test
    void inputsAreNotChangedByAdditionsInPlace() {
        LinearOp op = LinearOp.dense(4, 4, false);
        float[] identity = new float[16];
        for (int i = 0; i < 4; i++) {
            identity[5 * i] = 1;
        }
        Program program = new Program(1, true, List.of(
                new Linear(0, op, new Program.FloatWeights(identity), new float[4]),
                new Program.Add(List.of(0, 1))));
        INDArray x = Nd4j.rand(1, 3, 3, 4);
        INDArray before = x.dup();
        try (Executable executable = oneDnn.compile(program)) {
            assertEquals(before.mul(2), executable.run(x));
        }
        assertEquals(before, x);
    }

    private void bothEnginesCompute(float[] expected, Program program, INDArray... inputs) {
        for (Engine engine : new Engine[]{oneDnn, Engines.nd4j()}) {
            assertArrayEquals(expected, run(engine, program, inputs), 1e-5f, engine.name());
        }
    }

    private static Linear pointwise(int input, float weight) {
        return new Linear(input, LinearOp.dense(1, 1, false), new Program.FloatWeights(new float[]{weight}), new float[1]);
    }

    private static Program.Pool largestOfTwo(int input) {
        return new Program.Pool(input, Program.PoolKind.MAX, new Window(new Size(1, 2), new Size(1, 2), Size.ONE, Size.ZERO,
                LinearOp.PaddingMode.EXPLICIT, false));
    }

    /** Zeros around an image are values to a maximum wherever there is nothing else. */
    @Test
    void maximaOfFramesAreZero() {
        INDArray x = Nd4j.createFromArray(1f, 2, 3, 4).reshape(1, 1, 1, 4);
        Program.Pad pad = new Program.Pad(1, new Program.Frame(0, 0, 2, 3));
        bothEnginesCompute(new float[]{0, 2, 4, 0}, new Program(1, false,
                List.of(new Program.Rectify(0, Float.POSITIVE_INFINITY), pad, largestOfTwo(2))), x);
        InputQuantization q = new InputQuantization(0.5f, 7, 8);
        IntegerWeights weights = new IntegerWeights(TestPoints.of(1, 1, new byte[]{2}, new float[]{0.5f}), q);
        bothEnginesCompute(new float[]{0, 2, 4, 0}, new Program(1, false, List.of(new Program.Rectify(0, Float.POSITIVE_INFINITY), pad,
                largestOfTwo(2), new Linear(3, LinearOp.dense(1, 1, false), weights, new float[1]))), x);
    }

    @Test
    void meansOfNoPixelsAreRefused() {
        Window window = new Window(new Size(1, 1), new Size(2, 2), Size.ONE, new Size(2, 2), LinearOp.PaddingMode.EXPLICIT, false);
        Program program = new Program(1, false, List.of(new Program.Pool(0, Program.PoolKind.MEAN, window)));
        for (Engine engine : new Engine[]{oneDnn, Engines.nd4j()}) {
            String message = assertThrows(IllegalArgumentException.class, () -> run(engine, program, Nd4j.ones(1, 2, 3, 3))).getMessage();
            assertTrue(message.contains("[1, 2, 3, 3]") && message.contains("nothing but padding"), message);
        }
    }

    @Test
    void rectifiersOfSumsOfOneImage() {
        bothEnginesCompute(new float[]{0, 2}, new Program(1, false, List.of(new Program.Add(List.of(0)),
                new Program.Rectify(1, Float.POSITIVE_INFINITY))), Nd4j.createFromArray(-1f, 2).reshape(1, 1, 1, 2));
    }

    @Test
    void valuesMayBeAddedMoreThanOnce() {
        List<Program.Instruction> instructions = List.of(new Program.Rectify(0, Float.POSITIVE_INFINITY), pointwise(1, 3),
                new Program.Add(List.of(1, 2, 1)), pointwise(3, 1), new Program.Add(List.of(3, 4, 4)), new Program.Add(List.of(5, 5)));
        bothEnginesCompute(new float[]{0, 30, 60}, new Program(1, false, instructions),
                Nd4j.createFromArray(-1f, 1, 2).reshape(1, 1, 1, 3));
    }

    /** More than the library computes in one step. */
    @Test
    void manyOperandsAndFunctions() {
        List<Program.Instruction> instructions = new ArrayList<>();
        for (int i = 0; i < 50; i++) {
            instructions.add(new Activate(i, ScalarFunction.linear(1, 1)));
        }
        List<Integer> all = IntStream.range(0, 40).boxed().toList();
        instructions.add(new Program.Add(all));
        instructions.add(new Combine(Combine.Operation.MAXIMUM, all));
        instructions.add(new Combine(Combine.Operation.DIFFERENCE, List.of(51, 52)));
        bothEnginesCompute(new float[]{40 * 39 / 2 - 39, 40 * 39 / 2 + 40 - 40}, new Program(1, false, instructions),
                Nd4j.createFromArray(0f, 1).reshape(1, 1, 1, 2));
    }

    /** The library takes three columns of padding and three that no window reaches for none at all. */
    @Test
    void additionsInPlaceSeePaddingAtTheLeft() {
        LinearOp op = new LinearOp(1, 4, 1, new Size(1, 4), new Size(1, 4), Size.ONE, Size.ZERO, LinearOp.PaddingMode.CAUSAL, false, false);
        float[] weights = new float[16];
        Arrays.fill(weights, 1);
        Program program = new Program(2, false, List.of(new Program.Rectify(1, Float.POSITIVE_INFINITY),
                new Linear(0, op, new Program.FloatWeights(weights), new float[4]), new Program.Add(List.of(2, 3)),
                new Program.Rectify(4, Float.POSITIVE_INFINITY)));
        INDArray x = Nd4j.arange(24).castTo(DataType.FLOAT).reshape(1, 1, 3, 8);
        float[] rows = {100, 110, 108, 142, 116, 174};
        float[] expected = new float[24];
        for (int i = 0; i < expected.length; i++) {
            expected[i] = rows[i % 6];
        }
        bothEnginesCompute(expected, program, x, Nd4j.valueArrayOf(new long[]{1, 4, 3, 2}, 100f));
    }

    /** A block that adds to each channel what it makes of all pixels: the addition is larger than the convolution before it. */
    @Test
    void contextIsAddedToAllPixels() {
        Program program = new Program(1, false, List.of(pointwise(0, 1), new Program.GlobalPool(1, Program.PoolKind.MEAN),
                pointwise(2, 10), new Program.Add(List.of(1, 3)), pointwise(4, 2)));
        bothEnginesCompute(new float[]{62, 64, 66, 68, 70, 110, 110, 110, 110, 110}, program,
                Nd4j.createFromArray(1f, 2, 3, 4, 5, 5, 5, 5, 5, 5).reshape(2, 1, 1, 5));
    }

    /** Norms that are almost zero count as the least one. */
    @Test
    void examplesAreDividedByTheirNorms() {
        for (boolean last : new boolean[]{false, true}) {
            Program program = new Program(1, last, List.of(new Normalize(0, 0.5f), new Activate(1, ScalarFunction.linear(10, 1))));
            bothEnginesCompute(new float[]{1, 7, -7, 1, 1, 3, 1, 1, 1, 1, 1, 1}, program,
                    Nd4j.createFromArray(0f, 3, -4, 0, 0, 0.1f, 0, 0, 0, 0, 0, 0).reshape(3, 1, 4, 1));
        }
    }

    @Test
    void examplesOfSeveralImagesAreStacked() {
        Program program = new Program(2, false, List.of(pointwise(0, 2), new Program.Concat(List.of(2, 1, 1), 0), pointwise(3, 1)));
        bothEnginesCompute(new float[]{2, 4, 5, 6, 7, 8, 5, 6, 7, 8}, program, Nd4j.createFromArray(1f, 2).reshape(1, 1, 1, 2),
                Nd4j.createFromArray(5f, 6, 7, 8).reshape(2, 1, 1, 2));
        assertThrows(IllegalArgumentException.class, () -> program.shapes(List.of(new Program.Shape(1, 1, 1, 2), new Program.Shape(1, 1, 2, 1))));
    }

    @Test
    void rowsOfSeveralImagesAreMerged() {
        Program program = new Program(2, false, List.of(pointwise(0, 2), new Program.Concat(List.of(1, 2), 2), pointwise(3, 1)));
        bothEnginesCompute(new float[]{5, 6, 7, 8, 2, 4}, program, Nd4j.createFromArray(1f, 2).reshape(1, 1, 1, 2),
                Nd4j.createFromArray(5f, 6, 7, 8).reshape(1, 1, 2, 2));
    }

    @Test
    void instructionsWithTheSameValuesAreEqual() {
        Program.Affine affine = new Program.Affine(0, new float[]{1, 2}, new float[]{3, 4});
        assertEquals(pointwise(0, 2), pointwise(0, 2));
        assertEquals(pointwise(0, 2).hashCode(), pointwise(0, 2).hashCode());
        assertNotEquals(pointwise(0, 2), pointwise(0, 3));
        assertNotEquals(pointwise(0, 2), pointwise(1, 2));
        assertEquals(affine, new Program.Affine(0, new float[]{1, 2}, new float[]{3, 4}));
        assertEquals(affine.hashCode(), new Program.Affine(0, new float[]{1, 2}, new float[]{3, 4}).hashCode());
        assertNotEquals(affine, new Program.Affine(0, new float[]{1, 2}, new float[]{3, 5}));
    }

    @Test
    void programsWithInvalidReadsAreRejected() {
        assertThrows(IllegalArgumentException.class, () -> new Program(1, false, List.of()));
        assertThrows(IllegalArgumentException.class, () -> new Program(1, false, List.of(new Program.Rectify(1, 6))));
        List<Program.Instruction> sum = new ArrayList<>(List.of(new Program.Add(List.of(0, 1))));
        for (Engine engine : new Engine[]{oneDnn, Engines.nd4j()}) {
            try (Executable executable = engine.compile(new Program(2, false, sum))) {
                assertThrows(IllegalArgumentException.class, () -> executable.run(Nd4j.rand(1, 2, 3, 3), Nd4j.rand(1, 2, 3, 4)));
                assertThrows(IllegalArgumentException.class, () -> executable.run(Nd4j.rand(1, 2, 3, 3)));
            }
        }
    }
}
