package org.multipoint.points;

import java.util.stream.Stream;

/**
 * How the code patterns of a {@link MultipointPayload} are stored. A further stream is one more constant with a number of its own; the
 * header, the point counts and the scales are the same for all.
 */
enum CodeStream {

    /** One pattern after another, each of the width of a code. */
    PACKED(0, null) {
        @Override
        long bytes(byte[] patterns, int columns, int bits, CodeGrid grid) {
            return BitPacking.bytes(patterns.length, bits);
        }

        @Override
        long maxCodes(long bytes, int bits) {
            return 8 * bytes / bits;
        }

        @Override
        byte[] encode(byte[] patterns, int columns, int bits, CodeGrid grid) {
            byte[] packed = new byte[Math.toIntExact(bytes(patterns, columns, bits, grid))];
            for (int i = 0; i < patterns.length; i++) {
                BitPacking.put(packed, 0, i, bits, patterns[i] & 0xff);
            }
            return packed;
        }

        @Override
        byte[] decode(byte[] source, int from, int to, int points, int columns, int bits, CodeGrid grid) {
            byte[] patterns = new byte[points * columns];
            long expected = BitPacking.bytes(patterns.length, bits);
            if (expected != to - from) {
                throw new MalformedPayloadException("its header asks for " + expected + " bytes of codes, found " + (to - from));
            }
            for (int i = 0; i < patterns.length; i++) {
                int pattern = BitPacking.get(source, from, i, bits);
                if (pattern >= grid.levels(bits)) {
                    throw new MalformedPayloadException("its code " + i + " is not on the grid");
                }
                patterns[i] = (byte) pattern;
            }
            return patterns;
        }
    },

    /** Entropy-coded by an {@link EntropyCoder}: frequent codes take fewer bits. */
    CODED(1, CodeTrellis.FREE),

    /** Entropy-coded codes that are on the trellis {@link CodeTrellis#EIGHT_STATES}, of which the indices are coded. */
    TRELLIS(2, CodeTrellis.EIGHT_STATES);

    private final int wireNumber;
    private final CodeTrellis trellis;

    /**
     * @param trellis of entropy-coded codes
     */
    CodeStream(int wireNumber, CodeTrellis trellis) {
        this.wireNumber = wireNumber;
        this.trellis = trellis;
    }

    /** The stream of entropy-coded codes on a trellis. */
    static CodeStream of(CodeTrellis trellis) {
        return Stream.of(CODED, TRELLIS).filter(stream -> stream.trellis == trellis).findFirst().orElseThrow();
    }

    /** The number that stands for this stream in a payload. */
    int wireNumber() {
        return wireNumber;
    }

    /** Number of bytes that {@link #encode} gives. */
    long bytes(byte[] patterns, int columns, int bits, CodeGrid grid) {
        return encode(patterns, columns, bits, grid).length;
    }

    /** Most codes that a stream of so many bytes can hold: a reader refuses a larger matrix before it asks for memory. */
    long maxCodes(long bytes, int bits) {
        return EntropyCoder.maxCodes(bytes);
    }

    /**
     * The bytes of patterns.
     *
     * @param patterns {@code [points, columns]} values in {@code [0, grid.levels(bits))}, one byte each
     */
    byte[] encode(byte[] patterns, int columns, int bits, CodeGrid grid) {
        return EntropyCoder.encode(patterns, columns, grid.levels(bits) / 2, trellis);
    }

    /**
     * Reads all patterns from the bytes in {@code [from, to)}.
     *
     * @return {@code [points, columns]} values in {@code [0, grid.levels(bits))}, one byte each
     * @throws MalformedPayloadException where the bytes are not a stream of exactly so many codes of the grid
     */
    byte[] decode(byte[] source, int from, int to, int points, int columns, int bits, CodeGrid grid) {
        return EntropyCoder.decode(source, from, to, points, columns, grid.levels(bits) / 2, grid.levels(bits), trellis);
    }
}
