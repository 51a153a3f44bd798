package org.multipoint.points;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.stream.IntStream;
import java.util.zip.CRC32;

/**
 * The stored form of a {@link MultipointMatrix}, little-endian: a header (magic {@code MPT}, format version, bits, grid,
 * scale layout, width of the point counts, scale exponent, rows, columns), the point counts less one, the scales as
 * 16-bit floats, the codes, and a CRC-32 of all that.
 */
public final class MultipointPayload {

    /** The version that is written. */
    public static final int VERSION = 1;

    static final int HEADER_BYTES = 4 + 4 + 2 + 4 + 4;
    static final int CHECKSUM_BYTES = 4;
    private static final byte[] MAGIC = {'M', 'P', 'T'};

    private MultipointPayload() {
    }

    /** Thrown where bytes are not a payload that this version can read. */
    public static final class MalformedPayloadException extends IllegalArgumentException {
        /**
         * @param message what is wrong with the bytes
         */
        public MalformedPayloadException(String message) {
            super("Not a readable multipoint payload: " + message);
        }
    }

    /** The bytes of a matrix: the same matrix gives the same bytes. */
    public static byte[] write(MultipointMatrix m) {
        int[] points = m.pointsPerRow();
        float[] scales = m.storedScales();
        int countBits = StoredSize.countBits(Arrays.stream(points).max().getAsInt());
        int exponent = HalfScales.exponent(scales);
        ByteBuffer out = ByteBuffer.allocate(Math.toIntExact(StoredSize.payloadBytes(m))).order(ByteOrder.LITTLE_ENDIAN);
        out.put(MAGIC).put((byte) VERSION);
        out.put((byte) m.bits()).put((byte) m.grid().ordinal()).put((byte) m.layout().ordinal()).put((byte) countBits);
        out.putShort((short) exponent).putInt(m.rows()).putInt(m.columns());
        for (int r = 0; countBits > 0 && r < points.length; r++) {
            BitPacking.put(out.array(), out.position(), r, countBits, points[r] - 1);
        }
        skip(out, BitPacking.bytes(points.length, countBits));
        for (float scale : scales) {
            out.putShort(HalfScales.encode(scale, exponent));
        }
        byte[] patterns = m.patterns();
        for (int i = 0; i < patterns.length; i++) {
            BitPacking.put(out.array(), out.position(), i, m.bits(), patterns[i] & 0xff);
        }
        skip(out, BitPacking.bytes(patterns.length, m.bits()));
        out.putInt(checksum(out.array(), out.position()));
        return out.array();
    }

    /**
     * The matrix in the given bytes.
     *
     * @throws MalformedPayloadException where the bytes are truncated, altered, or of an unknown version
     */
    public static MultipointMatrix read(byte[] bytes) {
        require(bytes.length >= HEADER_BYTES + CHECKSUM_BYTES,
                "expected at least " + (HEADER_BYTES + CHECKSUM_BYTES) + " bytes, found " + bytes.length);
        ByteBuffer in = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        require(Arrays.equals(bytes, 0, MAGIC.length, MAGIC, 0, MAGIC.length), "it does not begin with MPT");
        in.position(MAGIC.length);
        int version = in.get() & 0xff;
        require(version == VERSION, "format version " + version + ", this program reads version " + VERSION);
        int end = bytes.length - CHECKSUM_BYTES;
        require(in.getInt(end) == checksum(bytes, end), "its checksum does not hold: the bytes were truncated or altered");

        int bits = in.get();
        require(bits >= CodeGrid.MIN_BITS && bits <= CodeGrid.MAX_BITS, "its bits are " + bits);
        CodeGrid grid = constant(CodeGrid.values(), in.get(), "grid");
        ScaleLayout layout = constant(ScaleLayout.values(), in.get(), "scale layout");
        int countBits = in.get();
        int exponent = in.getShort();
        int rows = in.getInt();
        int columns = in.getInt();
        // Each row has at least one point: what follows asks for memory only as the bytes that are there justify.
        require(rows > 0 && columns > 0 && (long) rows * columns <= 8L * bytes.length / bits,
                bytes.length + " bytes cannot hold " + rows + "x" + columns + " weights");
        int[] points = points(bytes, in, rows, countBits);
        long expected = StoredSize.payloadBytes(points, columns, bits, layout);
        require(expected == bytes.length, "its header asks for " + expected + " bytes, found " + bytes.length);
        float[] scales = scales(in, layout.scales(points), exponent);
        byte[] patterns = patterns(bytes, in.position(), (long) IntStream.of(points).sum() * columns, grid, bits);
        try {
            return new MultipointMatrix(bits, columns, grid, layout, points, scales, patterns);
        } catch (IllegalArgumentException e) {
            throw new MalformedPayloadException(e.getMessage());
        }
    }

    private static int[] points(byte[] bytes, ByteBuffer in, int rows, int countBits) {
        int widest = StoredSize.countBits(MultipointMatrix.MAX_POINTS);
        require(countBits >= 0 && countBits <= widest && BitPacking.bytes(rows, Math.max(0, countBits)) <= in.remaining(),
                "its point counts are " + countBits + " bits wide");
        int[] points = new int[rows];
        int max = 1;
        for (int r = 0; r < rows; r++) {
            points[r] = 1 + (countBits > 0 ? BitPacking.get(bytes, in.position(), r, countBits) : 0);
            max = Math.max(max, points[r]);
        }
        require(countBits == StoredSize.countBits(max),
                "its point counts are " + countBits + " bits wide for at most " + max + " points");
        skip(in, BitPacking.bytes(rows, countBits));
        return points;
    }

    private static float[] scales(ByteBuffer in, int count, int exponent) {
        float[] scales = new float[count];
        for (int i = 0; i < count; i++) {
            scales[i] = HalfScales.decode(in.getShort(), exponent);
            if (!HalfScales.storable(scales[i])) {
                throw new MalformedPayloadException("its scale " + i + " is " + scales[i]);
            }
        }
        require(HalfScales.exponent(scales) == exponent,
                "its scale exponent is " + exponent + ", expected " + HalfScales.exponent(scales));
        return scales;
    }

    private static byte[] patterns(byte[] bytes, int offset, long count, CodeGrid grid, int bits) {
        require(count <= Integer.MAX_VALUE, "it holds " + count + " codes, more than an array can");
        byte[] patterns = new byte[(int) count];
        for (int i = 0; i < patterns.length; i++) {
            int pattern = BitPacking.get(bytes, offset, i, bits);
            if (pattern >= grid.levels(bits)) {
                throw new MalformedPayloadException("its code " + i + " is not on the grid");
            }
            patterns[i] = (byte) pattern;
        }
        return patterns;
    }

    private static <E> E constant(E[] values, int ordinal, String what) {
        require(ordinal >= 0 && ordinal < values.length, "unknown " + what + " " + ordinal);
        return values[ordinal];
    }

    private static void require(boolean holds, String otherwise) {
        if (!holds) {
            throw new MalformedPayloadException(otherwise);
        }
    }

    private static void skip(ByteBuffer buffer, long bytes) {
        buffer.position(Math.toIntExact(buffer.position() + bytes));
    }

    private static int checksum(byte[] bytes, int length) {
        CRC32 crc = new CRC32();
        crc.update(bytes, 0, length);
        return (int) crc.getValue();
    }
}
