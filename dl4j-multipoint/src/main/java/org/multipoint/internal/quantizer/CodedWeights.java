package org.multipoint.internal.quantizer;

import org.multipoint.internal.linalg.Products;
import org.multipoint.points.CodeGrid;
import org.multipoint.points.CodeTrellis;
import org.multipoint.points.MultipointMatrix;
import org.multipoint.points.ScaleLayout;

import java.util.Arrays;

/**
 * Entropy-coded weights: one integer for each weight, one step for the whole layer (for each group where there are several), and
 * rounding by rate and distortion to a {@link CodeTrellis}. With {@code lambda} the relative output error that a bit is worth, {@code E} the
 * variance of the layer's outputs and {@code V} the triangular factor of the second moments of {@link GptqRounding}, the step is the one
 * at which a finer grid would cost as much as it gains, {@code step^2 = 6 lambda E columns / (ln 2 sum_k V_kk^2)}. Of the codes on the
 * trellis, whose values lie at half of that, GPTQ rounding takes those with the least sum of {@code V_kk^2 (t - step q)^2 + lambda E bits(q)}
 * ({@link TrellisSearch}); {@link WindowDescent} follows under the same measure. A layer with a weight that is too large for the
 * trellis at such a step takes any codes.
 */
public final class CodedWeights {

    /** Roundings from which rates are learnt for the next. */
    private static final int ROUNDS = 1;
    private static final int SWEEPS = 1;
    /** Rows of up to so many columns are cheap to round, and hardly searched by few windows: they have more sweeps. */
    private static final int SHORT = 64;
    private static final int SWEEPS_OF_SHORT = 4;
    /** Rows that tell how many bits all of them take. */
    private static final int ROWS_OF_BITS = 256;
    /** Room for what feedback adds to a weight: the largest weight takes at most this share of the largest code. */
    private static final double ROOM = 0.9;

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
        return find(lambda, problem.op().columns() <= SHORT ? SWEEPS_OF_SHORT : SWEEPS);
    }

    /** About what {@link #find} gives, in less time: it takes little more bits. */
    MultipointMatrix estimate(double lambda) {
        return find(lambda, 0);
    }

    /** About the bits of {@link #estimate}, in less time where there are many rows. */
    double bits(double lambda) {
        CodedWeights some = new CodedWeights(problem.someRows(ROWS_OF_BITS), outputVariance);
        return (double) some.estimate(lambda).storedBits() * problem.op().rows() / some.problem.op().rows();
    }

    private MultipointMatrix find(double lambda, int sweeps) {
        Rounded onTrellis = new Rounded(lambda, CodeTrellis.EIGHT_STATES);
        Rounded rounded = onTrellis.hasRoom() ? onTrellis : new Rounded(lambda, CodeTrellis.FREE);
        rounded.round(null);
        for (int i = 0; i < ROUNDS; i++) {
            rounded.round(rounded.rates());
        }
        for (int i = 0; i < sweeps; i++) {
            rounded.descend(rounded.rates());
        }
        return rounded.matrix();
    }

    /** Changes the codes of some rows and a block of columns. */
    @FunctionalInterface
    private interface Step {
        /**
         * @param states of the trellis before the first of the columns, for each of the rows; changed to those after the last
         */
        void run(WeightProblem.Rows part, int block, float[] weights, int[] states, int[] codes);
    }

    /** The codes of the layer as they are so far. */
    private final class Rounded {
        private final CodeTrellis trellis;
        private final double price;
        private final int rows = problem.op().rows();
        private final int columns = problem.op().columns();
        private final int[] starts = problem.moments().blockStarts();
        private final int[] codes = new int[rows * columns];
        private final float[] steps = new float[rows];

        Rounded(double lambda, CodeTrellis trellis) {
            this.trellis = trellis;
            this.price = lambda * outputVariance;
            problem.forEachRows(part -> Arrays.fill(steps, part.first(), part.first() + part.count(), (float) step(part.group())));
            for (int r = 0; r < rows; r++) {
                // No weight is clipped: a row whose largest weight has no code gets a step of its own.
                double least = trellis == CodeTrellis.FREE ? largest(r) / CodeTrellis.FREE.maxIndex() * 1.001 : 0;
                steps[r] = ScaleLayout.nearestScale((float) Math.max(steps[r], least));
            }
        }

        private double step(int group) {
            double squares = 0;
            for (GptqRounding block : blocks(group)) {
                squares += block.sumOfSquares();
            }
            double step = Math.sqrt(6 * price * columns / (Math.log(2) * squares));
            return step / trellis.sets();
        }

        private double largest(int row) {
            float largest = 0;
            for (int i = row * columns; i < (row + 1) * columns; i++) {
                largest = Math.max(largest, Math.abs(problem.weights()[i]));
            }
            return largest;
        }

        /** Whether no weight is too large for the trellis. */
        boolean hasRoom() {
            double most = ROOM * trellis.value(0, trellis.maxIndex());
            for (int r = 0; r < rows; r++) {
                if (largest(r) > most * steps[r]) {
                    return false;
                }
            }
            return true;
        }

        private GptqRounding[] blocks(int group) {
            return problem.roundings(group, GptqRounding.Order.STORED);
        }

        CodeRates rates() {
            return new CodeRates(codes, columns, trellis);
        }

        /** Rounds all weights anew. */
        void round(CodeRates rates) {
            TrellisSearch search = new TrellisSearch(trellis, rates, price);
            change((part, block, w, states, found) -> blocks(part.group())[block].round(w, part.count(), steps(part), search, part.first(),
                    states, found));
        }

        /** Lowers the cost of the codes as they are. */
        void descend(CodeRates rates) {
            TrellisSearch search = new TrellisSearch(trellis, rates, price);
            change((part, block, w, states, found) -> new WindowDescent(blocks(part.group())[block], w, part.count(), steps(part), search,
                    part.first(), starts[block + 1] == columns, found).sweep(states));
        }

        private float[] steps(WeightProblem.Rows part) {
            return Arrays.copyOfRange(steps, part.first(), part.first() + part.count());
        }

        private void change(Step step) {
            problem.forEachRows(part -> {
                float[] weights = problem.weights(part);
                int[] states = new int[part.count()];
                for (int b = 0; b + 1 < starts.length; b++) {
                    int width = starts[b + 1] - starts[b];
                    int[] found = new int[part.count() * width];
                    for (int r = 0; r < part.count(); r++) {
                        System.arraycopy(codes, (part.first() + r) * columns + starts[b], found, r * width, width);
                    }
                    step.run(part, b, Products.slice(weights, columns, 0, part.count(), starts[b], starts[b + 1]), states, found);
                    for (int r = 0; r < part.count(); r++) {
                        System.arraycopy(found, r * width, codes, (part.first() + r) * columns + starts[b], width);
                    }
                }
            });
        }

        MultipointMatrix matrix() {
            boolean common = true;
            for (float step : steps) {
                common &= step == steps[0];
            }
            MultipointMatrix.Builder matrix = new MultipointMatrix.Builder(rows, columns, CodeGrid.MAX_BITS, CodeGrid.SYMMETRIC,
                    common ? ScaleLayout.PER_LAYER : ScaleLayout.PER_ROW).coded(trellis);
            for (int r = 0; r < rows; r++) {
                matrix.digits(r, 1, steps[r], Arrays.copyOfRange(codes, r * columns, (r + 1) * columns));
            }
            return matrix.build();
        }
    }
}
