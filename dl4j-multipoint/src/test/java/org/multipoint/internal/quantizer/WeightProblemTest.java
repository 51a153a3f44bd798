package org.multipoint.internal.quantizer;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.multipoint.internal.calibration.MemoryBound;
import org.multipoint.internal.calibration.Moments;
import org.multipoint.internal.ops.LinearOp;
import org.multipoint.internal.ops.Tensor;
import org.multipoint.testing.TestOps;
import org.multipoint.testing.TestProblems;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

class WeightProblemTest {

    @ParameterizedTest
    @MethodSource("org.multipoint.testing.TestOps#images")
    void outputErrorIsTheMeanSquareOverTheInputs(LinearOp op) {
        Tensor x = TestOps.image(op, 4, 6, 7, 1);
        float[] w = TestOps.weights(op, 2);
        float[] other = TestOps.weights(op, 3);
        Moments moments = new Moments(op, Integer.MAX_VALUE, MemoryBound.NONE);
        moments.add(x);
        double[] plain = new WeightProblem("layer", op, w, moments, false).outputErrors(other);
        double[] corrected = new WeightProblem("layer", op, w, moments, true).outputErrors(other);
        double outputVariance = 0;
        for (int r = 0; r < op.rows(); r++) {
            double[] difference = new double[2];
            double[] output = new double[2];
            long count = 0;
            for (int example = 0; example < 4; example++) {
                for (double[] v : TestOps.vectors(op, x, example, r / op.rowsPerGroup())) {
                    double y = 0;
                    double z = 0;
                    for (int c = 0; c < op.columns(); c++) {
                        y += w[r * op.columns() + c] * v[c];
                        z += other[r * op.columns() + c] * v[c];
                    }
                    difference[0] += y - z;
                    difference[1] += (y - z) * (y - z);
                    output[0] += y;
                    output[1] += y * y;
                    count++;
                }
            }
            // Moments count a vector of zeros besides.
            double weight = count + (double) count / moments.independent() / moments.independent();
            double mean = difference[0] / weight;
            assertEquals(difference[1] / weight, plain[r], 1e-5);
            assertEquals(difference[1] / weight - mean * mean, corrected[r], 1e-5);
            outputVariance += (output[1] / weight - output[0] / weight * output[0] / weight) / op.rows();
        }
        assertEquals(outputVariance, new WeightProblem("layer", op, w, moments, true).outputVariance(), 1e-5);
    }

    @Test
    void noDifferenceIsNoError() {
        LinearOp op = LinearOp.dense(70, 3, false);
        Moments moments = new Moments(op, 1, MemoryBound.NONE);
        moments.add(TestOps.normal(1, 200, 70));
        WeightProblem problem = new WeightProblem("layer", op, TestOps.weights(op, 2), moments, false);
        for (double e : problem.outputErrors(problem.weights().clone())) {
            assertEquals(0, e);
        }
    }

    /** What no vector shows is not nothing: the fewer vectors for their columns, the more second moments are damped. */
    @Test
    void fewVectorsAreDampedMore() {
        int columns = 400;
        double before = 0;
        for (int examples : new int[]{4000, 200, 20, 1}) {
            WeightProblem problem = TestProblems.of(LinearOp.dense(columns, 2, false),
                    TestProblems.correlated(examples, columns, false, 5), 6);
            double relative = problem.ridge(WeightProblem.DAMPING) / problem.moments().meanVariance();
            assertEquals(Math.max(0.05, 0.1 * columns / examples), relative, 1e-9);
            assertTrue(relative > before);
            before = relative;
        }
    }

    /** One example has no variance, and yet its outputs are no constants. */
    @Test
    void theOutputsOfOneExampleHaveVariance() {
        LinearOp op = LinearOp.dense(100, 3, false);
        Tensor one = TestProblems.correlated(1, 100, false, 7);
        WeightProblem problem = TestProblems.of(op, one, 8);
        double square = 0;
        for (int r = 0; r < 3; r++) {
            double y = 0;
            for (int c = 0; c < 100; c++) {
                y += problem.weights()[r * 100 + c] * one.data()[c];
            }
            square += y * y / 3;
        }
        assertEquals(square / 4, problem.outputVariance(), 1e-5 * square);
    }
}
