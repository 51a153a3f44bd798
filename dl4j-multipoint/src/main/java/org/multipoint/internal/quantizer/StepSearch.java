package org.multipoint.internal.quantizer;

import org.multipoint.internal.linalg.Products;
import org.multipoint.points.CodeGrid;
import org.multipoint.points.ScaleLayout;

import java.util.Arrays;

/**
 * Searches codes and step sizes for rows of one group of input channels, all of them at once, under the second moments of their
 * inputs: GPTQ rounding at many step sizes, then coordinate descent on the codes from the best.
 */
final class StepSearch {

    /** Step sizes tried first, spread geometrically, and then around the best one. */
    private static final int COARSE = 10;
    private static final int FINE = 3;
    /** Of the step sizes tried first, every so many-th is enough to estimate errors; on grids of so many steps, which hardly clip, the first and the last. */
    private static final int ESTIMATED = 2;
    private static final int FINE_GRID = 25;
    /** Rounds of coordinate descent on the codes and a fit of the scales. */
    private static final int DESCENTS = 3;

    private final int columns;
    private final int rows;
    private final CodeGrid grid;
    private final int[] starts;
    private final GptqRounding[] blocks;

    /** Codes {@code [rows, columns]} and step sizes {@code [rows]}. */
    static final class Rounded {

        private final int[] codes;
        private final float[] scales;

        Rounded(int[] codes, float[] scales) {
            this.codes = codes;
            this.scales = scales;
        }

        int[] codes() {
            return codes;
        }

        float[] scales() {
            return scales;
        }
    }

    StepSearch(WeightProblem problem, WeightProblem.Rows rows, CodeGrid grid) {
        this.columns = problem.op().columns();
        this.rows = rows.count();
        this.grid = grid;
        this.starts = problem.moments().blockStarts();
        this.blocks = problem.roundings(rows.group());
    }

    /**
     * The best codes and step sizes found.
     *
     * @param w   {@code [rows, columns]} what to round: the rows' weights, or their residual after some points
     * @param max largest code of each row; 0 leaves a row at zero
     */
    Rounded search(float[] w, int[] max) {
        float[] minMax = minMax(w, max);
        Search search = coarse(w, max, minMax, 1);
        float[] centre = search.scales.clone();
        for (int k = 1; k <= FINE; k++) {
            for (int sign = -1; sign <= 1; sign += 2) {
                float[] scales = new float[rows];
                for (int r = 0; r < rows; r++) {
                    double step = Math.log(smallestShare(max[r])) / (COARSE - 1) / (FINE + 1);
                    scales[r] = centre[r] * (float) Math.exp(sign * k * step);
                }
                search.attempt(scales, true);
            }
        }
        search.attempt(search.fitted(), true);
        search.attempt(minMax, false);
        for (int round = 0; round < DESCENTS; round++) {
            search.attempt(search.scales, false);
            search.descend();
        }
        search.attempt(search.scales, false);
        return search.result();
    }

    /**
     * Good codes and step sizes, found in about a fourth of the time: errors of rows compare as those of the best ones do.
     *
     * @param w   as of {@link #search}
     * @param max as of {@link #search}
     */
    Rounded estimate(float[] w, int[] max) {
        boolean fine = Arrays.stream(max).allMatch(m -> m >= FINE_GRID);
        Search search = coarse(w, max, minMax(w, max), fine ? COARSE - 1 : ESTIMATED);
        search.attempt(search.fitted(), true);
        return search.result();
    }

    private Search coarse(float[] w, int[] max, float[] minMax, int every) {
        float[][] permuted = new float[blocks.length][];
        for (int s = 0; s < blocks.length; s++) {
            permuted[s] = blocks[s].permute(
                    Products.slice(w, columns, 0, rows, starts[s], starts[s + 1]), rows);
        }
        Search search = new Search(permuted, max);
        for (int k = 0; k < COARSE; k += every) {
            float[] scales = new float[rows];
            for (int r = 0; r < rows; r++) {
                scales[r] = minMax[r] * (float) Math.pow(smallestShare(max[r]), (double) k / (COARSE - 1));
            }
            search.attempt(scales, true);
        }
        return search;
    }

