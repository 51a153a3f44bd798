package org.multipoint.engine;

import org.bytedeco.dnnl.memory;
import org.nd4j.linalg.api.ndarray.INDArray;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Where the elements of an image lie: shape and strides in elements in the order (example, channel, row, column), whatever lies next
 * to what. Axes of size 1 have the stride of a dense array, so that equal layouts are equal.
 */
record OneDnnImage(Program.Shape shape, List<Long> strides) {

    OneDnnImage {
        int[] sizes = {shape.n(), shape.c(), shape.h(), shape.w()};
        long elements = Arrays.stream(sizes).asLongStream().reduce(1, (a, b) -> a * b);
        List<Long> normalized = new ArrayList<>(strides);
        for (int i = 0; i < sizes.length; i++) {
            if (sizes[i] == 1) {
                normalized.set(i, elements);
            }
        }
        strides = List.copyOf(normalized);
    }

    /** Layout of an array {@code [n, c, h, w]}. */
    static OneDnnImage of(INDArray image) {
        return new OneDnnImage(Images.shape(image), Arrays.stream(image.stride()).boxed().toList());
    }

    /** A dense image with its channels side by side, or with its rows and columns side by side. */
    static OneDnnImage dense(Program.Shape s, boolean channelsLast) {
        long c = s.c();
        long h = s.h();
        long w = s.w();
        return new OneDnnImage(s, channelsLast ? List.of(h * w * c, 1L, w * c, c) : List.of(c * h * w, h * w, w, 1L));
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
