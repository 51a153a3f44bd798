package org.multipoint.engine;

import org.multipoint.linear.Geometry;
import org.multipoint.linear.LinearOp;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.memory.MemoryWorkspace;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

import java.lang.ref.Reference;

/** A linear operation on oneDNN: to channels last, to integers, multiply, and back to the layout of the layer. */
final class OneDnnKernel implements Kernel {

    private final OneDnnLinear linear;
    private final LinearOp op;
    private final OneDnnPlans<Prepared> plans = new OneDnnPlans<>();
    private boolean closed;

    private record Prepared(OneDnnPlan plan, OneDnnPlan.Buffer in, OneDnnPlan.Buffer out, long[] outShape)
            implements AutoCloseable {
        @Override
        public void close() {
            plan.close();
        }
    }

    OneDnnKernel(OneDnnLinear linear) {
        this.linear = linear;
        this.op = linear.op();
    }

    @Override
    public synchronized INDArray apply(INDArray input) {
        if (closed) {
            throw new IllegalStateException("This kernel was closed");
        }
        try (MemoryWorkspace ws = Nd4j.getMemoryManager().scopeOutOfWorkspaces()) {
            INDArray image = readable(op.toImage(input));
            OneDnnImage layout = OneDnnImage.of(image, op.channelsLast());
            Prepared p = plans.get(layout, () -> prepare(layout));
            INDArray out = Nd4j.createUninitialized(DataType.FLOAT, p.outShape, 'c');
            p.in.bind(address(image));
            p.out.bind(address(out));
            p.plan.run();
            Reference.reachabilityFence(image);
            return op.fromImage(out, input.rank());
        }
    }

    private INDArray readable(INDArray image) {
        return OneDnnImage.of(image, op.channelsLast()).readable() ? image : image.dup('c');
    }

    private static long address(INDArray array) {
        return array.data().address() + Float.BYTES * array.offset();
    }

    private Prepared prepare(OneDnnImage image) {
        Geometry g = op.geometry((int) image.h(), (int) image.w());
        long[] outShape = op.channelsLast()
                ? new long[]{image.n(), g.outHeight(), g.outWidth(), op.outChannels()}
                : new long[]{image.n(), op.outChannels(), g.outHeight(), g.outWidth()};
        boolean matrix = op.pointwise() && image.h() == 1 && image.w() == 1;
        OneDnnImage in = matrix ? image.asColumn() : image;
        OneDnnImage result = OneDnnImage.dense(image.n(), op.outChannels(), g.outHeight(), g.outWidth(), op.channelsLast());
        OneDnnImage out = matrix ? result.asColumn() : result;
        Geometry geometry = matrix ? op.geometry((int) in.h(), (int) in.w()) : g;

        OneDnnPlan plan = new OneDnnPlan();
        OneDnnPlan.Buffer source = plan.bound(in.desc());
        OneDnnPlan.Buffer target = plan.bound(out.desc());
        OneDnnPlan.Buffer x = source;
        if (!in.isChannelsLast()) {
            x = plan.buffer(OneDnn.channelsLast(in.dims(), OneDnn.F32));
            plan.reorder(source, x);
        }
        if (linear.quantization() != null) {
            OneDnnPlan.Buffer u = plan.buffer(OneDnn.channelsLast(in.dims(), OneDnn.U8));
            plan.quantize(x, u, linear.quantization());
            x = u;
        }
        if (out.isChannelsLast()) {
            linear.add(plan, x, target, geometry);
        } else {
            OneDnnPlan.Buffer y = plan.buffer(OneDnn.channelsLast(out.dims(), OneDnn.F32));
            linear.add(plan, x, y, geometry);
            plan.reorder(y, target);
        }
        plan.finish();
        return new Prepared(plan, source, target, outShape);
    }

    @Override
    public synchronized void close() {
        if (!closed) {
            closed = true;
            plans.close();
            linear.close();
        }
    }
}
