package org.multipoint.points;

import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.DoubleRange;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.util.Arrays;
import java.util.Random;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

class EntropyCoderTest {

    private static final int MIDDLE = 127;
    private static final int LEVELS = 255;

    /** Codes of a two-sided geometric distribution; larger in some rows and columns than in others. */
    private static byte[] patterns(int rows, int columns, double spread, long seed) {
        Random random = new Random(seed);
        byte[] patterns = new byte[rows * columns];
        for (int i = 0; i < patterns.length; i++) {
            double scale = spread * (1 + i / columns % 3) * (1 + i % columns % 2);
            double x = -scale * Math.log(1 - random.nextDouble()) * (random.nextBoolean() ? 1 : -1);
            patterns[i] = (byte) (MIDDLE + Math.max(-MIDDLE, Math.min(MIDDLE, Math.round(x))));
        }
        return patterns;
    }

    private static byte[] decode(byte[] coded, int rows, int columns) {
        return EntropyCoder.decode(coded, 0, coded.length, rows, columns, MIDDLE, LEVELS, CodeTrellis.FREE);
    }

    @Property(tries = 200)
    void decodingGivesWhatWasEncoded(@ForAll @IntRange(min = 1, max = 40) int rows, @ForAll @IntRange(min = 1, max = 60) int columns,
                                     @ForAll @DoubleRange(min = 0.01, max = 60) double spread, @ForAll long seed) {
        byte[] patterns = patterns(rows, columns, spread, seed);
        assertArrayEquals(patterns, decode(EntropyCoder.encode(patterns, columns, MIDDLE, CodeTrellis.FREE), rows, columns));
    }

    @Property(tries = 50)
    void anyPatternsOfAnyGrid(@ForAll @IntRange(min = 2, max = 256) int levels, @ForAll @IntRange(min = 1, max = 30) int columns, @ForAll long seed) {
        byte[] patterns = new byte[20 * columns];
        Random random = new Random(seed);
        for (int i = 0; i < patterns.length; i++) {
            patterns[i] = (byte) random.nextInt(levels);
        }
        byte[] coded = EntropyCoder.encode(patterns, columns, levels / 2, CodeTrellis.FREE);
        assertArrayEquals(patterns, EntropyCoder.decode(coded, 0, coded.length, 20, columns, levels / 2, levels, CodeTrellis.FREE));
    }

    /** Codes of random indices on the trellis. */
    private static byte[] onTrellis(int rows, int columns, double spread, long seed) {
        byte[] indices = patterns(rows, columns, spread / 2, seed);
        byte[] patterns = new byte[indices.length];
        int state = 0;
        for (int i = 0; i < patterns.length; i++) {
            state = i % columns == 0 ? 0 : state;
            int most = CodeTrellis.EIGHT_STATES.maxIndex();
            int index = Math.max(-most, Math.min(most, (indices[i] & 0xff) - MIDDLE));
            patterns[i] = (byte) (MIDDLE + CodeTrellis.EIGHT_STATES.value(state, index));
            state = CodeTrellis.EIGHT_STATES.next(state, index);
        }
        return patterns;
    }

    @Property(tries = 200)
    void decodingGivesWhatWasEncodedOnTheTrellis(@ForAll @IntRange(min = 1, max = 40) int rows, @ForAll @IntRange(min = 1, max = 60) int columns,
                                                 @ForAll @DoubleRange(min = 0.01, max = 60) double spread, @ForAll long seed) {
        byte[] patterns = onTrellis(rows, columns, spread, seed);
        byte[] coded = EntropyCoder.encode(patterns, columns, MIDDLE, CodeTrellis.EIGHT_STATES);
        assertArrayEquals(patterns,
                EntropyCoder.decode(coded, 0, coded.length, rows, columns, MIDDLE, LEVELS, CodeTrellis.EIGHT_STATES));
    }

    /** The values of half of the grid: about one bit less than for codes of the whole grid. */
    @Test
    void codesOnTheTrellisTakeABitLess() {
        byte[] patterns = onTrellis(64, 512, 8, 1);
        double free = 8.0 * EntropyCoder.encode(patterns, 512, MIDDLE, CodeTrellis.FREE).length / patterns.length;
        double bits = 8.0 * EntropyCoder.encode(patterns, 512, MIDDLE, CodeTrellis.EIGHT_STATES).length / patterns.length;
        assertTrue(bits < free - 0.8, bits + " bits, as free codes " + free);
    }

    @Test
    void codesThatAreNotOnTheTrellisAreRefused() {
        byte[] patterns = onTrellis(4, 10, 3, 1);
        patterns[20] = (byte) (MIDDLE + 1);
        IllegalArgumentException e = assertThrows(IllegalArgumentException.class,
                () -> EntropyCoder.encode(patterns, 10, MIDDLE, CodeTrellis.EIGHT_STATES));
        assertTrue(e.getMessage().contains("Code 0 of row 2"), e.getMessage());
    }

