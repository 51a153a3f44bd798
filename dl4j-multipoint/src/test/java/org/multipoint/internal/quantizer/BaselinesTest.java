package org.multipoint.internal.quantizer;

import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;
import org.multipoint.points.CodeGrid;
import org.multipoint.points.MultipointMatrix;
import org.multipoint.testing.TestProblems;

import java.util.Arrays;
import java.util.stream.DoubleStream;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

/** The methods that points are compared with. */
class BaselinesTest {

    private static int[] all(int rows, int n) {
        int[] counts = new int[rows];
        Arrays.fill(counts, n);
        return counts;
    }

    private static double error(WeightProblem problem, PointFinder finder, int n) {
        return DoubleStream.of(problem.outputErrors(finder.find(problem, all(problem.op().rows(), n)).toFloats())).sum();
    }

    @Property(tries = 20)
    void eachRowHasCodesOfItsOwnWidth(@ForAll @IntRange(min = 1, max = 1000) int seed, @ForAll CodeGrid grid) {
        WeightProblem problem = TestProblems.dense(8, 9, false, seed);
        int[] widths = {1, 2, 3, 4, 5, 6, 7, 8};
        MultipointMatrix found = new MixedPrecision(grid).find(problem, widths);
        for (int r = 0; r < widths.length; r++) {
            for (int c = 0; c < found.columns(); c++) {
                assertTrue(Math.abs(found.code(r, 0, c)) <= grid.maxValue(widths[r]));
            }
        }
    }

    @Test
    void moreBitsMakeSmallerErrors() {
        WeightProblem problem = TestProblems.dense(6, 40, false, 3);
        for (CodeGrid grid : CodeGrid.values()) {
            for (int n = 2; n < MixedPrecision.MAX_BITS; n++) {
                assertTrue(error(problem, new MixedPrecision(grid), n + 1) < 0.5 * error(problem, new MixedPrecision(grid), n));
            }
        }
    }

    @Test
    void widthsAreCountedAsTheyWouldBeStored() {
        WeightProblem problem = TestProblems.dense(4, 100, false, 3);
        MixedPrecision finder = new MixedPrecision(CodeGrid.SYMMETRIC);
        int[] widths = {2, 3, 4, 8};
        long bits = finder.notionalBits(problem, finder.find(problem, widths), widths);
        long codes = 100 * (2 + 3 + 4 + 8);
        assertTrue(bits >= codes + 4 * 16 && bits <= codes + 4 * (16 + 4) + 8 * 32, bits + " bits");
    }

    @Test
    void splittingTheOutlierMakesRoomForTheOthers() {
        WeightProblem problem = TestProblems.dense(5, 20, false, 5);
        float[] weights = problem.weights().clone();
        for (int r = 0; r < 5; r++) {
            weights[r * 20 + 7] *= 20;
        }
        WeightProblem outlier = problem.withWeights(weights);
        double plain = error(outlier, new ChannelSplitting(4, 0), 1);
        double split = error(outlier, new ChannelSplitting(4, 0.2), 1);
        assertTrue(split < 0.5 * plain, split + " against " + plain);
    }

    @Test
    void withoutCopiesItIsOnePointWithTheBestStep() {
        WeightProblem problem = TestProblems.dense(7, 30, false, 2);
        MultipointMatrix found = new ChannelSplitting(3, 0).find(problem, all(7, 1));
        for (int r = 0; r < 7; r++) {
            for (int c = 0; c < 30; c++) {
                assertTrue(Math.abs(found.code(r, 0, c)) <= 3);
            }
        }
    }

    @Test
    void copiesAreCounted() {
        WeightProblem problem = TestProblems.dense(5, 20, false, 5);
        ChannelSplitting none = new ChannelSplitting(4, 0);
        ChannelSplitting some = new ChannelSplitting(4, 0.1);
        int[] ones = all(5, 1);
        assertEquals(2 * (16 + 5 * 4), some.notionalBits(problem, some.find(problem, ones), ones)
                - none.notionalBits(problem, none.find(problem, ones), ones));
    }
}
