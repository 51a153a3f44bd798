package org.multipoint.internal.engine;

import org.multipoint.internal.ops.InputQuantization;
import org.multipoint.internal.ops.LinearOp;
import org.multipoint.points.MultipointMatrix;
import org.nd4j.linalg.api.ndarray.INDArray;

import java.util.List;
import java.util.function.Function;

/** Compiles {@link Program}s. Stateless and thread-safe. */
public interface Engine {

    /** Name for reports. */
    String name();

    /** Whether this engine can run a program. */
    boolean supports(Program program);

    /**
     * Compiles a program.
     *
     * <p>A linear operation on integers is
     * {@code y[r] = input.scale * rows.scales[r] * sum_d rows.codes[r][d] * (u[d] - zeroPoint) + bias[r]}, the sum exact, where
     * {@code u} is the quantized input, padding counts as {@code zeroPoint}, and {@code rows} are the points of each row fused into one
     * row of integers ({@link FusedRows}) with the largest codes that the engine sums exactly on this CPU. The sum is rounded to single
     * precision once, multiplied with the product of both scales, and the bias is added last, so that all engines give the same values.
     *
     * @param program one that it {@link #supports}
     */
    Executable compile(Program program);

    /**
     * A kernel on integers.
     *
     * @param points {@code [rows, columns]}
     * @param bias   {@code [rows]}, zeros for none
     */
    default Kernel quantized(LinearOp op, MultipointMatrix points, float[] bias, InputQuantization input) {
        return kernel(new Program.Linear(0, op, new Program.IntegerWeights(points, input), bias));
    }

    /**
     * A kernel in fp32.
     *
     * @param weights {@code [rows, columns]} row by row
     * @param bias    {@code [rows]}, zeros for none
     */
    default Kernel floating(LinearOp op, float[] weights, float[] bias) {
        return kernel(new Program.Linear(0, op, new Program.FloatWeights(weights), bias));
    }

    private Kernel kernel(Program.Linear linear) {
        Executable executable = compile(new Program(1, linear.op().channelsLast(), List.of(linear)));
        return new Kernel() {
            @Override
            public INDArray apply(Function<long[], INDArray> allocate, INDArray input) {
                return executable.run(allocate, input);
            }

            @Override
            public void close() {
                executable.close();
            }
        };
    }
}
