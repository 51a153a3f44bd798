package org.multipoint.internal.quantizer;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.multipoint.internal.calibration.MemoryBound;
import org.multipoint.internal.calibration.Moments;
import org.multipoint.internal.ops.LinearOp;
import org.multipoint.internal.ops.Tensor;
import org.multipoint.testing.TestOps;
import org.multipoint.testing.TestProblems;

import java.util.Random;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

class TargetMatchingTest {

    /** Nearly the same vectors so often that there are many, of which moments leave nothing open. */
    private static Tensor often(int columns, float... few) {
        float[] many = new float[few.length * 2000];
        for (int i = 0; i < many.length; i++) {
            many[i] = few[i % few.length] * (1 + 1e-7f * (i / few.length - 1000));
        }
        return new Tensor(many, new long[]{many.length / columns, columns});
    }

    private static WeightProblem problem(LinearOp op, float[] w, Tensor x, Tensor y) {
        Moments moments = new Moments(op, w, Integer.MAX_VALUE, MemoryBound.NONE);
        moments.addPair(x, y);
        return new WeightProblem("layer", op, w, moments, true);
    }

    @Test
    void oneInputInClosedForm() {
        // Variance 1 and a half of it seen: W' = W (1/2 + ridge/4) / (1/4 + ridge/4), the ridge in units of the variance 1/4.
        // Means as large as deviations: products of single precision are known to some digits of the square of the mean.
        Tensor x = often(1, 0, 2, 0, 2);
        Tensor y = often(1, 0, 1, 0, 1);
        WeightProblem problem = problem(LinearOp.dense(1, 2, false), new float[]{3, -1}, x, y);
        double factor = (0.5 + 0.1 * 0.25) / (0.25 + 0.1 * 0.25);
        float[] matched = TargetMatching.match(problem, 0.1);
        assertEquals(3 * factor, matched[0], 1e-5);
        assertEquals(-factor, matched[1], 1e-5);
    }

    /** The part of a shortfall that the input tells goes into the weights, its mean into the bias. */
    @Test
    void shortfallsAreMadeUpFor() {
        Tensor x = often(1, 1, -1, 1, -1);
        Tensor shortfall = often(1, 2.5f, 1.5f, 2.5f, 1.5f);
        LinearOp op = LinearOp.dense(1, 1, false);
        Moments moments = new Moments(op, new float[]{3}, Integer.MAX_VALUE, MemoryBound.NONE);
        moments.addPair(x, x, shortfall);
        WeightProblem problem = new WeightProblem("layer", op, new float[]{3}, moments, true);
        float[] matched = TargetMatching.match(problem, 0.1);
        assertEquals(3 + 0.5 / 1.1, matched[0], 1e-5);
        assertEquals(5 + 2, TargetMatching.bias(problem, new float[]{5}, matched)[0], 1e-5);
    }

    /** Less the part that no weights change, the error is that of the outputs themselves. */
    @ParameterizedTest
    @ValueSource(ints = {1, 2})
    void errorsAreThoseOfTheOutputs(int groups) {
        LinearOp op = new LinearOp(4, 6, groups, LinearOp.Size.ONE, LinearOp.Size.ONE, LinearOp.Size.ONE, LinearOp.Size.ZERO,
                LinearOp.PaddingMode.EXPLICIT, false, false);
        int n = 2000;
        float[] x = TestOps.normal(1, n, 4, 1, 1).data();
        float[] y = new float[x.length];
        for (int i = 0; i < y.length; i++) {
            y[i] = Math.round(2 * x[i]) / 2f + 1;
        }
        float[] w = TestOps.weights(op, 2);
        WeightProblem problem = problem(op, w, new Tensor(x, n, 4, 1, 1), new Tensor(y, n, 4, 1, 1));
        float[] none = new float[w.length];
        float[] other = TestOps.weights(op, 3);
        double expected = variance(op, w, x, other, y) - variance(op, w, x, none, y);
        assertEquals(expected, TargetMatching.error(problem, other), 1e-3 * Math.abs(expected));
        assertEquals(0, TargetMatching.error(problem, none), 1e-6);
        assertTrue(TargetMatching.error(problem, TargetMatching.match(problem, 1e-6)) < TargetMatching.error(problem, w));
    }

    /** Variance of {@code W x - W' y}, summed over rows. */
    private static double variance(LinearOp op, float[] w, float[] x, float[] other, float[] y) {
        int n = x.length / op.inChannels();
        double variance = 0;
        for (int r = 0; r < op.rows(); r++) {
            int first = r / op.rowsPerGroup() * op.columns();
            double sum = 0;
            double squares = 0;
            for (int i = 0; i < n; i++) {
                double e = 0;
                for (int c = 0; c < op.columns(); c++) {
                    int at = i * op.inChannels() + first + c;
                    e += w[r * op.columns() + c] * x[at] - other[r * op.columns() + c] * y[at];
                }
                sum += e;
                squares += e * e;
            }
            variance += squares / n - sum / n * sum / n;
        }
        return variance;
    }

