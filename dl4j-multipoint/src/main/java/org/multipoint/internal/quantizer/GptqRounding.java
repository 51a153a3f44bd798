package org.multipoint.internal.quantizer;

import org.multipoint.internal.linalg.Products;
import org.multipoint.internal.linalg.UpperFactor;
import org.multipoint.points.CodeGrid;

import java.util.Arrays;
import java.util.Comparator;
import java.util.stream.IntStream;

/**
 * GPTQ rounding (Frantar et al., "GPTQ: Accurate Post-Training Quantization for Generative Pre-trained Transformers", ICLR 2023,
 * section 3) of rows to a grid, and what else is computed under the same damped second moments {@code H} of a layer's inputs: rounding to
 * nearest, coordinate descent on the codes, and least squares fits of the scale.
 *
 * <p>GPTQ rounds one column after another, mostly the one with the largest second moment first, and lets each column compensate
 * for the output error of those before it. With {@code H = V V^T}, {@code V} upper triangular, the output error of a row is
 * {@code sum_k (V_kk (w_k - q_k) + sum_{j<k} e_j V_jk)^2}, where {@code e_j = w_j - q_j}: column {@code k} rounds
 * {@code w_k + sum_{j<k} e_j V_jk / V_kk}. That equals GPTQ's result without forming the inverse of {@code H}. Columns are taken in
 * blocks; the errors of earlier blocks are propagated by one matrix product.
 */
final class GptqRounding {

    private static final int BLOCK = 128;
    /** Rows that are rounded column by column, all of them at once. */
    private static final int ROWS = 128;
    /** Width of the blocks of columns in which products with a triangular matrix leave out what is below its diagonal. */
    private static final int TRIANGLE = 512;
    /** Most passes of coordinate descent; it mostly ends by itself sooner. */
    private static final int SWEEPS = 20;
    /** Least gain of a move in coordinate descent, in units of the error of one step of its column. */
    private static final float LEAST_GAIN = 1e-3f;

