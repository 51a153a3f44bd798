package org.multipoint.quantizer;

import org.multipoint.linalg.Products;
import org.multipoint.points.CodeGrid;
import org.multipoint.points.HalfScales;
import org.multipoint.points.MultipointMatrix;
import org.multipoint.points.ScaleLayout;

import java.util.Arrays;
import java.util.stream.IntStream;

/**
 * Points found under the second moments of the inputs: error feedback rounding, a search for the step size of each
 * row, then a least squares fit of the scale. Where rounding to nearest, at the step found or at the min-max step, has the
 * smaller error under the damped second moments, it is taken instead.
 *
 * <p>With {@link ScaleLayout#PER_ROW} the points of a row are the digits of one integer, so that {@code n} points are one
 * rounding to a grid of {@code levels^n} steps; with {@link ScaleLayout#PER_POINT} each point rounds what the points before
 * it left over, with a scale of its own.
 */
public final class FeedbackPoints implements PointFinder {

    /** Step sizes tried first, spread geometrically, and then around the best one. */
    private static final int COARSE = 10;
    private static final int FINE = 3;

    private final int bits;
    private final CodeGrid grid;
    private final ScaleLayout layout;

    /**
     * @param layout {@link ScaleLayout#PER_ROW} or {@link ScaleLayout#PER_POINT}
     */
    public FeedbackPoints(int bits, CodeGrid grid, ScaleLayout layout) {
        if (layout == ScaleLayout.PER_LAYER) {
            throw new IllegalArgumentException("Error feedback chooses a step for each row; a step per layer is not supported");
        }
        this.bits = bits;
        this.grid = grid;
        this.layout = layout;
    }

    @Override
    public ScaleLayout layout() {
        return layout;
    }

    @Override
    public int bits() {
        return bits;
    }

    /** Integers that its codes stand for. */
    public CodeGrid grid() {
        return grid;
    }

    @Override
    public MultipointMatrix find(WeightProblem problem, int[] points) {
        int rows = problem.op().rows();
        int columns = problem.op().columns();
        MultipointMatrix.Builder matrix = new MultipointMatrix.Builder(rows, columns, bits, grid, layout);
        int perGroup = problem.op().rowsPerGroup();
        IntStream groups = IntStream.range(0, problem.op().groups());
        (problem.op().groups() > 1 ? groups.parallel() : groups).forEach(g -> {
            Group group = new Group(problem, g);
            int[] groupPoints = Arrays.copyOfRange(points, g * perGroup, (g + 1) * perGroup);
            if (layout == ScaleLayout.PER_ROW) {
                group.digits(groupPoints, matrix);
            } else {
                group.residuals(groupPoints, matrix);
            }
        });
        return matrix.build();
    }

    /** Codes and step sizes of some rows. */
    private record Rounded(int[] codes, float[] scales) {
    }

    /** The rows of one group of input channels, with their feedback block by block. */
    private final class Group {
        private final int columns;
        private final int rows;
        private final int firstRow;
        private final int[] starts;
        private final ErrorFeedback[] blocks;
        private final float[] weights;

        Group(WeightProblem problem, int group) {
            this.columns = problem.op().columns();
            this.rows = problem.op().rowsPerGroup();
            this.firstRow = group * rows;
            this.starts = problem.moments().blockStarts();
            this.blocks = problem.feedback(group);
            this.weights = Arrays.copyOfRange(problem.weights(), firstRow * columns, (firstRow + rows) * columns);
        }

        void digits(int[] points, MultipointMatrix.Builder matrix) {
            int[] max = IntStream.of(points).map(n -> grid.maxValue(bits, n)).toArray();
            Rounded best = search(weights, max);
            for (int r = 0; r < rows; r++) {
                matrix.digits(firstRow + r, points[r], best.scales[r],
                        Arrays.copyOfRange(best.codes, r * columns, (r + 1) * columns));
            }
        }

        void residuals(int[] points, MultipointMatrix.Builder matrix) {
            float[] residual = weights.clone();
            float[][] scales = new float[rows][];
            int[][][] codes = new int[rows][][];
            for (int r = 0; r < rows; r++) {
                scales[r] = new float[points[r]];
                codes[r] = new int[points[r]][];
            }
            int[] max = new int[rows];
            Arrays.fill(max, grid.maxValue(bits));
            for (int i = 0; i < Arrays.stream(points).max().getAsInt(); i++) {
                Rounded point = search(residual, max);
                for (int r = 0; r < rows; r++) {
                    if (points[r] > i) {
                        scales[r][i] = point.scales[r];
                        codes[r][i] = Arrays.copyOfRange(point.codes, r * columns, (r + 1) * columns);
                    }
                    for (int c = r * columns; c < (r + 1) * columns; c++) {
                        residual[c] -= point.scales[r] * point.codes[c];
                    }
                }
            }
            for (int r = 0; r < rows; r++) {
                matrix.points(firstRow + r, scales[r], codes[r]);
            }
        }

        /** The best codes and step sizes found for rows of this group. */
        private Rounded search(float[] w, int[] max) {
            float[][] permuted = new float[blocks.length][];
            for (int s = 0; s < blocks.length; s++) {
                permuted[s] = blocks[s].permute(
                        Products.slice(w, columns, 0, rows, starts[s], starts[s + 1]), rows);
            }
            float[] minMax = new float[rows];
            for (int r = 0; r < rows; r++) {
                for (int c = r * columns; c < (r + 1) * columns; c++) {
                    minMax[r] = Math.max(minMax[r], Math.abs(w[c]) / max[r]);
                }
            }
            Search search = new Search(permuted, max);
            for (int k = 0; k < COARSE; k++) {
                float[] scales = new float[rows];
                for (int r = 0; r < rows; r++) {
                    scales[r] = minMax[r] * (float) Math.pow(smallestShare(max[r]), (double) k / (COARSE - 1));
                }
                search.attempt(scales, true);
            }
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
            search.refit();
            search.attempt(search.scales, false);
            search.attempt(minMax, false);
            return search.result();
        }

        /**
         * The coarser the grid, the smaller the best step can be against the min-max one: a ternary grid of a bell shaped
         * row clips at about a third of its largest weight, a fine one hardly clips.
         */
        private static double smallestShare(int max) {
            return max <= 1 ? 0.2 : max <= 4 ? 0.3 : max <= 8 ? 0.45 : max <= 24 ? 0.6 : 0.75;
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
             * Keeps what is better than before, row by row.
             *
             * @param feedback whether to round with error feedback, or to nearest
             */
            void attempt(float[] wanted, boolean feedback) {
                float[] candidate = new float[rows];
                for (int r = 0; r < rows; r++) {
                    candidate[r] = HalfScales.nearest(wanted[r]);
                }
                double[] total = new double[rows];
                int[][] tried = new int[blocks.length][];
                for (int s = 0; s < blocks.length; s++) {
                    tried[s] = new int[w[s].length];
                    double[] e = feedback ? blocks[s].round(w[s], rows, candidate, grid, max, tried[s])
                            : blocks[s].roundToNearest(w[s], rows, candidate, grid, max, tried[s]);
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

            /** Tries the scales that fit the best codes so far by least squares. */
            void refit() {
                double[][] fit = new double[rows][2];
                for (int s = 0; s < blocks.length; s++) {
                    blocks[s].fit(w[s], codes[s], rows, fit);
                }
                float[] fitted = new float[rows];
                for (int r = 0; r < rows; r++) {
                    double scale = fit[r][1] > 0 ? fit[r][0] / fit[r][1] : 0;
                    fitted[r] = scale > 0 ? (float) scale : scales[r];
                }
                attempt(fitted, true);
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
}
