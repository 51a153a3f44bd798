package org.multipoint.points;

import java.io.ByteArrayOutputStream;
import java.util.Arrays;

/**
 * Binary range coding (Martin, "Range encoding", 1979) with 32-bit integers and carry propagation. Integer arithmetic only: the same on
 * every machine.
 */
final class RangeCoder {

    private static final int PRECISION = 12;
    /** Below this the range is widened by a byte. */
    private static final int TOP_BYTE = 0xff00_0000;

    private RangeCoder() {
    }

    /**
     * Probabilities of decisions, which adapt: each is the mean of a fast and a slow estimate, both of which follow what was seen the
     * faster the less there was.
     */
    static final class Probabilities {

        /** Bounds of a probability, out of {@code 2^PRECISION}: no decision is cheaper than 0.017 bits. */
        private static final int LEAST = 48;
        private static final int MOST = (1 << PRECISION) - LEAST;
        private static final int FAST = 5;
        private static final int SLOW = 9;
        private static final int CERTAIN = 0xffff;
        /** How many decisions the first estimate is worth. */
        private static final int FIRST = 6;

        private final char[] fast;
        private final char[] slow;
        private final byte[] shift;
        private final char[] seen;

        /**
         * @param zero first estimates of the probability of a 0, out of {@code 2^16 - 1}
         */
        Probabilities(char[] zero) {
            fast = zero.clone();
            slow = zero.clone();
            shift = new byte[zero.length];
            seen = new char[zero.length];
            Arrays.fill(shift, (byte) 2);
            Arrays.fill(seen, (char) FIRST);
        }

        int ofZero(int index) {
            int p = fast[index] + slow[index] >>> 17 - PRECISION;
            return Math.max(LEAST, Math.min(MOST, p));
        }

        void saw(int index, int bit) {
            int shift = this.shift[index];
            if (shift < SLOW) {
                int n = ++seen[index];
                // One more at each power of two.
                if ((n & n - 1) == 0) {
                    this.shift[index]++;
                    shift++;
                }
            }
            int quick = Math.min(FAST, shift);
            if (bit == 0) {
                fast[index] += CERTAIN - fast[index] >> quick;
                slow[index] += CERTAIN - slow[index] >> shift;
            } else {
                fast[index] -= fast[index] >> quick;
                slow[index] -= slow[index] >> shift;
            }
        }
    }

    /** Writes decisions. */
    static final class Encoder {
        private final ByteArrayOutputStream out = new ByteArrayOutputStream();
        private long low;
        private int range = -1;
        private int pending;
        private long pendingBytes;
        private boolean first = true;

        /** A decision with the probability at an index, which adapts. */
        void bit(Probabilities probabilities, int index, int bit) {
            int bound = (range >>> PRECISION) * probabilities.ofZero(index);
            if (bit == 0) {
                range = bound;
            } else {
                low += Integer.toUnsignedLong(bound);
                range -= bound;
            }
            probabilities.saw(index, bit);
            normalize();
        }

        /** A decision of which both outcomes are as likely. */
        void even(int bit) {
            range >>>= 1;
            low += bit == 0 ? 0 : Integer.toUnsignedLong(range);
            normalize();
        }

        private void normalize() {
            while ((range & TOP_BYTE) == 0) {
                range <<= Byte.SIZE;
                shift();
            }
        }

        /** Moves the top byte out; a byte waits as long as a carry could still change it. */
        private void shift() {
            if (low < 0xff00_0000L || low > 0xffff_ffffL) {
                int carry = (int) (low >>> 32);
                if (!first) {
                    out.write(pending + carry);
                }
                first = false;
                for (; pendingBytes > 0; pendingBytes--) {
                    out.write(0xff + carry);
                }
                pending = (int) (low >>> 24) & 0xff;
            } else {
                pendingBytes++;
            }
            low = (low & 0x00ff_ffffL) << Byte.SIZE;
        }

        /** All bytes; of those that end the stream, zeros are left out, as {@link Decoder} reads zeros there. */
        byte[] finish() {
            for (int i = 0; i <= Integer.BYTES; i++) {
                shift();
            }
            byte[] bytes = out.toByteArray();
            int length = bytes.length;
            while (length > bytes.length - Integer.BYTES && bytes[length - 1] == 0) {
                length--;
            }
            return Arrays.copyOf(bytes, length);
        }
    }

    /** Reads what {@link Encoder} wrote. */
    static final class Decoder {
        private final byte[] in;
        private final int end;
        private int at;
        private int range = -1;
        private int code;
        /** Bytes that were read behind the last one. */
        private int missing;

        Decoder(byte[] in, int from, int to) {
            this.in = in;
            this.at = from;
            this.end = to;
            for (int i = 0; i < Integer.BYTES; i++) {
                code = code << Byte.SIZE | next();
            }
        }

        int bit(Probabilities probabilities, int index) {
            int bound = (range >>> PRECISION) * probabilities.ofZero(index);
            int bit;
            if (Integer.compareUnsigned(code, bound) < 0) {
                range = bound;
                bit = 0;
            } else {
                code -= bound;
                range -= bound;
                bit = 1;
            }
            probabilities.saw(index, bit);
            normalize();
            return bit;
        }

        int even() {
            range >>>= 1;
            int bit = 0;
            if (Integer.compareUnsigned(code, range) >= 0) {
                code -= range;
                bit = 1;
            }
            normalize();
            return bit;
        }

        private void normalize() {
            while ((range & TOP_BYTE) == 0) {
                range <<= Byte.SIZE;
                code = code << Byte.SIZE | next();
            }
        }

        private int next() {
            if (at < end) {
                return in[at++] & 0xff;
            }
            missing++;
            return 0;
        }

        /** Whether the bytes are as many as an encoder writes for the decisions that were read. */
        boolean finished() {
            return at == end && (missing == Integer.BYTES || missing < Integer.BYTES && in[end - 1] != 0);
        }
    }
}
