package org.multipoint.internal.engine;

import org.multipoint.internal.ops.InputQuantization;
import org.multipoint.internal.ops.LinearOp;
import org.multipoint.points.IntegerRows;

import java.util.ArrayList;
import java.util.List;

/**
 * What a linear operation computes of some of its input channels. Operations on integers whose sums may leave 32 bits are taken apart
 * into parts that cannot: the sum of their results is the operation's.
 *
 * @param from   first channel of each group
 * @param to     channel of each group after the last one
 * @param linear the operation on these channels; the last part has the bias
 */
record ChannelPart(int from, int to, Program.Linear linear) {

    /** Whether the products of one channel, at least, fit 32 bits whatever the codes are. */
    static boolean possible(Program.Linear linear) {
        return !(linear.weights() instanceof Program.IntegerWeights w)
                || (long) taps(linear.op()) * IntegerRows.FULL_LIMIT * w.input().levels() <= Integer.MAX_VALUE;
    }

    /** The parts of an operation for which that is {@link #possible}; mostly the operation itself. */
    static List<ChannelPart> of(Program.Linear linear) {
        int channels = linear.op().inChannels() / linear.op().groups();
        if (!(linear.weights() instanceof Program.IntegerWeights w)
                || (long) linear.op().columns() * IntegerRows.FULL_LIMIT * w.input().levels() <= Integer.MAX_VALUE) {
            return List.of(new ChannelPart(0, channels, linear));
        }
        List<ChannelPart> parts = new ArrayList<>();
        int from = 0;
        while (from < channels) {
            int to = end(linear.op(), w, from, channels);
            parts.add(from == 0 && to == channels ? new ChannelPart(0, channels, linear) : part(linear, w, from, to));
            from = to;
        }
        return parts;
    }

    /** The channel before which a part that starts at the given one must end. */
    private static int end(LinearOp op, Program.IntegerWeights w, int from, int channels) {
        int taps = taps(op);
        long[] positive = new long[op.rows()];
        long[] negative = new long[op.rows()];
        for (int c = from; c < channels; c++) {
            for (int r = 0; r < op.rows(); r++) {
                for (int i = 0; i < taps; i++) {
                    int code = w.rows().codes()[r * op.columns() + c * taps + i];
                    positive[r] += Math.max(code, 0);
                    negative[r] += Math.max(-code, 0);
                }
                if (largest(positive[r], negative[r], w.input()) > Integer.MAX_VALUE) {
                    return c;
                }
            }
        }
        return channels;
    }

    /**
     * The largest magnitude of what is added up on the way, in whatever order, where inputs are taken with their zero point or without.
     *
     * @param positive sum of the codes above zero
     * @param negative minus the sum of those below
     */
    private static long largest(long positive, long negative, InputQuantization q) {
        long below = q.zeroPoint();
        long above = q.levels() - q.zeroPoint();
        return Math.max(q.levels() * Math.max(positive, negative),
                Math.max(above * positive + below * negative, below * positive + above * negative));
    }

    private static ChannelPart part(Program.Linear linear, Program.IntegerWeights w, int from, int to) {
        LinearOp op = linear.op();
        int taps = taps(op);
        int columns = (to - from) * taps;
        byte[] codes = new byte[op.rows() * columns];
        for (int r = 0; r < op.rows(); r++) {
            System.arraycopy(w.rows().codes(), r * op.columns() + from * taps, codes, r * columns, columns);
        }
        boolean last = to == op.inChannels() / op.groups();
        LinearOp some = new LinearOp((to - from) * op.groups(), op.outChannels(), op.groups(), op.kernel(), op.stride(), op.dilation(),
                op.padding(), op.paddingMode(), op.transposed(), op.channelsLast());
        IntegerRows rows = new IntegerRows(op.rows(), columns, codes, w.rows().scales(), w.rows().rounding());
        return new ChannelPart(from, to, new Program.Linear(linear.input(), some, new Program.IntegerWeights(rows, w.input()),
                last ? linear.bias() : new float[op.rows()]));
    }

    private static int taps(LinearOp op) {
        return op.kernel().height() * op.kernel().width();
    }
}
