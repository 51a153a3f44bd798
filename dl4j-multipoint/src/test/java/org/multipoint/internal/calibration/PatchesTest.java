package org.multipoint.internal.calibration;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.multipoint.internal.ops.LinearOp;
import org.multipoint.internal.ops.Tensor;
import org.multipoint.testing.TestOps;

import java.util.TreeSet;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

class PatchesTest {

    @ParameterizedTest
    @MethodSource("org.multipoint.testing.TestOps#images")
    void patchesAreWhatRowsAreMultipliedWith(LinearOp op) {
        Tensor input = TestOps.image(op, 3, 6, 7, 1);
        Patches patches = new Patches(op, Integer.MAX_VALUE);
        for (int group = 0; group < op.groups(); group++) {
            float[] found = patches.extract(input, group, 1, 3);
            assertEquals(2 * patches.perExample(input) * op.columns(), found.length);
            int at = 0;
            for (int example = 1; example < 3; example++) {
                for (double[] vector : TestOps.vectors(op, input, example, group)) {
                    for (double expected : vector) {
                        assertEquals(expected, found[at++]);
                    }
                }
            }
            assertEquals(found.length, at);
        }
    }

    @Test
    void vectorsAndSequencesAreTheirOwnPatches() {
        Tensor vectors = TestOps.normal(2, 4, 3);
        assertArrayEquals(vectors.data(), new Patches(LinearOp.dense(3, 2, false), 9).extract(vectors, 0, 0, 4));
        Tensor steps = TestOps.normal(3, 4, 5, 3);
        assertArrayEquals(steps.data(), new Patches(LinearOp.dense(3, 2, true), 9).extract(steps, 0, 0, 4));
    }

    @ParameterizedTest
    @CsvSource({"40, 40", "40, 39", "33, 32", "1100, 1024", "50, 30", "1000, 10", "12544, 1024"})
    void positionsAreDistinctEvenlySpreadAndTheSameInEachImage(int pixels, int wanted) {
        LinearOp op = LinearOp.dense(1, 1, false);
        // Each pixel holds its own index.
        float[] data = new float[2 * pixels];
        for (int i = 0; i < data.length; i++) {
            data[i] = i % pixels;
        }
        Tensor images = new Tensor(data, new long[]{2, 1, 1, pixels});
        Patches patches = new Patches(op, wanted);
        assertEquals(wanted, patches.perExample(images));
        float[] first = patches.extract(images, 0, 0, 1);
        assertArrayEquals(first, patches.extract(images, 0, 1, 2));
        TreeSet<Float> distinct = new TreeSet<>();
        for (int j = 0; j < wanted; j++) {
            distinct.add(first[j]);
            assertTrue(Math.abs(first[j] - (double) j * pixels / wanted) <= (double) pixels / wanted + 1,
                    "position " + j + " is " + first[j]);
        }
        assertEquals(wanted, distinct.size());
    }
}
