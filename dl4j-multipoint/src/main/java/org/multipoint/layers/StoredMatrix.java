package org.multipoint.layers;

import org.multipoint.internal.ops.LinearOp;
import org.multipoint.internal.ops.Tensor;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.indexing.NDArrayIndex;

import java.util.Arrays;
import java.util.stream.LongStream;

/**
 * A weight matrix that is stored as points and stands in a parameter of a layer that Deeplearning4j computes: where it stands, and how the
 * parameter's axes become its rows and columns.
 */
public final class StoredMatrix {

    private final String key;
    private final long[] shape;
    private final int[] order;
    private final int rowAxes;
    private final int besides;

    /**
     * @param key     key of the parameter
     * @param shape   shape of the matrix
     * @param order   permutation of the axes that brings those of rows (output channels) first
     * @param rowAxes number of axes that count rows
     * @param besides how much longer the parameter is on its second axis: what stands there is no part of the matrix
     */
    StoredMatrix(String key, long[] shape, int[] order, int rowAxes, int besides) {
        this.key = key;
        this.shape = shape;
        this.order = order;
        this.rowAxes = rowAxes;
        this.besides = besides;
    }

    /** Key of the parameter. */
    public String key() {
        return key;
    }

    /** The matrix as a linear operation on vectors. */
    public LinearOp op() {
        return LinearOp.dense((int) product(rowAxes, order.length), (int) product(0, rowAxes), true);
    }

    private long product(int from, int to) {
        return Arrays.stream(permuted(), from, to).reduce(1, (a, b) -> a * b);
    }

    private long[] permuted() {
        return Arrays.stream(order).mapToLong(axis -> shape[axis]).toArray();
    }

    /** Number of weights. */
    long length() {
        return LongStream.of(shape).reduce(1, (a, b) -> a * b);
    }

    /**
     * A copy of the matrix, {@code [rows, columns]} row by row.
     *
     * @param param the parameter
     */
    public float[] of(INDArray param) {
        return Tensor.of(stored(param).permute(order)).data();
    }

    /** Writes a matrix, {@code [rows, columns]} row by row, to where it stands in a parameter. */
    public void assign(float[] matrix, INDArray param) {
        try (INDArray values = Tensor.array(matrix, 'c', permuted())) {
            stored(param).permute(order).assign(values);
        }
    }

    private INDArray stored(INDArray param) {
        return isAll() ? param : param.get(NDArrayIndex.all(), NDArrayIndex.interval(0, shape[1]));
    }

    /** Whether nothing else stands in the parameter. */
    boolean isAll() {
        return besides == 0;
    }

    /** A view of what else stands in the parameter. */
    INDArray rest(INDArray param) {
        return param.get(NDArrayIndex.all(), NDArrayIndex.interval(shape[1], shape[1] + besides));
    }
}
