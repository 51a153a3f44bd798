package org.multipoint.points;

/**
 * How the code patterns of a {@link MultipointPayload} are stored. A further stream is one more constant with a number of its own; the
 * header, the point counts and the scales are the same for all.
 */
enum CodeStream {

    /** One pattern after another, each of the width of a code. */
    PACKED(0) {
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
    CODED(1) {
        @Override
        long bytes(byte[] patterns, int columns, int bits, CodeGrid grid) {
            return encode(patterns, columns, bits, grid).length;
        }

        @Override
        long maxCodes(long bytes, int bits) {
            return EntropyCoder.maxCodes(bytes);
        }

        @Override
        byte[] encode(byte[] patterns, int columns, int bits, CodeGrid grid) {
            return EntropyCoder.encode(patterns, columns, grid.levels(bits) / 2, CodeTrellis.FREE);
        }

        @Override
        byte[] decode(byte[] source, int from, int to, int points, int columns, int bits, CodeGrid grid) {
            return EntropyCoder.decode(source, from, to, points, columns, grid.levels(bits) / 2, grid.levels(bits), CodeTrellis.FREE);
        }
    },

    /** Entropy-coded codes that are on the trellis {@link CodeTrellis#EIGHT_STATES}, of which their indices are coded. */
    TRELLIS(2) {
        @Override
        long bytes(byte[] patterns, int columns, int bits, CodeGrid grid) {
            return encode(patterns, columns, bits, grid).length;
        }

        @Override
        long maxCodes(long bytes, int bits) {
            return EntropyCoder.maxCodes(bytes);
        }

        @Override
        byte[] encode(byte[] patterns, int columns, int bits, CodeGrid grid) {
            return EntropyCoder.encode(patterns, columns, grid.levels(bits) / 2, CodeTrellis.EIGHT_STATES);
        }

        @Override
        byte[] decode(byte[] source, int from, int to, int points, int columns, int bits, CodeGrid grid) {
            return EntropyCoder.decode(source, from, to, points, columns, grid.levels(bits) / 2, grid.levels(bits),
                    CodeTrellis.EIGHT_STATES);
        }
    };

    private final int wireNumber;

    CodeStream(int wireNumber) {
        this.wireNumber = wireNumber;
    }

    /** The number that stands for this stream in a payload. */
    int wireNumber() {
        return wireNumber;
    }

    /** Number of bytes that {@link #encode} gives. */
    abstract long bytes(byte[] patterns, int columns, int bits, CodeGrid grid);

    /** Most codes that a stream of so many bytes can hold: a reader refuses a larger matrix before it asks for memory. */
    abstract long maxCodes(long bytes, int bits);

    /**
     * The bytes of patterns.
     *
     * @param patterns {@code [points, columns]} values in {@code [0, grid.levels(bits))}, one byte each
     */
    abstract byte[] encode(byte[] patterns, int columns, int bits, CodeGrid grid);

    /**
     * Reads all patterns from the bytes in {@code [from, to)}.
     *
     * @return {@code [points, columns]} values in {@code [0, grid.levels(bits))}, one byte each
     * @throws MalformedPayloadException where the bytes are not a stream of exactly so many codes of the grid
     */
    abstract byte[] decode(byte[] source, int from, int to, int points, int columns, int bits, CodeGrid grid);
}
