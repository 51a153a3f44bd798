package org.multipoint.internal.quantizer;

import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.DoubleRange;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;
import org.multipoint.options.MultipointOptions.Granularity;
import org.multipoint.points.CodeGrid;
import org.multipoint.points.MultipointMatrix;
import org.multipoint.points.ScaleLayout;
import org.multipoint.points.StoredSize;
import org.multipoint.testing.TestProblems;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

class AllocationTest {

    /** Layers of different widths and layouts, with errors that mostly fall with more points. */
    private static List<ErrorCurves> curves(long seed) {
        Random random = new Random(seed);
        List<ErrorCurves> layers = new ArrayList<>();
        for (int l = 0; l < 1 + random.nextInt(4); l++) {
            double[][] errors = new double[1 + random.nextInt(20)][];
            int most = 1 + random.nextInt(6);
            for (int r = 0; r < errors.length; r++) {
                errors[r] = new double[most];
                double error = Math.exp(random.nextGaussian());
                for (int n = 0; n < most; n++) {
                    errors[r][n] = error;
                    error *= random.nextInt(8) == 0 ? 1.1 : 0.4 * random.nextDouble();
                }
            }
            layers.add(new ErrorCurves(1 + random.nextInt(40), 2 + random.nextInt(7),
                    ScaleLayout.values()[random.nextInt(3)], errors, random.nextInt(10) == 0 ? 0 : random.nextDouble() * 5));
        }
        return layers;
    }

    private static long weights(List<ErrorCurves> layers) {
        return layers.stream().mapToLong(l -> (long) l.rows() * l.columns()).sum();
    }

    private static long bytes(List<ErrorCurves> layers, int[][] points) {
        long bytes = 0;
        for (int l = 0; l < points.length; l++) {
            bytes += StoredSize.payloadBytes(points[l], layers.get(l).columns(), layers.get(l).bits(), layers.get(l).layout());
        }
        return bytes;
    }

    private static int[][] ones(List<ErrorCurves> layers) {
        int[][] points = new int[layers.size()][];
        for (int l = 0; l < points.length; l++) {
            points[l] = new int[layers.get(l).rows()];
            Arrays.fill(points[l], 1);
        }
        return points;
    }

    private static void checkCounts(List<ErrorCurves> layers, int[][] points) {
        assertEquals(layers.size(), points.length);
        for (int l = 0; l < points.length; l++) {
            assertEquals(layers.get(l).rows(), points[l].length);
            for (int r = 0; r < points[l].length; r++) {
                assertTrue(points[l][r] >= 1 && points[l][r] <= layers.get(l).errors()[r].length);
            }
        }
    }

    @Property(seed = "71")
    void extraPointsAreNeverExceeded(@ForAll @DoubleRange(min = 0, max = 3) double share, @ForAll long seed) {
        List<ErrorCurves> layers = curves(seed);
        int[][] points = BudgetAllocation.extraPoints(share).allocate(layers);
        checkCounts(layers, points);
        long extra = 0;
        for (int l = 0; l < points.length; l++) {
            for (int n : points[l]) {
                extra += (long) (n - 1) * layers.get(l).columns();
            }
        }
        assertTrue(extra <= share * weights(layers), extra + " extra codes for " + share + " of " + weights(layers));
    }

    @Property(seed = "72")
    void storedBitsAreNeverExceeded(@ForAll @DoubleRange(min = 0, max = 40) double perWeight, @ForAll long seed) {
        List<ErrorCurves> layers = curves(seed);
        int[][] points = BudgetAllocation.storedBits(perWeight).allocate(layers);
        checkCounts(layers, points);
        assertTrue(8.0 * bytes(layers, points) <= perWeight * weights(layers) || Arrays.deepEquals(ones(layers), points),
                8 * bytes(layers, points) + " bits for " + perWeight + " of " + weights(layers));
    }

    @Property(seed = "73")
    void bytesAreNeverExceeded(@ForAll @IntRange(min = 0, max = 5000) int budget, @ForAll long seed) {
        List<ErrorCurves> layers = curves(seed);
        int[][] points = BudgetAllocation.bytes(budget).allocate(layers);
        checkCounts(layers, points);
        assertTrue(bytes(layers, points) <= budget || Arrays.deepEquals(ones(layers), points));
    }

    @Property(seed = "74", tries = 200)
    void moreBudgetIsNeverWorse(@ForAll @DoubleRange(min = 0, max = 2) double share, @ForAll long seed) {
        List<ErrorCurves> layers = curves(seed);
        double before = error(layers, ones(layers));
        double little = error(layers, BudgetAllocation.extraPoints(share).allocate(layers));
        assertTrue(little <= before);
        double everything = error(layers, BudgetAllocation.extraPoints(1e6).allocate(layers));
        assertTrue(everything <= little + 1e-12);
    }

    private static double error(List<ErrorCurves> layers, int[][] points) {
        double sum = 0;
        for (int l = 0; l < points.length; l++) {
            for (int r = 0; r < points[l].length; r++) {
                sum += layers.get(l).relative(r, points[l][r]);
            }
        }
        return sum;
    }

