package org.multipoint.quantizer;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.api.Test;
import org.multipoint.calibration.Moments;
import org.multipoint.linear.LinearOp;
import org.multipoint.linear.Tensor;
import org.multipoint.testing.TestOps;

import static org.junit.jupiter.api.Assertions.assertEquals;

class WeightProblemTest {

    @ParameterizedTest
    @MethodSource("org.multipoint.testing.TestOps#images")
    void outputErrorIsTheMeanSquareOverTheInputs(LinearOp op) {
        Tensor x = TestOps.image(op, 4, 6, 7, 1);
        float[] w = TestOps.weights(op, 2);
        float[] other = TestOps.weights(op, 3);
        Moments moments = new Moments(op, false, Integer.MAX_VALUE);
        moments.add(x);
        double[] plain = new WeightProblem("layer", op, w, moments, false).outputErrors(other);
        double[] corrected = new WeightProblem("layer", op, w, moments, true).outputErrors(other);
        double energy = 0;
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
            double mean = difference[0] / count;
            assertEquals(difference[1] / count, plain[r], 1e-5);
            assertEquals(difference[1] / count - mean * mean, corrected[r], 1e-5);
            energy += (output[1] / count - output[0] / count * output[0] / count) / op.rows();
        }
        assertEquals(energy, new WeightProblem("layer", op, w, moments, true).outputEnergy(), 1e-5);
    }

    @Test
    void noDifferenceIsNoError() {
        LinearOp op = LinearOp.dense(70, 3, false);
        Moments moments = new Moments(op, false, 1);
        moments.add(TestOps.normal(1, 200, 70));
        WeightProblem problem = new WeightProblem("layer", op, TestOps.weights(op, 2), moments, false);
        for (double e : problem.outputErrors(problem.weights().clone())) {
            assertEquals(0, e);
        }
    }
}
