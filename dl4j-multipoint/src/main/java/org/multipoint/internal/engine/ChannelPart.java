package org.multipoint.internal.engine;

import org.multipoint.internal.ops.InputQuantization;
import org.multipoint.internal.ops.LinearOp;

import java.util.ArrayList;
import java.util.List;

/**
 * A linear operation restricted to some of its input channels. Operations on integers whose sums may overflow 32 bits are split into parts
 * that cannot; the sum of the parts' results is the operation's result.
 *
 * @param from   first channel of each group
 * @param to     channel of each group after the last one
 * @param linear the operation on these channels; the last part has the bias
 */
record ChannelPart(int from, int to, FusedLinear linear) {

    /** Whether the sum over a single channel fits 32 bits, whatever the codes are, so that the operation can be split. */
    static boolean possible(Program.Linear linear) {
        return linear.weights().quantization().stream()
                .allMatch(q -> (long) taps(linear.op()) * FusedRows.FULL_LIMIT * q.levels() <= Integer.MAX_VALUE);
    }

    /** The parts of an operation that it is {@link #possible} to split; usually only the operation itself. */
    static List<ChannelPart> of(FusedLinear linear) {
        LinearOp op = linear.op();
        int channels = op.inChannels() / op.groups();
        List<ChannelPart> parts = new ArrayList<>();
        int from = 0;
        while (from < channels) {
            int to = linear.input().isEmpty() ? channels : end(linear, linear.input().get(), from, channels);
            parts.add(from == 0 && to == channels ? new ChannelPart(0, channels, linear) : new ChannelPart(from, to,
                    linear.channels(from, to, to == channels ? linear.bias() : new float[op.rows()])));
            from = to;
        }
        return parts;
    }

    /** The channel before which a part that starts at the given channel must end. */
    private static int end(FusedLinear linear, InputQuantization input, int from, int channels) {
        LinearOp op = linear.op();
        if ((long) op.columns() * FusedRows.FULL_LIMIT * input.levels() <= Integer.MAX_VALUE) {
            return channels;
        }
        int taps = taps(op);
        long[] positive = new long[op.rows()];
        long[] negative = new long[op.rows()];
        for (int c = from; c < channels; c++) {
            for (int r = 0; r < op.rows(); r++) {
                for (int i = 0; i < taps; i++) {
                    int code = linear.rows().codes()[r * op.columns() + c * taps + i];
                    positive[r] += Math.max(code, 0);
                    negative[r] += Math.max(-code, 0);
                }
                if (largest(positive[r], negative[r], input) > Integer.MAX_VALUE) {
                    return c;
                }
            }
        }
        return channels;
    }

    /**
     * The largest magnitude of any partial sum, in whatever order products are added, with the zero point subtracted from inputs or not.
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

    private static int taps(LinearOp op) {
        return op.kernel().height() * op.kernel().width();
    }
}
