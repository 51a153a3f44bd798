package org.multipoint.internal.quantizer;

import org.multipoint.internal.linalg.Products;
import org.multipoint.internal.linalg.UpperFactor;
import org.multipoint.points.CodeGrid;

import java.util.Comparator;
import java.util.stream.IntStream;

/**
 * GPTQ rounding (Frantar et al., "GPTQ: Accurate Post-Training Quantization for Generative Pre-trained Transformers", ICLR 2023,
 * section 3) of rows to a grid, and what else is computed under the same damped second moments {@code H} of a layer's inputs: rounding to
 * nearest, coordinate descent on the codes, and least squares fits of the scale.
 *
 * <p>GPTQ rounds one column after another, here the one with the largest second moment first, and lets each column compensate
 * for the output error of those before it. With {@code H = V V^T}, {@code V} upper triangular, the output error of a row is
 * {@code sum_k (V_kk (w_k - q_k) + sum_{j<k} e_j V_jk)^2}, where {@code e_j = w_j - q_j}: column {@code k} rounds
 * {@code w_k + sum_{j<k} e_j V_jk / V_kk}. That equals GPTQ's result without forming the inverse of {@code H}. Columns are taken in
 * blocks; the errors of earlier blocks are propagated by one matrix product.
 */
final class GptqRounding {

    private static final int BLOCK = 128;
    /** Most passes of coordinate descent; it mostly ends by itself sooner. */
    private static final int SWEEPS = 20;
    /** Least gain of a move in coordinate descent, in units of the error of one step of its column. */
    private static final float LEAST_GAIN = 1e-3f;

    private final int size;
    private final int[] order;
    private final float[] diagonal;
    /** {@code V_jk / V_kk} above the diagonal, in rounding order, row by row. */
    private final float[] feedback;
    /** {@code H}, damped, in rounding order. */
    private final float[] moments;

    /**
     * @param h     second moments of the inputs, {@code [size, size]}
     * @param ridge added to the diagonal
     */
    GptqRounding(double[] h, int size, double ridge) {
        this.size = size;
        this.order = IntStream.range(0, size).boxed()
                .sorted(Comparator.comparingDouble(i -> -h[i * size + i])).mapToInt(i -> i).toArray();
        this.moments = new float[h.length];
        for (int i = 0; i < size; i++) {
            for (int j = 0; j < size; j++) {
                moments[i * size + j] = (float) (h[order[i] * size + order[j]] + (i == j ? ridge : 0));
            }
        }
        UpperFactor factor = UpperFactor.of(h, order, ridge);
        this.diagonal = new float[size];
        for (int k = 0; k < size; k++) {
            diagonal[k] = factor.get(k, k);
        }
        this.feedback = factor.values().clone();
        for (int j = 0; j < size; j++) {
            for (int k = j; k < size; k++) {
                feedback[j * size + k] = k == j ? 0 : feedback[j * size + k] / diagonal[k];
            }
        }
    }

    /** The rows with their columns in rounding order, as {@link #round} expects them. */
    float[] permute(float[] w, int rows) {
        float[] out = new float[w.length];
        for (int r = 0; r < rows; r++) {
            for (int j = 0; j < size; j++) {
                out[r * size + j] = w[r * size + order[j]];
            }
        }
        return out;
    }

    /** The column at place {@code j} of the rounding order. */
    int column(int j) {
        return order[j];
    }

    /**
     * GPTQ rounding of rows.
     *
     * @param w      {@code [rows, size]} in rounding order
     * @param scales {@code [rows]} step sizes
     * @param max    {@code [rows]} largest grid value of each row
     * @param codes  {@code [rows, size]} receives the grid values, in rounding order
     * @return output error of each row under the damped second moments
     */
    double[] round(float[] w, int rows, float[] scales, CodeGrid grid, int[] max, int[] codes) {
        return round(w, rows, scales, (row, steps, weight) -> grid.nearest(steps, max[row]), codes);
    }