    /** The smallest step at which no weight is clipped. */
    private float[] minMax(float[] w, int[] max) {
        float[] minMax = new float[rows];
        for (int r = 0; r < rows; r++) {
            for (int c = r * columns; c < (r + 1) * columns; c++) {
                minMax[r] = Math.max(minMax[r], Math.abs(w[c]) / Math.max(1, max[r]));
            }
        }
        return minMax;
    }

    /**
     * The coarser the grid, the smaller the best step can be relative to the min-max step: a ternary grid of a bell-shaped
     * row clips at about a third of its largest weight, a fine one hardly clips.
     */
    private static double smallestShare(int max) {
        return max <= 1 ? 0.2 : max <= 4 ? 0.3 : max <= 8 ? 0.45 : max <= 24 ? 0.6 : 0.75;
    }

    /** A way to find the codes of a block of columns at given step sizes. */
    @FunctionalInterface
    private interface Rounding {
        /** @return output error of each row */
        double[] round(int block, float[] scales, int[] codes);
    }

    private final class Search {
        private final float[][] w;
        private final int[] max;
        private final double[] errors = new double[rows];
        private final float[] scales = new float[rows];
        private final int[][] codes;

        Search(float[][] w, int[] max) {
            this.w = w;
            this.max = max;
            this.codes = new int[blocks.length][];
            for (int s = 0; s < blocks.length; s++) {
                codes[s] = new int[w[s].length];
            }
            Arrays.fill(errors, Double.POSITIVE_INFINITY);
        }

        /**
         * Tries step sizes, and keeps what is better than before, row by row.
         *
         * @param gptq whether to round by GPTQ, or to nearest
         */
        void attempt(float[] wanted, boolean gptq) {
            attempt(wanted, (s, scales, tried) -> gptq ? blocks[s].round(w[s], rows, scales, grid, max, tried)
                    : blocks[s].roundToNearest(w[s], rows, scales, grid, max, tried));
        }

        /** Coordinate descent from the best codes so far, at the scales that fit them by least squares. */
        void descend() {
            attempt(fitted(), (s, scales, tried) -> {
                System.arraycopy(codes[s], 0, tried, 0, tried.length);
                return blocks[s].descend(w[s], rows, scales, grid, max, tried);
            });
        }

        private void attempt(float[] wanted, Rounding rounding) {
            float[] candidate = new float[rows];
            for (int r = 0; r < rows; r++) {
                candidate[r] = ScaleLayout.nearestScale(wanted[r]);
            }
            double[] total = new double[rows];
            int[][] tried = new int[blocks.length][];
            for (int s = 0; s < blocks.length; s++) {
                tried[s] = new int[w[s].length];
                double[] e = rounding.round(s, candidate, tried[s]);
                for (int r = 0; r < rows; r++) {
                    total[r] += e[r];
                }
            }
            for (int r = 0; r < rows; r++) {
                if (total[r] < errors[r]) {
                    errors[r] = total[r];
                    scales[r] = candidate[r];
                    for (int s = 0; s < blocks.length; s++) {
                        int size = starts[s + 1] - starts[s];
                        System.arraycopy(tried[s], r * size, codes[s], r * size, size);
                    }
                }
            }
        }

        /** The scales that fit the best codes so far by least squares. */
        private float[] fitted() {
            double[][] fit = new double[rows][2];
            for (int s = 0; s < blocks.length; s++) {
                blocks[s].fit(w[s], codes[s], rows, fit);
            }
            float[] fitted = new float[rows];
            for (int r = 0; r < rows; r++) {
                double scale = fit[r][1] > 0 ? fit[r][0] / fit[r][1] : 0;
                fitted[r] = scale > 0 ? (float) scale : scales[r];
            }
            return fitted;
        }

        Rounded result() {
            int[] ordered = new int[rows * columns];
            for (int s = 0; s < blocks.length; s++) {
                int size = starts[s + 1] - starts[s];
                for (int r = 0; r < rows; r++) {
                    for (int j = 0; j < size; j++) {
                        ordered[r * columns + starts[s] + blocks[s].column(j)] = codes[s][r * size + j];
                    }
                }
            }
            return new Rounded(ordered, scales);
        }
    }
}
