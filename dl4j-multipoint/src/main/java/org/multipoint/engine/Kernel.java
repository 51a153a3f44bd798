package org.multipoint.engine;

import org.nd4j.linalg.api.ndarray.INDArray;

/** A linear operation made ready for an engine. Threads may share one; they take turns. */
public interface Kernel extends AutoCloseable {

    /**
     * Applies the operation.
     *
     * @param input FLOAT, rank 2 to 4, any strides, any height and width; not changed and not kept
     * @return a new FLOAT array of the same rank outside workspaces, never a view of the input
     * @throws IllegalArgumentException where rank, channels or size do not fit the operation
     * @throws IllegalStateException    after {@link #close()}
     */
    INDArray apply(INDArray input);

    /** Releases native memory. */
    @Override
    void close();
}
