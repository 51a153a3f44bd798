package org.multipoint.internal.quantizer;

import org.multipoint.internal.linalg.Products;
import org.multipoint.internal.linalg.UpperFactor;

import java.util.Arrays;
import java.util.stream.IntStream;

/**
 * Block coordinate descent on codes that are on a trellis, with output error and price of bits as its measure. Windows of columns are
 * rounded again one after another, with all other columns fixed: with {@code g} the product of the second moments and the errors
 * outside of a window {@code W}, its weights are rounded as if they were {@code w_W + H_WW^-1 g}, which makes up for those errors.
 */
final class WindowDescent {

    /** Widest window: columns that are rounded together. Short rows have windows of half of their columns. */
    private static final int WIDEST = 64;
    /** Relative gain below which a window stays as it is: less may be rounding error. */
    private static final double LEAST_GAIN = 1e-6;

    private final GptqRounding gptq;
    private final int size;
    private final int rows;
    private final float[] steps;
    private final TrellisSearch search;
    private final int firstRow;
    private final boolean toEnd;
    private final int[] codes;
    private final float[] errors;
    /** Errors times second moments. */
    private final float[] pulls;

    /**
     * @param gptq     the second moments
     * @param w        {@code [rows, size]} weights
     * @param steps    {@code [rows]}
     * @param firstRow number of the first row, as rates count them
     * @param toEnd    whether the rows end with the last column, so that any state may follow it
     * @param codes    {@code [rows, size]} changed in place
     */
    WindowDescent(GptqRounding gptq, float[] w, int rows, float[] steps, TrellisSearch search, int firstRow, boolean toEnd, int[] codes) {
        this.gptq = gptq;
        this.size = gptq.size();
        this.rows = rows;
        this.steps = steps;
        this.search = search;
        this.firstRow = firstRow;
        this.toEnd = toEnd;
        this.codes = codes;
        this.errors = new float[rows * size];
        for (int i = 0; i < errors.length; i++) {
            errors[i] = w[i] - steps[i / size] * codes[i];
        }
        this.pulls = Products.multiply(errors, gptq.moments(), rows, size, size);
    }

    /**
     * Goes over all columns once.
     *
     * @param states {@code [rows]} states before the first column; changed to those after the last
     */
    void sweep(int[] states) {
        int window = Math.min(WIDEST, (size + 1) / 2);
        for (int from = 0, to; from < size; from = to) {
            // The first window is half as wide as the others, so that their borders are not those between blocks of the rounding.
            to = Math.min(size, from == 0 ? (window + 1) / 2 : from + window);
            round(from, to, states);
        }
    }

    private void round(int from, int to, int[] states) {
        int width = to - from;
        double[] h = gptq.moments(from, to);
        float[] outside = new float[rows * width];
        for (int r = 0; r < rows; r++) {
            for (int j = 0; j < width; j++) {
                double sum = pulls[r * size + from + j];
                for (int i = 0; i < width; i++) {
                    sum -= errors[r * size + from + i] * h[i * width + j];
                }
                outside[r * width + j] = (float) sum;
            }
        }
        UpperFactor factor = UpperFactor.of(h, width, 0);
        float[] compensation = factor.solve(outside, rows);
        GptqRounding within = new GptqRounding(h, factor);
        float[] changes = new float[rows * width];
        IntStream all = IntStream.range(0, rows);
        (rows > 1 ? all.parallel() : all).forEach(r -> {
            float[] target = Arrays.copyOfRange(compensation, r * width, (r + 1) * width);
            int[] own = Arrays.copyOfRange(codes, r * size + from, r * size + to);
            for (int j = 0; j < width; j++) {
                target[j] += errors[r * size + from + j] + steps[r] * own[j];
            }
            int[] better = better(within, r, target, own, states[r], toEnd && to == size);
            states[r] = search.after(states[r], better);
            for (int j = 0; j < width; j++) {
                changes[r * width + j] = steps[r] * (own[j] - better[j]);
                codes[r * size + from + j] = better[j];
                errors[r * size + from + j] += changes[r * width + j];
            }
        });
        float[] moved = Products.multiply(changes, Arrays.copyOfRange(gptq.moments(), from * size, to * size), rows, width, size);
        for (int i = 0; i < moved.length; i++) {
            pulls[i] += moved[i];
        }
    }

    private int[] better(GptqRounding within, int row, float[] target, int[] own, int state, boolean free) {
        float[] left = new float[own.length];
        for (int j = 0; j < own.length; j++) {
            left[j] = target[j] - steps[row] * own[j];
        }
        double cost = within.errors(left, 1)[0] + search.price(firstRow + row, state, own);
        int[] found = own.clone();
        double foundCost = search.round(within, firstRow + row, 0, target, target, steps[row], state,
                free ? TrellisSearch.ANY : search.after(state, own), found);
        return foundCost < cost * (1 - LEAST_GAIN) ? found : own;
    }
}
