package org.multipoint.internal.engine;

import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;
import org.multipoint.points.CodeGrid;
import org.multipoint.points.Matrices;
import org.multipoint.points.MultipointMatrix;
import org.multipoint.points.ScaleLayout;

import java.util.stream.IntStream;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

class FusedRowsTest {

    @Provide
    Arbitrary<MultipointMatrix> matrices() {
        return Matrices.any();
    }

    @Provide
    Arbitrary<MultipointMatrix> digits() {
        return Matrices.of(ScaleLayout.PER_ROW);
    }

    @Property(seed = "12")
    void integerRatioScalesFuseExactlyWhereTheIntegerFits(@ForAll("digits") MultipointMatrix m,
                                                          @ForAll @IntRange(min = 1, max = 127) int limit) {
        FusedRows fused = FusedRows.of(m, limit);
        float[] all = m.toFloats();
        int fitting = 0;
        for (int r = 0; r < m.rows(); r++) {
            float step = m.scale(r, m.points(r) - 1);
            boolean fits = true;
            for (int c = 0; c < m.columns(); c++) {
                fits &= Math.abs(all[r * m.columns() + c]) <= step * limit;
            }
            fitting += fits ? 1 : 0;
            for (int c = 0; fits && c < m.columns(); c++) {
                assertEquals(all[r * m.columns() + c], fused.scales()[r] * fused.codes()[r * m.columns() + c]);
            }
        }
        assertEquals(fitting, fused.exactRows());
        assertTrue(fused.exact() || fitting < m.rows());
    }

    @Property(seed = "13")
    void fusingRoundsToANeighbourAndSaysHowMuch(@ForAll("matrices") MultipointMatrix m, @ForAll @IntRange(min = 1, max = 127) int limit) {
        FusedRows fused = FusedRows.of(m, limit);
        float[] all = m.toFloats();
        double largest = 0;
        for (int i = 0; i < all.length; i++) {
            float scale = fused.scales()[i / m.columns()];
            assertTrue(Math.abs(fused.codes()[i]) <= limit);
            largest = Math.max(largest, Math.abs(all[i] - (double) scale * fused.codes()[i]) / scale);
        }
        assertEquals(largest, fused.rounding(), 1e-4);
        assertTrue(fused.rounding() <= 1 + 1e-4, "found " + fused.rounding());
    }

    /** Equal inputs are multiplied with the sum of a row, those of a window are nearly equal. */
    @Property(seed = "14")
    void errorsOfConsecutiveWeightsCancel(@ForAll("matrices") MultipointMatrix m, @ForAll @IntRange(min = 1, max = 127) int limit) {
        FusedRows fused = FusedRows.of(m, limit);
        float[] all = m.toFloats();
        for (int r = 0; r < m.rows(); r++) {
            double sum = 0;
            for (int i = r * m.columns(); i < (r + 1) * m.columns(); i++) {
                sum += all[i] / (double) fused.scales()[r] - fused.codes()[i];
                assertTrue(Math.abs(sum) <= 0.5 + 1e-3, "found " + sum);
            }
        }
    }

    @Test
    void twoFreePointsRoundToTheRowsOwnInt8Grid() {
        MultipointMatrix m = new MultipointMatrix.Builder(1, 2, 4, CodeGrid.SYMMETRIC, ScaleLayout.PER_POINT)
                .points(0, new float[]{1f, 0.125f}, new int[][]{{7, -3}, {7, 1}}).build();
        FusedRows fused = FusedRows.of(m, FusedRows.FULL_LIMIT);
        assertEquals(7.875f / 127, fused.scales()[0]);
        // -2.875 is -46.37 of these steps.
        assertArrayEquals(new byte[]{127, -46}, fused.codes());
        assertEquals(0.365, fused.rounding(), 0.001);
    }

    /** Inputs after a rectifier are positive: rounding all halves one way would add up. */
    @Test
    void halvesAreRoundedBothWays() {
        // 126, which is 63 steps of two, and all odd codes beneath it.
        int[] codes = IntStream.concat(IntStream.of(126), IntStream.rangeClosed(-63, 62).map(c -> 2 * c + 1)).toArray();
        MultipointMatrix m = new MultipointMatrix.Builder(1, codes.length, 8, CodeGrid.SYMMETRIC, ScaleLayout.PER_ROW)
                .digits(0, 1, 0.5f, codes).build();
        int sum = 0;
        for (byte code : FusedRows.of(m, FusedRows.SAFE_LIMIT).codes()) {
            sum += code;
        }
        assertEquals(IntStream.of(codes).sum() / 2.0, sum, 1);
    }

    @Test
    void rowOfZerosFusesToZeros() {
        MultipointMatrix m = new MultipointMatrix.Builder(1, 3, 2, CodeGrid.SYMMETRIC, ScaleLayout.PER_POINT)
                .points(0, new float[]{0f, 0f}, new int[2][3]).build();
        FusedRows fused = FusedRows.of(m, FusedRows.SAFE_LIMIT);
        assertArrayEquals(new byte[3], fused.codes());
        assertTrue(fused.exact());
        assertTrue(fused.scales()[0] >= 0 && Float.isFinite(fused.scales()[0]));
    }
}
