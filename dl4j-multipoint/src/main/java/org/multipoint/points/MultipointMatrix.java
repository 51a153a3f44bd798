package org.multipoint.points;

import java.nio.ByteBuffer;
import java.util.Arrays;

/**
 * A weight matrix {@code [rows, columns]} in which each row is a sum of a few low-bit vectors:
 * {@code w[r] = sum_i a[r,i] * q[r,i]}, {@code q} on a {@link CodeGrid} (Liu et al., "Post-training Quantization with
 * Multiple Points", AAAI 2021, section 3). Immutable.
 *
 * <p>The points of a row are kept in the order in which they were found, coarsest first. Scales are exact 16-bit floats times a power of
 * two common to the matrix: {@link Builder} rounds them, so that a stored matrix equals its source.
 */
public final class MultipointMatrix {

    /** Most points that a row can have. */
    public static final int MAX_POINTS = 16;
    /** Largest magnitude of the integers that the points of a row with one scale represent: all up to it are exact in single precision. */
    public static final int MAX_INTEGER = 1 << 24;

    private final int bits;
    private final int columns;
    private final CodeGrid grid;
    private final ScaleLayout layout;
    private final int[] points;
    private final int[] firstPoint;
    private final float[] scales;
    private final byte[] patterns;
    private final CodeStream stream;
    /** Once it was asked for, as entropy-coded codes are encoded to count them; until then 0. */
    private volatile long storedBits;

    /**
     * @param scales   as stored: {@link ScaleLayout} says which
     * @param patterns stored code patterns, {@code [sum(points), columns]}, one byte each
     * @param stream   how they are stored
     * @throws IllegalArgumentException where the points of a row with one scale make integers beyond {@link #MAX_INTEGER}
     */
    MultipointMatrix(int bits, int columns, CodeGrid grid, ScaleLayout layout, int[] points, float[] scales,
                     byte[] patterns, CodeStream stream) {
        this.bits = bits;
        this.columns = columns;
        this.grid = grid;
        this.layout = layout;
        this.points = points;
        this.scales = scales;
        this.patterns = patterns;
        this.stream = stream;
        this.firstPoint = new int[points.length + 1];
        for (int r = 0; r < points.length; r++) {
            firstPoint[r + 1] = firstPoint[r] + points[r];
        }
        checkDigits(points, bits, grid, layout);
    }

    /**
     * @param points of each row
     * @throws IllegalArgumentException where the points of a row with one scale make integers beyond {@link #MAX_INTEGER}
     */
    static void checkDigits(int[] points, int bits, CodeGrid grid, ScaleLayout layout) {
        if (layout == ScaleLayout.PER_ROW) {
            checkDigits(Arrays.stream(points).max().orElse(1), bits, grid);
        }
    }

    private static void checkDigits(int points, int bits, CodeGrid grid) {
        if (grid.maxValue(bits, points) > MAX_INTEGER) {
            throw new IllegalArgumentException(points + " points of " + bits + " bits with one scale make integers beyond "
                    + MAX_INTEGER + "; ask for fewer points or a scale for each");
        }
    }

    public int bits() {
        return bits;
    }

    public int rows() {
        return points.length;
    }

    public int columns() {
        return columns;
    }

    public CodeGrid grid() {
        return grid;
    }

    public ScaleLayout layout() {
        return layout;
    }

    /** Number of points of a row, 1 to {@link #MAX_POINTS}. */
    public int points(int row) {
        return points[row];
    }

    /** Number of points of all rows. */
    public int totalPoints() {
        return firstPoint[points.length];
    }

    /** Element {@code n - 1} counts the rows with {@code n} points. */
    public int[] histogram() {
        int[] counts = new int[Arrays.stream(points).max().orElse(1)];
        for (int n : points) {
            counts[n - 1]++;
        }
        return counts;
    }

