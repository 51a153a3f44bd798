package org.multipoint.internal.engine;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.multipoint.internal.engine.Program.Shape;
import org.multipoint.testing.ForkedJvm;
import org.multipoint.testing.Reliability;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

import java.time.Duration;

import static org.junit.jupiter.api.Assertions.assertEquals;

/**
 * Windows of thousands of geometries give what plain loops give: to the last bit on integers, whatever memory held before and whatever
 * instructions the CPU has. {@code -Dorg.multipoint.geometries=10000} tries that many.
 */
@Tag(Reliability.TAG)
class RandomGeometriesTest {

    private static final int GEOMETRIES = Integer.getInteger("org.multipoint.geometries", Reliability.times(300, 3000));

    @ParameterizedTest
    @ValueSource(strings = {"DEFAULT", "AVX2", "SSE41"})
    void oneDnnComputesWhatLoopsCompute(String isa) throws Exception {
        ForkedJvm.run(RandomGeometriesTest.class, isa, Duration.ofMinutes(5).plusMillis(100L * GEOMETRIES), "" + GEOMETRIES);
    }

    /** What the forked processes do. */
    public static void main(String[] args) {
        OneDnnEngine engine = new OneDnnEngine();
        compare(engine, engine.exactCodeLimit(), Integer.parseInt(args[0]));
    }

    @Test
    void nd4jComputesWhatLoopsCompute() {
        compare(Engines.nd4j(), FusedRows.FULL_LIMIT, GEOMETRIES);
    }

    private static void compare(Engine engine, int codeLimit, int geometries) {
        for (int seed = 0; seed < geometries; seed++) {
            RandomGeometries.Sample sample = RandomGeometries.sample(seed, codeLimit);
            Program program = sample.program();
            float[][] values = sample.values();
            float[] expected = Reference.run(program, sample.inputs(), values);
            INDArray[] inputs = new INDArray[values.length];
            for (int i = 0; i < inputs.length; i++) {
                inputs[i] = array(values[i], sample.inputs().get(i), sample.rank(), program.channelsLast());
            }
            try (Executable executable = engine.compile(program)) {
                float[] found = channelsFirst(executable.run(RandomGeometriesTest::poisoned, inputs), program.channelsLast());
                assertSame(expected, found, sample.exact(), "seed " + seed + ": " + sample);
            } catch (RuntimeException e) {
                throw new AssertionError("seed " + seed + ": " + sample, e);
            }
        }
    }

    private static void assertSame(float[] expected, float[] found, boolean exact, String message) {
        assertEquals(expected.length, found.length, message);
        float largest = 1;
        for (float e : expected) {
            largest = Math.max(largest, Math.abs(e));
        }
        for (int i = 0; i < expected.length; i++) {
            // A maximum over padding alone is -Float.MAX_VALUE to some digits only.
            boolean lowest = expected[i] == -Float.MAX_VALUE;
            assertEquals(expected[i], found[i], lowest ? 1e-5f * Float.MAX_VALUE : exact ? 0 : 1e-5f * largest, message + " at " + i);
        }
    }

    private static INDArray poisoned(long[] shape) {
        return Executable.detached(shape).assign(Float.NaN);
    }

    private static INDArray array(float[] values, Shape s, int rank, boolean channelsLast) {
        INDArray image = Nd4j.create(values, Images.arrayShape(s, rank, false), 'c');
        return channelsLast && rank > 2 ? image.permute(rank == 3 ? new int[]{0, 2, 1} : new int[]{0, 2, 3, 1}) : image;
    }

    private static float[] channelsFirst(INDArray array, boolean channelsLast) {
        int rank = array.rank();
        INDArray image = channelsLast && rank > 2 ? array.permute(rank == 3 ? new int[]{0, 2, 1} : new int[]{0, 3, 1, 2}) : array;
        return image.dup('c').data().asFloat();
    }
}
