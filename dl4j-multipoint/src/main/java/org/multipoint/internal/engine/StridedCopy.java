package org.multipoint.internal.engine;

import java.util.Arrays;
import java.util.List;

/**
 * A copy of elements whose places in two blocks of memory are sums over the same axes.
 *
 * @param axes outermost first
 * @param from place of the first element that is read
 */
record StridedCopy(List<Axis> axes, long from) {

    /**
     * An axis.
     *
     * @param size number of steps
     * @param from elements from one step to the next where elements are read; 0 to read the same again
     * @param to   elements from one step to the next where they are written
     */
    record Axis(long size, long from, long to) {
    }

    static StridedCopy of(long from, Axis... axes) {
        return new StridedCopy(Arrays.stream(axes).filter(a -> a.size != 1).toList(), from);
    }

    /** Copies floats. */
    void run(float[] source, float[] target) {
        run(0, source, from, target, 0);
    }

    private void run(int axis, float[] source, long read, float[] target, long write) {
        if (axis == axes.size()) {
            target[(int) write] = source[(int) read];
            return;
        }
        Axis a = axes.get(axis);
        for (long i = 0; i < a.size; i++) {
            run(axis + 1, source, read + i * a.from, target, write + i * a.to);
        }
    }
}
