package org.multipoint.internal.calibration;

import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;
import org.multipoint.internal.ops.LinearOp;
import org.multipoint.internal.ops.Tensor;

import java.util.Arrays;
import java.util.Random;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

class RoundingNoiseTest {

    private static final int EXAMPLES = 4000;
    private static final int LARGEST_CODE = 63;

    @Property(seed = "42", tries = 20)
    void isTheErrorOfRoundedInputsAndWeights(@ForAll @IntRange(min = 3, max = 9) int in, @ForAll @IntRange(min = 2, max = 6) int out,
                                             @ForAll @IntRange(min = 4, max = 8) int bits, @ForAll boolean scaled, @ForAll long seed) {
        Random random = new Random(seed);
        int levels = (1 << bits) - 1;
        float[] weights = new float[out * in];
        for (int i = 0; i < weights.length; i++) {
            weights[i] = (float) random.nextGaussian();
        }
        double[] factors = new double[in];
        for (int c = 0; c < in; c++) {
            factors[c] = c == 0 || !scaled ? 1 : Math.pow(2, -3 * random.nextDouble());
        }
        float[] x = new float[EXAMPLES * in];
        for (int i = 0; i < x.length; i++) {
            x[i] = (float) ((2 * random.nextDouble() - 1) * factors[i % in]);
        }
        ChannelRanges ranges = new ChannelRanges(in);
        ranges.add(new Tensor(x, EXAMPLES, in), 1);
        double predicted = new RoundingNoise(LinearOp.dense(in, out, false), weights, ranges).with(factors, levels, LARGEST_CODE);
        double found = found(weights, x, factors, ranges.largest() / levels, in, out);
        // Few weights in a row are rounded by chance better or worse than on average.
        assertTrue(predicted > 0.5 * found && predicted < 3 * found, predicted + " for " + found);
    }

    private static double found(float[] weights, float[] x, double[] factors, double step, int in, int out) {
        double noise = 0;
        double energy = 0;
        for (int row = 0; row < out; row++) {
            double largest = 0;
            for (int c = 0; c < in; c++) {
                largest = Math.max(largest, Math.abs(weights[row * in + c] * factors[c]));
            }
            double weightStep = largest / LARGEST_CODE;
            for (int n = 0; n < EXAMPLES; n++) {
                double exact = 0;
                double rounded = 0;
                for (int c = 0; c < in; c++) {
                    double weight = weights[row * in + c];
                    double value = x[n * in + c];
                    exact += weight * value;
                    rounded += Math.rint(weight * factors[c] / weightStep) * weightStep * Math.rint(value / factors[c] / step) * step;
                }
                noise += (rounded - exact) * (rounded - exact);
                energy += exact * exact;
            }
        }
        return noise / energy;
    }

    @Test
    void rowsReadTheirGroup() {
        LinearOp depthwise = new LinearOp(2, 2, 2, new LinearOp.Size(1, 2), LinearOp.Size.ONE, LinearOp.Size.ONE, LinearOp.Size.ZERO,
                LinearOp.PaddingMode.EXPLICIT, false, false);
        ChannelRanges ranges = new ChannelRanges(2);
        ranges.add(new Tensor(new float[]{4, -4, 1, 1}, 1, 2, 1, 2), 1);
        double[] plain = {1, 1};
        // Input noise (4 / 2)^2 / 12 for each weight's square; weight noise (2 / 1)^2 / 12 and 0 for each input's mean square.
        double input = 4.0 / 12 * (2 * 2 + 1 + 3 * 3 + 3 * 3);
        double weight = 4.0 / 12 * (16 + 16) + 9.0 / 12 * (1 + 1);
        double energy = 16 * (2 * 2 + 1) + 1 * (3 * 3 + 3 * 3);
        assertEquals((input + weight) / energy, new RoundingNoise(depthwise, new float[]{2, 1, 3, 3}, ranges).with(plain, 2, 1), 1e-12);
    }

    /** Of the second channel, which is much smaller than a step, nothing is left. */
    @Test
    void smallInputsAreLostAltogether() {
        ChannelRanges ranges = new ChannelRanges(2);
        ranges.add(new Tensor(new float[]{100, 0.01f}, 1, 2), 1);
        double weight = 1000.0 * 1000 / 12 * (100 * 100 + 0.01 * 0.01);
        double input = 10.0 * 10 / 12 * 1 + 0.01 * 0.01 * 1000 * 1000;
        double energy = 100 * 100 + 10 * 10;
        assertEquals((input + weight) / energy,
                new RoundingNoise(LinearOp.dense(2, 1, false), new float[]{1, 1000}, ranges).with(new double[]{1, 1}, 10, 1), 1e-6 * weight / energy);
    }

    @Test
    void deadInputsHaveNone() {
        ChannelRanges ranges = new ChannelRanges(3);
        ranges.add(new Tensor(new float[6], 2, 3), 1);
        double[] plain = new double[3];
        Arrays.fill(plain, 1);
        assertEquals(0, new RoundingNoise(LinearOp.dense(3, 1, false), new float[]{1, 2, 3}, ranges).with(plain, 255, LARGEST_CODE));
    }
}
