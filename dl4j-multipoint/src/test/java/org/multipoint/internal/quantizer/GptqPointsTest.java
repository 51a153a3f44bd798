package org.multipoint.internal.quantizer;

import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.multipoint.internal.calibration.MemoryBound;
import org.multipoint.internal.engine.FusedRows;
import org.multipoint.internal.linalg.UpperFactor;
import org.multipoint.internal.ops.LinearOp;
import org.multipoint.internal.ops.LinearOp.PaddingMode;
import org.multipoint.internal.ops.LinearOp.Size;
import org.multipoint.internal.ops.Tensor;
import org.multipoint.options.MultipointOptions.Granularity;
import org.multipoint.points.CodeGrid;
import org.multipoint.points.MultipointMatrix;
import org.multipoint.points.ScaleLayout;
import org.multipoint.testing.TestOps;
import org.multipoint.testing.TestProblems;

import java.util.Arrays;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

class GptqPointsTest {

    private static final ScaleLayout[] LAYOUTS = {ScaleLayout.PER_ROW, ScaleLayout.PER_POINT};

    private static MultipointMatrix find(WeightProblem problem, int bits, CodeGrid grid, ScaleLayout layout, int points) {
        int[] all = new int[problem.op().rows()];
        Arrays.fill(all, points);
        return new GptqPoints(bits, grid, layout).find(problem, all);
    }

    /** {@code e H e^T} of each row under the damped second moments, in double precision. */
    private static double[] damped(WeightProblem problem, float[] approximation) {
        int d = problem.op().columns();
        double ridge = WeightProblem.DAMPING * problem.moments().meanVariance();
        double[] errors = new double[problem.op().rows()];
        for (int r = 0; r < errors.length; r++) {
            double[] h = problem.moments().covariance(r / problem.op().rowsPerGroup(), 0);
            for (int i = 0; i < d; i++) {
                double ei = problem.weights()[r * d + i] - approximation[r * d + i];
                errors[r] += ridge * ei * ei;
                for (int j = 0; j < d; j++) {
                    errors[r] += ei * h[i * d + j] * (problem.weights()[r * d + j] - approximation[r * d + j]);
                }
            }
        }
        return errors;
    }

    private static float[] nearest(WeightProblem problem, CodeGrid grid, int max, float[] scales) {
        float[] out = new float[problem.weights().length];
        for (int i = 0; i < out.length; i++) {
            float scale = scales[i / problem.op().columns()];
            out[i] = scale > 0 ? scale * grid.nearest(problem.weights()[i] / scale, max) : 0;
        }
        return out;
    }

    @Property(seed = "61", tries = 600)
    void neverWorseThanPlainRoundingUnderTheSecondMoments(@ForAll @IntRange(min = 2, max = 5) int bits,
                                                          @ForAll @IntRange(min = 1, max = 12) int columns, @ForAll CodeGrid grid,
                                                          @ForAll @IntRange(min = 0, max = 1) int layout, @ForAll boolean dead,
                                                          @ForAll long seed) {
        WeightProblem problem = TestProblems.dense(8, columns, dead, seed);
        MultipointMatrix m = find(problem, bits, grid, LAYOUTS[layout], 1);
        double[] found = damped(problem, m.toFloats());
        float[] minMax = new float[8];
        float[] own = new float[8];
        for (int r = 0; r < 8; r++) {
            for (int c = 0; c < columns; c++) {
                minMax[r] = Math.max(minMax[r], Math.abs(problem.weights()[r * columns + c]) / grid.maxValue(bits));
            }
            minMax[r] = ScaleLayout.nearestScale(minMax[r]);
            own[r] = m.scale(r, 0);
        }
        for (float[] scales : new float[][]{minMax, own}) {
            double[] plain = damped(problem, nearest(problem, grid, grid.maxValue(bits), scales));
            for (int r = 0; r < 8; r++) {
                assertTrue(found[r] <= plain[r] * (1 + 1e-4) + 1e-12, "row " + r + ": " + found[r] + " against " + plain[r]);
            }
        }
    }

    @Test
    void muchBetterThanPlainRoundingWhereInputsAreCorrelated() {
        WeightProblem problem = TestProblems.dense(32, 96, false, 1);
        for (int bits : new int[]{2, 3, 4}) {
            double feedback = sum(problem.outputErrors(find(problem, bits, CodeGrid.SYMMETRIC, ScaleLayout.PER_ROW, 1).toFloats()));
            int[] ones = new int[32];
            Arrays.fill(ones, 1);
            double plain = sum(problem.outputErrors(
                    new GreedyPoints(bits, Granularity.CHANNEL, GreedyPoints.Step.SEARCH).find(problem, ones).toFloats()));
            assertTrue(feedback < 0.6 * plain, bits + " bits: " + feedback + " against " + plain);
        }
    }

