package org.multipoint.internal.quantizer;

import org.multipoint.points.CodeTrellis;

import java.util.Arrays;

/**
 * The codes of a row that cost the least, in output error and in bits, among those on a trellis: the Viterbi algorithm (Forney, "The Viterbi
 * algorithm", Proceedings of the IEEE 61, 1973). Each state has a survivor, the best sequence found that leads to it, with the GPTQ
 * feedback of its own rounding errors to the columns that follow.
 */
final class TrellisSearch {

    /** Any state after the last column. */
    static final int ANY = -1;
    /** Indices beside the nearest that are tried, towards zero and away from it. */
    private static final int TOWARDS_ZERO = 2;
    private static final int AWAY = 1;

    private final CodeTrellis trellis;
    private final CodeRates rates;
    private final double price;

    /**
     * @param rates bits of codes, or null where they do not count
     * @param price output error that a bit is worth
     */
    TrellisSearch(CodeTrellis trellis, CodeRates rates, double price) {
        this.trellis = trellis;
        this.rates = rates;
        this.price = price;
    }

    private double price(int row, int state, int index) {
        return rates == null ? 0 : price * rates.bits(row, state, index);
    }

    /**
     * The price of the bits of codes.
     *
     * @param row   the row, as rates count them
     * @param state before the first code
     */
    double price(int row, int state, int[] codes) {
        double sum = 0;
        int now = state;
        for (int code : codes) {
            int index = trellis.index(now, code);
            sum += price(row, now, index);
            now = trellis.next(now, index);
        }
        return sum;
    }

    /** The state after codes that follow a state. */
    int after(int state, int[] codes) {
        int now = state;
        for (int code : codes) {
            now = trellis.next(now, trellis.index(now, code));
        }
        return now;
    }

    /**
     * Rounds consecutive columns of a row.
     *
     * @param gptq  the feedback between columns
     * @param row   the row, as rates count them
     * @param from  the first of the columns
     * @param w     weights of the columns
     * @param first what the columns are to be with the feedback of those before
     * @param start state before the first
     * @param end   state after the last, or {@link #ANY}
     * @param codes receives the codes
     * @return what they cost; infinite, and codes are as they were, where no path leads to the end
     */
    double round(GptqRounding gptq, int row, int from, float[] w, float[] first, float step, int start, int end, int[] codes) {
        int states = trellis.states();
        int width = w.length;
        float perStep = step > 0 ? 1 / step : 0;
        float[][] targets = new float[states][width];
        float[][] nextTargets = new float[states][width];
        double[] costs = new double[states];
        double[] nextCosts = new double[states];
        float[] shares = new float[width];
        byte[] previous = new byte[width * states];
        byte[] indices = new byte[width * states];
        Arrays.fill(costs, Double.POSITIVE_INFINITY);
        costs[start] = 0;
        System.arraycopy(first, 0, targets[start], 0, width);
        for (int j = 0; j < width; j++) {
            double perSquare = gptq.errorOfOne(from + j) * step * step;
            gptq.feedback(from + j, from, j + 1, shares);
            Arrays.fill(nextCosts, Double.POSITIVE_INFINITY);
            for (int s = 0; s < states; s++) {
                if (costs[s] < Double.POSITIVE_INFINITY) {
                    extend(row, s, costs[s], targets[s][j] * perStep, perSquare, j * states, nextCosts, previous, indices);
                }
            }
            for (int s = 0; s < states; s++) {
                if (nextCosts[s] < Double.POSITIVE_INFINITY) {
                    int before = previous[j * states + s];
                    float error = w[j] - step * trellis.value(before, indices[j * states + s]);
                    feedBack(error, shares, targets[before], j + 1, nextTargets[s]);
                }
            }
            float[][] t = targets;
            targets = nextTargets;
            nextTargets = t;
            double[] c = costs;
            costs = nextCosts;
            nextCosts = c;
        }
        int best = end == ANY ? cheapest(costs) : end;
        if (costs[best] < Double.POSITIVE_INFINITY) {
            trace(best, previous, indices, codes);
        }
        return costs[best];
    }

    /** All arrays at one index: so the JIT compiler vectorizes the loop. */
    private static void feedBack(float error, float[] shares, float[] target, int next, float[] result) {
        for (int k = next; k < result.length; k++) {
            result[k] = target[k] + error * shares[k];
        }
    }

    /** Extends the survivor of a state by the codes that may follow. */
    private void extend(int row, int state, double cost, float steps, double perSquare, int place, double[] nextCosts, byte[] previous,
                        byte[] indices) {
        int sign = steps < 0 ? -1 : 1;
        int nearest = trellis.nearest(state, Math.abs(steps));
        int most = Math.min(nearest + AWAY, trellis.maxIndex());
        for (int k = most; k >= Math.max(-1, most - AWAY - TOWARDS_ZERO); k--) {
            int index = sign * k;
            double left = steps - trellis.value(state, index);
            double all = cost + perSquare * left * left + price(row, state, index);
            int next = trellis.next(state, index);
            if (all < nextCosts[next]) {
                nextCosts[next] = all;
                previous[place + next] = (byte) state;
                indices[place + next] = (byte) index;
            }
        }
    }

    private static int cheapest(double[] costs) {
        int best = 0;
        for (int s = 1; s < costs.length; s++) {
            best = costs[s] < costs[best] ? s : best;
        }
        return best;
    }

    private void trace(int last, byte[] previous, byte[] indices, int[] codes) {
        int state = last;
        for (int place = (codes.length - 1) * trellis.states(); place >= 0; place -= trellis.states()) {
            int before = previous[place + state];
            codes[place / trellis.states()] = trellis.value(before, indices[place + state]);
            state = before;
        }
    }
}
