package org.multipoint.engine;

import org.multipoint.linear.InputQuantization;
import org.multipoint.linear.LinearOp;
import org.multipoint.points.IntegerRows;
import org.nd4j.linalg.api.buffer.DataType;

/**
 * Runs on ND4J's own operations, on any backend. Integer sums are computed in floating point, which is exact while they fit the
 * significand: in single precision where no row can reach 2^24, else in double precision.
 */
final class Nd4jEngine implements Engine {

    static final Nd4jEngine INSTANCE = new Nd4jEngine();

    private static final long EXACT_IN_SINGLE = 1L << 24;

    private Nd4jEngine() {
    }

    @Override
    public String name() {
        return "nd4j";
    }

    @Override
    public int exactCodeLimit() {
        return IntegerRows.FULL_LIMIT;
    }

    @Override
    public Kernel quantized(LinearOp op, IntegerRows weights, float[] bias, InputQuantization input) {
        float[] codes = new float[weights.codes().length];
        for (int i = 0; i < codes.length; i++) {
            codes[i] = weights.codes()[i];
        }
        DataType sums = largestSum(weights, input) <= EXACT_IN_SINGLE ? DataType.FLOAT : DataType.DOUBLE;
        return new Nd4jKernel(op, codes, sums, input, Engine.scales(weights, input), bias);
    }

    /** No sum of any part of a row's products is larger, in whatever order they are added. */
    private static long largestSum(IntegerRows weights, InputQuantization input) {
        long largest = 0;
        for (int r = 0; r < weights.rows(); r++) {
            long sum = 0;
            for (int c = 0; c < weights.columns(); c++) {
                sum += Math.abs(weights.codes()[r * weights.columns() + c]);
            }
            largest = Math.max(largest, sum);
        }
        return largest * Math.max(input.zeroPoint(), input.levels() - input.zeroPoint());
    }

    @Override
    public Kernel floating(LinearOp op, float[] weights, float[] bias) {
        return new Nd4jKernel(op, weights, DataType.FLOAT, null, null, bias);
    }
}
