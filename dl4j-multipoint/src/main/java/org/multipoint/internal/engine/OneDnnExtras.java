package org.multipoint.internal.engine;

import org.bytedeco.dnnl.global.dnnl;
import org.bytedeco.dnnl.post_ops;
import org.bytedeco.dnnl.primitive_attr;
import org.multipoint.internal.ops.InputQuantization;

import java.util.ArrayList;
import java.util.List;

/** Post-operations of a primitive: additions and bounds in the given order, then quantization. */
final class OneDnnExtras {

    private static final int ALL_LEVELS = 255;

    private interface Step {
        void append(post_ops operations, OneDnnPlan.Arguments arguments);
    }

    private final List<Step> steps = new ArrayList<>();
    private InputQuantization quantization;

    /** Adds the previous contents of the target buffer. */
    OneDnnExtras addTarget() {
        steps.add((operations, arguments) -> operations.append_sum());
        return this;
    }

    /** Adds another image, or one value for each channel. */
    OneDnnExtras add(OneDnnPlan.Buffer other) {
        steps.add(addition(other));
        return this;
    }

    /** Appends the steps of others, which do not quantize. */
    OneDnnExtras addAll(OneDnnExtras others) {
        steps.addAll(others.steps);
        return this;
    }

    /** Adds another image before all other post-operations. */
    OneDnnExtras addFirst(OneDnnPlan.Buffer other) {
        steps.add(0, addition(other));
        return this;
    }

    private static Step addition(OneDnnPlan.Buffer other) {
        return (operations, arguments) -> {
            arguments.with(dnnl.DNNL_ARG_ATTR_MULTIPLE_POST_OP_BASE * (operations.len() + 1) | dnnl.DNNL_ARG_SRC_1, other);
            operations.append_binary(dnnl.algorithm.binary_add, other.desc());
        };
    }

    /** Bounds values; infinite bounds are none. */
    OneDnnExtras clip(float low, float high) {
        if (low == 0 && high == Float.POSITIVE_INFINITY) {
            steps.add((operations, arguments) -> operations.append_eltwise(dnnl.algorithm.eltwise_relu, 0, 0));
        } else if (low > Float.NEGATIVE_INFINITY || high < Float.POSITIVE_INFINITY) {
            steps.add((operations, arguments) -> operations.append_eltwise(dnnl.algorithm.eltwise_clip,
                    Math.max(low, -Float.MAX_VALUE), Math.min(high, Float.MAX_VALUE)));
        }
        return this;
    }

    /**
     * Bounds values and quantizes them to integers of up to 8 bits. Bounds that the conversion to bytes implies cost nothing.
     */
    OneDnnExtras quantize(InputQuantization q, float low, float high) {
        this.quantization = q;
        float least = q.scale() * -q.zeroPoint();
        float most = q.scale() * (q.levels() - q.zeroPoint());
        clip(low <= least ? Float.NEGATIVE_INFINITY : low,
                q.levels() == ALL_LEVELS && high >= most ? Float.POSITIVE_INFINITY : Math.min(high, most));
        return this;
    }

    void apply(OneDnnPlan plan, primitive_attr attributes, OneDnnPlan.Arguments arguments) {
        if (!steps.isEmpty()) {
            post_ops operations = plan.scope().own(new post_ops());
            steps.forEach(s -> s.append(operations, arguments));
            attributes.set_post_ops(operations);
        }
        if (quantization != null) {
            attributes.set_scales_mask(OneDnn.DST, 0);
            arguments.with(OneDnn.SCALES | OneDnn.DST, OneDnn.of(plan.scope(), quantization.scale()));
            if (quantization.zeroPoint() != 0) {
                attributes.set_zero_points_mask(OneDnn.DST, 0);
                arguments.with(OneDnn.ZERO_POINTS | OneDnn.DST, OneDnn.of(plan.scope(), quantization.zeroPoint()));
            }
        }
    }
}
