package org.multipoint.internal.ops;

import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.memory.MemoryWorkspace;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;

import java.util.Arrays;

/**
 * Native memory of one array after another, as large as the largest of them. The operating system clears new memory page by page when it is
 * first written to, which takes longer than copying values there. Not thread-safe.
 */
public final class Staging implements AutoCloseable {

    private INDArray memory;

    /** A dense array in 'c' order whose values are undefined. It is valid until the next one, and not to be closed. */
    public INDArray array(long... shape) {
        long length = Arrays.stream(shape).reduce(1, (a, b) -> a * b);
        try (MemoryWorkspace ws = Nd4j.getMemoryManager().scopeOutOfWorkspaces()) {
            if (memory == null || memory.length() < length) {
                close();
                memory = Nd4j.createUninitialized(DataType.FLOAT, new long[]{length}, 'c');
            }
            return memory.get(NDArrayIndex.interval(0, length)).reshape('c', shape);
        }
    }

    /** An array with the values of a tensor. */
    public INDArray array(Tensor tensor) {
        INDArray array = array(tensor.shape());
        Tensor.copy(tensor.data(), array);
        return array;
    }

    @Override
    public void close() {
        if (memory != null) {
            memory.close();
            memory = null;
        }
    }
}
