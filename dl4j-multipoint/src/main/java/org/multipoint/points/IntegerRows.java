package org.multipoint.points;

/**
 * The rows of a {@link MultipointMatrix} with the points of each row fused into one int8 row, as an integer engine
 * computes them: {@code w[r][d] ~= scales[r] * codes[r * columns + d]}.
 *
 * @param rows     number of rows
 * @param columns  fan-in of a row
 * @param codes    {@code [rows, columns]} row by row, each in {@code [-limit, limit]} of the fusing
 * @param scales   {@code [rows]}
 * @param rounding largest {@code |w - scale * code|} of all weights divided by the row's scale, in steps of its int8 grid:
 *                 0 where every row fused exactly, at most 0.5 otherwise
 */
public record IntegerRows(int rows, int columns, byte[] codes, float[] scales, double rounding) {

    /** Codes within this bound never saturate a pairwise u8 x s8 product on any CPU. */
    public static final int SAFE_LIMIT = 63;
    /** The int8 range. */
    public static final int FULL_LIMIT = 127;

    /** True where no weight was rounded by the fusing. */
    public boolean exact() {
        return rounding == 0;
    }
}
