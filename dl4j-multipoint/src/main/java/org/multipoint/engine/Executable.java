package org.multipoint.engine;

import org.nd4j.linalg.api.ndarray.INDArray;

/** A {@link Program} made ready for an engine. Threads may share one; they take turns. */
public interface Executable extends AutoCloseable {

    /**
     * Runs the program.
     *
     * @param inputs FLOAT, rank 2 to 4, any strides, any batch, height and width; not changed and not kept
     * @return a new FLOAT array outside workspaces, never a view of an input
     * @throws IllegalArgumentException where number, rank, channels or sizes do not fit the program
     * @throws IllegalStateException    after {@link #close()}
     */
    INDArray run(INDArray... inputs);

    /** Releases native memory. */
    @Override
    void close();
}
