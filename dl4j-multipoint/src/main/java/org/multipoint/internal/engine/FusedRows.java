package org.multipoint.internal.engine;

import org.multipoint.points.MultipointMatrix;
import org.multipoint.points.ScaleLayout;

/**
 * The rows of a {@link MultipointMatrix} with the points of each row fused into one int8 row, as kernels on bytes multiply them:
 * {@code w[r][d] ~= scales[r] * codes[r * columns + d]}. A row fuses exactly where its scales are digits of one integer
 * ({@link ScaleLayout#PER_ROW}, or one point) and that integer fits; else the sum of its points is rounded to the
 * {@code 2 * limit + 1} steps that reach from the row's largest magnitude to its negative, such that errors cancel along the row. Arrays must not be modified.
 */
public final class FusedRows {

    /** Codes within this bound never saturate a pairwise u8 x s8 product on any CPU. */
    public static final int SAFE_LIMIT = 63;
    /** The int8 range. */
    public static final int FULL_LIMIT = 127;

    private final int columns;
    private final byte[] codes;
    private final float[] scales;
    private final int exactRows;
    private final double rounding;

    private FusedRows(int columns, byte[] codes, float[] scales, int exactRows, double rounding) {
        this.columns = columns;
        this.codes = codes;
        this.scales = scales;
        this.exactRows = exactRows;
        this.rounding = rounding;
    }

    /**
     * Fuses the points of each row.
     *
     * @param limit largest absolute code, {@link #FULL_LIMIT} or {@link #SAFE_LIMIT}
     */
    public static FusedRows of(MultipointMatrix matrix, int limit) {
        int columns = matrix.columns();
        byte[] codes = new byte[Math.multiplyExact(matrix.rows(), columns)];
        float[] scales = new float[matrix.rows()];
        float[] values = new float[columns];
        int exactRows = 0;
        double rounding = 0;
        for (int r = 0; r < scales.length; r++) {
            if (fusesExactly(matrix, r, limit)) {
                exactRows++;
                scales[r] = matrix.scale(r, matrix.points(r) - 1);
                for (int c = 0; c < columns; c++) {
                    codes[r * columns + c] = (byte) matrix.integer(r, c);
                }
                continue;
            }
            matrix.row(r, values, 0);
            float max = 0;
            for (float v : values) {
                max = Math.max(max, Math.abs(v));
            }
            float scale = max > 0 ? max / limit : 1;
            scales[r] = scale;
            // What weights lost is added to the next: inputs behind a rectifier are positive, and those of a window alike, so that errors that
            // add up would shift the mean of the output.
            float carried = 0;
            for (int c = 0; c < columns; c++) {
                float steps = values[c] / scale;
                int code = Math.max(-limit, Math.min(limit, (int) Math.rint(steps + carried)));
                carried += steps - code;
                codes[r * columns + c] = (byte) code;
                rounding = Math.max(rounding, Math.abs(steps - code));
            }
        }
        return new FusedRows(columns, codes, scales, exactRows, rounding);
    }

    private static boolean fusesExactly(MultipointMatrix matrix, int row, int limit) {
        if (matrix.points(row) > 1 && matrix.layout() != ScaleLayout.PER_ROW) {
            return false;
        }
        if (matrix.grid().maxValue(matrix.bits(), matrix.points(row)) <= limit) {
            return true;
        }
        for (int c = 0; c < matrix.columns(); c++) {
            if (Math.abs(matrix.integer(row, c)) > limit) {
                return false;
            }
        }
        return true;
    }

    public int rows() {
        return scales.length;
    }

    /** Fan-in of a row. */
    public int columns() {
        return columns;
    }

    /** {@code [rows, columns]} row by row, each in {@code [-limit, limit]}. */
    public byte[] codes() {
        return codes;
    }

    /** {@code [rows]} */
    public float[] scales() {
        return scales;
    }

    /** Number of rows that fused exactly. */
    public int exactRows() {
        return exactRows;
    }

    /** True where no weight was rounded. */
    public boolean exact() {
        return rounding == 0;
    }

    /**
     * The largest {@code |w - scale * code|} of all weights divided by the row's scale, in steps of its int8 grid: 0 where every row fused
     * exactly, at most 1 otherwise.
     */
    public double rounding() {
        return rounding;
    }

    /** These rows, each multiplied by a factor. */
    FusedRows scaled(float[] factor) {
        float[] scaled = new float[scales.length];
        for (int r = 0; r < scaled.length; r++) {
            scaled[r] = scales[r] * factor[r];
        }
        return new FusedRows(columns, codes, scaled, exactRows, rounding);
    }

    /**
     * Some of the columns of each row.
     *
     * @param from for each column of the result the present one, or -1 for a column of zeros
     */
    FusedRows withColumns(int... from) {
        byte[] some = new byte[rows() * from.length];
        for (int i = 0; i < some.length; i++) {
            int column = from[i % from.length];
            some[i] = column < 0 ? 0 : codes[i / from.length * columns + column];
        }
        return new FusedRows(from.length, some, scales, exactRows, rounding);
    }
}