    /** Element {@code k} counts the codes of magnitude {@code k}, up to the largest one that there is. */
    public int[] magnitudes() {
        int[] ofPatterns = new int[grid.levels(bits)];
        for (byte pattern : patterns) {
            ofPatterns[pattern & 0xff]++;
        }
        int[] counts = new int[grid.maxValue(bits) + 1];
        int largest = 0;
        for (int p = 0; p < ofPatterns.length; p++) {
            int magnitude = Math.abs(grid.fromPattern(p, bits));
            counts[magnitude] += ofPatterns[p];
            largest = ofPatterns[p] > 0 ? Math.max(largest, magnitude) : largest;
        }
        return Arrays.copyOf(counts, largest + 1);
    }

    /** Scale of point {@code i} of a row. */
    public float scale(int row, int i) {
        return switch (layout) {
            case PER_POINT -> scales[firstPoint[row] + i];
            case PER_LAYER -> scales[i];
            case PER_ROW -> digitScale(scales[row], points[row] - 1 - i, grid.levels(bits));
        };
    }

    /** Code of point {@code i} of a row at a column: a value of the grid. */
    public int code(int row, int i, int column) {
        return grid.fromPattern(patterns[(firstPoint[row] + i) * columns + column] & 0xff, bits);
    }

    /** The row in full precision, written to {@code target} from {@code offset} on. */
    public void row(int row, float[] target, int offset) {
        if (layout == ScaleLayout.PER_ROW) {
            for (int c = 0; c < columns; c++) {
                target[offset + c] = scales[row] * integer(row, c);
            }
            return;
        }
        Arrays.fill(target, offset, offset + columns, 0f);
        for (int i = 0; i < points[row]; i++) {
            float scale = scale(row, i);
            for (int c = 0; c < columns; c++) {
                target[offset + c] += scale * code(row, i, c);
            }
        }
    }

    /** All rows in full precision, {@code [rows, columns]} row by row. */
    public float[] toFloats() {
        float[] all = new float[Math.multiplyExact(rows(), columns)];
        for (int r = 0; r < rows(); r++) {
            row(r, all, r * columns);
        }
        return all;
    }

    /** Bits of this matrix as it is stored, everything counted. */
    public long storedBits() {
        if (storedBits == 0) {
            storedBits = StoredSize.payloadBytes(this) * 8L;
        }
        return storedBits;
    }

    /** The stored form of this matrix, which {@link #fromBytes} reads: the same matrix gives the same bytes. */
    public byte[] toBytes() {
        return MultipointPayload.write(this);
    }

    /**
     * The matrix with the given stored form.
     *
     * @throws MalformedPayloadException where the bytes are truncated, altered, or of an unknown version
     */
    public static MultipointMatrix fromBytes(byte[] bytes) {
        return MultipointPayload.read(bytes);
    }

    /**
     * Checks a stored form as far as can be done without decoding its codes: that it was neither truncated nor altered, that this program
     * reads it, and its shape. {@link #fromBytes} refuses what is left, bytes that no program has written.
     *
     * @throws MalformedPayloadException where the bytes are truncated, altered, or of an unknown version
     * @throws IllegalArgumentException  where the matrix has another shape
     */
    public static void check(byte[] bytes, int rows, int columns) {
        MultipointPayload payload = new MultipointPayload(bytes);
        if (payload.rows() != rows || payload.columns() != columns) {
            throw new IllegalArgumentException("expected weights of " + rows + "x" + columns + ", found " + payload.rows() + "x"
                    + payload.columns());
        }
    }

    /**
     * The same rows with their columns in another order.
     *
     * @param from {@code [columns]}: for each column of the result, its column in this matrix
     * @throws IllegalArgumentException where their number is wrong
     */
    public MultipointMatrix withColumns(int[] from) {
        if (from.length != columns) {
            throw new IllegalArgumentException("Expected " + columns + " columns, found " + from.length);
        }
        byte[] moved = new byte[patterns.length];
        for (int i = 0; i < moved.length; i++) {
            moved[i] = patterns[i / columns * columns + from[i % columns]];
        }
        // The order of columns is part of what a trellis allows.
        return new MultipointMatrix(bits, columns, grid, layout, points, scales, moved,
                stream == CodeStream.TRELLIS ? CodeStream.CODED : stream);
    }

