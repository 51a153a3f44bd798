package org.multipoint.points;

import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

class MultipointMatrixTest {

    @Provide
    Arbitrary<MultipointMatrix> matrices() {
        return Matrices.any();
    }

    @Property(seed = "11")
    void rowIsTheSumOfItsPoints(@ForAll("matrices") MultipointMatrix m) {
        float[] all = m.toFloats();
        for (int r = 0; r < m.rows(); r++) {
            for (int c = 0; c < m.columns(); c++) {
                double sum = 0;
                double magnitude = 0;
                for (int i = 0; i < m.points(r); i++) {
                    sum += (double) m.scale(r, i) * m.code(r, i, c);
                    magnitude += Math.abs((double) m.scale(r, i) * m.code(r, i, c));
                }
                assertEquals(sum, all[r * m.columns() + c], magnitude * 1e-6);
            }
        }
    }

    @Property(seed = "15")
    void magnitudesCountAllCodes(@ForAll("matrices") MultipointMatrix m) {
        int[] expected = new int[256];
        int largest = 0;
        for (int r = 0; r < m.rows(); r++) {
            for (int i = 0; i < m.points(r); i++) {
                for (int c = 0; c < m.columns(); c++) {
                    expected[Math.abs(m.code(r, i, c))]++;
                    largest = Math.max(largest, Math.abs(m.code(r, i, c)));
                }
            }
        }
        assertArrayEquals(Arrays.copyOf(expected, largest + 1), m.magnitudes());
        assertArrayEquals(m.magnitudes(), MultipointMatrix.fromBytes(m.toBytes()).magnitudes());
    }

    @Property(seed = "12")
    void columnsMoveWithAllTheirCodes(@ForAll("matrices") MultipointMatrix m, @ForAll Random random) {
        List<Integer> from = new ArrayList<>(IntStream.range(0, m.columns()).boxed().toList());
        Collections.shuffle(from, random);
        MultipointMatrix moved = m.withColumns(from.stream().mapToInt(Integer::intValue).toArray());
        float[] expected = m.toFloats();
        float[] found = moved.toFloats();
        for (int i = 0; i < found.length; i++) {
            assertEquals(expected[i / m.columns() * m.columns() + from.get(i % m.columns())], found[i]);
        }
        assertEquals(m.storedBits(), moved.storedBits());
        assertThrows(IllegalArgumentException.class, () -> m.withColumns(new int[m.columns() + 1]));
    }

    @Test
    void digitsAreBalancedAndCoarsestFirst() {
        MultipointMatrix m = new MultipointMatrix.Builder(1, 3, 2, CodeGrid.SYMMETRIC, ScaleLayout.PER_ROW)
                .digits(0, 3, 0.5f, new int[]{13, -5, 2}).build();
        // 13 = 9 + 3 + 1, -5 = -9 + 3 + 1, 2 = 0 + 3 - 1.
        assertArrayEquals(new int[]{1, -1, 0}, codes(m, 0));
        assertArrayEquals(new int[]{1, 1, 1}, codes(m, 1));
        assertArrayEquals(new int[]{1, 1, -1}, codes(m, 2));
        assertEquals(4.5f, m.scale(0, 0));
        assertEquals(0.5f, m.scale(0, 2));
        assertArrayEquals(new float[]{6.5f, -2.5f, 1f}, m.toFloats());
    }

    private static int[] codes(MultipointMatrix m, int point) {
        return new int[]{m.code(0, point, 0), m.code(0, point, 1), m.code(0, point, 2)};
    }

    @Test
    void scalesOfALayerAreSharedByItsRows() {
        MultipointMatrix m = new MultipointMatrix.Builder(2, 1, 3, CodeGrid.SYMMETRIC, ScaleLayout.PER_LAYER)
                .points(0, new float[]{1f}, new int[][]{{3}})
                .points(1, new float[]{1f, 0.25f}, new int[][]{{2}, {-1}}).build();
        assertEquals(1f, m.scale(0, 0));
        assertEquals(0.25f, m.scale(1, 1));
        assertArrayEquals(new float[]{3f, 1.75f}, m.toFloats());
        assertArrayEquals(new int[]{1, 1}, m.histogram());
        assertEquals(3, m.totalPoints());
    }

