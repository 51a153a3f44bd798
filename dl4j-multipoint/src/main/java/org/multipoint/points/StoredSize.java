package org.multipoint.points;

/**
 * What storing a matrix costs: codes, scales, point counts and the header, as they are written. Allocation asks it before there is a
 * matrix, so that a budget counts what a file will hold.
 */
public final class StoredSize {

    private StoredSize() {
    }

    /** Bytes of the payload of a matrix. */
    static long payloadBytes(MultipointMatrix m) {
        return frameBytes(m.pointsPerRow(), m.layout()) + m.stream().bytes(m.patterns(), m.columns(), m.bits(), m.grid());
    }

    /** Bytes of the payload of a matrix with packed codes whose rows have the given numbers of points. */
    public static long payloadBytes(int[] points, int columns, int bits, ScaleLayout layout) {
        long total = 0;
        for (int n : points) {
            total += n;
        }
        return frameBytes(points, layout) + BitPacking.bytes(total * columns, bits);
    }

    /** Bytes of everything but the codes. */
    static long frameBytes(int[] points, ScaleLayout layout) {
        int max = 1;
        for (int n : points) {
            max = Math.max(max, n);
        }
        return MultipointPayload.HEADER_BYTES
                + BitPacking.bytes(points.length, countBits(max))
                + layout.scales(points) * (ScaleLayout.SCALE_BITS / 8L)
                + MultipointPayload.CHECKSUM_BYTES;
    }

    /** Bits of one more point of a row, the point counts' width aside. */
    public static long pointBits(int columns, int bits, ScaleLayout layout) {
        return (long) columns * bits + (layout == ScaleLayout.PER_POINT ? ScaleLayout.SCALE_BITS : 0);
    }

    /** Width of a stored point count where no row has more than {@code max} points: nothing where all have one. */
    static int countBits(int max) {
        return 32 - Integer.numberOfLeadingZeros(max - 1);
    }
}
