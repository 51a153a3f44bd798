package org.multipoint.internal.engine;

import org.bytedeco.dnnl.memory;
import org.multipoint.internal.ops.InputQuantization;
import org.nd4j.linalg.api.ndarray.INDArray;

import java.util.Arrays;
import java.util.Optional;

/**
 * Memory layout of an image: shape, and strides in elements, in the order (example, channel, row, column). Strides of axes of size 1 have
 * no meaning; they are chosen so that equal layouts compare equal.
 */
final class OneDnnImage {

    private final Program.Shape shape;
    private final long[] strides;

    private OneDnnImage(Program.Shape shape, long... strides) {
        this.shape = shape;
        this.strides = strides;
    }

    /** Layout of an array of rank 2 to 4, seen as an image. */
    static OneDnnImage of(INDArray array, boolean channelsLast) {
        Program.Shape s = Images.shape(array, channelsLast);
        long[] strides = Images.ordered(array.stride(), 0, channelsLast);
        for (boolean last : new boolean[]{true, false}) {
            OneDnnImage dense = dense(s, last);
            if (dense.liesAs(strides)) {
                return dense;
            }
        }
        int[] sizes = dense(s, true).sizes();
        for (int axis = 0; axis < sizes.length; axis++) {
            strides[axis] = sizes[axis] == 1 ? array.length() : strides[axis];
        }
        return new OneDnnImage(s, strides);
    }

    /** A dense image, channels last or channels first; with one channel or one pixel both are the same. */
    static OneDnnImage dense(Program.Shape s, boolean channelsLast) {
        long c = s.c();
        long h = s.h();
        long w = s.w();
        boolean last = channelsLast || c == 1 || h * w == 1;
        return last ? new OneDnnImage(s, h * w * c, 1, w * c, c) : new OneDnnImage(s, c * h * w, h * w, w, 1);
    }

    /** Layout of images between steps: channels last, as unsigned bytes where they are quantized. */
    static memory.desc between(Program.Shape s, Optional<InputQuantization> form) {
        return dense(s, true).desc(form.isPresent() ? OneDnn.U8 : OneDnn.F32);
    }

    private int[] sizes() {
        return new int[]{shape.n(), shape.c(), shape.h(), shape.w()};
    }

    private boolean liesAs(long[] others) {
        int[] sizes = sizes();
        for (int axis = 0; axis < sizes.length; axis++) {
            if (sizes[axis] > 1 && strides[axis] != others[axis]) {
                return false;
            }
        }
        return true;
    }

    Program.Shape shape() {
        return shape;
    }

    /** Some of the examples, wherever they begin. */
    OneDnnImage examples(int n) {
        return new OneDnnImage(new Program.Shape(n, shape.c(), shape.h(), shape.w()), strides);
    }

    /** True where no two elements share an address. */
    boolean readable() {
        return Arrays.stream(strides).allMatch(s -> s > 0);
    }

    /** True where the image is dense and channels last. */
    boolean isChannelsLast() {
        return equals(dense(shape, true));
    }

    /** True where the image is dense, and either its channels or its columns are last. */
    boolean isDense() {
        return isChannelsLast() || equals(dense(shape, false));
    }

    memory.desc desc() {
        return desc(OneDnn.F32);
    }

    memory.desc desc(memory.data_type type) {
        return new memory.desc(OneDnn.longs(sizes()), type, strides);
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof OneDnnImage o && shape.equals(o.shape) && Arrays.equals(strides, o.strides);
    }

    @Override
    public int hashCode() {
        return 31 * shape.hashCode() + Arrays.hashCode(strides);
    }
}
