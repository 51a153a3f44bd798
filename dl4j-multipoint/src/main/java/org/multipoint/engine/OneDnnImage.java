package org.multipoint.engine;

import org.bytedeco.dnnl.memory;
import org.nd4j.linalg.api.ndarray.INDArray;

import java.util.ArrayList;
import java.util.List;

/**
 * Where the elements of an image lie: sizes and strides in elements, both in the order (example, channel, row, column)
 * whatever lies next to what. Axes of size 1 have the stride of a dense array, so that equal layouts are equal.
 */
record OneDnnImage(List<Long> sizes, List<Long> strides) {

    /** Layout of an array of rank 4. */
    static OneDnnImage of(INDArray array, boolean channelsLast) {
        return new OneDnnImage(ordered(array.shape(), channelsLast), ordered(array.stride(), channelsLast)).normalized();
    }

    /** A dense image with its channels side by side, or with its rows and columns side by side. */
    static OneDnnImage dense(long n, long c, long h, long w, boolean channelsLast) {
        return new OneDnnImage(List.of(n, c, h, w),
                channelsLast ? List.of(h * w * c, 1L, w * c, c) : List.of(c * h * w, h * w, w, 1L)).normalized();
    }

    private static List<Long> ordered(long[] v, boolean channelsLast) {
        return channelsLast ? List.of(v[0], v[3], v[1], v[2]) : List.of(v[0], v[1], v[2], v[3]);
    }

    private OneDnnImage normalized() {
        List<Long> s = new ArrayList<>(strides);
        long elements = 1;
        for (long size : sizes) {
            elements *= size;
        }
        for (int i = 0; i < 4; i++) {
            if (sizes.get(i) == 1) {
                s.set(i, elements);
            }
        }
        return new OneDnnImage(sizes, List.copyOf(s));
    }

    /** True where no two elements share a place. */
    boolean readable() {
        return strides.stream().allMatch(s -> s > 0);
    }

    /** True where examples, rows, columns and channels follow one another in this order without gaps. */
    boolean isChannelsLast() {
        return equals(dense(n(), c(), h(), w(), true));
    }

    /**
     * Images of one pixel as one image of a column of pixels, all to be treated alike: a matrix product is faster over many
     * pixels than over many images.
     */
    OneDnnImage asColumn() {
        return new OneDnnImage(List.of(1L, c(), n(), 1L), List.of(1L, strides.get(1), strides.get(0), 1L)).normalized();
    }

    long n() {
        return sizes.get(0);
    }

    long c() {
        return sizes.get(1);
    }

    long h() {
        return sizes.get(2);
    }

    long w() {
        return sizes.get(3);
    }

    long[] dims() {
        return sizes.stream().mapToLong(Long::longValue).toArray();
    }

    memory.desc desc() {
        return new memory.desc(dims(), OneDnn.F32, strides.stream().mapToLong(Long::longValue).toArray());
    }
}
