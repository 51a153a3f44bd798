package org.multipoint.points;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.function.ToIntFunction;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import java.util.zip.CRC32;

import static java.util.stream.Collectors.joining;

/**
 * The stored form of a {@link MultipointMatrix}, little-endian: a header (magic {@code MPT}, format version, bits, grid, scale layout,
 * width of the point counts, scale exponent, code stream, rows, columns), the point counts less one, the scales as 16-bit floats, the
 * code patterns in a {@link CodeStream}, and a CRC-32 of all that. docs/FORMAT.md describes it byte by byte.
 */
final class MultipointPayload {

    /** The version that is written, and the only one that is read. */
    static final int VERSION = 1;

    static final int HEADER_BYTES = 4 + 4 + 2 + 4 + 4;
    static final int CHECKSUM_BYTES = 4;
    private static final byte[] MAGIC = {'M', 'P', 'T'};

    private final byte[] bytes;
    private final int bits;
    private final CodeGrid grid;
    private final ScaleLayout layout;
    private final CodeStream stream;
    private final int rows;
    private final int columns;
    private final int[] points;
    private final float[] scales;
    /** Where codes begin. */
    private final int codes;

    /** The bytes of a matrix: the same matrix gives the same bytes. */
    static byte[] write(MultipointMatrix m) {
        int[] points = m.pointsPerRow();
        float[] scales = m.storedScales();
        int countBits = StoredSize.countBits(Arrays.stream(points).max().getAsInt());
        int exponent = HalfScales.exponent(scales);
        byte[] codes = m.stream().encode(m.patterns(), m.columns(), m.bits(), m.grid());
        ByteBuffer out = ByteBuffer.allocate(Math.toIntExact(StoredSize.frameBytes(points, m.layout()) + codes.length))
                .order(ByteOrder.LITTLE_ENDIAN);
        out.put(MAGIC).put((byte) VERSION);
        out.put((byte) m.bits()).put((byte) m.grid().wireNumber()).put((byte) m.layout().wireNumber()).put((byte) countBits);
        out.put((byte) exponent).put((byte) m.stream().wireNumber()).putInt(m.rows()).putInt(m.columns());
        for (int r = 0; countBits > 0 && r < points.length; r++) {
            BitPacking.put(out.array(), out.position(), r, countBits, points[r] - 1);
        }
        skip(out, BitPacking.bytes(points.length, countBits));
        for (float scale : scales) {
            out.putShort(HalfScales.encode(scale, exponent));
        }
        out.put(codes);
        out.putInt(checksum(out.array(), out.position()));
        return out.array();
    }

    /**
     * The matrix in the given bytes.
     *
     * @throws MalformedPayloadException where the bytes are truncated, altered, or of an unknown version, grid, scale layout or code stream
     */
    static MultipointMatrix read(byte[] bytes) {
        return new MultipointPayload(bytes).matrix();
    }

    /**
     * Reads all but the codes, which take longer than all the rest. The checksum covers them.
     *
     * @throws MalformedPayloadException where the bytes are truncated, altered, or of an unknown version, grid, scale layout or code stream
     */
    MultipointPayload(byte[] bytes) {
        require(bytes.length >= HEADER_BYTES + CHECKSUM_BYTES,
                "expected at least " + (HEADER_BYTES + CHECKSUM_BYTES) + " bytes, found " + bytes.length);
        ByteBuffer in = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        require(Arrays.equals(bytes, 0, MAGIC.length, MAGIC, 0, MAGIC.length), "it does not begin with MPT");
        in.position(MAGIC.length);
        int version = unsigned(in);
        require(version == VERSION, "format version " + version + ", this program reads version " + VERSION);
        int end = bytes.length - CHECKSUM_BYTES;
        require(in.getInt(end) == checksum(bytes, end), "its checksum does not hold: the bytes were truncated or altered");

        this.bytes = bytes;
        bits = unsigned(in);
        require(bits >= CodeGrid.MIN_BITS && bits <= CodeGrid.MAX_BITS, "its bits are " + bits);
        grid = constant(CodeGrid.values(), CodeGrid::wireNumber, unsigned(in), "grid");
        layout = constant(ScaleLayout.values(), ScaleLayout::wireNumber, unsigned(in), "scale layout");
        int countBits = unsigned(in);
        int exponent = in.get();
        stream = constant(CodeStream.values(), CodeStream::wireNumber, unsigned(in), "code stream");
        rows = in.getInt();
        columns = in.getInt();
        // Each row has at least one point: what follows asks for memory only as the bytes that are there justify.
        long most = Math.min(stream.maxCodes(bytes.length, bits), Integer.MAX_VALUE);
        require(rows > 0 && columns > 0 && (long) rows * columns <= most,
                bytes.length + " bytes cannot hold " + rows + "x" + columns + " weights");
        in.limit(end);
        points = points(bytes, in, rows, countBits);
        long total = IntStream.of(points).asLongStream().sum();
        require(total * columns <= most, bytes.length + " bytes cannot hold " + total * columns + " codes");
        try {
            MultipointMatrix.checkDigits(points, bits, grid, layout);
        } catch (IllegalArgumentException e) {
            throw new MalformedPayloadException(e.getMessage(), e);
        }
        scales = scales(in, layout.scales(points), exponent);
        codes = in.position();
    }

    int rows() {
        return rows;
    }

    int columns() {
        return columns;
    }

    /**
     * The matrix.
     *
     * @throws MalformedPayloadException where the codes are not a stream of exactly so many codes of the grid
     */
    MultipointMatrix matrix() {
        byte[] patterns = stream.decode(bytes, codes, bytes.length - CHECKSUM_BYTES, IntStream.of(points).sum(), columns, bits, grid);
        return new MultipointMatrix(bits, columns, grid, layout, points, scales, patterns, stream);
    }

    private static int[] points(byte[] bytes, ByteBuffer in, int rows, int countBits) {
        int widest = StoredSize.countBits(MultipointMatrix.MAX_POINTS);
        require(countBits <= widest && BitPacking.bytes(rows, countBits) <= in.remaining(),
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
        require(count <= in.remaining() / Short.BYTES, "it has no room for " + count + " scales");
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

    private static <E> E constant(E[] values, ToIntFunction<E> wireNumber, int number, String what) {
        return Stream.of(values).filter(v -> wireNumber.applyAsInt(v) == number).findFirst().orElseThrow(() ->
                new MalformedPayloadException("unknown " + what + " " + number + ", this program reads "
                        + Stream.of(values).map(v -> wireNumber.applyAsInt(v) + " (" + v + ")").collect(joining(", "))));
    }

    private static void require(boolean holds, String otherwise) {
        if (!holds) {
            throw new MalformedPayloadException(otherwise);
        }
    }

    private static int unsigned(ByteBuffer in) {
        return in.get() & 0xff;
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
