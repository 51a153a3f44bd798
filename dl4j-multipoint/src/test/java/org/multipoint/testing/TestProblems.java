package org.multipoint.testing;

import org.multipoint.internal.calibration.MemoryBound;
import org.multipoint.internal.calibration.Moments;
import org.multipoint.internal.ops.LinearOp;
import org.multipoint.internal.ops.Tensor;
import org.multipoint.internal.quantizer.WeightProblem;

import java.util.Random;

/** Weights together with second moments of inputs, for whoever looks for points. */
public final class TestProblems {

    private TestProblems() {
    }

    /** Inputs of {@code columns} values that share a common part, one in five of them always zero where {@code dead} says so. */
    public static Tensor correlated(int examples, int columns, boolean dead, long seed) {
        Random random = new Random(seed);
        float[] data = new float[examples * columns];
        double[] share = random.doubles(columns, -1.5, 1.5).toArray();
        double[] spread = random.doubles(columns, 0.05, 1).toArray();
        for (int e = 0; e < examples; e++) {
            double common = random.nextGaussian();
            for (int c = 0; c < columns; c++) {
                boolean zero = dead && c % 5 == 2;
                data[e * columns + c] = zero ? 0 : (float) (0.2 + share[c] * common + spread[c] * random.nextGaussian());
            }
        }
        return new Tensor(data, new long[]{examples, columns});
    }

    /** A dense layer and inputs that its rows see. */
    public static WeightProblem dense(int rows, int columns, boolean dead, long seed) {
        LinearOp op = LinearOp.dense(columns, rows, false);
        return of(op, correlated(4 * columns, columns, dead, seed), seed + 1);
    }

    /** Random weights and the moments of the given inputs. */
    public static WeightProblem of(LinearOp op, Tensor inputs, long seed) {
        Moments moments = new Moments(op, Integer.MAX_VALUE, MemoryBound.NONE);
        moments.add(inputs);
        return new WeightProblem("problem", op, TestOps.weights(op, seed), moments, true);
    }
}
