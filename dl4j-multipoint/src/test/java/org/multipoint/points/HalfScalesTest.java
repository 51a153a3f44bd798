package org.multipoint.points;

import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

import java.util.Random;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

class HalfScalesTest {

    /** Half the distance of neighbouring 11-bit significands, relative to the value. */
    private static final double HALF_ULP = 1.0 / (1 << 11);

    @Property(seed = "4")
    void nearestKeepsElevenBits(@ForAll long seed) {
        float scale = scales(1, seed)[0];
        assertEquals(scale, HalfScales.nearest(scale), scale * HALF_ULP);
    }

    @Property(seed = "5")
    void roundingIsWithinTheStepOfTheLargest(@ForAll @IntRange(min = 1, max = 6) int count, @ForAll long seed) {
        float[] scales = scales(count, seed);
        float[] rounded = HalfScales.round(scales);
        float max = 0;
        for (float s : scales) {
            max = Math.max(max, s);
        }
        for (int i = 0; i < scales.length; i++) {
            // Below 2^-14 of the largest the stored step no longer shrinks: 2^-24 of it.
            assertEquals(scales[i], rounded[i], Math.max(scales[i] * HALF_ULP, max * Math.scalb(1.0, -24)));
        }
    }

    @Property(seed = "6")
    void storedScalesAreNotRoundedAgain(@ForAll @IntRange(min = 1, max = 6) int count, @ForAll long seed) {
        float[] rounded = HalfScales.round(scales(count, seed));
        assertArrayEquals(rounded, HalfScales.round(rounded));
    }

    @Test
    void roundingTheLargestUpToAPowerOfTwoKeepsTheOthers() {
        // 1.9999 rounds up to 2; the second is an odd multiple of the smallest step that goes with an exponent of 0.
        float[] rounded = HalfScales.round(new float[]{1.9999f, 3 * Math.scalb(1f, -24)});
        assertArrayEquals(rounded, HalfScales.round(rounded));
    }

    @Test
    void zerosStayZero() {
        assertEquals(0f, HalfScales.nearest(0f));
        assertArrayEquals(new float[2], HalfScales.round(new float[2]));
    }

    @Test
    void scalesThatCannotBeAreRefused() {
        for (float bad : new float[]{-1f, Float.NaN, 2e30f, Float.POSITIVE_INFINITY}) {
            String message = assertThrows(IllegalArgumentException.class,
                    () -> HalfScales.round(new float[]{1, bad})).getMessage();
            assertTrue(message.contains("Scale 1 is " + bad), message);
        }
    }

    /** Scales of one order of magnitude or of many, tiny or large. */
    private static float[] scales(int count, long seed) {
        Random random = new Random(seed);
        int middle = random.nextInt(160) - 100;
        int spread = 1 + random.nextInt(30);
        float[] scales = new float[count];
        for (int i = 0; i < count; i++) {
            scales[i] = Math.scalb(1 + random.nextFloat(), middle + random.nextInt(spread));
        }
        return scales;
    }
}
