package org.multipoint.linear;

import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.memory.MemoryWorkspace;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Values on the Java heap in 'c' order. Activations are held in this form between vertices: the garbage collector
 * knows their size, nothing native outlives its use.
 */
public record Tensor(float[] data, long[] shape) {

    /** A copy of an array of any floating type, order and view. */
    public static Tensor of(INDArray array) {
        INDArray c = array.dataType() == DataType.FLOAT ? array : array.castTo(DataType.FLOAT);
        return new Tensor(c.dup('c').data().asFloat(), array.shape());
    }

    /** A new array outside workspaces; whoever asks for it closes it. */
    public INDArray toArray() {
        try (MemoryWorkspace out = Nd4j.getMemoryManager().scopeOutOfWorkspaces()) {
            return Nd4j.create(data, shape, 'c');
        }
    }

    /** Size of the batch. */
    public int examples() {
        return (int) shape[0];
    }
}
