package org.multipoint.internal.quantizer;

import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.multipoint.internal.ops.LinearOp;
import org.multipoint.options.MultipointOptions.Granularity;
import org.multipoint.points.CodeGrid;
import org.multipoint.points.MultipointMatrix;
import org.multipoint.points.ScaleLayout;
import org.multipoint.testing.TestOps;
import org.multipoint.testing.TestProblems;

import java.util.Arrays;
import java.util.Random;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

class GreedyPointsTest {

    /**
     * Theorem 1 of Liu et al. 2021 with a constant of its own. Take the step {@code max |r| / Q}: the largest coordinate rounds exactly,
     * each other one is left with at most {@code min(|r_j|, max |r| / (2 Q))}. So the squared residual of {@code d} coordinates falls by
     * the factor {@code (d - 1) / (4 Q^2 + d - 1)} at least with each point, and what the search finds is no worse. Storing a
     * scale in 11 bits adds 2^-11 of what it scales; a scale below 2^-14 of the largest is stored in steps of 2^-24.
     */
    @Property(seed = "51", tries = 300)
    void residualNormFallsExponentially(@ForAll @IntRange(min = 2, max = 4) int bits, @ForAll @IntRange(min = 1, max = 200) int d,
                                        @ForAll Granularity granularity, @ForAll long seed) {
        float[] w = heavyTailed(d, seed);
        int q = CodeGrid.SYMMETRIC.maxValue(bits);
        double factor = Math.sqrt((d - 1) / (4.0 * q * q + d - 1)) + Math.scalb(1, -10);
        double bound = norm(w);
        double floor = Math.scalb(bound, -20);
        for (int points = 1; points <= 4; points++) {
            MultipointMatrix m = new GreedyPoints(bits, granularity, GreedyPoints.Step.SEARCH)
                    .find(problem(1, d, w), new int[]{points});
            bound *= factor;
            double residual = norm(difference(w, m.toFloats()));
            assertTrue(residual <= bound + floor, points + " points of " + bits + " bits leave " + residual
                    + " of " + norm(w) + ", expected at most " + bound);
        }
    }

    /** Some coordinates much larger than the others, some zero. */
    private static float[] heavyTailed(int d, long seed) {
        Random random = new Random(seed);
        float[] w = new float[d];
        for (int i = 0; i < d; i++) {
            w[i] = random.nextInt(5) == 0 ? 0 : (float) (random.nextGaussian() * Math.exp(random.nextGaussian()));
        }
        return w;
    }

    private static WeightProblem problem(int rows, int columns, float[] w) {
        return new WeightProblem("layer", LinearOp.dense(columns, rows, false), w, null, false);
    }

    private static float[] difference(float[] a, float[] b) {
        float[] d = new float[a.length];
        for (int i = 0; i < d.length; i++) {
            d[i] = a[i] - b[i];
        }
        return d;
    }

    private static double norm(float[] v) {
        double sum = 0;
        for (float x : v) {
            sum += (double) x * x;
        }
        return Math.sqrt(sum);
    }

    @Test
    void whatAPointCanSayIsSaidExactly() {
        float[] w = {1.5f, -1f, 0.5f, 0f};
        MultipointMatrix m = new GreedyPoints(3, Granularity.CHANNEL, GreedyPoints.Step.SEARCH).find(problem(1, 4, w), new int[]{1});
        assertArrayEquals(w, m.toFloats());
    }

    @Test
    void minMaxIsPlainRoundingToNearest() {
        float[] w = {0.75f, -0.3f, 0.13f, 0.1f, /* second row */ -3f, 1.4f, 1.6f, 0.49f};
        MultipointMatrix rows = new GreedyPoints(3, Granularity.CHANNEL, GreedyPoints.Step.MIN_MAX)
                .find(problem(2, 4, w), new int[]{1, 1});
        assertArrayEquals(new float[]{0.75f, -0.25f, 0.25f, 0f, -3f, 1f, 2f, 0f}, rows.toFloats());
        MultipointMatrix layer = new GreedyPoints(3, Granularity.LAYER, GreedyPoints.Step.MIN_MAX)
                .find(problem(2, 4, w), new int[]{1, 1});
        assertArrayEquals(new float[]{1f, 0f, 0f, 0f, -3f, 1f, 2f, 0f}, layer.toFloats());
    }

    @Test
    void searchIsBetterThanMinMaxWhereOneWeightIsLarge() {
        float[] w = TestOps.normal(1, 100).data();
        w[7] = 30;
        double minMax = norm(difference(w, new GreedyPoints(4, Granularity.CHANNEL, GreedyPoints.Step.MIN_MAX)
                .find(problem(1, 100, w), new int[]{2}).toFloats()));
        double search = norm(difference(w, new GreedyPoints(4, Granularity.CHANNEL, GreedyPoints.Step.SEARCH)
                .find(problem(1, 100, w), new int[]{2}).toFloats()));
        assertTrue(search < 0.9 * minMax, search + " against " + minMax);
    }

    @ParameterizedTest
    @EnumSource(Granularity.class)
    void errorsAreThoseOfThePointsThatAreFound(Granularity granularity) {
        WeightProblem problem = TestProblems.dense(6, 40, false, 3);
        GreedyPoints greedy = new GreedyPoints(3, granularity, GreedyPoints.Step.SEARCH);
        double[][] errors = greedy.errors(problem, 4);
        int[] points = {1, 4, 2, 3, 1, 2};
        double[] found = problem.outputErrors(greedy.find(problem, points).toFloats());
        for (int r = 0; r < 6; r++) {
            assertEquals(errors[r][points[r] - 1], found[r], 1e-6 + 1e-3 * found[r]);
        }
    }

    @Test
    void layoutsFollowTheGranularity() {
        float[] w = TestOps.normal(4, 5 * 9).data();
        MultipointMatrix rows = new GreedyPoints(2, Granularity.CHANNEL, GreedyPoints.Step.SEARCH)
                .find(problem(5, 9, w), new int[]{1, 2, 3, 1, 2});
        MultipointMatrix layer = new GreedyPoints(2, Granularity.LAYER, GreedyPoints.Step.SEARCH)
                .find(problem(5, 9, w), new int[]{1, 2, 3, 1, 2});
        assertEquals(ScaleLayout.PER_POINT, rows.layout());
        assertEquals(ScaleLayout.PER_LAYER, layer.layout());
        for (MultipointMatrix m : new MultipointMatrix[]{rows, layer}) {
            assertArrayEquals(new int[]{2, 2, 1}, m.histogram());
            assertEquals(CodeGrid.SYMMETRIC, m.grid());
        }
    }

    @Test
    void sameWeightsSameBytesAndTheyAreNotChanged() {
        float[] w = TestOps.normal(5, 20 * 30).data();
        float[] before = w.clone();
        int[] points = new int[20];
        Arrays.fill(points, 2);
        for (Granularity granularity : Granularity.values()) {
            GreedyPoints greedy = new GreedyPoints(4, granularity, GreedyPoints.Step.SEARCH);
            assertArrayEquals(greedy.find(problem(20, 30, w), points).toBytes(),
                    greedy.find(problem(20, 30, w.clone()), points).toBytes());
        }
        assertArrayEquals(before, w);
    }

    @Test
    void rowsOfZerosStayZero() {
        for (Granularity granularity : Granularity.values()) {
            assertArrayEquals(new float[6], new GreedyPoints(4, granularity, GreedyPoints.Step.SEARCH)
                    .find(problem(2, 3, new float[6]), new int[]{1, 2}).toFloats());
        }
    }
}
