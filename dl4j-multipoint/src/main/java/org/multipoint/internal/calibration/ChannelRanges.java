package org.multipoint.internal.calibration;

import org.multipoint.internal.ops.Tensor;

import java.util.stream.IntStream;

/** The largest magnitude of the values of each channel of a tensor over all calibration inputs. */
public final class ChannelRanges implements Mergeable<ChannelRanges> {

    private static final long serialVersionUID = 1;

    private final float[] largest;

    /** @param channels number of channels */
    public ChannelRanges(int channels) {
        largest = new float[channels];
    }

    /**
     * Adds values.
     *
     * @param axis axis of the channels
     */
    public void add(Tensor values, int axis) {
        int channels = largest.length;
        int inner = 1;
        for (int i = axis + 1; i < values.shape().length; i++) {
            inner *= (int) values.shape()[i];
        }
        int step = inner;
        IntStream.range(0, channels).parallel().forEach(c -> {
            float most = largest[c];
            for (int from = c * step; from < values.data().length; from += channels * step) {
                for (int i = from; i < from + step; i++) {
                    most = Math.max(most, Math.abs(values.data()[i]));
                }
            }
            largest[c] = most;
        });
    }

    /** Adds the values that another has seen. */
    @Override
    public void merge(ChannelRanges other) {
        for (int c = 0; c < largest.length; c++) {
            largest[c] = Math.max(largest[c], other.largest[c]);
        }
    }

    /** The range of each channel as a share of the largest one, 0 to 1; 1 where all values are zero. */
    public double[] shares() {
        double most = IntStream.range(0, largest.length).mapToDouble(c -> largest[c]).max().orElse(0);
        return IntStream.range(0, largest.length).mapToDouble(c -> most > 0 ? largest[c] / most : 1).toArray();
    }
}
