package org.multipoint.segments;

import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.indexing.NDArrayIndex;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.Function;

/**
 * Several arrays in one of rank 1, because a vertex of a graph gives one: for each array its rank and sizes, then the values of one array
 * after another. All of them start at multiples of {@value #ALIGNMENT} elements.
 */
final class ResultBundle {

    private static final int ALIGNMENT = 16;
    private static final int MOST_AXES = 4;

    private ResultBundle() {
    }

    /**
     * A bundle of arrays.
     *
     * @param allocate creates the bundle, of type FLOAT, from its shape
     * @param write    is given what creates the arrays in the bundle from their shapes, and writes them
     */
    static INDArray of(Function<long[], INDArray> allocate, Consumer<Function<List<long[]>, List<INDArray>>> write) {
        List<INDArray> bundle = new ArrayList<>();
        write.accept(shapes -> {
            long length = start(shapes.size());
            for (long[] shape : shapes) {
                length += aligned(length(shape));
            }
            bundle.add(allocate.apply(new long[]{length}));
            return arrays(bundle.get(0), shapes);
        });
        return bundle.get(0);
    }

    private static List<INDArray> arrays(INDArray bundle, List<long[]> shapes) {
        List<INDArray> arrays = new ArrayList<>();
        long from = start(shapes.size());
        for (int i = 0; i < shapes.size(); i++) {
            long[] shape = shapes.get(i);
            bundle.putScalar(header(i), shape.length);
            for (int axis = 0; axis < shape.length; axis++) {
                if ((long) (float) shape[axis] != shape[axis]) {
                    throw new IllegalArgumentException("Single precision does not represent the size " + shape[axis] + " of a result");
                }
                bundle.putScalar(header(i) + 1 + axis, shape[axis]);
            }
            arrays.add(array(bundle, from, shape));
            from += aligned(length(shape));
        }
        return arrays;
    }

    /** An array of a bundle, as a view. */
    static INDArray get(INDArray bundle, int results, int index) {
        long from = start(results);
        for (int i = 0; i < index; i++) {
            from += aligned(length(shape(bundle, i)));
        }
        return array(bundle, from, shape(bundle, index));
    }

    private static long[] shape(INDArray bundle, int index) {
        long[] shape = new long[(int) bundle.getFloat(header(index))];
        for (int axis = 0; axis < shape.length; axis++) {
            shape[axis] = (long) bundle.getFloat(header(index) + 1 + axis);
        }
        return shape;
    }

    private static INDArray array(INDArray bundle, long from, long[] shape) {
        return bundle.get(NDArrayIndex.interval(from, from + length(shape))).reshape('c', shape);
    }

    private static long header(int index) {
        return (long) index * (1 + MOST_AXES);
    }

    private static long start(int results) {
        return aligned(header(results));
    }

    private static long aligned(long length) {
        return (length + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    }

    private static long length(long[] shape) {
        long length = 1;
        for (long size : shape) {
            length *= size;
        }
        return length;
    }
}
