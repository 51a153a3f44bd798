package org.multipoint.points;

/**
 * The integers that a code of {@code b} bits can stand for. Both grids are symmetric around zero, evenly spaced, and
 * closed under fusing: {@code n} points of one row whose scales have the ratio {@link #levels} to each other stand for
 * every value of an evenly spaced grid of {@code levels^n} values, each exactly once (balanced digits).
 */
public enum CodeGrid {

    /** {@code -Q .. Q} with {@code Q = 2^(b-1) - 1}: has a zero, leaves one of the {@code 2^b} patterns unused. */
    SYMMETRIC(0) {
        @Override
        public int levels(int bits) {
            return (1 << bits) - 1;
        }

        @Override
        public int spacing() {
            return 1;
        }
    },

    /** The odd integers {@code -(2^b - 1) .. 2^b - 1}: half-integer steps around zero; every pattern is used, there is no zero. */
    ODD(1) {
        @Override
        public int levels(int bits) {
            return 1 << bits;
        }

        @Override
        public int spacing() {
            return 2;
        }
    };

    /** Smallest supported width of a code. */
    public static final int MIN_BITS = 2;
    /** Largest supported width of a code. */
    public static final int MAX_BITS = 8;

    private final int wireNumber;

    CodeGrid(int wireNumber) {
        this.wireNumber = wireNumber;
    }

    /** The number that stands for this grid in stored matrices. */
    int wireNumber() {
        return wireNumber;
    }

    /** Number of different values of one code of the given width. */
    public abstract int levels(int bits);

    /** Distance of neighbouring values. */
    public abstract int spacing();

    /** Largest value of one code. */
    public int maxValue(int bits) {
        return maxValue(bits, 1);
    }

    /** Largest integer that {@code points} balanced digits stand for. */
    public int maxValue(int bits, int points) {
        long count = 1;
        for (int i = 0; i < points; i++) {
            count = Math.min(count * levels(bits), Integer.MAX_VALUE);
        }
        return (int) ((count - 1) * spacing() / 2);
    }

    /** The value on this grid, of largest magnitude {@code max}, nearest to {@code x}; halves go to the even step. */
    public int nearest(float x, int max) {
        float inside = Math.max(-max, Math.min(max, x));
        return this == SYMMETRIC ? (int) Math.rint(inside) : 2 * (int) Math.rint((inside - 1) * 0.5f) + 1;
    }

    /** Value to stored pattern, in {@code [0, 2^bits)}. */
    int toPattern(int value, int bits) {
        return (value + maxValue(bits)) / spacing();
    }

    /** Stored pattern to value. */
    int fromPattern(int pattern, int bits) {
        return pattern * spacing() - maxValue(bits);
    }

    static void checkBits(int bits) {
        if (bits < MIN_BITS || bits > MAX_BITS) {
            throw new IllegalArgumentException(
                    "Bits must be " + MIN_BITS + " to " + MAX_BITS + ", found " + bits);
        }
    }
}
