package org.multipoint.internal.quantizer;

import org.multipoint.points.CodeGrid;
import org.multipoint.points.HalfScales;
import org.multipoint.points.MultipointMatrix;
import org.multipoint.points.ScaleLayout;
import org.multipoint.points.StoredSize;

import java.util.Arrays;
import java.util.stream.IntStream;

/**
 * Outlier channel splitting (Zhao et al., "Improving Neural Network Quantization without Retraining using Outlier Channel Splitting",
 * ICML 2019), a baseline: the input channel with the largest weight is duplicated and its weights halved, repeatedly, so that
 * fewer outliers stretch the step size; then weights are rounded to nearest, with the best step size of each row. A channel with {@code m}
 * copies can represent the sum of {@code m} codes, rounded exactly by their quantization-aware split: here it is one code of {@code m}
 * times the range. Its matrices store these as 8-bit codes; {@link #notionalBits} counts what the widened layer would take.
 */
public final class ChannelSplitting implements PointFinder {

    /** Bits of the index of the channel that a copy belongs to. */
    private static final int INDEX_BITS = 16;

    private final int bits;
    private final double share;

    /**
     * @param share copies that are added, as a share of the layer's input channels, not negative
     */
    public ChannelSplitting(int bits, double share) {
        this.bits = bits;
        this.share = share;
    }

    @Override
    public ScaleLayout layout() {
        return ScaleLayout.PER_ROW;
    }

    @Override
    public int bits() {
        return bits;
    }

    /**
     * @param points ones
     */
    @Override
    public MultipointMatrix find(WeightProblem problem, int[] points) {
        int rows = problem.op().rows();
        int columns = problem.op().columns();
        int[] copies = copies(problem);
        MultipointMatrix.Builder matrix = new MultipointMatrix.Builder(rows, columns, CodeGrid.MAX_BITS, CodeGrid.SYMMETRIC, layout());
        float[] scales = new float[rows];
        int[][] codes = new int[rows][columns];
        IntStream.range(0, rows).parallel().forEach(r -> {
            int[] limits = IntStream.range(0, columns).map(c -> limit(copies[channel(problem, r, c)])).toArray();
            scales[r] = bestStep(problem.weights(), r * columns, limits, codes[r]);
        });
        for (int r = 0; r < rows; r++) {
            matrix.digits(r, 1, scales[r], codes[r]);
        }
        return matrix.build();
    }

    /** Largest sum of the codes of {@code m} copies, as far as the matrix can hold it. */
    private int limit(int m) {
        return Math.min(CodeGrid.SYMMETRIC.maxValue(CodeGrid.MAX_BITS), m * CodeGrid.SYMMETRIC.maxValue(bits));
    }

    @Override
    public long notionalBits(WeightProblem problem, MultipointMatrix matrix, int[] points) {
        int added = IntStream.of(copies(problem)).map(m -> m - 1).sum();
        int kernel = problem.op().kernel().height() * problem.op().kernel().width();
        return 8L * StoredSize.payloadBytes(points, matrix.columns(), bits, layout())
                + added * (INDEX_BITS + (long) problem.op().rowsPerGroup() * kernel * bits);
    }

    private static int channel(WeightProblem problem, int row, int column) {
        int kernel = problem.op().kernel().height() * problem.op().kernel().width();
        return row / problem.op().rowsPerGroup() * (problem.op().inChannels() / problem.op().groups()) + column / kernel;
    }

    /** Number of copies of each input channel, itself included. */
    private int[] copies(WeightProblem problem) {
        int channels = problem.op().inChannels();
        float[] largest = new float[channels];
        for (int r = 0; r < problem.op().rows(); r++) {
            for (int c = 0; c < problem.op().columns(); c++) {
                int channel = channel(problem, r, c);
                largest[channel] = Math.max(largest[channel], Math.abs(problem.weights()[r * problem.op().columns() + c]));
            }
        }
        int[] copies = new int[channels];
        Arrays.fill(copies, 1);
        for (int n = 0; n < Math.round(share * channels); n++) {
            int outlier = IntStream.range(0, channels)
                    .reduce((a, b) -> largest[b] / copies[b] > largest[a] / copies[a] ? b : a).getAsInt();
            copies[outlier]++;
        }
        return copies;
    }

    /** The step size with the least squared error; the codes at it are written to {@code codes}. */
    private static float bestStep(float[] w, int at, int[] limits, int[] codes) {
        float minMax = 0;
        for (int c = 0; c < limits.length; c++) {
            minMax = Math.max(minMax, Math.abs(w[at + c]) / limits[c]);
        }
        float best = 0;
        double least = Double.POSITIVE_INFINITY;
        for (int k = 0; k < GreedyPoints.CANDIDATES; k++) {
            float step = HalfScales.nearest(minMax * GreedyPoints.share(k));
            double error = 0;
            for (int c = 0; c < limits.length; c++) {
                double d = w[at + c] - step * code(w[at + c], step, limits[c]);
                error += d * d;
            }
            if (error < least) {
                least = error;
                best = step;
            }
        }
        for (int c = 0; c < limits.length; c++) {
            codes[c] = code(w[at + c], best, limits[c]);
        }
        return best;
    }

    private static int code(float w, float step, int limit) {
        return step > 0 ? CodeGrid.SYMMETRIC.nearest(w / step, limit) : 0;
    }
}