    /** The integer whose digits the codes of a row are at a column, coarsest first: the row's value in steps of its last scale. */
    public int integer(int row, int column) {
        int value = 0;
        for (int i = 0; i < points[row]; i++) {
            value = value * grid.levels(bits) + code(row, i, column);
        }
        return value;
    }

    int[] pointsPerRow() {
        return points;
    }

    float[] storedScales() {
        return scales;
    }

    byte[] patterns() {
        return patterns;
    }

    CodeStream stream() {
        return stream;
    }

    /** Whether codes are entropy-coded where they are stored, rather than packed. */
    public boolean isCoded() {
        return stream != CodeStream.PACKED;
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof MultipointMatrix m && bits == m.bits && columns == m.columns && grid == m.grid
                && layout == m.layout && Arrays.equals(points, m.points) && Arrays.equals(scales, m.scales)
                && Arrays.equals(patterns, m.patterns) && stream == m.stream;
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(patterns) * 31 + Arrays.hashCode(scales);
    }

    @Override
    public String toString() {
        return rows() + "x" + columns + " at " + bits + " bits, " + totalPoints() + " points";
    }

    /** Scale of the digit that stands {@code place} places before the finest. */
    private static float digitScale(float finest, int place, int levels) {
        int power = 1;
        for (int i = 0; i < place; i++) {
            power *= levels;
        }
        return finest * power;
    }

    /** Collects the rows of a matrix, which are set in any order. What it is given it copies. */
    public static final class Builder {
        private final int bits;
        private final int columns;
        private final CodeGrid grid;
        private final ScaleLayout layout;
        /** By row: {@code [n]} for its {@code n} points. */
        private final float[][] scales;
        /** By row: the points' patterns one after another, {@code [n * columns]}. */
        private final byte[][] patterns;
        private CodeStream stream = CodeStream.PACKED;

        /**
         * @throws IllegalArgumentException where bits, rows or columns are out of range
         */
        public Builder(int rows, int columns, int bits, CodeGrid grid, ScaleLayout layout) {
            CodeGrid.checkBits(bits);
            if (rows < 1 || columns < 1) {
                throw new IllegalArgumentException("Rows and columns must be positive, found " + rows + "x" + columns);
            }
            this.bits = bits;
            this.columns = columns;
            this.grid = grid;
            this.layout = layout;
            this.scales = new float[rows][];
            this.patterns = new byte[rows][];
        }

        /**
         * Sets a row by its points.
         *
         * @param rowScales {@code [n]} scales, not negative; in the layout {@link ScaleLayout#PER_LAYER} the same for all rows,
         *                  in the layout {@link ScaleLayout#PER_ROW} each {@link CodeGrid#levels} times the next
         * @param rowCodes  {@code [n, columns]} values of the grid
         * @throws IllegalArgumentException where the numbers of points, scales or codes are wrong, or a code is not on the grid
         */
        public Builder points(int row, float[] rowScales, int[][] rowCodes) {
            if (rowCodes.length < 1 || rowCodes.length > MAX_POINTS || rowScales.length != rowCodes.length) {
                throw new IllegalArgumentException("A row must have 1 to " + MAX_POINTS + " points and as many scales, row "
                        + row + " has " + rowCodes.length + " and " + rowScales.length);
            }
            byte[] rowPatterns = new byte[Math.multiplyExact(rowCodes.length, columns)];
            for (int i = 0; i < rowCodes.length; i++) {
                if (rowCodes[i].length != columns) {
                    throw new IllegalArgumentException("Row " + row + ": expected " + columns + " codes, found " + rowCodes[i].length);
                }
                for (int c = 0; c < columns; c++) {
                    rowPatterns[i * columns + c] = pattern(row, rowCodes[i][c]);
                }
            }
            scales[row] = rowScales.clone();
            patterns[row] = rowPatterns;
            return this;
        }

