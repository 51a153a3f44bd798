package org.multipoint.internal.engine;

import org.bytedeco.dnnl.binary;
import org.bytedeco.dnnl.global.dnnl;
import org.bytedeco.dnnl.primitive_attr;
import org.multipoint.internal.engine.Program.Shape;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Optional;

/** Element-wise arithmetic of floating images as steps of plans. */
final class OneDnnArithmetic {

    private OneDnnArithmetic() {
    }

    /** A value for each channel. */
    static OneDnnPlan.Buffer perChannel(OneDnnPlan plan, float[] values) {
        return plan.constant(OneDnnImage.between(new Shape(1, values.length, 1, 1), Optional.empty()), values);
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

    /**
     * A sum. Images smaller than it are second operands, one at a time: the library broadcasts only those.
     *
     * @param shapes of the operands
     * @param shape  of the sum
     */
    static void sum(OneDnnPlan plan, List<OneDnnPlan.Buffer> operands, List<Shape> shapes, OneDnnPlan.Buffer to, Shape shape,
                    OneDnnExtras extras) {
        Deque<OneDnnPlan.Buffer> large = new ArrayDeque<>();
        List<OneDnnPlan.Buffer> small = new ArrayList<>();
        for (int i = 0; i < operands.size(); i++) {
            (shapes.get(i).equals(shape) ? large : small).add(operands.get(i));
        }
        if (large.isEmpty()) {
            plan.fill(to, 0);
            large.add(to);
        }
        OneDnnPlan.Buffer sum = large.remove();
        List<OneDnnPlan.Buffer> second = small.isEmpty() ? List.of(large.remove()) : small;
        for (OneDnnPlan.Buffer addend : second.subList(0, second.size() - 1)) {
            binary(plan, dnnl.algorithm.binary_add, sum, addend, to, new OneDnnExtras());
            sum = to;
        }
        OneDnnExtras all = new OneDnnExtras();
        large.forEach(all::add);
        binary(plan, dnnl.algorithm.binary_add, sum, second.get(second.size() - 1), to, all.addAll(extras));
    }
}
