package org.multipoint.points;

/** Which scales of a {@link MultipointMatrix} are stored, as 16-bit floats. */
public enum ScaleLayout {

    /** One scale for each point: the points of a row are free of each other. */
    PER_POINT {
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
    PER_ROW {
        @Override
        int scales(int[] points) {
            return points.length;
        }
    },

    /** One scale for the first points of all rows, one for all second points, and so on. */
    PER_LAYER {
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
    public static final int SCALE_BITS = 16;

    /** Number of stored scales of a matrix whose rows have the given numbers of points. */
    abstract int scales(int[] points);
}
