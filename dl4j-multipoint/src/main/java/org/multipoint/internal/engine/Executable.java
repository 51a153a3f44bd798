package org.multipoint.internal.engine;

import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.memory.MemoryWorkspace;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

import java.util.List;
import java.util.function.Function;

/** A {@link Program} compiled for an engine. Threads may share one; calls are serialized. */
public interface Executable extends AutoCloseable {

    /**
     * Runs the program.
     *
     * @param allocate creates the arrays of the given shapes that the results are written to: FLOAT, dense, in 'c' order
     * @param inputs   FLOAT, rank 2 to 4, any strides, any batch, height and width; not changed and not kept
     * @return the arrays that {@code allocate} created
     * @throws IllegalArgumentException where number, rank, channels or sizes do not fit the program
     * @throws IllegalStateException    after {@link #close()}
     */
    List<INDArray> runAll(Function<List<long[]>, List<INDArray>> allocate, INDArray... inputs);

    /**
     * Runs a program that has one result.
     *
     * @param allocate creates the array of the given shape that the result is written to: FLOAT, dense, in 'c' order
     */
    default INDArray run(Function<long[], INDArray> allocate, INDArray... inputs) {
        return runAll(shapes -> shapes.stream().map(allocate).toList(), inputs).get(0);
    }

    /** Runs a program that has one result, which is a new array outside workspaces. */
    default INDArray run(INDArray... inputs) {
        return run(Executable::detached, inputs);
    }

    /** A new array outside workspaces, uninitialized. */
    static INDArray detached(long[] shape) {
        try (MemoryWorkspace ws = Nd4j.getMemoryManager().scopeOutOfWorkspaces()) {
            return Nd4j.createUninitialized(DataType.FLOAT, shape, 'c');
        }
    }

    /** Releases native memory. */
    @Override
    void close();
}
