package org.multipoint.engine;

import org.multipoint.linear.InputQuantization;
import org.multipoint.linear.LinearOp;
import org.multipoint.points.IntegerRows;

/** Something that can run {@link LinearOp}s. Stateless and thread-safe. */
public interface Engine {

    /** Name for reports. */
    String name();

    /**
     * Largest absolute weight code for which this engine's integer sums are exact on this CPU:
     * {@link IntegerRows#FULL_LIMIT}, or {@link IntegerRows#SAFE_LIMIT} where products saturate in pairs.
     */
    int exactCodeLimit();

    /**
     * A kernel on integers:
     * {@code y[r] = input.scale * weights.scales[r] * sum_d weights.codes[r][d] * (u[d] - zeroPoint) + bias[r]}, the
     * sums exact, where {@code u} is the quantized input and padding counts as {@code zeroPoint}. The sum is rounded to
     * single precision once, multiplied with the product of both scales, and the bias is added last, so that all engines
     * give the same values.
     *
     * @param weights codes within {@link #exactCodeLimit()}
     * @param bias    {@code [rows]}, zeros for none
     */
    Kernel quantized(LinearOp op, IntegerRows weights, float[] bias, InputQuantization input);

    /**
     * A kernel in fp32.
     *
     * @param weights {@code [rows, columns]} row by row
     * @param bias    {@code [rows]}, zeros for none
     */
    Kernel floating(LinearOp op, float[] weights, float[] bias);

    /** What the integer sum of each row is multiplied with. */
    static float[] scales(IntegerRows weights, InputQuantization input) {
        float[] scales = new float[weights.rows()];
        for (int r = 0; r < scales.length; r++) {
            scales[r] = input.scale() * weights.scales()[r];
        }
        return scales;
    }
}
