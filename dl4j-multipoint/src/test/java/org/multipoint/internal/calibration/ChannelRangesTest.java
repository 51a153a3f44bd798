package org.multipoint.internal.calibration;

import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;
import org.multipoint.internal.ops.Tensor;

import java.util.Arrays;
import java.util.Random;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

class ChannelRangesTest {

    @Property(seed = "42", tries = 200)
    void mergedOrNotChannelsHaveTheirLargestMagnitudesAndMeanSquares(@ForAll @IntRange(min = 1, max = 7) int channels, @ForAll @IntRange(min = 1, max = 5) int pixels,
                                                       @ForAll boolean last, @ForAll long seed) {
        Random random = new Random(seed);
        ChannelRanges all = new ChannelRanges(channels);
        ChannelRanges first = new ChannelRanges(channels);
        ChannelRanges rest = new ChannelRanges(channels);
        double[] largest = new double[channels];
        double[] squares = new double[channels];
        for (int batch = 0; batch < 3; batch++) {
            float[] values = new float[2 * channels * pixels];
            for (int i = 0; i < values.length; i++) {
                values[i] = (float) random.nextGaussian();
                int c = last ? i % channels : i / pixels % channels;
                largest[c] = Math.max(largest[c], Math.abs(values[i]));
                squares[c] += (double) values[i] * values[i] / (3 * 2 * pixels);
            }
            Tensor tensor = last ? new Tensor(values, 2, pixels, channels) : new Tensor(values, 2, channels, pixels);
            all.add(tensor, last ? 2 : 1);
            (batch == 0 ? first : rest).add(tensor, last ? 2 : 1);
        }
        rest.merge(first);
        double most = Arrays.stream(largest).max().orElseThrow();
        double[] expected = Arrays.stream(largest).map(l -> l / most).toArray();
        assertArrayEquals(expected, all.shares());
        assertArrayEquals(expected, rest.shares());
        assertEquals(most, rest.largest());
        assertArrayEquals(squares, all.meanSquares(), 1e-9);
        assertArrayEquals(squares, rest.meanSquares(), 1e-9);
    }

    @Test
    void ofNothingButZerosAllAreTheSame() {
        ChannelRanges ranges = new ChannelRanges(3);
        assertArrayEquals(new double[]{1, 1, 1}, ranges.shares());
        ranges.add(new Tensor(new float[6], 2, 3), 1);
        assertArrayEquals(new double[]{1, 1, 1}, ranges.shares());
        ranges.add(new Tensor(new float[]{0, -4, 1}, 1, 3), 1);
        assertArrayEquals(new double[]{0, 1, 0.25}, ranges.shares());
    }
}
