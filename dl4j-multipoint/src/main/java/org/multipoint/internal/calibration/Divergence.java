package org.multipoint.internal.calibration;

/** How far the outputs of a network are from those of another one. */
public final class Divergence {

    /** Smaller probabilities are raised to this: a network may give a class the probability zero. */
    private static final double LEAST_PROBABILITY = 1e-12;
    private static final double SUM_TOLERANCE = 1e-3;

    private Divergence() {
    }

    /**
     * Sum over rows of {@code sum_i p[i] log(p[i] / q[i]) - p[i] + q[i]}: how far the second distributions are from the first ones, in nats.
     * Each term is 0 or more, whatever rounding has done to the sums of probabilities.
     *
     * @param p       probabilities, row by row
     * @param q       as many others
     * @param classes length of a row
     * @return NaN where a row is not a distribution
     */
    public static double kullbackLeibler(float[] p, float[] q, int classes) {
        double sum = 0;
        for (int from = 0; from < p.length; from += classes) {
            double all = 0;
            double others = 0;
            for (int i = from; i < from + classes; i++) {
                if (!(p[i] >= 0 && q[i] >= 0)) {
                    return Double.NaN;
                }
                all += p[i];
                others += q[i];
                sum += p[i] * Math.log(Math.max(p[i], LEAST_PROBABILITY) / Math.max(q[i], LEAST_PROBABILITY)) - p[i] + q[i];
            }
            if (Math.abs(all - 1) > SUM_TOLERANCE || Math.abs(others - 1) > SUM_TOLERANCE) {
                return Double.NaN;
            }
        }
        return sum;
    }

    /**
     * Sum over examples of the squared error, relative to the variance of all values.
     *
     * @param reference values of all examples
     * @param other     as many others
     * @return 0 where all values are equal
     */
    public static double relativeError(float[] reference, float[] other, int examples) {
        double mean = 0;
        for (float value : reference) {
            mean += value / (double) reference.length;
        }
        double variance = 0;
        double error = 0;
        for (int i = 0; i < reference.length; i++) {
            variance += (reference[i] - mean) * (reference[i] - mean);
            error += ((double) reference[i] - other[i]) * (reference[i] - other[i]);
        }
        return variance > 0 ? examples * error / variance : 0;
    }
}
