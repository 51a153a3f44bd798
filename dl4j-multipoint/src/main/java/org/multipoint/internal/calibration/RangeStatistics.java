package org.multipoint.internal.calibration;

import org.multipoint.internal.ops.InputQuantization;
import org.multipoint.internal.ops.Tensor;
import org.multipoint.options.MultipointOptions.Clipping;

import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;
import java.util.Arrays;
import java.util.stream.IntStream;

/**
 * The range of one tensor's values over all calibration inputs: extremes and a histogram. Values are added as a stream, and statistics of
 * parts can be merged; the result does not depend on how the values were split.
 *
 * <p>The histogram has {@value #BINS} bins around zero whose width is a power of two; it doubles when a value falls
 * outside, and neighbouring bins are merged, so that counts never depend on the order of values.
 */
public final class RangeStatistics implements Mergeable<RangeStatistics> {

    private static final long serialVersionUID = 1;
    /** Of the form that is written. */
    private static final int VERSION = 1;

    private static final int BINS = 8192;
    private static final int HALF = BINS / 2;
    /** Values of one part; parts are counted in parallel. */
    private static final int PART = 1 << 20;
    /** Number of candidates of the least squares search: neighbours differ by 2 % of the range. */
    private static final int CANDIDATES = 50;
    /** Exponent of the width of the narrowest bins: no float network tells smaller values from zero. */
    private static final int MIN_EXPONENT = -60;
    /** Bit of a byte behind which a number goes on. */
    private static final int CONTINUED = 1 << 7;

    private final long[] counts = new long[BINS];
    private int exponent = MIN_EXPONENT;
    private double min = Double.POSITIVE_INFINITY;
    private double max = Double.NEGATIVE_INFINITY;
    private long count;

    /**
     * Adds values.
     *
     * @throws IllegalArgumentException where one is NaN or infinite
     */
    public void add(float[] values) {
        if (values.length <= PART) {
            add(values, 0, values.length);
            return;
        }
        IntStream.rangeClosed(0, (values.length - 1) / PART).parallel().mapToObj(p -> {
            RangeStatistics part = new RangeStatistics();
            int from = p * PART;
            part.add(values, from, from + Math.min(PART, values.length - from));
            return part;
        }).toList().forEach(this::merge);
    }

    private void add(float[] values, int from, int to) {
        float low = Float.POSITIVE_INFINITY;
        float high = Float.NEGATIVE_INFINITY;
        for (int i = from; i < to; i++) {
            low = Math.min(low, values[i]);
            high = Math.max(high, values[i]);
        }
        if (from == to) {
            return;
        }
        // Where a value is NaN, both are.
        if (!Float.isFinite(low) || !Float.isFinite(high)) {
            throw new IllegalArgumentException("an input is " + values[from + Tensor.firstNonFinite(Arrays.copyOfRange(values, from, to))]
                    + ", expected finite values");
        }
        min = Math.min(min, low);
        max = Math.max(max, high);
        count += to - from;
        reach(Math.max(Math.abs(low), Math.abs(high)));
        float perUnit = Math.scalb(1f, -exponent);
        // Neighbours are often in one bin, zeros of rectifiers most of all, and a count cannot be raised before it has been stored.
        int[] even = new int[BINS];
        int[] odd = new int[BINS];
        int i = from;
        for (; i + 1 < to; i += 2) {
            even[bin(values[i] * perUnit)]++;
            odd[bin(values[i + 1] * perUnit)]++;
        }
        if (i < to) {
            even[bin(values[i] * perUnit)]++;
        }
        for (int b = 0; b < BINS; b++) {
            counts[b] += even[b] + odd[b];
        }
    }

    /** Adds the values that another has counted. */
    @Override
    public void merge(RangeStatistics other) {
        reach(Math.scalb((double) HALF, other.exponent) * 0.999);
        for (int i = 0; i < BINS; i++) {
            if (other.counts[i] > 0) {
                double centre = (i - HALF + 0.5) * Math.scalb(1.0, other.exponent - exponent);
                counts[bin((float) centre)] += other.counts[i];
            }
        }
        min = Math.min(min, other.min);
        max = Math.max(max, other.max);
        count += other.count;
    }

    private static int bin(float units) {
        return Math.max(0, Math.min(BINS - 1, (int) Math.floor(units) + HALF));
    }

    private void reach(double magnitude) {
        while (magnitude >= Math.scalb((double) HALF, exponent)) {
            for (int i = 0; i < HALF / 2; i++) {
                int up = HALF + i;
                counts[up] = counts[HALF + 2 * i] + counts[HALF + 2 * i + 1];
                int down = HALF - 1 - i;
                counts[down] = counts[HALF - 1 - 2 * i] + counts[HALF - 2 - 2 * i];
            }
            Arrays.fill(counts, 0, HALF / 2, 0);
            Arrays.fill(counts, HALF + HALF / 2, BINS, 0);
            exponent++;
        }
    }

