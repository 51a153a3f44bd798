package org.multipoint.quantizer;

import org.multipoint.calibration.Moments;
import org.multipoint.linalg.Products;
import org.multipoint.linear.LinearOp;

import java.util.stream.IntStream;

/**
 * The weights of one linear operation and what calibration knows of its inputs: everything a quantizer may ask.
 *
 * @param name          for messages
 * @param op            the operation
 * @param weights       {@code [rows, columns]} row by row; not to be changed
 * @param moments       moments of its inputs, or null for quantizers that look at weights alone
 * @param biasCorrected whether the mean output will be made exact through the bias, so that errors count around their mean
 */
public record WeightProblem(String name, LinearOp op, float[] weights, Moments moments, boolean biasCorrected) {

    /**
     * Share of the mean variance of the layer's inputs that is added to the diagonal before factoring. Relative to the
     * layer, not to the group: a depthwise channel that is nearly always zero has a singular matrix of its own.
     */
    static final double DAMPING = 0.01;

    /**
     * @throws IllegalArgumentException where second moments are beyond single precision; it names the operation
     */
    public WeightProblem {
        if (moments != null && !Double.isFinite(moments.meanVariance())) {
            throw new IllegalArgumentException("Layer \"" + name + "\": its inputs are too large to be squared in single precision");
        }
    }

    /** The same problem with other weights. */
    public WeightProblem withWeights(float[] other) {
        return new WeightProblem(name, op, other, moments, biasCorrected);
    }

    /**
     * Output error of each row, {@code E[(w x - a x)^2]} (Liu et al. 2021, section 3.2), from second moments alone.
     *
     * @param approximation {@code [rows, columns]}
     * @return {@code [rows]}
     */
    public double[] outputErrors(float[] approximation) {
        float[] difference = new float[weights.length];
        for (int i = 0; i < difference.length; i++) {
            difference[i] = weights[i] - approximation[i];
        }
        return quadraticForms(difference, !biasCorrected);
    }

    /** Mean variance of an output of this operation: what output errors of different layers are compared by. */
    public double outputEnergy() {
        double sum = 0;
        for (double e : quadraticForms(weights, false)) {
            sum += e;
        }
        return sum / op.rows();
    }

    private double[] quadraticForms(float[] vectors, boolean withMean) {
        double[] result = new double[op.rows()];
        IntStream groups = IntStream.range(0, op.groups());
        (op.groups() > 1 ? groups.parallel() : groups).forEach(g -> {
            int first = g * op.rowsPerGroup();
            int[] starts = moments.blockStarts();
            for (int s = 0; s + 1 < starts.length; s++) {
                addForms(vectors, g, s, first, starts[s], starts[s + 1], result);
            }
            for (int r = first; withMean && r < first + op.rowsPerGroup(); r++) {
                double mean = 0;
                for (int c = 0; c < op.columns(); c++) {
                    mean += moments.meanY(g, c) * vectors[r * op.columns() + c];
                }
                result[r] += mean * mean;
            }
        });
        return result;
    }

    private void addForms(float[] vectors, int group, int split, int first, int from, int to, double[] result) {
        int size = to - from;
        int rows = op.rowsPerGroup();
        double[] covariance = moments.covariance(group, split);
        float[] h = new float[covariance.length];
        for (int i = 0; i < h.length; i++) {
            h[i] = (float) covariance[i];
        }
        float[] v = Products.slice(vectors, op.columns(), first, rows, from, to);
        float[] vh = Products.multiply(v, h, rows, size, size);
        for (int r = 0; r < rows; r++) {
            double sum = 0;
            for (int c = 0; c < size; c++) {
                sum += (double) vh[r * size + c] * v[r * size + c];
            }
            result[first + r] += Math.max(0, sum);
        }
    }
}
