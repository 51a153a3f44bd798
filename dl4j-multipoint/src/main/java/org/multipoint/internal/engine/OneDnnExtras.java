package org.multipoint.internal.engine;

import org.bytedeco.dnnl.global.dnnl;
import org.bytedeco.dnnl.post_ops;
import org.bytedeco.dnnl.primitive_attr;
import org.multipoint.internal.ops.InputQuantization;

import java.util.ArrayList;
import java.util.List;

/** Post-operations of a primitive in the given order, then quantization. Bounds wait for what follows: quantization may imply them. */
final class OneDnnExtras {

    private static final int ALL_LEVELS = 255;
    /** Of slopes: the axis of channels differs. */
    private static final int PER_CHANNEL = 2;

    private interface Step {
        void append(post_ops operations, OneDnnPlan.Arguments arguments);
    }

    private final List<Step> steps = new ArrayList<>();
    private float low = Float.NEGATIVE_INFINITY;
    private float high = Float.POSITIVE_INFINITY;
    private InputQuantization quantization;

    /** Adds the previous contents of the target buffer. */
    OneDnnExtras addTarget() {
        return then((operations, arguments) -> operations.append_sum());
    }

    /** Adds what the integers that the target buffer held stand for. */
    OneDnnExtras addTarget(InputQuantization q) {
        return then((operations, arguments) -> operations.append_sum(q.scale(), q.zeroPoint(), OneDnn.U8));
    }

    /** Adds another image, or one value for each channel. */
    OneDnnExtras add(OneDnnPlan.Buffer other) {
        return combine(dnnl.algorithm.binary_add, other);
    }

    /** Adds another image before all other post-operations. */
    OneDnnExtras addFirst(OneDnnPlan.Buffer other) {
        steps.add(0, combination(dnnl.algorithm.binary_add, other));
        return this;
    }

    /** An operation on the values and another image, or one value for each channel. */
    OneDnnExtras combine(dnnl.algorithm algorithm, OneDnnPlan.Buffer other) {
        return then(combination(algorithm, other));
    }

    private static Step combination(dnnl.algorithm algorithm, OneDnnPlan.Buffer other) {
        return (operations, arguments) -> {
            arguments.with(dnnl.DNNL_ARG_ATTR_MULTIPLE_POST_OP_BASE * (operations.len() + 1) | dnnl.DNNL_ARG_SRC_1, other);
            operations.append_binary(algorithm, other.desc());
        };
    }

    /** Multiplies negative values by a slope for each channel. */
    OneDnnExtras slopes(OneDnnPlan.Buffer perChannel) {
        return then((operations, arguments) -> {
            arguments.with(dnnl.DNNL_ARG_ATTR_MULTIPLE_POST_OP_BASE * (operations.len() + 1) | dnnl.DNNL_ARG_WEIGHTS, perChannel);
            operations.append_prelu(PER_CHANNEL);
        });
    }

    OneDnnExtras apply(ScalarFunction f) {
        return switch (f.kind()) {
            case LINEAR -> function(dnnl.algorithm.eltwise_linear, f.a(), f.b());
            case CLIP -> clip(f.a(), f.b());
            case LEAKY -> function(dnnl.algorithm.eltwise_relu, f.a(), 0);
            case ELU -> function(dnnl.algorithm.eltwise_elu, f.a(), 0);
            case SIGMOID -> function(dnnl.algorithm.eltwise_logistic, 0, 0);
            case TANH -> function(dnnl.algorithm.eltwise_tanh, 0, 0);
            case SWISH -> function(dnnl.algorithm.eltwise_swish, f.a(), 0);
            case MISH -> function(dnnl.algorithm.eltwise_mish, 0, 0);
            case SOFTPLUS -> function(dnnl.algorithm.eltwise_soft_relu, 1, 0);
            case POWER -> function(dnnl.algorithm.eltwise_pow, 1, f.a());
        };
    }

    private OneDnnExtras function(dnnl.algorithm algorithm, float alpha, float beta) {
        return then((operations, arguments) -> operations.append_eltwise(algorithm, alpha, beta));
    }

    private OneDnnExtras then(Step step) {
        bound();
        steps.add(step);
        return this;
    }

    /** Bounds values; infinite bounds are none. */
    OneDnnExtras clip(float from, float to) {
        bound();
        low = from;
        high = to;
        return this;
    }

    /** Appends the bounds that wait. */
    private void bound() {
        float from = low;
        float to = high;
        low = Float.NEGATIVE_INFINITY;
        high = Float.POSITIVE_INFINITY;
        if (from == 0 && to == Float.POSITIVE_INFINITY) {
            function(dnnl.algorithm.eltwise_relu, 0, 0);
        } else if (from > Float.NEGATIVE_INFINITY || to < Float.POSITIVE_INFINITY) {
            function(dnnl.algorithm.eltwise_clip, Math.max(from, -Float.MAX_VALUE), Math.min(to, Float.MAX_VALUE));
        }
    }

    /** Quantizes values of a linear operation to integers of up to 8 bits. */
    OneDnnExtras quantize(InputQuantization q) {
        boundBy(q);
        bound();
        this.quantization = q;
        return this;
    }

    /** Quantizes values to integers of up to 8 bits, for primitives that do not scale what they write. */
    OneDnnExtras round(InputQuantization q) {
        boundBy(q);
        return function(dnnl.algorithm.eltwise_linear, 1 / q.scale(), q.zeroPoint());
    }

    /** Replaces the bounds that wait by those of a quantization; bounds that the conversion to bytes implies cost nothing. */
    private void boundBy(InputQuantization q) {
        float least = q.scale() * -q.zeroPoint();
        float most = q.scale() * (q.levels() - q.zeroPoint());
        low = low <= least ? Float.NEGATIVE_INFINITY : low;
        high = q.levels() == ALL_LEVELS && high >= most ? Float.POSITIVE_INFINITY : Math.min(high, most);
    }

    void apply(OneDnnPlan plan, primitive_attr attributes, OneDnnPlan.Arguments arguments) {
        bound();
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