    /** What is really written stays within the budget, whoever finds the points. */
    @Test
    void payloadsStayWithinTheBudget() {
        List<WeightProblem> problems = List.of(TestProblems.dense(30, 9, false, 1), TestProblems.dense(8, 50, false, 2),
                TestProblems.dense(70, 3, true, 3));
        long weights = problems.stream().mapToLong(p -> p.op().weights()).sum();
        for (PointFinder finder : new PointFinder[]{new GptqPoints(3, CodeGrid.SYMMETRIC, ScaleLayout.PER_ROW),
                new GptqPoints(2, CodeGrid.ODD, ScaleLayout.PER_POINT),
                new GreedyPoints(4, Granularity.CHANNEL, GreedyPoints.Step.SEARCH),
                new GreedyPoints(4, Granularity.LAYER, GreedyPoints.Step.SEARCH)}) {
            List<ErrorCurves> layers = problems.stream().map(p -> new ErrorCurves(p.op().columns(), finder.bits(), finder.layout(),
                    finder.errors(p, 3), p.outputVariance())).toList();
            long single = bytes(layers, ones(layers));
            for (double more : new double[]{1.02, 1.1, 1.5, 2.2}) {
                long budget = (long) (single * more);
                assertTrue(written(finder, problems, BudgetAllocation.bytes(budget).allocate(layers)) <= budget);
                double perWeight = 8.0 * single * more / weights;
                assertTrue(8.0 * written(finder, problems, BudgetAllocation.storedBits(perWeight).allocate(layers)) / weights <= perWeight);
            }
            // And a budget that allows something is used.
            assertTrue(written(finder, problems, BudgetAllocation.bytes(2 * single).allocate(layers)) > 1.8 * single);
        }
    }

    private static long written(PointFinder finder, List<WeightProblem> problems, int[][] points) {
        long bytes = 0;
        for (int l = 0; l < points.length; l++) {
            MultipointMatrix m = finder.find(problems.get(l), points[l]);
            bytes += m.toBytes().length;
        }
        return bytes;
    }

    @Test
    void pointsGoWhereTheErrorFallsMost() {
        List<ErrorCurves> layers = List.of(
                new ErrorCurves(10, 4, ScaleLayout.PER_ROW, new double[][]{{8, 4, 3}, {8, 1, 0.9}}, 1),
                // As large errors of outputs ten times as large count a tenth; half the width costs half.
                new ErrorCurves(5, 4, ScaleLayout.PER_ROW, new double[][]{{30, 1, 0}, {100, 0, 0}}, 10));
        assertArrayEquals(new int[][]{{1, 1}, {1, 2}}, BudgetAllocation.extraPoints(5 / 30.0).allocate(layers));
        assertArrayEquals(new int[][]{{1, 2}, {1, 2}}, BudgetAllocation.extraPoints(15 / 30.0).allocate(layers));
        assertArrayEquals(new int[][]{{1, 2}, {2, 2}}, BudgetAllocation.extraPoints(20 / 30.0).allocate(layers));
        assertArrayEquals(new int[][]{{2, 2}, {2, 2}}, BudgetAllocation.extraPoints(30 / 30.0).allocate(layers));
    }

    @Test
    void pointsThatBringNothingAreNotBought() {
        List<ErrorCurves> layers = List.of(new ErrorCurves(4, 4, ScaleLayout.PER_ROW, new double[][]{{1, 1, 1}, {0, 0, 0}, {1, 2, 2}}, 1));
        assertArrayEquals(new int[][]{{1, 1, 1}}, BudgetAllocation.extraPoints(100).allocate(layers));
    }

    @Test
    void thresholdGivesPointsWhileTheErrorIsOverIt() {
        List<ErrorCurves> layers = List.of(new ErrorCurves(4, 4, ScaleLayout.PER_ROW,
                new double[][]{{0.5, 0.1, 0.01}, {4, 3, 2}, {2, 0.9, 0.1}, {1, 0, 0}}, 2));
        assertArrayEquals(new int[][]{{1, 3, 2, 1}}, new ThresholdAllocation(0.5).allocate(layers));
        assertArrayEquals(new int[][]{{1, 1, 1, 1}}, new ThresholdAllocation(Double.POSITIVE_INFINITY).allocate(layers));
        assertArrayEquals(new int[][]{{3, 3, 3, 2}}, new ThresholdAllocation(0).allocate(layers));
    }

    @Test
    void fixedGivesEachRowTheSame() {
        assertArrayEquals(new int[][]{{3, 3}}, new FixedAllocation(3).allocate(
                List.of(new ErrorCurves(4, 4, ScaleLayout.PER_ROW, new double[2][3], 1))));
    }

    @Test
    void budgetsThatCannotBeAreRefused() {
        for (double bad : new double[]{-1, Double.NaN, Double.POSITIVE_INFINITY}) {
            assertThrows(IllegalArgumentException.class, () -> BudgetAllocation.extraPoints(bad));
            assertThrows(IllegalArgumentException.class, () -> BudgetAllocation.storedBits(bad));
        }
        assertThrows(IllegalArgumentException.class, () -> BudgetAllocation.bytes(-1));
        assertThrows(IllegalArgumentException.class, () -> new ThresholdAllocation(-0.1));
        assertThrows(IllegalArgumentException.class, () -> new ThresholdAllocation(Double.NaN));
        assertThrows(IllegalArgumentException.class, () -> new FixedAllocation(0));
        assertThrows(IllegalArgumentException.class, () -> new FixedAllocation(17));
    }
}