    @Test
    void twoCorrelatedInputsInClosedForm() {
        // Centred y = (a, a + b), x = (a, b) for a, b = +-1: C_yy = [[1, 1], [1, 2]], C_xy = [[1, 1], [0, 1]].
        Tensor x = often(2, 1, 1, 1, -1, -1, 1, -1, -1);
        Tensor y = often(2, 1, 2, 1, 0, -1, 0, -1, -2);
        // Without a ridge b = y2 - y1 is found exactly: w1 a + w2 b = (w1 - w2) y1 + w2 y2.
        float[] exact = TargetMatching.match(problem(LinearOp.dense(2, 1, false), new float[]{3, 5}, x, y), 1e-6);
        assertArrayEquals(new float[]{-2, 5}, exact, 1e-3f);

        // With a ridge of 0.2 * 1.5 = 0.3, by the inverse of a 2x2 matrix.
        double r = 0.3;
        double t0 = 3 * (1 + r);
        double t1 = 3 + 5 * (1 + r);
        double det = (1 + r) * (2 + r) - 1;
        float[] matched = TargetMatching.match(problem(LinearOp.dense(2, 1, false), new float[]{3, 5}, x, y), 0.2);
        assertEquals((t0 * (2 + r) - t1) / det, matched[0], 1e-5);
        assertEquals((-t0 + t1 * (1 + r)) / det, matched[1], 1e-5);
    }

    @ParameterizedTest
    @ValueSource(ints = {6, 40, 150})
    void sameInputsSameWeights(int columns) {
        Tensor x = TestProblems.correlated(500, columns, true, 1);
        LinearOp op = LinearOp.dense(columns, 5, false);
        float[] w = TestOps.weights(op, 2);
        assertArrayEquals(w, TargetMatching.match(problem(op, w, x, x), 0.1), 1e-3f);
    }

    @ParameterizedTest
    @ValueSource(ints = {6, 40, 150})
    void matchedWeightsComeCloserToTheReferenceOutput(int columns) {
        Tensor x = TestProblems.correlated(600, columns, false, 3);
        Tensor y = disturbed(x, 4);
        LinearOp op = LinearOp.dense(columns, 5, false);
        float[] w = TestOps.weights(op, 5);
        WeightProblem problem = problem(op, w, x, y);
        float[] matched = TargetMatching.match(problem, 0.02);
        assertTrue(distance(op, w, TargetMatching.bias(problem, new float[5], matched), matched, x, y)
                < 0.9 * distance(op, w, TargetMatching.bias(problem, new float[5], w), w, x, y));
    }

    /** Scaled, shifted and with noise: what quantized layers before this one do to its inputs. */
    private static Tensor disturbed(Tensor x, long seed) {
        Random random = new Random(seed);
        float[] y = x.data().clone();
        for (int i = 0; i < y.length; i++) {
            y[i] = 0.8f * y[i] + 0.3f + 0.1f * (float) random.nextGaussian();
        }
        return new Tensor(y, x.shape());
    }

    private static double distance(LinearOp op, float[] w, float[] bias, float[] other, Tensor x, Tensor y) {
        double sum = 0;
        for (int n = 0; n < x.examples(); n++) {
            for (int r = 0; r < op.rows(); r++) {
                double d = -bias[r];
                for (int c = 0; c < op.columns(); c++) {
                    d += w[r * op.columns() + c] * x.data()[n * op.columns() + c]
                            - other[r * op.columns() + c] * y.data()[n * op.columns() + c];
                }
                sum += d * d;
            }
        }
        return sum;
    }

    @Test
    void biasMakesMeanOutputsExact() {
        LinearOp op = LinearOp.dense(20, 4, false);
        Tensor x = TestProblems.correlated(300, 20, false, 6);
        Tensor y = disturbed(x, 7);
        float[] w = TestOps.weights(op, 8);
        float[] other = TestOps.weights(op, 9);
        float[] bias = {1, -2, 3, 0};
        float[] corrected = TargetMatching.bias(problem(op, w, x, y), bias, other);
        for (int r = 0; r < 4; r++) {
            double mean = 0;
            for (int n = 0; n < 300; n++) {
                for (int c = 0; c < 20; c++) {
                    mean += (w[r * 20 + c] * x.data()[n * 20 + c] - other[r * 20 + c] * y.data()[n * 20 + c]) / 300;
                }
            }
            assertEquals(bias[r] + mean, corrected[r], 1e-4);
        }
        assertArrayEquals(new float[]{1, -2, 3, 0}, bias);
    }

    /** One example tells little about weights: they move no further than makes up for most of what its own output lacks. */
    @Test
    void oneExampleMovesWeightsAlongItself() {
        LinearOp op = LinearOp.dense(50, 4, false);
        float[] w = TestOps.weights(op, 10);
        Tensor one = TestProblems.correlated(1, 50, false, 11);
        Tensor other = disturbed(one, 12);
        Tensor zeros = new Tensor(new float[50], new long[]{1, 50});
        assertArrayEquals(w, TargetMatching.match(problem(op, w, one, one), 0.1), 1e-6f);
        assertArrayEquals(w, TargetMatching.match(problem(op, w, zeros, zeros), 0.1), 0);
        // The ridge is a tenth of the columns for each vector, here 5 of the mean variance and so a tenth of the only variance there is.
        double square = 0;
        for (float y : other.data()) {
            square += (double) y * y;
        }
        float[] matched = TargetMatching.match(problem(op, w, one, other), 0.1);
        for (int r = 0; r < 4; r++) {
            double lacking = 0;
            for (int c = 0; c < 50; c++) {
                lacking += w[r * 50 + c] * (one.data()[c] - other.data()[c]);
            }
            for (int c = 0; c < 50; c++) {
                assertEquals(w[r * 50 + c] + lacking * other.data()[c] / (1.1 * square), matched[r * 50 + c], 1e-5);
            }
        }
    }
}
