package org.multipoint.internal.quantizer;

import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;
import org.multipoint.internal.ops.LinearOp;
import org.multipoint.points.CodeTrellis;
import org.multipoint.testing.TestProblems;

import java.util.Arrays;
import java.util.Random;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

class TrellisSearchTest {

    private static final CodeTrellis TRELLIS = CodeTrellis.EIGHT_STATES;

    private static double[] identity(int size) {
        double[] h = new double[size * size];
        for (int i = 0; i < size; i++) {
            h[i * size + i] = 1;
        }
        return h;
    }

    private static CodeRates rates(int columns) {
        int[] codes = new int[columns];
        return new CodeRates(codes, columns, TRELLIS);
    }

    /** The least cost of all sequences of small indices, for columns that have nothing to do with each other. */
    private static double exhaustive(float[] w, float step, CodeRates rates, double price, int place, int state, int end) {
        if (place == w.length) {
            return end == TrellisSearch.ANY || end == state ? 0 : Double.POSITIVE_INFINITY;
        }
        double best = Double.POSITIVE_INFINITY;
        for (int index = -4; index <= 4; index++) {
            double left = w[place] - step * TRELLIS.value(state, index);
            best = Math.min(best, left * left + price * rates.bits(0, state, index)
                    + exhaustive(w, step, rates, price, place + 1, TRELLIS.next(state, index), end));
        }
        return best;
    }

    @Property(tries = 40)
    void independentColumnsGetTheCheapestSequence(@ForAll @IntRange(min = 1, max = 5) int columns, @ForAll @IntRange(min = 0, max = 7) int start,
                                                  @ForAll boolean free, @ForAll @IntRange(min = 0, max = 1000) int seed) {
        Random random = new Random(seed);
        float[] w = new float[columns];
        for (int i = 0; i < columns; i++) {
            w[i] = (float) random.nextGaussian();
        }
        double price = 0.02 * random.nextDouble();
        CodeRates rates = rates(columns);
        GptqRounding gptq = new GptqRounding(identity(columns), columns, 0, GptqRounding.Order.STORED);
        TrellisSearch search = new TrellisSearch(TRELLIS, rates, price);
        int[] codes = new int[columns];
        int end = free ? TrellisSearch.ANY : random.nextInt(8);
        double cost = search.round(gptq, 0, 0, w, w, 0.7f, start, end, codes);
        double least = exhaustive(w, 0.7f, rates, price, 0, start, end);
        assertEquals(least, cost, 1e-5 * Math.max(1, Double.isInfinite(least) ? 1 : least));
        if (!Double.isInfinite(cost)) {
            double error = 0;
            for (int i = 0; i < columns; i++) {
                error += Math.pow(w[i] - 0.7f * codes[i], 2);
            }
            assertEquals(cost, error + search.price(0, start, codes), 1e-5);
            assertTrue(end == TrellisSearch.ANY || end == search.after(start, codes));
        }
    }

    /** Window by window the cost falls, and codes stay on the trellis. */
    @Test
    void descentLowersTheCost() {
        int rows = 12;
        int columns = 150;
        WeightProblem problem = TestProblems.of(LinearOp.dense(columns, rows, false),
                TestProblems.correlated(600, columns, false, 3), 4);
        GptqRounding gptq = problem.roundings(0, GptqRounding.Order.STORED)[0];
        float[] steps = new float[rows];
        Arrays.fill(steps, 0.4f);
        int[] codes = new int[rows * columns];
        TrellisSearch search = new TrellisSearch(TRELLIS, null, 0);
        gptq.round(problem.weights(), rows, steps, search, 0, new int[rows], codes);
        double before = cost(gptq, problem.weights(), steps, codes, rows);
        for (int sweep = 0; sweep < 3; sweep++) {
            int[] states = new int[rows];
            new WindowDescent(gptq, problem.weights(), rows, steps, search, 0, true, codes).sweep(states);
            double after = cost(gptq, problem.weights(), steps, codes, rows);
            assertTrue(sweep == 0 ? after < 0.995 * before : after <= before, after + " after sweep " + sweep + ", before " + before);
            before = after;
            for (int r = 0; r < rows; r++) {
                assertEquals(states[r], search.after(0, Arrays.copyOfRange(codes, r * columns, (r + 1) * columns)));
            }
        }
    }

    private static double cost(GptqRounding gptq, float[] w, float[] steps, int[] codes, int rows) {
        float[] e = new float[w.length];
        for (int i = 0; i < e.length; i++) {
            e[i] = w[i] - steps[0] * codes[i];
        }
        return Arrays.stream(gptq.errors(e, rows)).sum();
    }
}
