package org.multipoint.testing;

import org.multipoint.points.CodeGrid;
import org.multipoint.points.MultipointMatrix;
import org.multipoint.points.ScaleLayout;

/** Matrices of given int8 codes: one point of 8 bits in each row. */
public final class TestPoints {

    private TestPoints() {
    }

    /**
     * @param codes  {@code [rows, columns]}, -127 to 127
     * @param scales {@code [rows]}; rounded to what is stored
     */
    public static MultipointMatrix of(int rows, int columns, byte[] codes, float[] scales) {
        MultipointMatrix.Builder builder = new MultipointMatrix.Builder(rows, columns, 8, CodeGrid.SYMMETRIC, ScaleLayout.PER_ROW);
        for (int r = 0; r < rows; r++) {
            int[] row = new int[columns];
            for (int c = 0; c < columns; c++) {
                row[c] = codes[r * columns + c];
            }
            builder.digits(r, 1, scales[r], row);
        }
        return builder.build();
    }
}
