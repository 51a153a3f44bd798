package org.multipoint.points;

/**
 * How the code patterns of a {@link MultipointPayload} are stored. A further stream is one more constant with a number of its own; the
 * header, the point counts and the scales are the same for all.
 */
enum CodeStream {

    /** One pattern after another, each of the width of a code. */
    PACKED(0) {
        @Override
        long bytes(byte[] patterns, int bits) {
            return BitPacking.bytes(patterns.length, bits);
        }

        @Override
        long maxCodes(long bytes, int bits) {
            return 8 * bytes / bits;
        }

        @Override
        void write(byte[] patterns, int bits, byte[] target, int offset) {
            for (int i = 0; i < patterns.length; i++) {
                BitPacking.put(target, offset, i, bits, patterns[i] & 0xff);
            }
        }

        @Override
        byte[] read(byte[] source, int from, int to, int codes, int bits) {
            long expected = BitPacking.bytes(codes, bits);
            if (expected != to - from) {
                throw new MalformedPayloadException("its header asks for " + expected + " bytes of codes, found " + (to - from));
            }
            byte[] patterns = new byte[codes];
            for (int i = 0; i < patterns.length; i++) {
                patterns[i] = (byte) BitPacking.get(source, from, i, bits);
            }
            return patterns;
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

    /** Bytes that {@link #write} fills. */
    abstract long bytes(byte[] patterns, int bits);

    /** Most codes that a stream of so many bytes can hold: a reader refuses a larger matrix before it asks for memory. */
    abstract long maxCodes(long bytes, int bits);

    /**
     * Writes patterns into zeroed bytes that begin at {@code offset}.
     *
     * @param patterns {@code [codes]} values in {@code [0, 2^bits)}, one byte each
     */
    abstract void write(byte[] patterns, int bits, byte[] target, int offset);

    /**
     * Reads all patterns from the bytes in {@code [from, to)}. Whether they are on the grid is the caller's question.
     *
     * @return {@code [codes]} values in {@code [0, 2^bits)}, one byte each
     * @throws MalformedPayloadException where the bytes are not a stream of exactly so many codes
     */
    abstract byte[] read(byte[] source, int from, int to, int codes, int bits);
}