    /** Decides what a value is rounded to. */
    @FunctionalInterface
    interface Choice {
        /**
         * @param steps  the value, in steps of its row
         * @param weight output error of rounding it by one step
         * @return the code
         */
        int code(int row, float steps, double weight);
    }

    /**
     * GPTQ rounding of rows where the nearest code need not be the best one. Arguments and result as those of the other {@link #round}.
     */
    double[] round(float[] w, int rows, float[] scales, Choice choice, int[] codes) {
        double[] errors = new double[rows];
        float[] e = new float[rows * size];
        for (int begin = 0; begin < size; begin += BLOCK) {
            int from = begin;
            int to = Math.min(size, begin + BLOCK);
            float[] propagated = from == 0 ? null : Products.multiply(Products.slice(e, size, 0, rows, 0, from),
                    Products.slice(feedback, size, 0, from, from, to), rows, from, to - from);
            IntStream all = IntStream.range(0, rows);
            (rows > 1 && size > 16 ? all.parallel() : all).forEach(r ->
                    errors[r] += roundBlock(w, r, from, to, propagated, scales[r], choice, codes, e));
        }
        return errors;
    }

    private double roundBlock(float[] w, int row, int from, int to, float[] propagated, float scale, Choice choice, int[] codes,
                              float[] e) {
        int width = to - from;
        float[] target = new float[width];
        System.arraycopy(w, row * size + from, target, 0, width);
        for (int j = 0; propagated != null && j < width; j++) {
            target[j] += propagated[row * width + j];
        }
        float perStep = perStep(scale);
        double error = 0;
        for (int j = 0; j < width; j++) {
            double weight = (double) diagonal[from + j] * scale;
            int code = choice.code(row, target[j] * perStep, weight * weight);
            float rounded = scale * code;
            double left = (double) diagonal[from + j] * (target[j] - rounded);
            error += left * left;
            float own = w[row * size + from + j] - rounded;
            codes[row * size + from + j] = code;
            e[row * size + from + j] = own;
            int next = (from + j) * size + from;
            for (int k = j + 1; k < width; k++) {
                target[k] += own * feedback[next + k];
            }
        }
        return error;
    }

    /**
     * Rounds rows to nearest, without compensation: better on some rows, mostly short and clipped ones.
     * Arguments and result as those of {@link #round}.
     */
    double[] roundToNearest(float[] w, int rows, float[] scales, CodeGrid grid, int[] max, int[] codes) {
        float[] e = new float[rows * size];
        for (int r = 0; r < rows; r++) {
            float perStep = perStep(scales[r]);
            for (int i = r * size; i < (r + 1) * size; i++) {
                codes[i] = grid.nearest(w[i] * perStep, max[r]);
                e[i] = w[i] - scales[r] * codes[i];
            }
        }
        return errors(e, rows);
    }

    private double[] errors(float[] e, int rows) {
        float[] ev = timesFactor(e, rows);
        double[] errors = new double[rows];
        for (int i = 0; i < ev.length; i++) {
            errors[i / size] += (double) ev[i] * ev[i];
        }
        return errors;
    }

    /**
     * Coordinate descent: sweeps over the columns and moves each code to the value with the least output error, the other codes
     * fixed, until none moves.
     *
     * @param codes {@code [rows, size]} in rounding order, changed in place
     * @return output error of each row, as of {@link #round}; never more than before
     */
    double[] descend(float[] w, int rows, float[] scales, CodeGrid grid, int[] max, int[] codes) {
        return descend(w, rows, scales, codes, (row, code, residual, own) -> change(scales[row], grid, max[row], code, residual, own));
    }

    /** Decides by how much a code changes, the others fixed. */
    @FunctionalInterface
    private interface Move {
        /**
         * @param residual the row's error at the code's column, multiplied with the second moments
         * @param own      second moment of the column
         * @return 0 where the code stays
         */
        int change(int row, int code, float residual, float own);
    }

