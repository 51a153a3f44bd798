package org.multipoint.internal.engine;

import org.bytedeco.dnnl.binary;
import org.bytedeco.dnnl.global.dnnl;
import org.bytedeco.dnnl.primitive_attr;
import org.bytedeco.dnnl.reduction;
import org.multipoint.internal.engine.Program.Shape;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.function.UnaryOperator;

/**
 * Element-wise arithmetic of floating images as steps of plans. Methods that take a function "behind" compute in one pass over memory what
 * it appends to their own post-operations.
 */
final class OneDnnArithmetic {

    /** Operands of one step: the library takes 32 post-operations, of which what follows needs some. */
    private static final int MOST_OPERANDS = 12;

    private OneDnnArithmetic() {
    }

    /** A value for each channel. */
    static OneDnnPlan.Buffer perChannel(OneDnnPlan plan, float[] values) {
        return plan.constant(OneDnnImage.between(new Shape(1, values.length, 1, 1), Optional.empty()), values);
    }

    /** What the library calls an operation. */
    static dnnl.algorithm algorithm(Combine.Operation operation) {
        return switch (operation) {
            case PRODUCT -> dnnl.algorithm.binary_mul;
            case MAXIMUM -> dnnl.algorithm.binary_max;
            case DIFFERENCE -> dnnl.algorithm.binary_sub;
        };
    }

    /** An operation on two images, of which the second may be repeated along axes of size 1. */
    static void binary(OneDnnPlan plan, dnnl.algorithm algorithm, OneDnnPlan.Buffer a, OneDnnPlan.Buffer b, OneDnnPlan.Buffer to,
                       OneDnnExtras extras) {
        primitive_attr attributes = plan.attributes();
        OneDnnPlan.Arguments arguments = plan.arguments().with(dnnl.DNNL_ARG_SRC_0, a).with(dnnl.DNNL_ARG_SRC_1, b)
                .with(OneDnn.DST, to);
        extras.apply(plan, attributes, arguments);
        plan.add(new binary.primitive_desc(OneDnn.CPU, algorithm, a.desc(), b.desc(), to.desc(), attributes, false),
                binary::new, arguments);
    }

    /** Post-operations on the values of one image. */
    static void map(OneDnnPlan plan, OneDnnPlan.Buffer x, OneDnnPlan.Buffer to, OneDnnExtras extras) {
        OneDnnPlan.Buffer one = plan.constant(OneDnnImage.between(new Shape(1, 1, 1, 1), Optional.empty()), new float[]{1});
        binary(plan, dnnl.algorithm.binary_mul, x, one, to, extras);
    }

    /**
     * The sum, product or maximum of images. Those smaller than it are second operands, one at a time: the library broadcasts only those.
     *
     * @param shapes of the operands
     * @param shape  of the result
     */
    static void fold(OneDnnPlan plan, dnnl.algorithm algorithm, List<OneDnnPlan.Buffer> operands, List<Shape> shapes,
                     OneDnnPlan.Buffer to, Shape shape, UnaryOperator<OneDnnExtras> behind) {
        Deque<OneDnnPlan.Buffer> large = new ArrayDeque<>();
        Deque<OneDnnPlan.Buffer> small = new ArrayDeque<>();
        for (int i = 0; i < operands.size(); i++) {
            (shapes.get(i).equals(shape) ? large : small).add(operands.get(i));
        }
        if (large.isEmpty()) {
            large.add(repeated(plan, small.remove(), shape));
        }
        OneDnnPlan.Buffer result = large.remove();
        while (small.size() > 1 || large.size() > MOST_OPERANDS) {
            OneDnnPlan.Buffer next = plan.buffer(OneDnnImage.between(shape, Optional.empty()));
            binary(plan, algorithm, result, (small.size() > 1 ? small : large).remove(), next, new OneDnnExtras());
            result = next;
        }
        OneDnnPlan.Buffer last = small.isEmpty() ? large.remove() : small.remove();
        OneDnnExtras others = new OneDnnExtras();
        large.forEach(other -> others.combine(algorithm, other));
        binary(plan, algorithm, result, last, to, behind.apply(others));
    }