    private static double sum(double[] values) {
        return Arrays.stream(values).sum();
    }

    /** Sizes within one block of columns and across several. */
    @ParameterizedTest
    @ValueSource(ints = {1, 5, 128, 129, 300})
    void roundingReportsTheErrorItMakes(int columns) {
        WeightProblem problem = TestProblems.dense(4, columns, true, 2);
        double ridge = WeightProblem.DAMPING * problem.moments().meanVariance();
        GptqRounding rounding = new GptqRounding(problem.moments().covariance(0, 0), columns, ridge);
        float[] scales = {0.1f, 0.05f, 0.02f, 0f};
        int[] max = {3, 7, 7, 7};
        for (boolean fed : new boolean[]{true, false}) {
            int[] codes = new int[4 * columns];
            float[] w = rounding.permute(problem.weights(), 4);
            double[] reported = fed ? rounding.round(w, 4, scales, CodeGrid.SYMMETRIC, max, codes)
                    : rounding.roundToNearest(w, 4, scales, CodeGrid.SYMMETRIC, max, codes);
            double[] expected = damped(problem, inOrder(rounding, codes, scales, columns));
            for (int r = 0; r < 4; r++) {
                assertEquals(expected[r], reported[r], 1e-3 * expected[r] + 1e-9);
            }
        }
    }

    /** Coordinate descent ends where no single code can move, is no worse than where it began, and reports the error it leaves. */
    @ParameterizedTest
    @ValueSource(ints = {1, 5, 40, 150})
    void descentEndsWhereNoCodeCanMove(int columns) {
        WeightProblem problem = TestProblems.dense(4, columns, true, 5);
        double ridge = WeightProblem.DAMPING * problem.moments().meanVariance();
        GptqRounding rounding = new GptqRounding(problem.moments().covariance(0, 0), columns, ridge);
        float[] scales = {0.1f, 0.05f, 0.02f, 0f};
        int[] max = {1, 3, 7, 7};
        float[] w = rounding.permute(problem.weights(), 4);
        for (CodeGrid grid : CodeGrid.values()) {
            int[] codes = new int[4 * columns];
            double[] before = rounding.round(w, 4, scales, grid, max, codes);
            double[] after = rounding.descend(w, 4, scales, grid, max, codes);
            double[] expected = damped(problem, inOrder(rounding, codes, scales, columns));
            for (int r = 0; r < 4; r++) {
                assertEquals(expected[r], after[r], 1e-3 * expected[r] + 1e-9);
                assertTrue(after[r] <= before[r] * (1 + 1e-4), after[r] + " after, " + before[r] + " before");
            }
            for (int r = 0; r < 3; r++) {
                for (int j = 0; j < columns; j++) {
                    int at = r * columns + j;
                    int here = codes[at];
                    assertEquals(here, grid.nearest(here, max[r]));
                    for (int other : new int[]{here - 2, here - 1, here + 1, here + 2}) {
                        if (grid.nearest(other, max[r]) == other) {
                            codes[at] = other;
                            double moved = damped(problem, inOrder(rounding, codes, scales, columns))[r];
                            assertTrue(moved > expected[r] * (1 - 1e-2), "row " + r + ", column " + j + ": " + moved + " against " + expected[r]);
                        }
                    }
                    codes[at] = here;
                }
            }
        }
    }

    private static float[] inOrder(GptqRounding rounding, int[] codes, float[] scales, int columns) {
        float[] rounded = new float[codes.length];
        for (int i = 0; i < rounded.length; i++) {
            rounded[i / columns * columns + rounding.column(i % columns)] = scales[i / columns] * codes[i];
        }
        return rounded;
    }

