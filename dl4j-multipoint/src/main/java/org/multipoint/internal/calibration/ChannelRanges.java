package org.multipoint.internal.calibration;

import org.multipoint.internal.ops.Tensor;

import java.util.Arrays;
import java.util.stream.IntStream;

/** The largest magnitude and the mean square of the values of each channel of a tensor over all calibration inputs. */
public final class ChannelRanges implements Mergeable<ChannelRanges> {

    private static final long serialVersionUID = 1;

    private final float[] largest;
    private final double[] squares;
    private long values;

    /** @param channels number of channels */
    public ChannelRanges(int channels) {
        largest = new float[channels];
        squares = new double[channels];
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
            double sum = 0;
            for (int from = c * step; from < values.data().length; from += channels * step) {
                for (int i = from; i < from + step; i++) {
                    most = Math.max(most, Math.abs(values.data()[i]));
                    sum += (double) values.data()[i] * values.data()[i];
                }
            }
            largest[c] = most;
            squares[c] += sum;
        });
        this.values += values.data().length / channels;
    }

    /** Adds the values that another has seen. */
    @Override
    public void merge(ChannelRanges other) {
        for (int c = 0; c < largest.length; c++) {
            largest[c] = Math.max(largest[c], other.largest[c]);
            squares[c] += other.squares[c];
        }
        values += other.values;
    }

    /** The largest magnitude of all channels. */
    public double largest() {
        return IntStream.range(0, largest.length).mapToDouble(c -> largest[c]).max().orElse(0);
    }

    /** The mean square of each channel; 0 before there are values. */
    public double[] meanSquares() {
        return Arrays.stream(squares).map(sum -> sum / Math.max(1, values)).toArray();
    }

    /** The range of each channel as a share of the largest one, 0 to 1; 1 where all values are zero. */
    public double[] shares() {
        double most = largest();
        return IntStream.range(0, largest.length).mapToDouble(c -> most > 0 ? largest[c] / most : 1).toArray();
    }
}
