package org.multipoint.points;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
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
        MalformedPayloadException(String message) {
            super("Not a readable multipoint payload: " + message);
        }
    }

    /** The bytes of a matrix: the same matrix gives the same bytes. */
    public static byte[] write(MultipointMatrix m) {
        int[] points = m.pointsPerRow();
        float[] scales = m.storedScales();
        int countBits = StoredSize.countBits(Arrays.stream(points).max().getAsInt());
        int exponent = HalfScales.exponent(scales);
        ByteBuffer out = ByteBuffer.allocate(StoredSize.payloadBytes(m)).order(ByteOrder.LITTLE_ENDIAN);
        out.put(MAGIC).put((byte) VERSION);
        out.put((byte) m.bits()).put((byte) m.grid().ordinal()).put((byte) m.layout().ordinal()).put((byte) countBits);
        out.putShort((short) exponent).putInt(m.rows()).putInt(m.columns());
        for (int r = 0; countBits > 0 && r < points.length; r++) {
            BitPacking.put(out.array(), out.position(), r, countBits, points[r] - 1);
        }
        out.position(out.position() + BitPacking.bytes(points.length, countBits));
        for (float scale : scales) {
            out.putShort(HalfScales.encode(scale, exponent));
        }
        byte[] patterns = m.patterns();
        for (int i = 0; i < patterns.length; i++) {
            BitPacking.put(out.array(), out.position(), i, m.bits(), patterns[i] & 0xff);
        }
        out.position(out.position() + BitPacking.bytes(patterns.length, m.bits()));
        out.putInt(checksum(out.array(), out.position()));
        return out.array();
    }

    /**
     * The matrix in the given bytes.
     *
     * @throws MalformedPayloadException where the bytes are truncated, altered, or of an unknown version
     */
    public static MultipointMatrix read(byte[] bytes) {
        if (bytes.length < HEADER_BYTES + CHECKSUM_BYTES) {
            throw new MalformedPayloadException("expected at least " + (HEADER_BYTES + CHECKSUM_BYTES) + " bytes, found "
                    + bytes.length);
        }
        ByteBuffer in = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        if (!Arrays.equals(bytes, 0, MAGIC.length, MAGIC, 0, MAGIC.length)) {
            throw new MalformedPayloadException("it does not begin with MPT");
        }
        in.position(MAGIC.length);
        int version = in.get();
        if (version != VERSION) {
            throw new MalformedPayloadException("format version " + version + ", this program reads version " + VERSION);
        }
        int end = bytes.length - CHECKSUM_BYTES;
        if (in.getInt(end) != checksum(bytes, end)) {
            throw new MalformedPayloadException("its checksum does not hold: the bytes were truncated or altered");
        }
        int bits = in.get();
        CodeGrid grid = CodeGrid.values()[in.get()];
        ScaleLayout layout = ScaleLayout.values()[in.get()];
        int countBits = in.get();
        int exponent = in.getShort();
        int[] points = new int[in.getInt()];
        int columns = in.getInt();
        for (int r = 0; r < points.length; r++) {
            points[r] = 1 + (countBits > 0 ? BitPacking.get(bytes, in.position(), r, countBits) : 0);
        }
        if (StoredSize.payloadBytes(points, columns, bits, layout) != bytes.length) {
            throw new MalformedPayloadException("its header asks for "
                    + StoredSize.payloadBytes(points, columns, bits, layout) + " bytes, found " + bytes.length);
        }
        in.position(in.position() + BitPacking.bytes(points.length, countBits));
        float[] scales = new float[layout.scales(points)];
        for (int i = 0; i < scales.length; i++) {
            scales[i] = HalfScales.decode(in.getShort(), exponent);
        }
        byte[] patterns = new byte[Arrays.stream(points).sum() * columns];
        for (int i = 0; i < patterns.length; i++) {
            patterns[i] = (byte) BitPacking.get(bytes, in.position(), i, bits);
        }
        return new MultipointMatrix(bits, columns, grid, layout, points, scales, patterns);
    }

    private static int checksum(byte[] bytes, int length) {
        CRC32 crc = new CRC32();
        crc.update(bytes, 0, length);
        return (int) crc.getValue();
    }
}
