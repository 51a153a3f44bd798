package org.multipoint.internal.calibration;

import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;
import org.multipoint.internal.ops.InputQuantization;
import org.multipoint.options.MultipointOptions.Clipping;

import java.util.Arrays;
import java.util.Random;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

class RangeStatisticsTest {

    @Property(seed = "41", tries = 300)
    void mergedIsOnePassInAnyOrderAndSplit(@ForAll @IntRange(min = 1, max = 300) int count, @ForAll long seed) {
        Random random = new Random(seed);
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            // Magnitudes from far below the first bin to far above it.
            values[i] = (float) (random.nextGaussian() * Math.exp(random.nextGaussian() * 8));
        }
        RangeStatistics onePass = of(values);
        int cut = random.nextInt(count + 1);
        int second = cut + random.nextInt(count - cut + 1);
        RangeStatistics a = of(Arrays.copyOfRange(values, 0, cut));
        RangeStatistics b = of(Arrays.copyOfRange(values, cut, second));
        RangeStatistics c = of(Arrays.copyOfRange(values, second, count));
        b.merge(a);
        c.merge(b);
        same(onePass, c);
        float[] reversed = new float[count];
        for (int i = 0; i < count; i++) {
            reversed[i] = values[count - 1 - i];
        }
        RangeStatistics inParts = of(Arrays.copyOfRange(reversed, 0, cut));
        inParts.add(Arrays.copyOfRange(reversed, cut, count));
        same(onePass, inParts);
    }

    /** Values within half a step of the ends, which are -7 and 8 steps here, are rounded, not clipped: those from -1 to 1.13. */
    @Test
    void clippedValuesAreCounted() {
        float[] values = {-3, -1.04f, -0.5f, 0, 0.1f, 0.25f, 0.5f, 0.9f, 1.04f, 1.2f};
        InputQuantization quantization = InputQuantization.ofRange(-1, 1, 4);
        assertEquals(0.3, of(values).clipped(quantization), 1e-12);
        assertEquals(0, of(new float[]{-0.95f, 1.1f}).clipped(quantization));
        assertEquals(0, new RangeStatistics().clipped(quantization));
    }

    private static RangeStatistics of(float[] values) {
        RangeStatistics statistics = new RangeStatistics();
        statistics.add(values);
        return statistics;
    }

    private static void same(RangeStatistics expected, RangeStatistics found) {
        assertEquals(expected.count(), found.count());
        assertEquals(expected.min(), found.min());
        assertEquals(expected.max(), found.max());
        for (Clipping clipping : Clipping.values()) {
            for (int bits : new int[]{2, 4, 8}) {
                assertEquals(expected.quantization(clipping, bits), found.quantization(clipping, bits));
            }
        }
    }

    @Test
    void minMaxCoversEverything() {
        InputQuantization q = of(new float[]{-1, 0.5f, 3}).quantization(Clipping.MIN_MAX, 8);
        assertEquals(InputQuantization.ofRange(-1, 3, 8), q);
    }

    @Test
    void percentileLeavesOutTheTails() {
        float[] values = new float[100_000];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) i / values.length;
        }
        values[17] = 40;
        values[99] = -1000;
        InputQuantization q = of(values).quantization(Clipping.PERCENTILE, 8);
        // Bins are a quarter wide where a histogram must reach 1000.
        assertEquals(1, q.scale() * (255 - q.zeroPoint()), 0.3);
        assertEquals(0, q.scale() * q.zeroPoint(), 0.3);
    }

    @Test
    void percentileOfAFewValuesIsTheirRange() {
        float[] values = {0.1f, 0.7f, -0.3f, 0.2f};
        assertEquals(of(values).quantization(Clipping.MIN_MAX, 8), of(values).quantization(Clipping.PERCENTILE, 8));
    }

    @Test
    void leastSquaresHasNearlyTheLeastErrorOfAllRanges() {
        Random random = new Random(5);
        for (int bits : new int[]{2, 3, 4, 8}) {
            for (String kind : new String[]{"normal", "relu", "heavy tails"}) {
                float[] values = new float[20_000];
                for (int i = 0; i < values.length; i++) {
                    double v = random.nextGaussian();
                    values[i] = (float) (kind.equals("relu") ? Math.max(0, v) : kind.equals("normal") ? v : v * Math.exp(random.nextGaussian()));
                }
                RangeStatistics statistics = of(values);
                double least = Double.POSITIVE_INFINITY;
                for (double share = 0.02; share <= 1; share += 0.01) {
                    least = Math.min(least, error(values,
                            InputQuantization.ofRange(statistics.min() * share, statistics.max() * share, bits)));
                }
                double found = error(values, statistics.quantization(Clipping.LEAST_SQUARES, bits));
                assertTrue(found <= 1.03 * least, bits + " bits, " + kind + ": " + found + " against " + least);
            }
        }
    }

    private static double error(float[] values, InputQuantization q) {
        double sum = 0;
        for (float v : values) {
            double d = v - q.round(v);
            sum += d * d;
        }
        return sum;
    }

    @Test
    void anOutlierIsClippedWhereThatPays() {
        Random random = new Random(6);
        float[] values = new float[100_000];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) random.nextGaussian();
        }
        values[0] = 50;
        InputQuantization q = of(values).quantization(Clipping.LEAST_SQUARES, 4);
        assertTrue(q.scale() * (15 - q.zeroPoint()) < 25, q.toString());
    }

    @Test
    void zerosAndTinyAndHugeValues() {
        for (Clipping clipping : Clipping.values()) {
            assertEquals(new InputQuantization(1f, 0, 8), of(new float[5]).quantization(clipping, 8));
            // What no float network tells from zero may be taken for zero.
            for (float magnitude : new float[]{1e-40f, 1e-35f, 1e-25f}) {
                float rounded = of(new float[]{0, magnitude}).quantization(clipping, 8).round(magnitude);
                assertTrue(rounded >= 0 && rounded <= 1.1f * magnitude, clipping + " of " + magnitude);
            }
            for (float magnitude : new float[]{1e-15f, 1e-3f, 1e25f, Float.MAX_VALUE}) {
                InputQuantization q = of(new float[]{0, magnitude}).quantization(clipping, 8);
                assertEquals(magnitude, q.round(magnitude), magnitude * 0.1f, clipping + " of " + magnitude);
            }
        }
    }

    @Test
    void valuesThatAreNotFiniteAreNamedAndNotCounted() {
        RangeStatistics statistics = of(new float[]{1, 2});
        for (float bad : new float[]{Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY}) {
            String message = assertThrows(IllegalArgumentException.class,
                    () -> statistics.add(new float[]{7, bad})).getMessage();
            assertTrue(message.contains(String.valueOf(bad)), message);
        }
        assertEquals(2, statistics.count());
        assertEquals(2, statistics.max());
    }

    @Test
    void largeArraysAreCountedLikeSmallOnes() {
        Random random = new Random(42);
        float[] values = new float[(1 << 21) + 17];
        RangeStatistics inParts = new RangeStatistics();
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) (random.nextGaussian() * (1 + i % 5));
        }
        for (int from = 0; from < values.length; from += 1000) {
            inParts.add(Arrays.copyOfRange(values, from, Math.min(values.length, from + 1000)));
        }
        same(inParts, of(values));

        values[values.length - 1] = Float.NaN;
        assertThrows(IllegalArgumentException.class, () -> inParts.add(values));
        assertEquals(values.length, inParts.count());
    }

    @Test
    void nothingSeenIsNoRange() {
        RangeStatistics statistics = of(new float[0]);
        assertThrows(IllegalStateException.class, () -> statistics.quantization(Clipping.MIN_MAX, 8));
    }
}
