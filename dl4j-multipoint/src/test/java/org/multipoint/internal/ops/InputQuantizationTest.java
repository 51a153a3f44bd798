package org.multipoint.internal.ops;

import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.FloatRange;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

import java.util.Random;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

class InputQuantizationTest {

    @Property(seed = "31")
    void valuesInsideTheRangeMoveByHalfAStepAtMost(@ForAll @FloatRange(min = -100, max = 100) float low,
                                                   @ForAll @FloatRange(min = 0, max = 100) float width,
                                                   @ForAll @FloatRange(min = 0, max = 1) float place,
                                                   @ForAll @IntRange(min = 2, max = 8) int bits) {
        InputQuantization q = InputQuantization.ofRange(low, low + width, bits);
        float x = low + place * width;
        // Half a step for rounding, half a step for moving the range onto zero.
        assertEquals(x, q.round(x), q.scale() * 1.001);
        assertEquals(0f, q.round(0f));
    }

    @Property(seed = "32")
    void valuesOutsideClipToTheEnds(@ForAll @FloatRange(min = 1, max = 100) float high, @ForAll @IntRange(min = 2, max = 8) int bits) {
        InputQuantization q = InputQuantization.ofRange(-high, high, bits);
        for (float far : new float[]{2 * high, 1e20f, Float.MAX_VALUE, Float.POSITIVE_INFINITY}) {
            assertEquals(q.levels(), q.quantize(far));
            assertEquals(0, q.quantize(-far));
        }
    }

    @Property(seed = "33")
    void tensorsAreRoundedAsTheirValuesAre(@ForAll @FloatRange(min = -100, max = 0) float low, @ForAll @FloatRange(min = 0, max = 100) float high,
                                           @ForAll @IntRange(min = 2, max = 8) int bits, @ForAll long seed) {
        InputQuantization q = InputQuantization.ofRange(low, high, bits);
        Random random = new Random(seed);
        float[] values = new float[64];
        for (int i = 0; i < values.length; i++) {
            // Halves of steps, values far outside, and others.
            values[i] = i % 3 == 0 ? q.scale() * (random.nextInt(600) - 300) / 2 : (float) random.nextGaussian() * (i % 3 == 1 ? 50 : 1e30f);
        }
        float[] rounded = q.round(new Tensor(values, 4, 16)).data();
        for (int i = 0; i < values.length; i++) {
            assertEquals(q.round(values[i]), rounded[i], 0f, "of " + values[i]);
        }
    }

    @Test
    void rangesAreWidenedToHoldZero() {
        InputQuantization positive = InputQuantization.ofRange(5, 10, 8);
        assertEquals(0, positive.zeroPoint());
        assertEquals(10f / 255, positive.scale());
        InputQuantization negative = InputQuantization.ofRange(-10, -5, 8);
        assertEquals(255, negative.zeroPoint());
        assertEquals(10f / 255, negative.scale());
    }

    @Test
    void halvesGoToTheEvenStep() {
        InputQuantization q = new InputQuantization(1f, 10, 8);
        assertEquals(10, q.quantize(0.5f));
        assertEquals(12, q.quantize(1.5f));
        assertEquals(10, q.quantize(-0.5f));
        assertEquals(8, q.quantize(-1.5f));
    }

    @Test
    void rangeOfNoWidthStillQuantizes() {
        assertEquals(new InputQuantization(1f, 0, 8), InputQuantization.ofRange(0, 0, 8));
        assertEquals(new InputQuantization(1f, 0, 8), InputQuantization.ofRange(0, Double.MIN_VALUE, 8));
        assertEquals(new InputQuantization(1f, 0, 8), InputQuantization.ofRange(0, 1e-38, 8), "its step has no finite reciprocal");
        InputQuantization widest = InputQuantization.ofRange(-Float.MAX_VALUE, Float.MAX_VALUE, 2);
        assertTrue(Float.isFinite(widest.scale()));
    }

    @Test
    void whatIsOutOfRangeIsRefused() {
        refused("Activation bits must be 2 to 8, found 9", 1f, 0, 9);
        refused("Activation bits must be 2 to 8, found 1", 1f, 0, 1);
        refused("found 16", 1f, 16, 4);
        refused("found -1", 1f, -1, 4);
        for (float scale : new float[]{0f, -1f, Float.NaN, Float.POSITIVE_INFINITY}) {
            refused("found " + scale, scale, 0, 8);
        }
    }

    private static void refused(String expected, float scale, int zeroPoint, int bits) {
        String message = assertThrows(IllegalArgumentException.class,
                () -> new InputQuantization(scale, zeroPoint, bits)).getMessage();
        assertTrue(message.contains(expected), message);
    }
}
