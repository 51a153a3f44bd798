package org.multipoint.points;

/** Unsigned integers of a fixed width packed one after another, least significant bit first. */
final class BitPacking {

    private BitPacking() {
    }

    /** Bytes that {@code count} integers of {@code bits} bits take. */
    static long bytes(long count, int bits) {
        return (count * bits + 7) / 8;
    }

    /** Writes {@code value} as element {@code index} into zeroed bytes that begin at {@code offset}. */
    static void put(byte[] bytes, int offset, long index, int bits, int value) {
        long bit = index * bits;
        int at = offset + (int) (bit >>> 3);
        int shifted = value << (bit & 7);
        bytes[at] |= (byte) shifted;
        // Up to 8 bits starting anywhere in a byte reach into the next one at most.
        if ((bit & 7) + bits > 8) {
            bytes[at + 1] |= (byte) (shifted >>> 8);
        }
    }

    /** Reads element {@code index} from bytes that begin at {@code offset}. */
    static int get(byte[] bytes, int offset, long index, int bits) {
        long bit = index * bits;
        int at = offset + (int) (bit >>> 3);
        int word = bytes[at] & 0xff;
        if ((bit & 7) + bits > 8) {
            word |= (bytes[at + 1] & 0xff) << 8;
        }
        return (word >>> (bit & 7)) & ((1 << bits) - 1);
    }
}