    @Test
    void equalsLooksAtEverything() {
        MultipointMatrix m = Matrices.random(3, 4, 3, CodeGrid.SYMMETRIC, ScaleLayout.PER_POINT, 2, 7);
        MultipointMatrix same = Matrices.random(3, 4, 3, CodeGrid.SYMMETRIC, ScaleLayout.PER_POINT, 2, 7);
        assertEquals(m, same);
        assertEquals(m.hashCode(), same.hashCode());
        assertNotEquals(m, Matrices.random(3, 4, 3, CodeGrid.SYMMETRIC, ScaleLayout.PER_POINT, 2, 8));
        assertFalse(m.toString().length() > 100, "codes have no place in messages");
    }

    @Test
    void whatCannotBeARowIsRefused() {
        MultipointMatrix.Builder symmetric = new MultipointMatrix.Builder(2, 1, 2, CodeGrid.SYMMETRIC, ScaleLayout.PER_POINT);
        refused("1 to 16 points", () -> symmetric.points(0, new float[0], new int[0][]));
        refused("1 to 16 points", () -> symmetric.points(0, new float[17], new int[17][1]));
        refused("row 0 has 1 and 2", () -> symmetric.points(0, new float[2], new int[1][1]));
        refused("Row 1: expected 1 codes", () -> symmetric.points(1, new float[1], new int[1][2]));

        symmetric.points(0, new float[]{1}, new int[][]{{1}});
        assertTrue(assertThrows(IllegalStateException.class, symmetric::build).getMessage().contains("Row 1 of 2"));
        refused("Row 1 has the code 2", () -> symmetric.points(1, new float[]{1}, new int[][]{{2}}));

        MultipointMatrix.Builder odd = new MultipointMatrix.Builder(1, 1, 2, CodeGrid.ODD, ScaleLayout.PER_ROW);
        refused("Row 0 has the code 2", () -> odd.points(0, new float[]{1}, new int[][]{{2}}).build());
        refused("Row 0: 17 is not", () -> odd.digits(0, 2, 1f, new int[]{17}));
        refused("Row 0: -17 is not", () -> odd.digits(0, 2, 1f, new int[]{-17}));
        refused("Row 0: 4 is not", () -> odd.digits(0, 2, 1f, new int[]{4}));
        refused("13 points of 2 bits", () -> odd.digits(0, 13, 1f, new int[]{1}));
        refused("13 points of 2 bits", () -> odd.points(0, new float[13], ones(13)).build());
    }

    @Test
    void builderKeepsCopiesOfScalesAndCodes() {
        float[] scales = {1f};
        int[][] codes = {{1, 0}};
        MultipointMatrix.Builder builder = new MultipointMatrix.Builder(1, 2, 2, CodeGrid.SYMMETRIC, ScaleLayout.PER_POINT).points(0, scales, codes);
        scales[0] = 2;
        codes[0][0] = -1;
        assertArrayEquals(new float[]{1f, 0f}, builder.build().toFloats());
    }

    @Test
    void scalesThatTheLayoutCannotStoreAreRefused() {
        MultipointMatrix.Builder rows = new MultipointMatrix.Builder(1, 1, 2, CodeGrid.SYMMETRIC, ScaleLayout.PER_ROW)
                .points(0, new float[]{1f, 0.5f}, new int[][]{{1}, {1}});
        refused("Row 0: scale 0 is 1.0, expected 1.5", rows::build);
        MultipointMatrix.Builder layer = new MultipointMatrix.Builder(2, 1, 2, CodeGrid.SYMMETRIC, ScaleLayout.PER_LAYER)
                .points(0, new float[]{1f}, new int[][]{{1}}).points(1, new float[]{2f}, new int[][]{{1}});
        refused("Row 1: scale 0 is 2.0, expected 1.0", layer::build);
    }

    @Test
    void bitsAndSizesOutOfRangeAreRefused() {
        for (int bits : new int[]{-1, 0, 1, 9}) {
            refused("found " + bits, () -> new MultipointMatrix.Builder(1, 1, bits, CodeGrid.SYMMETRIC, ScaleLayout.PER_ROW));
        }
        refused("found 0x3", () -> new MultipointMatrix.Builder(0, 3, 4, CodeGrid.SYMMETRIC, ScaleLayout.PER_ROW));
        refused("found 3x0", () -> new MultipointMatrix.Builder(3, 0, 4, CodeGrid.SYMMETRIC, ScaleLayout.PER_ROW));
    }

    private static int[][] ones(int points) {
        int[][] codes = new int[points][1];
        Arrays.fill(codes, new int[]{1});
        return codes;
    }

    private static void refused(String expected, Executable attempt) {
        String message = assertThrows(IllegalArgumentException.class, attempt).getMessage();
        assertTrue(message.contains(expected), message);
    }
}
