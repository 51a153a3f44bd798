package org.multipoint.internal.quantizer;

import org.multipoint.options.MultipointOptions.Granularity;
import org.multipoint.points.CodeGrid;
import org.multipoint.points.MultipointMatrix;
import org.multipoint.points.ScaleLayout;

import java.util.Arrays;
import java.util.stream.IntStream;

/**
 * The paper's greedy points (Liu et al., AAAI 2021, algorithm 1): each point is the low-bit vector nearest to the residual of the
 * points before it, {@code min over (a, q) of |r - a q|}, found over a grid of step sizes, its scale then
 * fitted by least squares. It depends on the weights alone. The residual norm falls exponentially with the number of points
 * (their theorem 1), down to the precision of stored scales.
 */
public final class GreedyPoints implements PointFinder {

    /** How the step size of a point is chosen. */
    public enum Step {
        /** The largest magnitude is the largest code. With one point, round to nearest. */
        MIN_MAX,
        /** The best of a grid of step sizes. */
        SEARCH
    }

    /** Step sizes tried: shares of the min-max step, evenly spaced. */
    static final int CANDIDATES = 40;
    private static final float SMALLEST = 0.1f;

    private final int bits;
    private final Granularity granularity;
    private final Step step;

    public GreedyPoints(int bits, Granularity granularity, Step step) {
        this.bits = bits;
        this.granularity = granularity;
        this.step = step;
    }

    @Override
    public ScaleLayout layout() {
        return granularity == Granularity.LAYER ? ScaleLayout.PER_LAYER : ScaleLayout.PER_POINT;
    }

    @Override
    public int bits() {
        return bits;
    }

    @Override
    public MultipointMatrix find(WeightProblem problem, int[] points) {
        int rows = problem.op().rows();
        int columns = problem.op().columns();
        int max = IntStream.of(points).max().orElse(1);
        float[] residual = problem.weights().clone();
        float[][] scales = new float[rows][];
        int[][][] codes = new int[rows][][];
        for (int r = 0; r < rows; r++) {
            scales[r] = new float[points[r]];
            codes[r] = new int[points[r]][];
        }
        for (int i = 0; i < max; i++) {
            int point = i;
            // All rows take part in a shared step, so that it does not depend on which of them get the point.
            float shared = granularity == Granularity.LAYER ? sharedStep(residual, rows, columns) : 0;
            IntStream.range(0, rows).filter(r -> granularity == Granularity.LAYER || points[r] > point).parallel().forEach(r -> {
                int at = r * columns;
                float a = granularity == Granularity.LAYER ? shared : ownStep(residual, at, columns);
                int[] q = new int[columns];
                round(residual, at, columns, a, q);
                float scale = granularity == Granularity.LAYER ? a : fitted(residual, at, columns, a, q);
                if (points[r] > point) {
                    scales[r][point] = scale;
                    codes[r][point] = q;
                }
                for (int c = 0; c < columns; c++) {
                    residual[at + c] -= scale * q[c];
                }
            });
        }
        MultipointMatrix.Builder matrix = new MultipointMatrix.Builder(rows, columns, bits, CodeGrid.SYMMETRIC, layout());
        for (int r = 0; r < rows; r++) {
            matrix.points(r, scales[r], codes[r]);
        }
        return matrix.build();
    }

    @Override
    public double[][] errors(WeightProblem problem, int maxPoints) {
        // Points are nested: those of n are the first n of more.
        int rows = problem.op().rows();
        int columns = problem.op().columns();
        int[] points = new int[rows];
        Arrays.fill(points, maxPoints);
        MultipointMatrix all = find(problem, points);
        double[][] errors = new double[rows][maxPoints];
        float[] sum = new float[rows * columns];
        for (int n = 0; n < maxPoints; n++) {
            for (int r = 0; r < rows; r++) {
                for (int c = 0; c < columns; c++) {
                    sum[r * columns + c] += all.scale(r, n) * all.code(r, n, c);
                }
            }
            double[] e = problem.outputErrors(sum);
            for (int r = 0; r < rows; r++) {
                errors[r][n] = e[r];
            }
        }
        return errors;
    }

    private float ownStep(float[] residual, int at, int columns) {
        float minMax = minMaxStep(residual, at, at + columns);
        if (step == Step.MIN_MAX) {
            return minMax;
        }
        float best = minMax;
        double bestError = Double.POSITIVE_INFINITY;
        int[] q = new int[columns];
        for (int k = 0; k < CANDIDATES; k++) {
            float a = minMax * share(k);
            round(residual, at, columns, a, q);
            float fitted = fitted(residual, at, columns, a, q);
            double error = squaredDistance(residual, at, columns, fitted, q);
            if (error < bestError) {
                bestError = error;
                best = a;
            }
        }
        return best;
    }

    private float sharedStep(float[] residual, int rows, int columns) {
        float minMax = minMaxStep(residual, 0, rows * columns);
        if (step == Step.MIN_MAX) {
            return minMax;
        }
        double[] errors = IntStream.range(0, CANDIDATES).parallel().mapToDouble(k -> {
            int[] q = new int[columns];
            double error = 0;
            float a = ScaleLayout.nearestScale(minMax * share(k));
            for (int r = 0; r < rows; r++) {
                round(residual, r * columns, columns, a, q);
                error += squaredDistance(residual, r * columns, columns, a, q);
            }
            return error;
        }).toArray();
        int best = IntStream.range(0, CANDIDATES).reduce((a, b) -> errors[b] < errors[a] ? b : a).getAsInt();
        return ScaleLayout.nearestScale(minMax * share(best));
    }

    static float share(int candidate) {
        return 1 - (1 - SMALLEST) * candidate / (CANDIDATES - 1);
    }

    private float minMaxStep(float[] residual, int from, int to) {
        float max = 0;
        for (int i = from; i < to; i++) {
            max = Math.max(max, Math.abs(residual[i]));
        }
        return ScaleLayout.nearestScale(max / CodeGrid.SYMMETRIC.maxValue(bits));
    }

    private void round(float[] residual, int at, int columns, float a, int[] q) {
        int max = CodeGrid.SYMMETRIC.maxValue(bits);
        for (int c = 0; c < columns; c++) {
            q[c] = a > 0 ? CodeGrid.SYMMETRIC.nearest(residual[at + c] / a, max) : 0;
        }
    }

    private float fitted(float[] residual, int at, int columns, float a, int[] q) {
        if (step == Step.MIN_MAX) {
            return a;
        }
        double rq = 0;
        double qq = 0;
        for (int c = 0; c < columns; c++) {
            rq += residual[at + c] * q[c];
            qq += (double) q[c] * q[c];
        }
        return qq > 0 ? ScaleLayout.nearestScale((float) (rq / qq)) : 0;
    }

    private static double squaredDistance(float[] residual, int at, int columns, float a, int[] q) {
        double sum = 0;
        for (int c = 0; c < columns; c++) {
            double d = residual[at + c] - a * q[c];
            sum += d * d;
        }
        return sum;
    }
}
