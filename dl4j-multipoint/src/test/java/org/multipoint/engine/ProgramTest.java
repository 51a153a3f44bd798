package org.multipoint.engine;

import org.junit.jupiter.api.Test;
import org.multipoint.engine.Program.IntegerWeights;
import org.multipoint.engine.Program.Linear;
import org.multipoint.linear.InputQuantization;
import org.multipoint.linear.LinearOp;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

/** Whole programs: both engines compute the same, however instructions are fused. */
class ProgramTest {

    private static final int PROGRAMS = 60;

    private final Engine oneDnn = new OneDnnEngine();

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
        for (int seed = 0; seed < PROGRAMS; seed++) {
            RandomPrograms.Sample sample = RandomPrograms.sample(seed, true, oneDnn.exactCodeLimit());
            Program program = sample.program();
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

    /** What the forked process does. */
    public static void main(String[] args) {
        new ProgramTest().integersAgreeAtEveryBoundaryUpToOneStep();
    }

    @Test
    void batchesAndSizesMayChange() {
        RandomPrograms.Sample sample = IntStream.range(0, PROGRAMS)
                .mapToObj(seed -> RandomPrograms.sample(seed, true, oneDnn.exactCodeLimit()))
                .filter(s -> s.program().rankGiver().isPresent())
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

    @Test
    void programsThatDoNotHangTogetherAreRefused() {
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
