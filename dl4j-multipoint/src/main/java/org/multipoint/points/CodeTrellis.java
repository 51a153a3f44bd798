package org.multipoint.points;

/**
 * Which values the codes of a row may have, one after another. A row starts in state 0; the state tells which values its next code may
 * have, numbered by an index around 0, and the parity of the index leads to the next state.
 */
public enum CodeTrellis {

    /** Each code may have any value: its index is its value. */
    FREE(1, 63) {
        @Override
        public int value(int state, int index) {
            return index;
        }

        @Override
        public int next(int state, int index) {
            return 0;
        }

        @Override
        public int nearest(int state, float value) {
            return Math.min(maxIndex(), Math.round(value));
        }

        @Override
        public int index(int state, int value) {
            return value;
        }
    },

    /**
     * Trellis-coded quantization (Marcellin and Fischer, "Trellis coded quantization of memoryless and Gauss-Markov sources", IEEE Transactions
     * on Communications 38, 1990) with Ungerboeck's code of eight states and parity checks 13 and 4 (octal). Even states allow even
     * values, odd states allow zero and odd values, so that the index of a value is about half of it: a row has the fine grid at the rate of
     * a coarse one, and of the sequences of values that exist the best one is close to any row.
     */
    EIGHT_STATES(8, 31) {
        @Override
        public int value(int state, int index) {
            return (state & 1) == 0 ? 2 * index : 2 * index - Integer.signum(index);
        }

        @Override
        public int next(int state, int index) {
            return NEXT[state << 1 | index & 1];
        }

        @Override
        public int nearest(int state, float value) {
            return Math.min(maxIndex(), Math.round((value + (state & 1)) / 2));
        }

        @Override
        public int index(int state, int value) {
            if ((state & 1) == 0 ? (value & 1) != 0 : (value & 1) == 0 && value != 0) {
                return NONE;
            }
            return (value + Integer.signum(value) * (state & 1)) / 2;
        }
    };

    /** Where a value has no index. */
    public static final int NONE = Integer.MIN_VALUE;

    private static final byte[] NEXT = new byte[16];

    static {
        for (int state = 0; state < 8; state++) {
            for (int parity = 0; parity < 2; parity++) {
                int first = state & 1 ^ state >> 1 & 1;
                int second = parity ^ state >> 2;
                NEXT[state << 1 | parity] = (byte) (first | second << 1 | (state & 1) << 2);
            }
        }
    }

    private final int states;
    private final int maxIndex;

    CodeTrellis(int states, int maxIndex) {
        this.states = states;
        this.maxIndex = maxIndex;
    }

    /** Largest index that a quantizer should use: every processor multiplies int8 rows of its values exactly. */
    public int maxIndex() {
        return maxIndex;
    }

    /** Number of states. */
    public int states() {
        return states;
    }

    /** Number of sets of values: that of a state is {@code state % sets()}. */
    public int sets() {
        return Math.min(2, states);
    }

    /** The value of an index in a state. */
    public abstract int value(int state, int index);

    /** The index, up to {@link #maxIndex()}, whose value in a state is about nearest to a value that is not negative. */
    public abstract int nearest(int state, float value);

    /** The state after an index in a state. */
    public abstract int next(int state, int index);

    /** The index of a value in a state, or {@link #NONE} where the state does not allow it. */
    public abstract int index(int state, int value);
}
