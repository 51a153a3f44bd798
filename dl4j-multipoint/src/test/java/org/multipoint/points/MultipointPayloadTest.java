package org.multipoint.points;

import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.junit.jupiter.api.Test;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Map;
import java.util.Random;
import java.util.stream.Collectors;
import java.util.stream.Stream;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

class MultipointPayloadTest {

    /** Two rows of three columns at 3 bits, made by hand from the description of the format. */
    private static final String GOLDEN = "4d505401" + "03000001" + "ff" + "00" + "02000000" + "03000000"
            + "01" + "003e" + "0034" + "003c" + "ce28a304" + "efbd97c7";

    // Places of header fields.
    private static final int BITS = 4;
    private static final int GRID = 5;
    private static final int LAYOUT = 6;
    private static final int COUNT_BITS = 7;
    private static final int EXPONENT = 8;
    private static final int STREAM = 9;
    private static final int ROWS = 10;
    private static final int COLUMNS = 14;

    private static MultipointMatrix golden() {
        return new MultipointMatrix.Builder(2, 3, 3, CodeGrid.SYMMETRIC, ScaleLayout.PER_POINT)
                .points(0, new float[]{0.75f, 0.125f}, new int[][]{{3, -2, 0}, {1, -1, 3}})
                .points(1, new float[]{0.5f}, new int[][]{{-3, 2, 1}}).build();
    }

    @Provide
    Arbitrary<MultipointMatrix> matrices() {
        return Matrices.any();
    }

    @Test
    void formatIsFixed() {
        assertEquals(GOLDEN, HexFormat.of().formatHex(MultipointPayload.write(golden())));
        assertEquals(golden(), MultipointPayload.read(HexFormat.of().parseHex(GOLDEN)));
    }

    @Property(seed = "21")
    void whatIsWrittenIsRead(@ForAll("matrices") MultipointMatrix m) {
        byte[] bytes = MultipointPayload.write(m);
        MultipointMatrix read = MultipointPayload.read(bytes);
        assertEquals(m, read);
        assertArrayEquals(m.toFloats(), read.toFloats());
        assertArrayEquals(bytes, MultipointPayload.write(read));
    }

    @Property(seed = "22")
    void storedBitsAreTheBitsWritten(@ForAll("matrices") MultipointMatrix m) {
        assertEquals(8L * MultipointPayload.write(m).length, m.storedBits());
    }

    @Property(seed = "23", tries = 200)
    void truncatedOrAlteredBytesAreRefused(@ForAll("matrices") MultipointMatrix m, @ForAll long seed) {
        byte[] bytes = MultipointPayload.write(m);
        Random random = new Random(seed);
        malformed(Arrays.copyOf(bytes, random.nextInt(bytes.length)));
        malformed(Arrays.copyOf(bytes, bytes.length + 1));
        byte[] altered = bytes.clone();
        altered[random.nextInt(bytes.length)] ^= (byte) (1 << random.nextInt(8));
        malformed(altered);
    }

    /** Whoever alters bytes and mends the checksum gets a matrix or a named exception, nothing else. */
    @Property(seed = "24", tries = 3000)
    void sealedNonsenseIsRefusedOrRead(@ForAll("matrices") MultipointMatrix m, @ForAll long seed) {
        byte[] bytes = MultipointPayload.write(m);
        Random random = new Random(seed);
        for (int i = 0; i <= random.nextInt(3); i++) {
            bytes[random.nextInt(bytes.length)] = (byte) random.nextInt();
        }
        try {
            MultipointMatrix read = MultipointPayload.read(Matrices.sealed(bytes));
            for (float w : read.toFloats()) {
                assertTrue(Float.isFinite(w));
            }
            assertEquals(read, MultipointPayload.read(MultipointPayload.write(read)));
        } catch (MalformedPayloadException expected) {
            assertTrue(expected.getMessage().startsWith("Not a readable multipoint payload: "));
        }
    }

    @Test
    void otherVersionsAreNamed() {
        for (int version : new int[]{0, 2, 255}) {
            byte[] bytes = MultipointPayload.write(golden());
            bytes[3] = (byte) version;
            String message = malformed(Matrices.sealed(bytes));
            assertTrue(message.contains("format version " + version) && message.contains("reads version 1"), message);
        }
    }

    @Test
    void otherFilesAreNamed() {
        assertTrue(malformed("something else altogether".getBytes()).contains("MPT"));
        assertTrue(malformed(new byte[0]).contains("found 0"));
    }

    @Test
    void hostileSizesAskForNoMemory() {
        for (int hostile : new int[]{Integer.MIN_VALUE, -1, 0, 1 << 20, Integer.MAX_VALUE}) {
            malformed(with(ROWS, hostile));
            malformed(with(COLUMNS, hostile));
            byte[] both = with(ROWS, hostile);
            ByteBuffer.wrap(both).order(ByteOrder.LITTLE_ENDIAN).putInt(COLUMNS, hostile);
            malformed(Matrices.sealed(both));
            // Where all rows have one point their counts take no bytes.
            both[COUNT_BITS] = 0;
            malformed(Matrices.sealed(both));
        }
    }

