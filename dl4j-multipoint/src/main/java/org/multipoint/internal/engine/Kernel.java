package org.multipoint.internal.engine;

import org.nd4j.linalg.api.ndarray.INDArray;

import java.util.function.Function;

/** A linear operation compiled for an engine. Threads may share one; calls are serialized. */
public interface Kernel extends AutoCloseable {

    /**
     * Applies the operation.
     *
     * @param allocate creates the array of the given shape that the result is written to: FLOAT, dense, in 'c' order
     * @param input    FLOAT, rank 2 to 4, any strides, any height and width; not changed and not kept
     * @return the array that {@code allocate} created, of the rank of the input
     * @throws IllegalArgumentException where rank, channels or size do not fit the operation
     * @throws IllegalStateException    after {@link #close()}
     */
    INDArray apply(Function<long[], INDArray> allocate, INDArray input);

    /** Applies the operation; the result is a new array outside workspaces. */
    default INDArray apply(INDArray input) {
        return apply(Executable::detached, input);
    }

    /** Releases native memory. */
    @Override
    void close();
}