    /** Column by column by definition: what is left of each column is made up for by the columns after it. */
    @Test
    void blocksOfColumnsRoundLikeOneColumnAfterAnother() {
        int d = 300;
        WeightProblem problem = TestProblems.dense(3, d, false, 3);
        double ridge = WeightProblem.DAMPING * problem.moments().meanVariance();
        double[] h = problem.moments().covariance(0, 0);
        GptqRounding rounding = new GptqRounding(h, d, ridge);
        float[] w = rounding.permute(problem.weights(), 3);
        int[] codes = new int[3 * d];
        double[] errors = rounding.round(w, 3, new float[]{0.02f, 0.02f, 0.02f}, CodeGrid.SYMMETRIC, new int[]{7, 7, 7}, codes);

        double[] permuted = new double[d * d];
        for (int i = 0; i < d; i++) {
            for (int j = 0; j < d; j++) {
                permuted[i * d + j] = h[rounding.column(i) * d + rounding.column(j)];
            }
        }
        UpperFactor v = UpperFactor.of(permuted, d, ridge);
        int differing = 0;
        for (int r = 0; r < 3; r++) {
            double[] e = new double[d];
            double error = 0;
            for (int k = 0; k < d; k++) {
                double target = w[r * d + k];
                for (int j = 0; j < k; j++) {
                    target += e[j] * v.get(j, k) / v.get(k, k);
                }
                int code = (int) Math.max(-7, Math.min(7, Math.rint(target / 0.02f)));
                differing += code == codes[r * d + k] ? 0 : 1;
                e[k] = w[r * d + k] - 0.02f * codes[r * d + k];
                error += Math.pow(v.get(k, k) * (target - 0.02f * codes[r * d + k]), 2);
            }
            assertEquals(error, errors[r], 1e-4 * error);
        }
        // Ties may fall either way in single precision.
        assertTrue(differing <= 3, differing + " codes differ");
    }

    @Test
    void independentInputsAreRoundedToNearest() {
        double[] h = {4, 0, 0, 0, 1, 0, 0, 0, 2};
        GptqRounding rounding = new GptqRounding(h, 3, 0);
        assertArrayEquals(new int[]{0, 2, 1}, new int[]{rounding.column(0), rounding.column(1), rounding.column(2)});
        int[] codes = new int[3];
        rounding.round(rounding.permute(new float[]{0.26f, -0.9f, 5f}, 1), 1, new float[]{0.5f}, CodeGrid.SYMMETRIC, new int[]{3}, codes);
        assertArrayEquals(new int[]{1, 3, -2}, codes);
    }

    @ParameterizedTest
    @EnumSource(CodeGrid.class)
    void integerRatioPointsFuseExactlyUpToInt8(CodeGrid grid) {
        WeightProblem problem = TestProblems.dense(10, 30, false, 4);
        for (int bits = 2; bits <= 4; bits++) {
            for (int points = 1; grid.maxValue(bits, points) <= FusedRows.FULL_LIMIT; points++) {
                MultipointMatrix m = find(problem, bits, grid, ScaleLayout.PER_ROW, points);
                assertTrue(FusedRows.of(m, FusedRows.FULL_LIMIT).exact());
                assertEquals(10 * points, m.totalPoints());
            }
        }
    }

    @ParameterizedTest
    @CsvSource({"4, 2", "8, 1", "5, 3"})
    void noIntegerIsBeyondTheLargestCode(int bits, int points) {
        WeightProblem problem = TestProblems.dense(10, 30, false, 4).withLargestCode(63);
        MultipointMatrix found = find(problem, bits, CodeGrid.SYMMETRIC, ScaleLayout.PER_ROW, points);
        assertEquals(found.rows(), FusedRows.of(found, FusedRows.SAFE_LIMIT).exactRows());
        double unlimited = sum(problem.outputErrors(
                find(problem.withLargestCode(127), bits, CodeGrid.SYMMETRIC, ScaleLayout.PER_ROW, points).toFloats()));
        double limited = sum(problem.outputErrors(found.toFloats()));
        assertTrue(limited > unlimited && limited < 8 * unlimited, limited + " and " + unlimited);
    }

    @Test
    void morePointsLeaveLess() {
        WeightProblem problem = TestProblems.dense(16, 48, false, 5);
        for (ScaleLayout layout : LAYOUTS) {
            double[][] errors = new GptqPoints(3, CodeGrid.SYMMETRIC, layout).errors(problem, 4);
            for (int n = 1; n < 4; n++) {
                double before = 0;
                double after = 0;
                for (double[] row : errors) {
                    before += row[n - 1];
                    after += row[n];
                }
                assertTrue(after < 0.5 * before, layout + ", " + n + " points: " + after + " after " + before);
            }
        }
    }

    @Test
    void threePointsOfEightBitsAreNearlyExact() {
        WeightProblem problem = TestProblems.dense(8, 100, false, 6);
        for (ScaleLayout layout : LAYOUTS) {
            float[] found = find(problem, 8, CodeGrid.SYMMETRIC, layout, 3).toFloats();
            for (int i = 0; i < found.length; i++) {
                assertEquals(problem.weights()[i], found[i], 1e-4);
            }
        }
    }

