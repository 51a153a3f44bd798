package org.multipoint.internal.quantizer;

import org.multipoint.internal.calibration.Moments;
import org.multipoint.internal.linalg.Products;
import org.multipoint.internal.linalg.UpperFactor;

import java.util.Arrays;

/**
 * Ridge regression of a layer's weights: those that, on the inputs {@code y} of the network quantized so far, best reproduce the targets
 * {@code t = W x + s}, the outputs of the reference network's weights on its own inputs {@code x},
 * {@code min E|t - W' y|^2 + ridge |W' - W|^2}, centred on the means, which is
 * {@code W' = (C_ty + ridge W) (C_yy + ridge I)^-1}. Here {@code s} is the error (reference less quantized) of whatever else is
 * added to the output, zero where nothing is: the last layer of a residual block compensates for errors on the shortcut.
 */
public final class TargetMatching {

    private TargetMatching() {
    }

    /**
     * @param problem a problem whose moments have targets; where its inputs are always zero, weights stay as they are
     * @param ridge   positive, in units of the mean variance of the layer's inputs; larger where few vectors were seen
     * @return {@code [rows, columns]}
     */
    public static float[] match(WeightProblem problem, double ridge) {
        Moments moments = problem.moments();
        int columns = problem.op().columns();
        int rows = problem.op().rowsPerGroup();
        double added = problem.ridge(ridge);
        if (added == 0) {
            return problem.weights().clone();
        }
        float[] matched = new float[problem.weights().length];
        int[] starts = moments.blockStarts();
        problem.forEachGroup(g -> {
            for (int s = 0; s + 1 < starts.length; s++) {
                int size = starts[s + 1] - starts[s];
                float[] solved = UpperFactor.of(moments.covariance(g, s), size, added).solve(target(problem, g, s, added), rows);
                for (int r = 0; r < rows; r++) {
                    System.arraycopy(solved, r * size, matched, (g * rows + r) * columns + starts[s], size);
                }
            }
        });
        return matched;
    }

    /**
     * The mean squared error of the outputs, {@code E|t - W' y|^2} around its mean, less what no weights change,
     * {@code E|t|^2}: {@code W' C_yy W'^T - 2 C_ty W'^T}, summed over rows.
     *
     * @param problem a problem whose moments have targets
     * @param weights {@code W'}, {@code [rows, columns]}
     */
    public static double error(WeightProblem problem, float[] weights) {
        Moments moments = problem.moments();
        int columns = problem.op().columns();
        int rows = problem.op().rowsPerGroup();
        int[] starts = moments.blockStarts();
        double[] errors = new double[problem.op().groups()];
        problem.forEachGroup(g -> {
            for (int s = 0; s + 1 < starts.length; s++) {
                int size = starts[s + 1] - starts[s];
                float[] now = Products.slice(weights, columns, g * rows, rows, starts[s], starts[s + 1]);
                float[] given = Products.multiply(now, floats(moments.covariance(g, s)), rows, size, size);
                float[] wanted = target(problem, g, s, 0);
                for (int i = 0; i < now.length; i++) {
                    errors[g] += now[i] * ((double) given[i] - 2 * wanted[i]);
                }
            }
        });
        return Arrays.stream(errors).sum();
    }

    /** {@code C_ty + added W} for a group and a block of columns, {@code [rows, size]}. */
    private static float[] target(WeightProblem problem, int group, int split, double added) {
        int[] starts = problem.moments().blockStarts();
        int rows = problem.op().rowsPerGroup();
        float[] w = Products.slice(problem.weights(), problem.op().columns(), group * rows, rows, starts[split], starts[split + 1]);
        double[] covariance = problem.moments().targetCovariance(group, split);
        float[] target = new float[w.length];
        for (int i = 0; i < target.length; i++) {
            target[i] = (float) (covariance[i] + added * w[i]);
        }
        return target;
    }

    private static float[] floats(double[] values) {
        float[] floats = new float[values.length];
        for (int i = 0; i < floats.length; i++) {
            floats[i] = (float) values[i];
        }
        return floats;
    }

    /**
     * The bias that makes the mean output exact: {@code b + mean(t) - W~ mean(y)}, where {@code t} is {@code W y} if the moments have no targets.
     *
     * @param bias      bias of the reference layer, {@code [rows]}
     * @param quantized {@code [rows, columns]}
     */
    public static float[] bias(WeightProblem problem, float[] bias, float[] quantized) {
        int columns = problem.op().columns();
        float[] corrected = new float[bias.length];
        boolean targets = problem.moments().hasTargets();
        for (int r = 0; r < bias.length; r++) {
            int group = r / problem.op().rowsPerGroup();
            double sum = bias[r] + (targets ? problem.moments().meanTarget(r) : 0);
            for (int c = 0; c < columns; c++) {
                sum += ((targets ? 0 : problem.weights()[r * columns + c]) - quantized[r * columns + c]) * problem.moments().meanY(group, c);
            }
            corrected[r] = (float) sum;
        }
        return corrected;
    }
}
