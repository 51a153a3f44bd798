package org.multipoint.internal.ops;

import org.bytedeco.javacpp.FloatPointer;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.memory.MemoryWorkspace;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.shape.Shape;
import org.nd4j.linalg.factory.Nd4j;

import java.util.Arrays;
import java.util.stream.IntStream;

/**
 * Values on the Java heap in 'c' order. Activations are held in this form between vertices: the garbage collector
 * knows their size, nothing native outlives its use. Tensors are compared by identity.
 */
public final class Tensor {

    /** Values that one thread takes at a time. */
    private static final int PART = 1 << 16;

    private final float[] data;
    private final long[] shape;

    /**
     * @param data not copied
     * @throws IllegalArgumentException where there are more or fewer values than the shape has elements
     */
    public Tensor(float[] data, long... shape) {
        if (data.length != Arrays.stream(shape).reduce(1, (a, b) -> a * b)) {
            throw new IllegalArgumentException("The number of values must be that of the elements of shape " + Arrays.toString(shape)
                    + ", found " + data.length);
        }
        this.data = data;
        this.shape = shape;
    }

    /** The values; not a copy. */
    public float[] data() {
        return data;
    }

    /** The shape; not a copy, not to be changed. */
    public long[] shape() {
        return shape;
    }

    /** A copy of an array of any floating type, order and view. */
    public static Tensor of(INDArray array) {
        if (array.dataType() == DataType.FLOAT && !array.isView() && array.ordering() == 'c' && Shape.hasDefaultStridesForShape(array)) {
            return new Tensor(values(array), array.shape());
        }
        // The intermediate array is closed: the garbage collector does not see how large it is.
        try (MemoryWorkspace ws = Nd4j.getMemoryManager().scopeOutOfWorkspaces();
             INDArray floats = Nd4j.createUninitialized(DataType.FLOAT, array.shape(), 'c')) {
            floats.assign(array);
            return new Tensor(values(floats), array.shape());
        }
    }

    /** The values of an array of floats in the order in which they lie in memory; it must not be a view. */
    public static float[] values(INDArray array) {
        float[] values = new float[Math.toIntExact(array.length())];
        copy(array, values);
        return values;
    }

    /** As {@link #values}, into an existing array. */
    public static void copy(INDArray array, float[] values) {
        ((FloatPointer) array.data().addressPointer()).get(values);
    }

    /** Copies values to an array of floats of the same length, in the order in which they lie in memory. */
    static void copy(float[] values, INDArray array) {
        ((FloatPointer) array.data().addressPointer()).put(values);
    }

    /** A new array outside workspaces; the caller closes it. */
    public INDArray toArray() {
        return array(data, 'c', shape);
    }

    /**
     * Copies values to a new array off the heap and outside workspaces; the caller closes it. {@code Nd4j.create} copies a Java array
     * element by element, this method in one piece.
     *
     * @param order 'c' or 'f'
     */
    public static INDArray array(float[] values, char order, long... shape) {
        try (MemoryWorkspace out = Nd4j.getMemoryManager().scopeOutOfWorkspaces()) {
            INDArray array = Nd4j.createUninitialized(DataType.FLOAT, shape, order);
            if (array.length() != values.length) {
                throw new IllegalArgumentException("Expected " + array.length() + " values for shape " + Arrays.toString(shape)
                        + ", found " + values.length);
            }
            copy(values, array);
            return array;
        }
    }

    /** Index of the first value that is NaN or infinite, or -1. */
    public static int firstNonFinite(float[] values) {
        for (int i = 0; i < values.length; i++) {
            if (!Float.isFinite(values[i])) {
                return i;
            }
        }
        return -1;
    }

    /** A copy whose values are at least {@code low} and at most {@code high}; NaN stays NaN. */
    public Tensor clipped(float low, float high) {
        return clip(new float[data.length], low, high);
    }

    /** As {@link #clipped}, in place: for tensors that nobody else reads. */
    public Tensor clip(float low, float high) {
        return clip(data, low, high);
    }

    private Tensor clip(float[] out, float low, float high) {
        int parts = (data.length + PART - 1) / PART;
        IntStream.range(0, parts).parallel().forEach(p -> {
            for (int i = p * PART; i < Math.min(data.length, (p + 1) * PART); i++) {
                out[i] = Math.max(low, Math.min(high, data[i]));
            }
        });
        return out == data ? this : new Tensor(out, shape);
    }

    /** Some examples, copied. */
    public Tensor examples(int[] which) {
        int each = data.length / examples();
        float[] some = new float[which.length * each];
        for (int i = 0; i < which.length; i++) {
            System.arraycopy(data, which[i] * each, some, i * each, each);
        }
        long[] of = shape.clone();
        of[0] = which.length;
        return new Tensor(some, of);
    }

    /** Number of examples. */
    public int examples() {
        return (int) shape[0];
    }
}
