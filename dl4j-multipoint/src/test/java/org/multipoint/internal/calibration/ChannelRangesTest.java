package org.multipoint.internal.calibration;

import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;
import org.multipoint.internal.ops.Tensor;

import java.util.Arrays;
import java.util.Random;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;

class ChannelRangesTest {

    @Property(seed = "42", tries = 200)
    void mergedOrNotChannelsHaveTheirLargestMagnitudes(@ForAll @IntRange(min = 1, max = 7) int channels, @ForAll @IntRange(min = 1, max = 5) int pixels,
                                                       @ForAll boolean last, @ForAll long seed) {
        Random random = new Random(seed);
        ChannelRanges all = new ChannelRanges(channels);
        ChannelRanges first = new ChannelRanges(channels);
        ChannelRanges rest = new ChannelRanges(channels);
        double[] largest = new double[channels];
        for (int batch = 0; batch < 3; batch++) {
            float[] values = new float[2 * channels * pixels];
            for (int i = 0; i < values.length; i++) {
                values[i] = (float) random.nextGaussian();
                int c = last ? i % channels : i / pixels % channels;
                largest[c] = Math.max(largest[c], Math.abs(values[i]));
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