    /** An image of the given shape that repeats a smaller one. */
    private static OneDnnPlan.Buffer repeated(OneDnnPlan plan, OneDnnPlan.Buffer small, Shape shape) {
        OneDnnPlan.Buffer zeros = plan.buffer(OneDnnImage.between(shape, Optional.empty()));
        plan.fill(zeros, 0);
        binary(plan, dnnl.algorithm.binary_add, zeros, small, zeros, new OneDnnExtras());
        return zeros;
    }

    /** The difference of two images; the rest is as for {@link #fold}. */
    static void difference(OneDnnPlan plan, List<OneDnnPlan.Buffer> operands, List<Shape> shapes, OneDnnPlan.Buffer to, Shape shape,
                           UnaryOperator<OneDnnExtras> behind) {
        OneDnnPlan.Buffer a = operands.get(0);
        OneDnnPlan.Buffer b = operands.get(1);
        OneDnnExtras extras = new OneDnnExtras();
        if (shapes.get(1).equals(shape) && !shapes.get(0).equals(shape)) {
            binary(plan, dnnl.algorithm.binary_sub, b, a, to, behind.apply(extras.apply(ScalarFunction.linear(-1, 0))));
        } else {
            binary(plan, dnnl.algorithm.binary_sub, shapes.get(0).equals(shape) ? a : repeated(plan, a, shape), b, to, behind.apply(extras));
        }
    }

    /** A factor and a shift for each channel. */
    static void affine(OneDnnPlan plan, Program.Affine affine, OneDnnPlan.Buffer x, OneDnnPlan.Buffer to, UnaryOperator<OneDnnExtras> behind) {
        OneDnnExtras shifted = new OneDnnExtras().add(perChannel(plan, affine.shift()));
        binary(plan, dnnl.algorithm.binary_mul, x, perChannel(plan, affine.factor()), to, behind.apply(shifted));
    }

    /**
     * Negative values multiplied by slopes.
     *
     * @param shape of the image
     */
    static void slope(OneDnnPlan plan, Slope slope, OneDnnPlan.Buffer x, Shape shape, OneDnnPlan.Buffer to,
                      UnaryOperator<OneDnnExtras> behind) {
        OneDnnPlan.Buffer slopes = plan.constant(OneDnnImage.dense(slope.sizes(), false).desc(), slope.slopes());
        if (slope.largest() <= 1) {
            binary(plan, dnnl.algorithm.binary_mul, x, slopes, to, behind.apply(new OneDnnExtras().combine(dnnl.algorithm.binary_max, x)));
            return;
        }
        OneDnnPlan.Buffer negative = plan.buffer(OneDnnImage.between(shape, Optional.empty()));
        OneDnnPlan.Buffer positive = plan.buffer(OneDnnImage.between(shape, Optional.empty()));
        map(plan, x, negative, new OneDnnExtras().clip(Float.NEGATIVE_INFINITY, 0));
        map(plan, x, positive, new OneDnnExtras().clip(0, Float.POSITIVE_INFINITY));
        binary(plan, dnnl.algorithm.binary_mul, negative, slopes, to, behind.apply(new OneDnnExtras().add(positive)));
    }

    /**
     * Examples divided by their norms.
     *
     * @param shape of the image
     */
    static void normalize(OneDnnPlan plan, Normalize normalize, OneDnnPlan.Buffer x, Shape shape, OneDnnPlan.Buffer to,
                          UnaryOperator<OneDnnExtras> behind) {
        OneDnnPlan.Buffer norms = plan.buffer(OneDnnImage.between(new Shape(shape.n(), 1, 1, 1), Optional.empty()));
        plan.add(new reduction.primitive_desc(OneDnn.CPU, dnnl.algorithm.reduction_norm_lp_max, x.desc(), norms.desc(), 2,
                normalize.least() * normalize.least(), plan.attributes(), false), reduction::new,
                plan.arguments().with(OneDnn.SRC, x).with(OneDnn.DST, norms));
        binary(plan, dnnl.algorithm.binary_div, x, norms, to, behind.apply(new OneDnnExtras()));
    }
}
