package org.multipoint.internal.quantizer;

import org.multipoint.points.CodeGrid;
import org.multipoint.points.MultipointMatrix;
import org.multipoint.points.ScaleLayout;

import java.util.Arrays;
import java.util.stream.IntStream;

/**
 * GPTQ points: {@link GptqRounding GPTQ rounding} (Frantar et al., ICLR 2023) under the second moments of the inputs with a search for the
 * step size of each row, then coordinate descent on the codes and a least squares fit of the scale in turn. Where rounding to nearest,
 * at the step found or at the min-max step, has the smaller error under the damped second moments, it is taken instead.
 *
 * <p>With {@link ScaleLayout#PER_ROW} the points of a row are the digits of one integer, so that {@code n} points are one
 * rounding to a grid of {@code levels^n} steps, or as many as the {@link WeightProblem#largestCode() largest code} allows; with {@link ScaleLayout#PER_POINT} each point rounds the residual of the points before
 * it, with a scale of its own.
 */
public final class GptqPoints implements PointFinder {

    /** Length of rows up to which errors are those of the full search, which takes little time there. */
    private static final int EXACT = 512;

    private final int bits;
    private final CodeGrid grid;
    private final ScaleLayout layout;

    /**
     * @param layout {@link ScaleLayout#PER_ROW} or {@link ScaleLayout#PER_POINT}
     */
    public GptqPoints(int bits, CodeGrid grid, ScaleLayout layout) {
        if (layout == ScaleLayout.PER_LAYER) {
            throw new IllegalArgumentException("GPTQ points have a step for each row; a step per layer is not supported");
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
        return find(problem, points, StepSearch::search);
    }

    /** Those of what {@link #find} finds; of long rows estimates, nearly in proportion to them. */
    @Override
    public double[] errors(WeightProblem problem, int[] points) {
        boolean exact = problem.op().columns() <= EXACT;
        return problem.outputErrors(find(problem, points, exact ? StepSearch::search : StepSearch::estimate).toFloats());
    }

    /** Finds the codes and step sizes of rows. */
    @FunctionalInterface
    private interface Steps {
        StepSearch.Rounded find(StepSearch search, float[] weights, int[] max);
    }

    private MultipointMatrix find(WeightProblem problem, int[] points, Steps steps) {
        MultipointMatrix.Builder matrix =
                new MultipointMatrix.Builder(problem.op().rows(), problem.op().columns(), bits, grid, layout);
        problem.forEachRows(rows -> {
            Part part = new Part(problem, rows, steps);
            int[] partPoints = Arrays.copyOfRange(points, rows.first(), rows.first() + rows.count());
            if (layout == ScaleLayout.PER_ROW) {
                part.digits(partPoints, matrix);
            } else {
                part.residuals(partPoints, matrix);
            }
        });
        return matrix.build();
    }

    /** Rows of one group of input channels that are rounded together. */
    private final class Part {
        private final int columns;
        private final int rows;
        private final int firstRow;
        private final float[] weights;
        private final int largest;
        private final StepSearch search;
        private final Steps steps;

        Part(WeightProblem problem, WeightProblem.Rows part, Steps steps) {
            this.columns = problem.op().columns();
            this.rows = part.count();
            this.firstRow = part.first();
            this.weights = problem.weights(part);
            this.largest = problem.largestCode();
            this.search = new StepSearch(problem, part, grid);
            this.steps = steps;
        }

        void digits(int[] points, MultipointMatrix.Builder matrix) {
            int[] max = IntStream.of(points).map(n -> Math.min(largest, grid.maxValue(bits, n))).toArray();
            StepSearch.Rounded best = steps.find(search, weights, max);
            for (int r = 0; r < rows; r++) {
                matrix.digits(firstRow + r, points[r], best.scales()[r],
                        Arrays.copyOfRange(best.codes(), r * columns, (r + 1) * columns));
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
                StepSearch.Rounded point = steps.find(search, residual, max);
                for (int r = 0; r < rows; r++) {
                    if (points[r] > i) {
                        scales[r][i] = point.scales()[r];
                        codes[r][i] = Arrays.copyOfRange(point.codes(), r * columns, (r + 1) * columns);
                    }
                    for (int c = r * columns; c < (r + 1) * columns; c++) {
                        residual[c] -= point.scales()[r] * point.codes()[c];
                    }
                }
            }
            for (int r = 0; r < rows; r++) {
                matrix.points(firstRow + r, scales[r], codes[r]);
            }
        }
    }
}