    private double[] descend(float[] w, int rows, float[] scales, int[] codes, Move move) {
        float[] e = new float[rows * size];
        for (int i = 0; i < e.length; i++) {
            e[i] = w[i] - scales[i / size] * codes[i];
        }
        float[] eh = Products.multiply(e, moments, rows, size, size);
        IntStream all = IntStream.range(0, rows);
        (rows > 1 && size > 16 ? all.parallel() : all).forEach(r -> descendRow(r, scales[r], codes, eh, move));
        for (int i = 0; i < e.length; i++) {
            e[i] = w[i] - scales[i / size] * codes[i];
        }
        return errors(e, rows);
    }

    private void descendRow(int row, float scale, int[] codes, float[] eh, Move move) {
        int first = row * size;
        boolean moved = true;
        for (int sweep = 0; moved && sweep < SWEEPS; sweep++) {
            moved = false;
            for (int j = 0; j < size; j++) {
                int change = move.change(row, codes[first + j], eh[first + j], moments[j * size + j]);
                if (change == 0) {
                    continue;
                }
                codes[first + j] += change;
                moved = true;
                float step = scale * change;
                for (int k = 0; k < size; k++) {
                    eh[first + k] -= step * moments[j * size + k];
                }
            }
        }
    }

    private static int change(float scale, CodeGrid grid, int max, int code, float residual, float own) {
        if (max == 0 || scale == 0) {
            return 0;
        }
        int change = grid.nearest(code + residual / (own * scale), max) - code;
        // A move that gains next to nothing may be rounding error, and alternate for ever.
        return scale * change * (2 * residual - scale * change * own) <= LEAST_GAIN * scale * scale * own ? 0 : change;
    }

    /**
     * Coordinate descent on output error and rate together: each code moves by one where that lowers {@code error + price * bits}.
     *
     * @param rates    bits of a code in a row
     * @param firstRow number of the first row, as rates count them
     * @param price    output error that a bit is worth
     * @param codes    {@code [rows, size]} in rounding order, changed in place
     * @return output error of each row, as of {@link #round}
     */
    double[] descend(float[] w, int rows, float[] scales, CodeRates rates, int firstRow, double price, int[] codes) {
        return descend(w, rows, scales, codes, (row, code, residual, own) -> {
            float scale = scales[row];
            int change = 0;
            double most = LEAST_GAIN * scale * scale * own;
            for (int by = -1; by <= 1; by += 2) {
                double gain = scale * by * (2 * residual - scale * by * own)
                        + price * (rates.bits(firstRow + row, code) - rates.bits(firstRow + row, code + by));
                if (gain > most && Math.abs(code + by) <= CodeRates.LIMIT) {
                    most = gain;
                    change = by;
                }
            }
            return change;
        });
    }

    /** Sum of the squares of the diagonal of {@code V}: output error of rounding each column of a row by one, feedback included. */
    double sumOfSquares() {
        double sum = 0;
        for (float v : diagonal) {
            sum += (double) v * v;
        }
        return sum;
    }

    private static float perStep(float scale) {
        return scale > 0 ? 1 / scale : 0;
    }

    /** {@code e V} for rows in rounding order. */
    private float[] timesFactor(float[] e, int rows) {
        float[] product = Products.multiply(e, feedback, rows, size, size);
        for (int i = 0; i < product.length; i++) {
            product[i] = diagonal[i % size] * (e[i] + product[i]);
        }
        return product;
    }

    /**
     * The step size that fits codes best under the damped second moments: {@code (q H w) / (q H q)}.
     *
     * @param w     {@code [rows, size]} in rounding order
     * @param codes {@code [rows, size]} in rounding order
     * @param fit   {@code [rows][2]}: {@code q H w} and {@code q H q} are added here
     */
    void fit(float[] w, int[] codes, int rows, double[][] fit) {
        float[] q = new float[codes.length];
        for (int i = 0; i < q.length; i++) {
            q[i] = codes[i];
        }
        float[] wv = timesFactor(w, rows);
        float[] qv = timesFactor(q, rows);
        for (int r = 0; r < rows; r++) {
            for (int j = r * size; j < (r + 1) * size; j++) {
                fit[r][0] += (double) qv[j] * wv[j];
                fit[r][1] += (double) qv[j] * qv[j];
            }
        }
    }
}
