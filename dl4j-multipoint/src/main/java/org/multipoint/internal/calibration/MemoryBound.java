package org.multipoint.internal.calibration;

import org.multipoint.internal.ops.LinearOp;

import java.util.Locale;

/**
 * A bound on the memory of the second moments of layers and of everything that rounding derives from them: sums, factors, patches,
 * candidates for codes, on the Java heap and off it. It determines into how many blocks a layer's columns are split, and how many vectors
 * and rows are processed at a time. The weights themselves and their approximations in single precision are not counted.
 *
 * @param bytes positive
 */
public record MemoryBound(long bytes) {

    /** No bound other than the largest block. */
    public static final MemoryBound NONE = new MemoryBound(Long.MAX_VALUE);
    /** Largest side of a matrix of second moments: 6144 doubles squared are 300 MB. */
    public static final int MAX_BLOCK = 6144;

    /** Side of the smallest blocks that columns are split into; fan-ins up to it are never split. */
    private static final int LEAST_BLOCK = 16;
    /** Rows for which blocks leave room at a time: with fewer, copying blocks would take longer than multiplying with them. */
    private static final int FEW_ROWS = 32;
    /** Largest number of floats of patches that are extracted at a time. */
    private static final int CHUNK = 1 << 23;
    /** Share of the bound for one of four arrays of patches: both networks', and one's off the heap, with their outputs. */
    private static final int CHUNK_SHARE = 32;
    /** Bytes for each element of a block: of its sum, and of what {@code GptqRounding} keeps. */
    private static final int SUM = 8;
    private static final int FEEDBACK = 8;
    /** Bytes for each element of the one block that is being factored: covariance, damped moments, the factor here and off the heap. */
    private static final int FACTORING = 20;
    /** Bytes for each weight of the rows that are searched at a time: the rows, codes, errors, products here and off the heap. */
    private static final int SEARCH = 40;

    public MemoryBound {
        if (bytes < 1) {
            throw new IllegalArgumentException("Memory must be positive, found " + bytes);
        }
    }

    /** Bytes of the sums of a layer whose blocks have the given side. */
    private static double sums(LinearOp op, boolean targets, double side) {
        return (double) SUM * op.groups() * op.columns() * side + (targets ? (double) SUM * op.weights() : 0);
    }

    /** Bytes that a layer's sums take. */
    public long sums(LinearOp op, boolean targets) {
        return (long) sums(op, targets, side(op, targets));
    }

    /** Largest number of bytes that a layer takes, its sums included. */
    public long most(LinearOp op, boolean targets) {
        double side = side(op, targets);
        return (long) Math.max(needed(op, targets, side), searching(op, targets, side)
                + search(op) * rowsAtOnce(op, targets));
    }

    /** Bytes for each row of a group that is searched; threads take several groups at once. */
    private static double search(LinearOp op) {
        return (double) SEARCH * op.groups() * op.columns();
    }

    private static double searching(LinearOp op, boolean targets, double side) {
        return sums(op, targets, side) + (double) FEEDBACK * op.groups() * op.columns() * side;
    }

    private static double needed(LinearOp op, boolean targets, double side) {
        return searching(op, targets, side) + Math.max((double) FACTORING * op.groups() * side * side,
                search(op) * Math.min(op.rowsPerGroup(), FEW_ROWS));
    }

    /** Whether a layer can be processed at all: with its columns in the smallest blocks. */
    public boolean admits(LinearOp op, boolean targets) {
        return least(op, targets) <= bytes;
    }

    private static double least(LinearOp op, boolean targets) {
        return needed(op, targets, ceil(op.columns(), ceil(op.columns(), LEAST_BLOCK)));
    }

    /**
     * @param layer name for the message
     * @throws IllegalArgumentException where the layer cannot be processed; it says how much memory it needs
     */
    public void require(String layer, LinearOp op, boolean targets) {
        if (!admits(op, targets)) {
            throw new IllegalArgumentException(String.format(Locale.ROOT, "Layer \"%s\": second moments of its %,d input columns need at "
                    + "least %,d bytes of memory, found a bound of %,d bytes", layer, op.groups() * op.columns(),
                    (long) Math.ceil(least(op, targets)), bytes));
        }
    }

    /** Number of blocks into which columns are split, the fewest that the bound allows. */
    int splits(LinearOp op, boolean targets) {
        int columns = op.columns();
        int splits = ceil(columns, MAX_BLOCK);
        int most = ceil(columns, LEAST_BLOCK);
        while (splits < most && needed(op, targets, ceil(columns, splits)) > bytes) {
            splits++;
        }
        return splits;
    }

    private double side(LinearOp op, boolean targets) {
        return ceil(op.columns(), splits(op, targets));
    }

    private static int ceil(int a, int b) {
        return (a + b - 1) / b;
    }

    /** Rows of one group that are searched at a time, at least one. */
    public int rowsAtOnce(LinearOp op, boolean targets) {
        double left = bytes - searching(op, targets, side(op, targets));
        return (int) Math.max(1, Math.min(op.rowsPerGroup(), left / search(op)));
    }

    /** Bytes of patches that are extracted at a time. */
    public long patches() {
        return 4L * Float.BYTES * patchFloats();
    }

    /** Floats of patches that are extracted at a time; one example may have more. */
    int patchFloats() {
        return (int) Math.min(CHUNK, Math.max(1, bytes / Float.BYTES / CHUNK_SHARE));
    }
}