    @Test
    void hostileHeaderFieldsAreNamed() {
        for (int bits : new int[]{0, 1, 9, 255}) {
            assertTrue(malformed(withByte(BITS, bits)).contains("its bits are " + bits));
        }
        for (int field : new int[]{3, 100, 255}) {
            assertTrue(malformed(withByte(GRID, field)).contains("unknown grid " + field + ", this program reads 0 (SYMMETRIC), 1 (ODD)"));
            assertTrue(malformed(withByte(STREAM, field)).contains("unknown code stream " + field + ", this program reads 0 (PACKED), 1 (CODED), 2 (TRELLIS)"));
            assertTrue(malformed(withByte(COUNT_BITS, field + 3)).contains("point counts"));
        }
        for (int layout : new int[]{3, 255}) {
            assertTrue(malformed(withByte(LAYOUT, layout)).contains("unknown scale layout " + layout));
        }
        for (int exponent : new int[]{-128, 100, 127}) {
            assertTrue(malformed(withByte(EXPONENT, exponent)).contains("scale"));
        }
    }

    @Test
    void scalesAndCodesThatNobodyWritesAreRefused() {
        int scales = MultipointPayload.HEADER_BYTES + 1;
        for (int half : new int[]{0x7c00, 0x7e00, 0xbc00}) {
            byte[] bytes = MultipointPayload.write(golden());
            ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).putShort(scales, (short) half);
            assertTrue(malformed(Matrices.sealed(bytes)).contains("scale 0"), Integer.toHexString(half));
        }
        byte[] bytes = MultipointPayload.write(golden());
        // 7 is the pattern that the symmetric grid of 3 bits leaves unused.
        BitPacking.put(bytes, scales + 6, 0, 3, 7);
        assertTrue(malformed(Matrices.sealed(bytes)).contains("code 0"));
    }

    /** Numbers in files never change, whatever is added to the enums or moved in them. */
    @Test
    void wireNumbersAreFixed() {
        assertEquals(Map.of(CodeGrid.SYMMETRIC, 0, CodeGrid.ODD, 1),
                Stream.of(CodeGrid.values()).collect(Collectors.toMap(g -> g, CodeGrid::wireNumber)));
        assertEquals(Map.of(ScaleLayout.PER_POINT, 0, ScaleLayout.PER_ROW, 1, ScaleLayout.PER_LAYER, 2),
                Stream.of(ScaleLayout.values()).collect(Collectors.toMap(l -> l, ScaleLayout::wireNumber)));
        assertEquals(Map.of(CodeStream.PACKED, 0, CodeStream.CODED, 1, CodeStream.TRELLIS, 2),
                Stream.of(CodeStream.values()).collect(Collectors.toMap(s -> s, CodeStream::wireNumber)));
    }

    /** The exponent has one byte of the header. */
    @Test
    void smallestAndLargestScalesAreStored() {
        float[] scales = {Float.MIN_VALUE, 3 * Float.MIN_VALUE, Math.nextDown(Float.MIN_NORMAL), Float.MIN_NORMAL, Math.scalb(1.5f, -100),
                Math.nextDown(Math.scalb(1f, 100)), Math.scalb(1f, 100)};
        int[] exponents = {-127, -127, -126, -126, -100, 100, 100};
        for (int i = 0; i < scales.length; i++) {
            MultipointMatrix m = new MultipointMatrix.Builder(1, 1, 2, CodeGrid.SYMMETRIC, ScaleLayout.PER_ROW)
                    .digits(0, 1, scales[i], new int[]{1}).build();
            byte[] bytes = MultipointPayload.write(m);
            assertEquals(exponents[i], bytes[EXPONENT], "scale " + scales[i]);
            assertEquals(m, MultipointPayload.read(bytes));
            assertEquals(scales[i], m.scale(0, 0), Math.max(Float.MIN_VALUE, scales[i] / (1 << 11)));
        }
        assertEquals(0, MultipointPayload.write(new MultipointMatrix.Builder(1, 1, 2, CodeGrid.SYMMETRIC, ScaleLayout.PER_ROW)
                .digits(0, 1, 0f, new int[]{1}).build())[EXPONENT]);
    }

    @Test
    void digitsBeyondSinglePrecisionAreRefused() {
        MultipointMatrix m = new MultipointMatrix.Builder(1, 1, 4, CodeGrid.ODD, ScaleLayout.PER_POINT)
                .points(0, new float[8], new int[][]{{1}, {1}, {1}, {1}, {1}, {1}, {1}, {1}}).build();
        byte[] bytes = MultipointPayload.write(m);
        ByteBuffer perRow = ByteBuffer.allocate(bytes.length - 7 * 2).order(ByteOrder.LITTLE_ENDIAN);
        perRow.put(bytes, 0, MultipointPayload.HEADER_BYTES + 1 + 2)
                .put(bytes, MultipointPayload.HEADER_BYTES + 1 + 16, 4).put(LAYOUT, (byte) ScaleLayout.PER_ROW.wireNumber());
        assertTrue(malformed(Matrices.sealed(perRow.array())).contains("8 points of 4 bits"));
    }

    @Test
    void largeSizesAreCountedExactly() {
        int[] points = new int[1 << 20];
        Arrays.fill(points, 16);
        long codes = (1L << 24) * 4096;
        assertEquals(MultipointPayload.HEADER_BYTES + MultipointPayload.CHECKSUM_BYTES + (1L << 19) + 2 * (1L << 24) + codes,
                StoredSize.payloadBytes(points, 4096, 8, ScaleLayout.PER_POINT));
    }

    private static String malformed(byte[] bytes) {
        return assertThrows(MalformedPayloadException.class, () -> MultipointPayload.read(bytes)).getMessage();
    }

    private static byte[] with(int place, int value) {
        byte[] bytes = MultipointPayload.write(golden());
        ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).putInt(place, value);
        return Matrices.sealed(bytes);
    }

    private static byte[] withByte(int place, int value) {
        byte[] bytes = MultipointPayload.write(golden());
        bytes[place] = (byte) value;
        return Matrices.sealed(bytes);
    }
}
