package org.multipoint.internal.quantizer;

import org.multipoint.internal.linalg.Products;
import org.multipoint.points.CodeGrid;
import org.multipoint.points.MultipointMatrix;
import org.multipoint.points.ScaleLayout;

import java.util.Arrays;

/**
 * Entropy-coded weights: one integer for each weight, one step for the whole layer (for each group where there are several), and
 * rounding by rate and distortion. With {@code lambda} the relative output error that a bit is worth, {@code E} the variance of the
 * layer's outputs and {@code V} the triangular factor of the second moments of {@link GptqRounding}, the step is the one at which a
 * finer grid would cost as much as it gains, {@code step^2 = 6 lambda E columns / (ln 2 sum_k V_kk^2)}, and each column of the GPTQ
 * rounding takes the code that minimizes {@code V_kk^2 (t - step q)^2 + lambda E bits(q)} of the nearest and the two before it towards
 * zero. Coordinate descent follows under the same measure.
 */
public final class CodedWeights {

    private static final int LIMIT = CodeRates.LIMIT;
    /** Roundings from which rates are learnt for the next. */
    private static final int ROUNDS = 2;

    private final WeightProblem problem;
    private final double outputVariance;

    /**
     * @param outputVariance of the layer in the reference network
     */
    public CodedWeights(WeightProblem problem, double outputVariance) {
        this.problem = problem;
        this.outputVariance = outputVariance;
    }

    /**
     * The weights at a price of bits.
     *
     * @param lambda relative output error of a row that a bit is worth, positive
     */
    public MultipointMatrix find(double lambda) {
        Rounded rounded = new Rounded(lambda);
        rounded.roundBy((part, block, w, found) -> block.round(w, part.count(), rounded.steps(part),
                (row, x, weight) -> CodeGrid.SYMMETRIC.nearest(x, LIMIT), found));
        double price = lambda * outputVariance;
        for (int round = 0; round < ROUNDS; round++) {
            CodeRates rates = rounded.rates();
            rounded.roundBy((part, block, w, found) -> block.round(w, part.count(), rounded.steps(part),
                    (row, x, weight) -> cheapest(x, weight, rates, part.first() + row, price), found));
        }
        CodeRates rates = rounded.rates();
        rounded.roundBy((part, block, w, found) -> block.descend(w, part.count(), rounded.steps(part), rates, part.first(), price, found));
        return rounded.matrix();
    }

    /** Changes the codes of some rows and a block of columns; weights and codes stand in the block's rounding order. */
    @FunctionalInterface
    private interface Step {
        void run(WeightProblem.Rows part, GptqRounding block, float[] weights, int[] codes);
    }

    /** The codes of the layer as they are so far. */
    private final class Rounded {
        private final int rows = problem.op().rows();
        private final int columns = problem.op().columns();
        private final int[] codes = new int[rows * columns];
        private final float[] steps = new float[rows];

        Rounded(double lambda) {
            problem.forEachRows(part -> {
                float[] found = CodedWeights.this.steps(part, problem.weights(part), problem.roundings(part.group()), lambda);
                System.arraycopy(found, 0, steps, part.first(), part.count());
            });
        }

        float[] steps(WeightProblem.Rows part) {
            return Arrays.copyOfRange(steps, part.first(), part.first() + part.count());
        }

        CodeRates rates() {
            return new CodeRates(codes, columns);
        }

        void roundBy(Step step) {
            int[] starts = problem.moments().blockStarts();
            problem.forEachRows(part -> {
                GptqRounding[] blocks = problem.roundings(part.group());
                float[] weights = problem.weights(part);
                for (int s = 0; s < blocks.length; s++) {
                    int size = starts[s + 1] - starts[s];
                    float[] w = blocks[s].permute(Products.slice(weights, columns, 0, part.count(), starts[s], starts[s + 1]), part.count());
                    int[] found = new int[w.length];
                    for (int i = 0; i < found.length; i++) {
                        found[i] = codes[index(part, starts[s], blocks[s], i, size)];
                    }
                    step.run(part, blocks[s], w, found);
                    for (int i = 0; i < found.length; i++) {
                        codes[index(part, starts[s], blocks[s], i, size)] = found[i];
                    }
                }
            });
        }

        private int index(WeightProblem.Rows part, int start, GptqRounding block, int i, int size) {
            return (part.first() + i / size) * columns + start + block.column(i % size);
        }

        MultipointMatrix matrix() {
            boolean common = true;
            for (float step : steps) {
                common &= step == steps[0];
            }
            MultipointMatrix.Builder matrix = new MultipointMatrix.Builder(rows, columns, CodeGrid.MAX_BITS, CodeGrid.SYMMETRIC,
                    common ? ScaleLayout.PER_LAYER : ScaleLayout.PER_ROW).coded();
            for (int r = 0; r < rows; r++) {
                matrix.digits(r, 1, steps[r], Arrays.copyOfRange(codes, r * columns, (r + 1) * columns));
            }
            return matrix.build();
        }
    }

    private float[] steps(WeightProblem.Rows part, float[] weights, GptqRounding[] blocks, double lambda) {
        int columns = problem.op().columns();
        double squares = 0;
        for (GptqRounding block : blocks) {
            squares += block.sumOfSquares();
        }
        double step = Math.sqrt(6 * lambda * outputVariance * columns / (Math.log(2) * squares));
        float[] steps = new float[part.count()];
        for (int r = 0; r < steps.length; r++) {
            float largest = 0;
            for (int c = r * columns; c < (r + 1) * columns; c++) {
                largest = Math.max(largest, Math.abs(weights[c]));
            }
            // No weight is clipped: a row whose largest weight has no code gets a step of its own.
            steps[r] = ScaleLayout.nearestScale((float) Math.max(step, largest / LIMIT * 1.001));
        }
        return steps;
    }

    private static int cheapest(float steps, double weight, CodeRates rates, int row, double price) {
        int nearest = CodeGrid.SYMMETRIC.nearest(steps, LIMIT);
        int towardsZero = -Integer.signum(nearest);
        int best = nearest;
        double least = Double.POSITIVE_INFINITY;
        for (int i = 0; i <= Math.min(2, Math.abs(nearest)); i++) {
            int code = nearest + i * towardsZero;
            double left = steps - code;
            double cost = weight * left * left + price * rates.bits(row, code);
            if (cost < least) {
                least = cost;
                best = code;
            }
        }
        return best;
    }
}
