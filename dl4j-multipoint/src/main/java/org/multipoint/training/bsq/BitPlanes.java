package org.multipoint.training.bsq;

import java.util.Arrays;

/**
 * The weights of a layer as bit planes (sections 3.1 to 3.3 of the paper): {@code w = step * round(sum_b (p_b - n_b) 2^b)}, where the
 * planes of the positive and the negative part, {@code p_b} and {@code n_b}, are trained as numbers between 0 and 2. The paper's scale is
 * {@code step * (2^n - 1)} for {@code n} planes.
 */
final class BitPlanes {

    /** Largest value of an element of a plane. */
    private static final float MOST = 2;
    /** Steps that are tried for weights of a given number of planes. */
    private static final int STEPS = 40;

    private float step;
    /** The planes of each sign, the lowest first, {@code [planes][weights]}. */
    private float[][] positive;
    private float[][] negative;

    private BitPlanes(float step, float[] multiples, int planes) {
        this.step = step;
        split(multiples, planes);
    }

    /** Weights rounded to the nearest of {@code 2^(planes + 1) - 1} values, of which the outermost is the largest weight. */
    static BitPlanes of(float[] weights, int planes) {
        return rounded(weights, widest(weights, planes), planes);
    }

    /** Weights rounded to the same number of values with the step, of forty that cut off more and more, that leaves the least squared error. */
    static BitPlanes nearest(float[] weights, int planes) {
        int most = most(planes);
        float widest = widest(weights, planes);
        float step = widest;
        double least = Double.POSITIVE_INFINITY;
        for (int i = STEPS; i > 0; i--) {
            float candidate = widest * ((float) i / STEPS);
            double error = 0;
            for (float weight : weights) {
                double rest = weight - candidate * multiple(weight, candidate, most);
                error += rest * rest;
            }
            if (error < least) {
                least = error;
                step = candidate;
            }
        }
        return rounded(weights, step, planes);
    }

    private static float widest(float[] weights, int planes) {
        float largest = 0;
        for (float weight : weights) {
            largest = Math.max(largest, Math.abs(weight));
        }
        return largest > 0 ? largest / most(planes) : 1;
    }

    private static int most(int planes) {
        return (1 << planes) - 1;
    }

    private static BitPlanes rounded(float[] weights, float step, int planes) {
        float[] multiples = new float[weights.length];
        for (int i = 0; i < weights.length; i++) {
            multiples[i] = multiple(weights[i], step, most(planes));
        }
        return new BitPlanes(step, multiples, planes);
    }

    private static float multiple(float weight, float step, int most) {
        return Math.max(-most, Math.min(most, (float) Math.rint(weight / step)));
    }

    /** Makes planes binary. What rounding leaves, at most a half, stays in the lowest one, so that nothing is lost of what it has learned. */
    private void split(float[] multiples, int planes) {
        positive = new float[planes][multiples.length];
        negative = new float[planes][multiples.length];
        for (int i = 0; i < multiples.length; i++) {
            int integer = (int) Math.rint(multiples[i]);
            for (int b = 0; b < planes; b++) {
                (integer < 0 ? negative : positive)[b][i] = Math.abs(integer) >> b & 1;
            }
            float rest = multiples[i] - integer;
            (rest < 0 ? negative : positive)[0][i] += Math.abs(rest);
        }
    }

    /** The distance of neighbouring weights. */
    float step() {
        return step;
    }

    /** Number of planes of each sign. */
    int planes() {
        return positive.length;
    }

    /** Number of weights. */
    private int size() {
        return positive[0].length;
    }

    /** The weights as multiples of the step. */
    int[] integers() {
        return rounded(multiples());
    }

    private static int[] rounded(float[] multiples) {
        int[] integers = new int[multiples.length];
        Arrays.setAll(integers, i -> (int) Math.rint(multiples[i]));
        return integers;
    }

    /** The weights before rounding, as multiples of the step. */
    private float[] multiples() {
        float[] multiples = new float[size()];
        for (int b = 0; b < planes(); b++) {
            for (int i = 0; i < multiples.length; i++) {
                multiples[i] += (positive[b][i] - negative[b][i]) * (1 << b);
            }
        }
        return multiples;
    }

    /** The weights. */
    float[] weights() {
        int[] integers = integers();
        float[] weights = new float[integers.length];
        for (int i = 0; i < weights.length; i++) {
            weights[i] = step * integers[i];
        }
        return weights;
    }

    /**
     * Passes a change of the weights on to the planes, straight through the rounding: by the chain rule those of bit {@code b} change by
     * {@code step * 2^b} times as much, those of the negative part the other way.
     *
     * @param change what an updater adds to the weights
     */
    void add(float[] change) {
        for (int b = 0; b < planes(); b++) {
            float factor = step * (1 << b);
            for (int i = 0; i < change.length; i++) {
                positive[b][i] = clipped(positive[b][i] + factor * change[i]);
                negative[b][i] = clipped(negative[b][i] - factor * change[i]);
            }
        }
    }

    private static float clipped(float value) {
        return Math.max(0, Math.min(MOST, value));
    }

    /** The group lasso: the sum over bits of the norm of the planes of both signs. */
    double groupLasso() {
        double sum = 0;
        for (int b = 0; b < planes(); b++) {
            sum += norm(b);
        }
        return sum;
    }

    private double norm(int bit) {
        double sum = 0;
        for (int i = 0; i < size(); i++) {
            sum += positive[bit][i] * positive[bit][i] + negative[bit][i] * negative[bit][i];
        }
        return Math.sqrt(sum);
    }

    /**
     * A step down the group lasso. A plane whose norm is less than the step becomes zero.
     *
     * @param length of the step of each plane
     */
    void shrink(double length) {
        for (int b = 0; b < planes(); b++) {
            double norm = norm(b);
            float factor = norm > length ? (float) (1 - length / norm) : 0;
            for (int i = 0; i < size(); i++) {
                positive[b][i] *= factor;
                negative[b][i] *= factor;
            }
        }
    }

    /**
     * Re-quantization and adjustment of the precision (section 3.3): planes become binary again, with one more of them where a weight needs
     * it, and planes of zeros at both ends are dropped but for the last one. The weights do not change, except for those that would
     * need more planes than allowed: their lowest bits are rounded away.
     *
     * @param most largest number of planes
     */
    void adjust(int most) {
        float[] multiples = multiples();
        while (bits(rounded(multiples)) > most) {
            coarsen(multiples, 1);
        }
        int used = Arrays.stream(rounded(multiples)).reduce(0, (all, value) -> all | Math.abs(value));
        coarsen(multiples, used == 0 ? 0 : Integer.numberOfTrailingZeros(used));
        split(multiples, Math.max(1, bits(rounded(multiples))));
    }

    /** Takes a step of so many bits more. */
    private void coarsen(float[] multiples, int bits) {
        step *= 1 << bits;
        for (int i = 0; i < multiples.length; i++) {
            multiples[i] /= 1 << bits;
        }
    }

    private static int bits(int[] integers) {
        return Integer.SIZE - Integer.numberOfLeadingZeros(Arrays.stream(integers).map(Math::abs).max().orElse(0));
    }
}