    /** Writes what was counted: a version, extremes, and the counts of the bins from the first to the last that has any, seven bits a byte. */
    public void writeTo(DataOutput out) throws IOException {
        out.writeByte(VERSION);
        out.writeInt(exponent);
        out.writeDouble(min);
        out.writeDouble(max);
        out.writeLong(count);
        int first = IntStream.range(0, BINS).filter(i -> counts[i] > 0).findFirst().orElse(0);
        int end = IntStream.iterate(BINS, i -> i > first, i -> i - 1).filter(i -> counts[i - 1] > 0).findFirst().orElse(first);
        out.writeShort(first);
        out.writeShort(end);
        for (int i = first; i < end; i++) {
            long left = counts[i];
            for (; left >= CONTINUED; left >>>= 7) {
                out.writeByte((int) (left | CONTINUED));
            }
            out.writeByte((int) left);
        }
    }

    /**
     * What {@link #writeTo} wrote.
     *
     * @throws IOException where the form has another version, or ends early
     */
    public static RangeStatistics readFrom(DataInput in) throws IOException {
        Mergeable.requireVersion("ranges", VERSION, in.readUnsignedByte());
        RangeStatistics range = new RangeStatistics();
        range.exponent = in.readInt();
        range.min = in.readDouble();
        range.max = in.readDouble();
        range.count = in.readLong();
        int first = in.readUnsignedShort();
        int end = in.readUnsignedShort();
        for (int i = first; i < end; i++) {
            int part = in.readUnsignedByte();
            for (int shift = 0; ; shift += 7, part = in.readUnsignedByte()) {
                range.counts[i] |= (long) (part & CONTINUED - 1) << shift;
                if (part < CONTINUED) {
                    break;
                }
            }
        }
        return range;
    }

    private Object writeReplace() {
        return WireForm.of(this);
    }

    /** Number of values added. */
    public long count() {
        return count;
    }

    public double min() {
        return min;
    }

    public double max() {
        return max;
    }

    /** Share of the values that a quantization cannot represent, because they are too small or too large; exact to half a bin. */
    public double clipped(InputQuantization quantization) {
        double width = Math.scalb(1.0, exponent);
        double low = quantization.scale() * (-quantization.zeroPoint() - 0.5);
        double high = quantization.scale() * (quantization.levels() - quantization.zeroPoint() + 0.5);
        long beyond = 0;
        for (int i = 0; i < BINS; i++) {
            double centre = Math.max(min, Math.min(max, (i - HALF + 0.5) * width));
            beyond += centre < low || centre > high ? counts[i] : 0;
        }
        return count == 0 ? 0 : (double) beyond / count;
    }

    /**
     * The quantization of this tensor.
     *
     * @throws IllegalStateException where no values were added
     */
    public InputQuantization quantization(Clipping clipping, int bits) {
        if (count == 0) {
            throw new IllegalStateException("No values were seen");
        }
        return switch (clipping) {
            case MIN_MAX -> InputQuantization.ofRange(min, max, bits);
            case PERCENTILE -> InputQuantization.ofRange(
                    Math.max(min, quantile(Clipping.TAIL)), Math.min(max, quantile(1 - Clipping.TAIL)), bits);
            case LEAST_SQUARES, OUTPUT_ERROR -> leastSquares(bits);
        };
    }

    private double quantile(double q) {
        double target = q * count;
        long below = 0;
        for (int i = 0; i < BINS; i++) {
            below += counts[i];
            if (below >= target) {
                int edge = q < 0.5 ? i : i + 1;
                return (edge - HALF) * Math.scalb(1.0, exponent);
            }
        }
        return max;
    }

    private InputQuantization leastSquares(int bits) {
        InputQuantization best = null;
        double bestError = Double.POSITIVE_INFINITY;
        for (int i = 0; i < CANDIDATES; i++) {
            double share = 1 - (double) i / CANDIDATES;
            InputQuantization candidate = InputQuantization.ofRange(min * share, max * share, bits);
            double error = error(candidate);
            if (error < bestError) {
                bestError = error;
                best = candidate;
            }
        }
        return best;
    }

    /** Squared error of all values, which are taken as evenly spread within a bin. The bin at zero, mostly zeros of a ReLU, is left out. */
    private double error(InputQuantization quantization) {
        double width = Math.scalb(1.0, exponent);
        double error = 0;
        for (int i = 0; i < BINS; i++) {
            if (counts[i] > 0 && i != HALF) {
                double from = (i - HALF) * width;
                error += counts[i] * (errorUpTo(from + width, quantization) - errorUpTo(from, quantization)) / width;
            }
        }
        return error;
    }

    /** Integral of the squared error of quantizing, from 0 to {@code x}. */
    private static double errorUpTo(double x, InputQuantization quantization) {
        double scale = quantization.scale();
        double low = scale * -quantization.zeroPoint();
        double high = scale * (quantization.levels() - quantization.zeroPoint());
        double inside = Math.max(low, Math.min(high, x));
        double steps = Math.rint(inside / scale);
        double left = inside - scale * steps;
        double beyond = x - inside;
        return steps * scale * scale * scale / 12 + (left * left * left + beyond * beyond * beyond) / 3;
    }
}