    /** The order in which columns are rounded. */
    enum Order {
        /** The column with the largest second moment first. */
        LARGEST_FIRST,
        /** As columns are stored. */
        STORED
    }

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
        this(h, size, ridge, Order.LARGEST_FIRST);
    }

    GptqRounding(double[] h, int size, double ridge, Order by) {
        this(h, order(h, size, by), ridge);
    }

    private GptqRounding(double[] h, int[] order, double ridge) {
        this(h, order, ridge, UpperFactor.of(h, order, ridge));
    }

    /**
     * As columns are stored.
     *
     * @param h      second moments of the inputs, {@code [size, size]}
     * @param factor of them
     */
    GptqRounding(double[] h, UpperFactor factor) {
        this(h, order(h, factor.size(), Order.STORED), 0, factor);
    }

    private GptqRounding(double[] h, int[] order, double ridge, UpperFactor factor) {
        this.size = order.length;
        this.order = order;
        this.moments = new float[h.length];
        for (int i = 0; i < size; i++) {
            for (int j = 0; j < size; j++) {
                moments[i * size + j] = (float) (h[order[i] * size + order[j]] + (i == j ? ridge : 0));
            }
        }
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

    private static int[] order(double[] h, int size, Order by) {
        IntStream columns = IntStream.range(0, size);
        return by == Order.STORED ? columns.toArray()
                : columns.boxed().sorted(Comparator.comparingDouble(i -> -h[i * size + i])).mapToInt(i -> i).toArray();
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
        return roundBlocks(w, rows, scales, ROWS, (first, count, from, to, targets, costs) -> {
            // Column by column, so that the feedback of a column to another is one loop over many rows; each in an array of its own, as the JIT
            // compiler vectorizes loops over arrays at one index.
            int width = to - from;
            float[][] columns = columns(targets, count, width);
            float[] errors = new float[count];
            for (int j = 0; j < width; j++) {
                for (int r = 0; r < count; r++) {
                    float scale = scales[first + r];
                    float target = columns[j][r];
                    int code = grid.nearest(target * perStep(scale), max[first + r]);
                    float rounded = scale * code;
                    double left = (double) diagonal[from + j] * (target - rounded);
                    costs[first + r] += left * left;
                    int at = (first + r) * size + from + j;
                    codes[at] = code;
                    errors[r] = w[at] - rounded;
                }
                for (int k = j + 1; k < width; k++) {
                    addProducts(columns[k], errors, feedback[(from + j) * size + from + k]);
                }
            }
        }, codes);
    }

    /** @param a {@code [rows, columns]} */
    private static float[][] columns(float[] a, int rows, int columns) {
        float[][] out = new float[columns][rows];
        for (int r = 0; r < rows; r++) {
            for (int c = 0; c < columns; c++) {
                out[c][r] = a[r * columns + c];
            }
        }
        return out;
    }

    private static void addProducts(float[] sum, float[] values, float factor) {
        for (int i = 0; i < sum.length; i++) {
            sum[i] += values[i] * factor;
        }
    }

    /**
     * GPTQ rounding of rows to codes on a trellis.
     *
     * @param w        {@code [rows, size]} in rounding order
     * @param scales   {@code [rows]} step sizes
     * @param search   finds the codes of a block of columns
     * @param firstRow number of the first row, as rates count them
     * @param states   {@code [rows]} states before the first column; changed to those after the last
     * @param codes    {@code [rows, size]} receives the codes, in rounding order
     */
    void round(float[] w, int rows, float[] scales, TrellisSearch search, int firstRow, int[] states, int[] codes) {
        roundBlocks(w, rows, scales, 1, (row, one, from, to, target, costs) -> {
            int[] found = new int[to - from];
            costs[row] += search.round(this, firstRow + row, from, Arrays.copyOfRange(w, row * size + from, row * size + to), target,
                    scales[row], states[row], TrellisSearch.ANY, found);
            states[row] = search.after(states[row], found);
            System.arraycopy(found, 0, codes, row * size + from, found.length);
        }, codes);
    }

    /** Rounds a block of columns of some rows. */
    @FunctionalInterface
    private interface Block {
        /**
         * @param targets {@code [count, to - from]} what the columns are to be with the feedback of the blocks before
         * @param costs   of all rows; theirs are added
         */
        void round(int first, int count, int from, int to, float[] targets, double[] costs);
    }

    /** @param together about so many rows are rounded by one thread */
    private double[] roundBlocks(float[] w, int rows, float[] scales, int together, Block block, int[] codes) {
        double[] costs = new double[rows];
        float[] e = new float[rows * size];
        for (int begin = 0; begin < size; begin += BLOCK) {
            int from = begin;
            int to = Math.min(size, begin + BLOCK);
            float[] propagated = from == 0 ? null : Products.multiply(Products.slice(e, size, 0, rows, 0, from),
                    Products.slice(feedback, size, 0, from, from, to), rows, from, to - from);
            int width = to - from;
            int parts = (rows + together - 1) / together;
            IntStream all = IntStream.range(0, parts);
            (parts > 1 && size > 16 ? all.parallel() : all).forEach(part -> {
                int first = (int) ((long) rows * part / parts);
                int last = (int) ((long) rows * (part + 1) / parts);
                float[] targets = Products.slice(w, size, first, last - first, from, to);
                for (int i = 0; propagated != null && i < targets.length; i++) {
                    targets[i] += propagated[first * width + i];
                }
                block.round(first, last - first, from, to, targets, costs);
                for (int r = first; r < last; r++) {
                    for (int i = r * size + from; i < r * size + to; i++) {
                        e[i] = w[i] - scales[r] * codes[i];
                    }
                }
            });
        }
        return costs;
    }

    /**
     * By how much later columns of a block change for each unit by which a column was rounded down.
     *
     * @param from   first column of the block
     * @param next   place in the block from which on shares are wanted
     * @param shares {@code [columns of the block]} receives them
     */
    void feedback(int column, int from, int next, float[] shares) {
        System.arraycopy(feedback, column * size + from + next, shares, next, shares.length - next);
    }

    /** Output error of rounding a column by one, with the feedback to those after it. */
    double errorOfOne(int column) {
        return (double) diagonal[column] * diagonal[column];
    }

    int size() {
        return size;
    }

    /** The damped second moments, {@code [size, size]} in rounding order; not to be changed. */
    float[] moments() {
        return moments;
    }

    /** Those of consecutive columns. */
    double[] moments(int from, int to) {
        double[] part = new double[(to - from) * (to - from)];
        for (int i = 0; i < part.length; i++) {
            part[i] = moments[(from + i / (to - from)) * size + from + i % (to - from)];
        }
        return part;
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

    /** Output errors of rows that deviate by {@code e} in rounding order. */
    double[] errors(float[] e, int rows) {
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
        float[] e = new float[rows * size];
        for (int i = 0; i < e.length; i++) {
            e[i] = w[i] - scales[i / size] * codes[i];
        }
        float[] eh = Products.multiply(e, moments, rows, size, size);
        IntStream all = IntStream.range(0, rows);
        (rows > 1 && size > 16 ? all.parallel() : all).forEach(r -> descendRow(r, scales[r], grid, max[r], codes, eh));
        for (int i = 0; i < e.length; i++) {
            e[i] = w[i] - scales[i / size] * codes[i];
        }
        return errors(e, rows);
    }

    private void descendRow(int row, float scale, CodeGrid grid, int max, int[] codes, float[] eh) {
        if (max == 0 || scale == 0) {
            return;
        }
        int first = row * size;
        boolean moved = true;
        for (int sweep = 0; moved && sweep < SWEEPS; sweep++) {
            moved = false;
            for (int j = 0; j < size; j++) {
                float own = moments[j * size + j];
                int code = grid.nearest(codes[first + j] + eh[first + j] / (own * scale), max);
                int change = code - codes[first + j];
                // A move that gains next to nothing may be rounding error, and alternate for ever.
                if (change == 0 || scale * change * (2 * eh[first + j] - scale * change * own) <= LEAST_GAIN * scale * scale * own) {
                    continue;
                }
                codes[first + j] = code;
                moved = true;
                float step = scale * change;
                for (int k = 0; k < size; k++) {
                    eh[first + k] -= step * moments[j * size + k];
                }
            }
        }
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
        float[] ev = new float[e.length];
        for (int from = 0; from < size; from += TRIANGLE) {
            int to = Math.min(size, from + TRIANGLE);
            int width = to - from;
            boolean all = width == size;
            float[] product = Products.multiply(all ? e : Products.slice(e, size, 0, rows, 0, to),
                    all ? feedback : Products.slice(feedback, size, 0, to, from, to), rows, to, width);
            for (int r = 0; r < rows; r++) {
                for (int j = 0; j < width; j++) {
                    int at = r * size + from + j;
                    ev[at] = diagonal[from + j] * (e[at] + product[r * width + j]);
                }
            }
        }
        return ev;
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
