package org.multipoint.points;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Entropy coding of code patterns, row after row. The magnitude of a code, its distance from the middle of the grid, is a sequence of
 * decisions ("is it more than 0?", "more than 1?", ...), each with an adaptive probability for each context. The context is the
 * magnitude to be expected: a weighted mean of those of the same column in the rows before, of the same row so far, and of the two
 * codes before. The sign costs one bit.
 *
 * <p>Rows are coded in blocks of some {@value #BLOCK} codes, which know nothing of each other and are decoded in parallel. Each block but
 * the last one is preceded by its length in bytes.
 */
final class EntropyCoder {

    private static final int BLOCK = 1 << 18;
    /** Magnitudes up to this one are counted in decisions; what is beyond follows in binary. */
    private static final int COUNTED = 14;
    private static final int BEYOND_BITS = 7;
    private static final int CONTEXTS = 16;

    /** One, in the fixed-point numbers of means. */
    private static final int ONE = 1 << 6;
    private static final int COLUMN_RATE = 4;
    private static final int ROW_RATE = 4;
    /** Weights of the column's mean, the row's mean, and the two codes before: sixteenths. */
    private static final int COLUMN_WEIGHT = 7;
    private static final int ROW_WEIGHT = 5;
    private static final int NEIGHBOUR_WEIGHT = 5;
    private static final int WEIGHTS = 4;

    /** Context of an expected magnitude: a step for each third more. */
    private static final byte[] CONTEXT = new byte[ONE * 64];
    /** First estimates: geometric distributions of about the expected magnitude, with fewer zeros. */
    private static final char[] FIRST = new char[CONTEXTS * COUNTED];
    private static final char[] FIRST_BEYOND = new char[1 << BEYOND_BITS];
    private static final int EVEN = 0x8000;

    static {
        int from = 0;
        for (int context = 0; context < CONTEXTS; context++) {
            int to = context == CONTEXTS - 1 ? CONTEXT.length : Math.min(CONTEXT.length, from + 2 + from / 3);
            Arrays.fill(CONTEXT, from, to, (byte) context);
            int mean = (from + Math.min(to, 2 * from + 40)) / 2;
            for (int k = 0; k < COUNTED; k++) {
                int more = k == 0 ? mean : mean * 3 / 5;
                FIRST[context * COUNTED + k] = (char) (0xffff * ONE / (ONE + more));
            }
            from = to;
        }
        Arrays.fill(FIRST_BEYOND, (char) EVEN);
    }

    private EntropyCoder() {
    }

    /** Most codes that so many bytes can hold. */
    static long maxCodes(long bytes) {
        return 472 * (bytes + Integer.BYTES);
    }

    private static int rowsPerBlock(int columns) {
        return Math.max(1, BLOCK / columns);
    }

    /**
     * Encodes patterns.
     *
     * @param patterns {@code [rows, columns]}
     * @param middle   the pattern of the middle of the grid
     */
    static byte[] encode(byte[] patterns, int columns, int middle, CodeTrellis trellis) {
        int rows = patterns.length / columns;
        int each = rowsPerBlock(columns);
        List<byte[]> blocks = IntStream.range(0, (rows + each - 1) / each).parallel()
                .mapToObj(b -> encode(patterns, columns, middle, trellis, b * each, Math.min(rows, (b + 1) * each))).toList();
        ByteBuffer all = ByteBuffer.allocate(blocks.stream().mapToInt(b -> b.length + Integer.BYTES).sum() - Integer.BYTES)
                .order(ByteOrder.LITTLE_ENDIAN);
        for (int b = 0; b < blocks.size(); b++) {
            if (b < blocks.size() - 1) {
                all.putInt(blocks.get(b).length);
            }
            all.put(blocks.get(b));
        }
        return all.array();
    }

    private static byte[] encode(byte[] patterns, int columns, int middle, CodeTrellis trellis, int firstRow, int endRow) {
        RangeCoder.Encoder encoder = new RangeCoder.Encoder();
        Model model = new Model(columns, trellis);
        for (int r = firstRow; r < endRow; r++) {
            model.startRow();
            int state = 0;
            for (int c = 0; c < columns; c++) {
                int index = trellis.index(state, (patterns[r * columns + c] & 0xff) - middle);
                if (index == CodeTrellis.NONE) {
                    throw new IllegalArgumentException("Code " + c + " of row " + r + " is not on the trellis " + trellis);
                }
                int magnitude = Math.abs(index);
                int first = model.context(c, state) * COUNTED;
                for (int k = 0; k < Math.min(magnitude + 1, COUNTED); k++) {
                    encoder.bit(model.probabilities, first + k, magnitude > k ? 1 : 0);
                }
                if (magnitude >= COUNTED) {
                    int node = 1;
                    for (int i = BEYOND_BITS - 1; i >= 0; i--) {
                        int bit = magnitude - COUNTED >> i & 1;
                        encoder.bit(model.beyond, node, bit);
                        node = node << 1 | bit;
                    }
                }
                if (magnitude > 0) {
                    encoder.even(index < 0 ? 1 : 0);
                }
                model.saw(c, magnitude);
                state = trellis.next(state, index);
            }
        }
        return encoder.finish();
    }

    /**
     * Decodes what {@link #encode} gives.
     *
     * @param from   first byte
     * @param to     after the last byte
     * @param levels number of patterns; one that is not below it is refused
     * @throws MalformedPayloadException where the bytes are not a stream of so many codes
     */
    static byte[] decode(byte[] source, int from, int to, int rows, int columns, int middle, int levels, CodeTrellis trellis) {
        int each = rowsPerBlock(columns);
        int count = (rows + each - 1) / each;
        ByteBuffer in = ByteBuffer.wrap(source).order(ByteOrder.LITTLE_ENDIAN);
        List<int[]> blocks = new ArrayList<>();
        int at = from;
        for (int b = 0; b < count; b++) {
            long end = to;
            if (b < count - 1) {
                if (to - at < Integer.BYTES) {
                    throw new MalformedPayloadException("its block " + b + " of " + count + " is missing");
                }
                end = at + Integer.BYTES + Integer.toUnsignedLong(in.getInt(at));
                at += Integer.BYTES;
                if (end > to) {
                    throw new MalformedPayloadException("its block " + b + " asks for more bytes than there are");
                }
            }
            blocks.add(new int[]{at, (int) end});
            at = (int) end;
        }
        byte[] patterns = new byte[Math.multiplyExact(rows, columns)];
        IntStream.range(0, count).parallel().forEach(b -> decode(new RangeCoder.Decoder(source, blocks.get(b)[0], blocks.get(b)[1]),
                patterns, columns, middle, levels, trellis, b * each, Math.min(rows, (b + 1) * each)));
        return patterns;
    }

    private static void decode(RangeCoder.Decoder decoder, byte[] patterns, int columns, int middle, int levels, CodeTrellis trellis,
                               int firstRow, int endRow) {
        Model model = new Model(columns, trellis);
        for (int r = firstRow; r < endRow; r++) {
            model.startRow();
            int state = 0;
            for (int c = 0; c < columns; c++) {
                int first = model.context(c, state) * COUNTED;
                int magnitude = 0;
                while (magnitude < COUNTED && decoder.bit(model.probabilities, first + magnitude) != 0) {
                    magnitude++;
                }
                if (magnitude == COUNTED) {
                    int node = 1;
                    for (int i = 0; i < BEYOND_BITS; i++) {
                        node = node << 1 | decoder.bit(model.beyond, node);
                    }
                    magnitude += node - (1 << BEYOND_BITS);
                }
                int index = magnitude > 0 && decoder.even() != 0 ? -magnitude : magnitude;
                int pattern = middle + trellis.value(state, index);
                if (pattern < 0 || pattern >= levels) {
                    throw new MalformedPayloadException("its code " + (r * columns + c) + " is not on the grid");
                }
                patterns[r * columns + c] = (byte) pattern;
                model.saw(c, magnitude);
                state = trellis.next(state, index);
            }
        }
        if (!decoder.finished()) {
            throw new MalformedPayloadException("its codes up to row " + endRow + " take more or fewer bytes than there are");
        }
    }

    /** What was seen so far of a block, by encoder and decoder alike. */
    private static final class Model {
        private final RangeCoder.Probabilities probabilities;
        /** Contexts of odd states follow those of even ones, where there are sets of values of their own. */
        private final int oddContexts;
        private final RangeCoder.Probabilities beyond = new RangeCoder.Probabilities(FIRST_BEYOND);
        private final int[] columnMeans;
        private int rowMean = ONE;
        private int usualRowMean = ONE;
        private int before;
        private int twoBefore;

        Model(int columns, CodeTrellis trellis) {
            oddContexts = trellis.sets() > 1 ? CONTEXTS : 0;
            char[] first = Arrays.copyOf(FIRST, FIRST.length * trellis.sets());
            System.arraycopy(FIRST, 0, first, first.length - FIRST.length, FIRST.length);
            probabilities = new RangeCoder.Probabilities(first);
            columnMeans = new int[columns];
            Arrays.fill(columnMeans, ONE);
        }

        void startRow() {
            usualRowMean += (rowMean - usualRowMean) / 2;
            rowMean = usualRowMean;
            before = ONE;
            twoBefore = ONE;
        }

        int context(int column, int state) {
            int neighbours = before + twoBefore >> 1;
            int expected = COLUMN_WEIGHT * columnMeans[column] + ROW_WEIGHT * rowMean + NEIGHBOUR_WEIGHT * neighbours >> WEIGHTS;
            return CONTEXT[Math.min(expected, CONTEXT.length - 1)] + oddContexts * (state & 1);
        }

        void saw(int column, int magnitude) {
            int value = magnitude * ONE;
            columnMeans[column] += value - columnMeans[column] >> COLUMN_RATE;
            rowMean += value - rowMean >> ROW_RATE;
            twoBefore = before;
            before = value;
        }
    }
}
