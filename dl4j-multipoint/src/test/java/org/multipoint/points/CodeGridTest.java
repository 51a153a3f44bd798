package org.multipoint.points;

import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

import java.util.TreeSet;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

class CodeGridTest {

    @Test
    void largestValuesOfBalancedDigits() {
        int[] two = {1, 4, 13, 40, 121};
        for (int n = 1; n <= two.length; n++) {
            assertEquals(two[n - 1], CodeGrid.SYMMETRIC.maxValue(2, n));
        }
        assertEquals(24, CodeGrid.SYMMETRIC.maxValue(3, 2));
        assertEquals(112, CodeGrid.SYMMETRIC.maxValue(4, 2));
        assertEquals(127, CodeGrid.SYMMETRIC.maxValue(8));
        assertEquals(3, CodeGrid.ODD.maxValue(2));
        assertEquals(15, CodeGrid.ODD.maxValue(2, 2));
        assertEquals(255, CodeGrid.ODD.maxValue(8));
        assertTrue(CodeGrid.SYMMETRIC.maxValue(8, 16) > MultipointMatrix.MAX_INTEGER, "capped, not overflown");
    }

    @Property(seed = "2")
    void everyValueHasAPatternOfItsOwn(@ForAll CodeGrid grid, @ForAll @IntRange(min = 2, max = 8) int bits) {
        TreeSet<Integer> patterns = new TreeSet<>();
        for (int value = -grid.maxValue(bits); value <= grid.maxValue(bits); value += grid.spacing()) {
            int pattern = grid.toPattern(value, bits);
            patterns.add(pattern);
            assertEquals(value, grid.fromPattern(pattern, bits));
        }
        assertEquals(grid.levels(bits), patterns.size());
        assertEquals(0, patterns.first());
        assertEquals(grid.levels(bits) - 1, patterns.last());
    }

    @Property(seed = "3")
    void nearestIsOnTheGridAndNoOtherValueIsNearer(@ForAll CodeGrid grid, @ForAll @IntRange(min = 2, max = 8) int bits,
                                                   @ForAll float x) {
        int max = grid.maxValue(bits);
        int nearest = grid.nearest(x, max);
        double least = Double.POSITIVE_INFINITY;
        boolean onGrid = false;
        for (int value = -max; value <= max; value += grid.spacing()) {
            least = Math.min(least, Math.abs((double) x - value));
            onGrid |= value == nearest;
        }
        assertTrue(onGrid, nearest + " is not on the grid");
        assertEquals(least, Math.abs((double) x - nearest));
    }

    @Test
    void nearestClipsHoweverFarAway() {
        for (CodeGrid grid : CodeGrid.values()) {
            for (float far : new float[]{1e4f, 1e10f, Float.MAX_VALUE, Float.POSITIVE_INFINITY}) {
                assertEquals(grid.maxValue(3), grid.nearest(far, grid.maxValue(3)), grid + " " + far);
                assertEquals(-grid.maxValue(3), grid.nearest(-far, grid.maxValue(3)), grid + " " + -far);
            }
        }
    }
}
