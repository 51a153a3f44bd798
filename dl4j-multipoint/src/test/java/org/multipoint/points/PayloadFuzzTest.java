package org.multipoint.points;

import com.sun.management.ThreadMXBean;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.multipoint.testing.Reliability;

import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

/**
 * Payloads that were changed at random, most of them with a checksum that holds. {@code -Dorg.multipoint.fuzz=N} sets their number.
 */
@Tag(Reliability.TAG)
class PayloadFuzzTest {

    private static final int INPUTS = Integer.getInteger("org.multipoint.fuzz", Reliability.times(3000, 200_000));
    /** Share of the inputs whose checksum is mended. */
    private static final double SEALED = 0.95;
    private static final int[] INTERESTING = {0, 1, -1, 2, 127, 128, 255, 256, 0xffff, 1 << 16, 1 << 18, 1 << 24, Integer.MAX_VALUE,
        Integer.MIN_VALUE};

    /** Memory that reading may ask for: for each code that the bytes can hold, and in any case. */
    private static final long BYTES_PER_CODE = 24;
    private static final long BYTES_ALWAYS = 1 << 20;

    private static final int STREAM = 9;
    private static final int ROWS = 10;
    private static final int COLUMNS = 14;

    private final ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();

    private static List<byte[]> corpus() {
        List<byte[]> corpus = new ArrayList<>();
        int seed = 0;
        for (CodeGrid grid : CodeGrid.values()) {
            for (ScaleLayout layout : ScaleLayout.values()) {
                corpus.add(Matrices.random(3, 7, 2 + seed % 7, grid, layout, 3, seed++).toBytes());
            }
        }
        int[][] shapes = {{1, 1}, {1, 200}, {200, 1}, {5, 9}, {20, 30}};
        for (int[] shape : shapes) {
            for (double spread : new double[]{0, 0.3, 1.5, 60}) {
                corpus.add(Matrices.coded(shape[0], shape[1], spread, seed % 2 == 0 ? ScaleLayout.PER_ROW : ScaleLayout.PER_LAYER, seed++).toBytes());
            }
        }
        return corpus;
    }

    @Test
    void anythingIsReadOrRefused() {
        List<byte[]> corpus = corpus();
        Random random = new Random(1);
        int read = 0;
        int refusedCodes = 0;
        for (int i = 0; i < INPUTS; i++) {
            byte[] input = mutated(corpus.get(random.nextInt(corpus.size())), random);
            if (random.nextDouble() < SEALED && input.length >= MultipointPayload.CHECKSUM_BYTES) {
                Matrices.sealed(input);
            }
            long before = threads.getCurrentThreadAllocatedBytes();
            try {
                MultipointMatrix matrix = MultipointMatrix.fromBytes(input);
                read++;
                assertEquals(matrix, MultipointMatrix.fromBytes(matrix.toBytes()), "input " + i);
                MultipointMatrix.check(input, matrix.rows(), matrix.columns());
            } catch (MalformedPayloadException expected) {
                refusedCodes += expected.getMessage().contains("its code") ? 1 : 0;
                bounded(input, threads.getCurrentThreadAllocatedBytes() - before, i);
            }
        }
        Reliability.figure("%,d altered payloads: %,d read, all others refused", INPUTS, read);
        assertTrue(read > INPUTS / 100, read + " inputs were read");
        assertTrue(refusedCodes > INPUTS / 20, refusedCodes + " inputs were refused for their codes");
    }

    private static void bounded(byte[] input, long allocated, int i) {
        long most = BYTES_ALWAYS + BYTES_PER_CODE * EntropyCoder.maxCodes(input.length);
        assertTrue(allocated <= most, "input " + i + " of " + input.length + " bytes: " + allocated + " bytes, expected at most " + most);
    }

    /** The largest sizes that a reader does not refuse at once, in a few bytes. */
    @Test
    void hostileSizesTakeBoundedMemory() {
        byte[] coded = Matrices.coded(2, 3, 1, ScaleLayout.PER_LAYER, 1).toBytes();
        int most = (int) EntropyCoder.maxCodes(coded.length);
        for (int[] shape : new int[][]{{most, 1}, {1, most}, {most / 8, 8}, {8, most / 8}}) {
            ByteBuffer.wrap(coded).order(ByteOrder.LITTLE_ENDIAN).putInt(ROWS, shape[0]).putInt(COLUMNS, shape[1]);
            Matrices.sealed(coded);
            long before = threads.getCurrentThreadAllocatedBytes();
            assertThrows(MalformedPayloadException.class, () -> MultipointMatrix.fromBytes(coded), Arrays.toString(shape));
            bounded(coded, threads.getCurrentThreadAllocatedBytes() - before, shape[0]);
        }
    }

    /** Only decoding finds out what a checksum does not tell. */
    @Test
    void codesAreNotDecodedToCheck() {
        byte[] bytes = Matrices.coded(4, 50, 1, ScaleLayout.PER_ROW, 2).toBytes();
        byte[] longer = Matrices.sealed(Arrays.copyOf(bytes, bytes.length + 5));
        MultipointMatrix.check(longer, 4, 50);
        assertThrows(MalformedPayloadException.class, () -> MultipointMatrix.fromBytes(longer));
        assertThrows(MalformedPayloadException.class, () -> MultipointMatrix.check(Arrays.copyOf(bytes, bytes.length - 1), 4, 50));
        assertTrue(assertThrows(IllegalArgumentException.class, () -> MultipointMatrix.check(bytes, 50, 4)).getMessage()
                .contains("expected weights of 50x4, found 4x50"));
    }

    private static byte[] mutated(byte[] source, Random random) {
        byte[] bytes = source.clone();
        for (int n = random.nextInt(4); n >= 0; n--) {
            bytes = bytes.length == 0 ? new byte[1] : mutation(bytes, random);
        }
        return bytes;
    }

    private static byte[] mutation(byte[] bytes, Random random) {
        int at = random.nextInt(bytes.length);
        switch (random.nextInt(8)) {
            case 0, 1 -> bytes[at] ^= (byte) (1 << random.nextInt(8));
            case 2 -> bytes[at] = (byte) random.nextInt();
            case 3 -> {
                return Arrays.copyOf(bytes, random.nextInt(2) == 0 ? at : bytes.length - Math.min(at, random.nextInt(5)));
            }
            case 4 -> {
                return Arrays.copyOf(bytes, bytes.length + 1 + random.nextInt(1 << random.nextInt(8)));
            }
            case 5 -> {
                byte value = (byte) (random.nextBoolean() ? 0xff : random.nextInt());
                Arrays.fill(bytes, at, at + random.nextInt(bytes.length - at + 1), value);
            }
            case 6 -> {
                if (bytes.length >= COLUMNS + Integer.BYTES) {
                    int size = random.nextBoolean() ? INTERESTING[random.nextInt(INTERESTING.length)] : random.nextInt(1 << 1 + random.nextInt(16));
                    ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).putInt(random.nextBoolean() ? ROWS : COLUMNS, size);
                }
            }
            default -> {
                if (bytes.length > STREAM) {
                    bytes[4 + random.nextInt(STREAM - 3)] = (byte) random.nextInt(9);
                }
            }
        }
        return bytes;
    }
}
