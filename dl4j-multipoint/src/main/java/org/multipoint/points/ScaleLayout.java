package org.multipoint.points;

/** Which scales of a {@link MultipointMatrix} are stored, as 16-bit floats times a power of two common to the matrix. */
public enum ScaleLayout {

    /** One scale for each point: the points of a row are independent of each other. */
    PER_POINT(0) {
        @Override
        int scales(int[] points) {
            int n = 0;
            for (int p : points) {
                n += p;
            }
            return n;
        }
    },

    /**
     * One scale for each row, that of its finest point; each coarser point has {@link CodeGrid#levels} times the scale of the next,
     * so that the points of a row are the digits of one integer.
     */
    PER_ROW(1) {
        @Override
        int scales(int[] points) {
            return points.length;
        }
    },

    /** One scale for the first points of all rows, one for all second points, and so on. */
    PER_LAYER(2) {
        @Override
        int scales(int[] points) {
            int max = 0;
            for (int p : points) {
                max = Math.max(max, p);
            }
            return max;
        }
    };

    /** Width of a stored scale. */
    static final int SCALE_BITS = 16;

    private final int wireNumber;

    ScaleLayout(int wireNumber) {
        this.wireNumber = wireNumber;
    }

    /** The number that stands for this layout in stored matrices. */
    int wireNumber() {
        return wireNumber;
    }

    /**
     * The nearest scale with the precision of a stored one, 11 significant bits: a scale rounded in advance is stored unchanged, unless
     * the largest scale of its matrix is more than 2^14 times as large.
     *
     * @param scale positive and at most 2^100; what is not positive gives 0
     */
    public static float nearestScale(float scale) {
        return HalfScales.nearest(scale);
    }

    /** Number of stored scales of a matrix whose rows have the given numbers of points. */
    abstract int scales(int[] points);
}
