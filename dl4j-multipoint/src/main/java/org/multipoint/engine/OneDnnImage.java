package org.multipoint.engine;

import org.bytedeco.dnnl.memory;
import org.nd4j.linalg.api.ndarray.INDArray;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Where the elements of an image lie: shape and strides in elements in the order (example, channel, row, column), whatever lies next
 * to what. Strides of axes of size 1 mean nothing; they are chosen so that equal layouts are equal.
 */
record OneDnnImage(Program.Shape shape, List<Long> strides) {

    /** Layout of an array {@code [n, c, h, w]}. */
    static OneDnnImage of(INDArray image) {
        Program.Shape shape = Images.shape(image);
        for (boolean channelsLast : new boolean[]{true, false}) {
            OneDnnImage dense = dense(shape, channelsLast);
            if (dense.liesAs(image)) {
                return dense;
            }
        }
        List<Long> strides = new ArrayList<>();
        for (int axis = 0; axis < image.rank(); axis++) {
            strides.add(image.size(axis) == 1 ? image.length() : image.stride(axis));
        }
        return new OneDnnImage(shape, strides);
    }

    /** A dense image with its channels side by side, or with its rows and columns side by side; with one of either they are the same. */
    static OneDnnImage dense(Program.Shape s, boolean channelsLast) {
        long c = s.c();
        long h = s.h();
        long w = s.w();
        boolean last = channelsLast || c == 1 || h * w == 1;
        return new OneDnnImage(s, last ? List.of(h * w * c, 1L, w * c, c) : List.of(c * h * w, h * w, w, 1L));
    }

    private boolean liesAs(INDArray image) {
        return IntStream.range(0, image.rank()).allMatch(i -> image.size(i) == 1 || image.stride(i) == strides.get(i));
    }

    /** True where no two elements share a place. */
    boolean readable() {
        return strides.stream().allMatch(s -> s > 0);
    }

    /** True where examples, rows, columns and channels follow one another in this order without gaps. */
    boolean isChannelsLast() {
        return equals(dense(shape, true));
    }

    memory.desc desc() {
        return desc(OneDnn.F32);
    }

    memory.desc desc(memory.data_type type) {
        return new memory.desc(new long[]{shape.n(), shape.c(), shape.h(), shape.w()}, type,
                strides.stream().mapToLong(Long::longValue).toArray());
    }
}