    /** Dead columns, dead rows' worth of weights, inputs that never change, fewer examples than columns. */
    @Test
    void degenerateSecondMomentsAreNoObstacle() {
        LinearOp op = LinearOp.dense(40, 6, false);
        Tensor[] inputs = {TestProblems.correlated(300, 40, true, 7), TestProblems.correlated(3, 40, false, 8),
                TestProblems.correlated(1, 40, false, 9), new Tensor(new float[80], new long[]{2, 40})};
        for (Tensor input : inputs) {
            for (ScaleLayout layout : LAYOUTS) {
                for (CodeGrid grid : CodeGrid.values()) {
                    WeightProblem problem = TestProblems.of(op, input, 10);
                    Arrays.fill(problem.weights(), 0, 40, 0f);
                    float[] found = find(problem, 4, grid, layout, 2).toFloats();
                    double left = 0;
                    double all = 0;
                    for (int i = 0; i < found.length; i++) {
                        left += Math.pow(problem.weights()[i] - found[i], 2);
                        all += Math.pow(problem.weights()[i], 2);
                    }
                    // Whatever the inputs do not tell about, the weights themselves are kept.
                    assertTrue(left < 0.05 * all, layout + " " + grid + " on " + input.examples() + " examples: " + left + " of " + all);
                }
            }
        }
    }

    @Test
    void groupsAreQuantizedEachUnderItsOwnMoments() {
        LinearOp op = new LinearOp(6, 12, 6, new Size(3, 3), Size.ONE, Size.ONE, new Size(1, 1), PaddingMode.EXPLICIT, false, false);
        Tensor x = TestOps.image(op, 8, 6, 6, 11);
        // The fourth channel is never on.
        for (int i = 0; i < x.data().length; i++) {
            x.data()[i] = i / 36 % 6 == 3 ? 0 : Math.max(0, x.data()[i]);
        }
        WeightProblem problem = TestProblems.of(op, x, 12);
        MultipointMatrix all = find(problem, 3, CodeGrid.SYMMETRIC, ScaleLayout.PER_ROW, 1);
        double[] found = damped(problem, all.toFloats());
        double[] plain = damped(problem, new GreedyPoints(3, Granularity.CHANNEL, GreedyPoints.Step.MIN_MAX)
                .find(problem, ones(12)).toFloats());
        for (int r = 0; r < 12; r++) {
            assertTrue(found[r] <= plain[r] * 1.0001, "row " + r);
        }
    }

    private static int[] ones(int rows) {
        int[] ones = new int[rows];
        Arrays.fill(ones, 1);
        return ones;
    }

    @Test
    void sameProblemSameBytesAndWeightsAreNotChanged() {
        for (ScaleLayout layout : LAYOUTS) {
            WeightProblem problem = TestProblems.dense(24, 150, false, 13);
            float[] before = problem.weights().clone();
            byte[] first = find(problem, 3, CodeGrid.SYMMETRIC, layout, 2).toBytes();
            byte[] second = find(TestProblems.dense(24, 150, false, 13), 3, CodeGrid.SYMMETRIC, layout, 2).toBytes();
            assertArrayEquals(first, second);
            assertArrayEquals(before, problem.weights());
        }
    }

    @Test
    void outliersClipInsteadOfWrapping() {
        WeightProblem problem = TestProblems.dense(4, 20, false, 14);
        problem.weights()[3] = 1e30f;
        for (CodeGrid grid : CodeGrid.values()) {
            for (float w : find(problem, 4, grid, ScaleLayout.PER_POINT, 2).toFloats()) {
                assertTrue(Float.isFinite(w));
            }
        }
    }

    @Test
    void wideFanInsAreRoundedBlockByBlock() {
        int columns = MemoryBound.MAX_BLOCK + 10;
        LinearOp op = LinearOp.dense(columns, 2, false);
        WeightProblem problem = TestProblems.of(op, TestOps.normal(15, 20, columns), 16);
        float[] found = find(problem, 4, CodeGrid.SYMMETRIC, ScaleLayout.PER_ROW, 1).toFloats();
        double left = 0;
        double all = 0;
        for (int i = 0; i < found.length; i++) {
            left += Math.pow(problem.weights()[i] - found[i], 2);
            all += Math.pow(problem.weights()[i], 2);
        }
        assertTrue(left < 0.1 * all, left + " of " + all);
    }

    @Test
    void aStepForTheLayerIsRefused() {
        assertThrows(IllegalArgumentException.class, () -> new GptqPoints(4, CodeGrid.SYMMETRIC, ScaleLayout.PER_LAYER));
    }
}