        private byte pattern(int row, int code) {
            int max = grid.maxValue(bits);
            if (code < -max || code > max || Math.floorMod(code + max, grid.spacing()) != 0) {
                throw new IllegalArgumentException("Row " + row + " has the code " + code + ", not on the " + grid + " grid of " + bits + " bits");
            }
            return (byte) grid.toPattern(code, bits);
        }

        /**
         * Sets a row as {@code n} balanced digits of integers with one scale.
         *
         * @param values {@code [columns]} values of the grid of {@code n} digits: {@link CodeGrid#maxValue(int, int)}
         * @throws IllegalArgumentException where a value is not on that grid, or the grid reaches beyond {@link #MAX_INTEGER}
         */
        public Builder digits(int row, int n, float scale, int[] values) {
            checkDigits(n, bits, grid);
            int[][] digits = new int[n][columns];
            float[] digitScales = new float[n];
            int levels = grid.levels(bits);
            int largest = grid.maxValue(bits, n);
            for (int c = 0; c < columns; c++) {
                if (Math.abs(values[c]) > largest || Math.floorMod(values[c] + largest, grid.spacing()) != 0) {
                    throw new IllegalArgumentException("Row " + row + ": " + values[c] + " is not on the " + grid + " grid of "
                            + n + " digits of " + bits + " bits");
                }
                // Balanced digits are ordinary digits of the place on the grid, counted from its lowest value.
                int place = (values[c] + largest) / grid.spacing();
                for (int i = n - 1; i >= 0; i--) {
                    digits[i][c] = grid.fromPattern(place % levels, bits);
                    place /= levels;
                }
            }
            for (int i = 0; i < n; i++) {
                digitScales[i] = digitScale(scale, n - 1 - i, levels);
            }
            return points(row, digitScales, digits);
        }

        /**
         * Lets codes be entropy-coded where they are stored: best for one point of wide codes, of which small ones are frequent. Otherwise
         * they are packed.
         */
        public Builder coded() {
            return coded(CodeTrellis.FREE);
        }

        /**
         * As {@link #coded()}, for codes of which each row is on a trellis.
         *
         * @throws IllegalArgumentException later, where they are stored or counted and are not
         */
        public Builder coded(CodeTrellis trellis) {
            stream = CodeStream.of(trellis);
            return this;
        }

        /** The matrix; scales are rounded to what is stored. */
        public MultipointMatrix build() {
            int[] points = new int[patterns.length];
            int total = 0;
            for (int r = 0; r < points.length; r++) {
                if (patterns[r] == null) {
                    throw new IllegalStateException("Row " + r + " of " + points.length + " was not set");
                }
                points[r] = scales[r].length;
                total = Math.addExact(total, points[r]);
            }
            ByteBuffer all = ByteBuffer.allocate(Math.multiplyExact(total, columns));
            for (byte[] row : patterns) {
                all.put(row);
            }
            return new MultipointMatrix(bits, columns, grid, layout, points, storedScales(points), all.array(), stream);
        }

        private float[] storedScales(int[] points) {
            float[] stored = new float[layout.scales(points)];
            Arrays.fill(stored, Float.NaN);
            int at = 0;
            for (int r = 0; r < points.length; r++) {
                int last = points[r] - 1;
                for (int i = 0; i <= last; i++) {
                    switch (layout) {
                        case PER_POINT -> stored[at++] = scales[r][i];
                        case PER_ROW -> {
                            stored[r] = scales[r][last];
                            expect(r, i, digitScale(stored[r], last - i, grid.levels(bits)));
                        }
                        case PER_LAYER -> {
                            stored[i] = Float.isNaN(stored[i]) ? scales[r][i] : stored[i];
                            expect(r, i, stored[i]);
                        }
                    }
                }
            }
            return HalfScales.round(stored);
        }

        private void expect(int row, int point, float scale) {
            if (scales[row][point] != scale) {
                throw new IllegalArgumentException("Row " + row + ": scale " + point + " is " + scales[row][point]
                        + ", expected " + scale + " in the layout " + layout);
            }
        }
    }
}
