package org.multipoint.internal.engine;

import org.bytedeco.dnnl.convolution_forward;
import org.bytedeco.dnnl.global.dnnl;
import org.bytedeco.dnnl.memory;
import org.bytedeco.dnnl.primitive_attr;
import org.bytedeco.dnnl.reorder;
import org.bytedeco.dnnl.stream;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.Pointer;
import org.multipoint.internal.ops.Geometry;
import org.multipoint.internal.ops.InputQuantization;
import org.multipoint.internal.ops.LinearOp;

import java.util.ArrayList;
import java.util.List;

/**
 * A convolution's weights in the layouts that oneDNN requires, and its step in a plan. Layouts depend on the size of the image; plans with
 * the same layout share one copy.
 */
final class OneDnnLinear implements AutoCloseable {

    private final LinearOp op;
    private final byte[] codes;
    /** Kept until they are packed for the first time. */
    private float[] weights;
    private final OneDnnScope scope = new OneDnnScope();
    private final memory bias;
    private final memory scales;
    private final memory zeroPoint;

    private record Packed(memory.desc desc, memory memory) {
    }

    private final List<Packed> packed = new ArrayList<>();

    OneDnnLinear(FusedLinear linear) {
        this.op = linear.op();
        this.codes = linear.input().isPresent() ? linear.rows().codes() : null;
        this.weights = linear.matrix();
        int zero = linear.input().map(InputQuantization::zeroPoint).orElse(0);
        boolean complete = false;
        try {
            this.bias = OneDnn.of(scope, linear.bias());
            // One factor per row rather than two: implementations differ in the order in which they apply two.
            this.scales = codes == null ? null : OneDnn.of(scope, linear.sumScales());
            this.zeroPoint = zero == 0 ? null : OneDnn.of(scope, zero);
            complete = true;
        } finally {
            if (!complete) {
                scope.close();
            }
        }
    }

    /**
     * Adds the operation to a plan.
     *
     * @param from   channels-last image, u8 or f32 as the weights require
     * @param to     channels-last image
     * @param stride stride over height and width
     * @param g      padding, not negative, and sizes
     * @param extras post-operations on the result
     */
    void add(OneDnnPlan plan, OneDnnPlan.Buffer from, OneDnnPlan.Buffer to, LinearOp.Size stride, Geometry g, OneDnnExtras extras) {
        primitive_attr attributes = plan.attributes();
        OneDnnPlan.Arguments arguments = plan.arguments().with(OneDnn.SRC, from).with(OneDnn.DST, to)
                .with(dnnl.DNNL_ARG_BIAS, bias);
        if (scales != null) {
            attributes.set_scales_mask(dnnl.DNNL_ARG_WEIGHTS, op.groups() == 1 ? 1 : 3);
            arguments.with(OneDnn.SCALES | dnnl.DNNL_ARG_WEIGHTS, scales);
        }
        if (zeroPoint != null) {
            attributes.set_zero_points_mask(OneDnn.SRC, 0);
            arguments.with(OneDnn.ZERO_POINTS | OneDnn.SRC, zeroPoint);
        }
        extras.apply(plan, attributes, arguments);
        memory.desc any = plan.scope().own(new memory.desc(weightDims(), weightType(), memory.format_tag.any));
        convolution_forward.primitive_desc description = new convolution_forward.primitive_desc(OneDnn.CPU,
                dnnl.prop_kind.forward_inference, dnnl.algorithm.convolution_direct, from.desc(), any, plan.scope().own(bias.get_desc()),
                to.desc(),
                OneDnn.longs(stride.height(), stride.width()),
                OneDnn.longs(op.dilation().height() - 1, op.dilation().width() - 1),
                OneDnn.longs(g.padTop(), g.padLeft()), OneDnn.longs(g.padBottom(), g.padRight()), attributes, false);
        arguments.with(dnnl.DNNL_ARG_WEIGHTS, packed(description.weights_desc()));
        plan.add(description, convolution_forward::new, arguments);
    }

    private long[] weightDims() {
        int kh = op.kernel().height();
        int kw = op.kernel().width();
        int channels = op.inChannels() / op.groups();
        return op.groups() == 1 ? OneDnn.longs(op.outChannels(), channels, kh, kw)
                : OneDnn.longs(op.groups(), op.rowsPerGroup(), channels, kh, kw);
    }

    private memory.data_type weightType() {
        return codes == null ? OneDnn.F32 : OneDnn.S8;
    }

    private memory packed(memory.desc wanted) {
        for (Packed p : packed) {
            if (p.desc.equals(wanted)) {
                wanted.deallocate();
                return p.memory;
            }
        }
        memory target = OneDnn.allocate(scope, wanted);
        try (OneDnnScope temporary = new OneDnnScope()) {
            memory source = source(temporary);
            stream stream = temporary.own(new stream(OneDnn.CPU));
            temporary.own(new reorder(source, target)).execute(stream, source, target);
            stream._wait();
        }
        packed.add(new Packed(wanted, target));
        weights = null;
        return target;
    }

    /** The weights row by row, or as first packed. Packed integers include row sums and cannot be packed again, so their codes are kept. */
    private memory source(OneDnnScope temporary) {
        if (codes == null && weights == null) {
            return packed.get(0).memory;
        }
        Pointer data = codes == null ? new FloatPointer(weights) : new BytePointer(codes);
        return OneDnn.wrap(temporary, new memory.desc(weightDims(), weightType(),
                op.groups() == 1 ? memory.format_tag.oihw : memory.format_tag.goihw), data);
    }

    @Override
    public void close() {
        scope.close();
    }
}