    /** Also across the ends of blocks, which know nothing of each other. */
    @Test
    void severalBlocks() {
        int columns = 1000;
        int rows = 700;
        byte[] patterns = patterns(rows, columns, 1, 3);
        byte[] coded = EntropyCoder.encode(patterns, columns, MIDDLE, CodeTrellis.FREE);
        assertArrayEquals(patterns, decode(coded, rows, columns));
    }

    /** Long runs of the same code end in bytes that are not written. */
    @Test
    void constantCodes() {
        for (int value : new int[]{0, 1, -1, 13, 14, -127, 127}) {
            byte[] patterns = new byte[64 * 50];
            Arrays.fill(patterns, (byte) (MIDDLE + value));
            byte[] coded = EntropyCoder.encode(patterns, 50, MIDDLE, CodeTrellis.FREE);
            assertArrayEquals(patterns, decode(coded, 64, 50), "code " + value);
            assertTrue(patterns.length <= EntropyCoder.maxCodes(coded.length), "code " + value + ": " + coded.length + " bytes");
        }
    }

    @Test
    void knowsRowsAndColumnsBetterThanFrequenciesDo() {
        byte[] patterns = patterns(256, 512, 0.7, 5);
        double bits = 8.0 * EntropyCoder.encode(patterns, 512, MIDDLE, CodeTrellis.FREE).length / patterns.length;
        double entropy = entropy(patterns);
        assertTrue(bits < entropy - 0.05, bits + " bits, entropy of the frequencies " + entropy);
    }

    private static double entropy(byte[] patterns) {
        int[] counts = new int[256];
        for (byte p : patterns) {
            counts[p & 0xff]++;
        }
        double bits = 0;
        for (int count : counts) {
            bits -= count == 0 ? 0 : count * Math.log((double) count / patterns.length) / Math.log(2);
        }
        return bits / patterns.length;
    }

    /** Whatever the bytes are, there are codes of the grid or an exception, and no more memory than their number justifies. */
    @Property(tries = 300)
    void anyBytes(@ForAll byte[] bytes, @ForAll @IntRange(min = 1, max = 20) int rows, @ForAll @IntRange(min = 1, max = 20) int columns,
                  @ForAll @IntRange(min = 2, max = 256) int levels) {
        try {
            for (byte p : EntropyCoder.decode(bytes, 0, bytes.length, rows, columns, levels / 2, levels, CodeTrellis.FREE)) {
                assertTrue((p & 0xff) < levels);
            }
        } catch (MalformedPayloadException e) {
            assertTrue(e.getMessage().contains("not on the grid") || e.getMessage().contains("bytes than there are"), e.getMessage());
        }
    }

    @Property(tries = 200)
    void superfluousBytesAreRefused(@ForAll @IntRange(min = 1, max = 20) int rows, @ForAll @IntRange(min = 1, max = 30) int columns,
                                    @ForAll @DoubleRange(min = 0.01, max = 60) double spread, @ForAll long seed) {
        byte[] coded = EntropyCoder.encode(patterns(rows, columns, spread, seed), columns, MIDDLE, CodeTrellis.FREE);
        assertThrows(MalformedPayloadException.class, () -> decode(Arrays.copyOf(coded, coded.length + 1), rows, columns));
    }

    /** Shapes and contents at the ends of what there is. */
    @ParameterizedTest
    @CsvSource({"1, 1", "1, 300000", "3, 300000", "300000, 1", "700, 1000"})
    void extremes(int rows, int columns) {
        for (int value : new int[]{0, 1, -127, 127}) {
            byte[] patterns = new byte[rows * columns];
            Arrays.fill(patterns, (byte) (MIDDLE + value));
            assertArrayEquals(patterns, decode(EntropyCoder.encode(patterns, columns, MIDDLE, CodeTrellis.FREE), rows, columns), "code " + value);
        }
        byte[] signs = new byte[rows * columns];
        Random random = new Random(4);
        for (int i = 0; i < signs.length; i++) {
            signs[i] = (byte) (MIDDLE + (random.nextBoolean() ? 127 : -127));
        }
        assertArrayEquals(signs, decode(EntropyCoder.encode(signs, columns, MIDDLE, CodeTrellis.FREE), rows, columns));
        byte[] mixed = patterns(rows, columns, 1, 9);
        assertArrayEquals(mixed, decode(EntropyCoder.encode(mixed, columns, MIDDLE, CodeTrellis.FREE), rows, columns));
    }

    @Test
    void missingBlocksAreRefused() {
        byte[] coded = EntropyCoder.encode(patterns(700, 1000, 1, 3), 1000, MIDDLE, CodeTrellis.FREE);
        assertThrows(MalformedPayloadException.class, () -> decode(Arrays.copyOf(coded, 2), 700, 1000));
        assertThrows(MalformedPayloadException.class, () -> decode(Arrays.copyOf(coded, 1000), 700, 1000));
    }
}
