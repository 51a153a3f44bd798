package org.multipoint.engine;

import org.multipoint.linear.InputQuantization;
import org.multipoint.linear.LinearOp;
import org.multipoint.points.IntegerRows;

/** Something that can run {@link LinearOp}s. Engines are stateless and thread-safe; kernels belong to one thread at a time. */
public interface Engine {

    /** Name for reports. */
    String name();

    /** Largest absolute weight code for which this engine's integer sums are exact on this CPU. */
    int exactCodeLimit();

    /**
     * A kernel on integers:
     * {@code y[r] = input.scale * weights.scales[r] * sum_d weights.codes[r][d] * (u[d] - zeroPoint) + bias[r]}, the
     * sums exact, where {@code u} is the quantized input and padding counts as {@code zeroPoint}.
     *
     * @param bias {@code [rows]}, zeros for none
     */
    Kernel quantized(LinearOp op, IntegerRows weights, float[] bias, InputQuantization input);

    /**
     * A kernel in fp32.
     *
     * @param weights {@code [rows, columns]} row by row
     * @param bias    {@code [rows]}, zeros for none
     */
    Kernel floating(LinearOp op, float[] weights, float[] bias);
}
