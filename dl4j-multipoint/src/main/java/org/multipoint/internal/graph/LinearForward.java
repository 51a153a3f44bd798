package org.multipoint.internal.graph;

import org.multipoint.internal.engine.Engine;
import org.multipoint.internal.ops.Tensor;

import java.util.ArrayList;
import java.util.List;

/** A linear vertex on an engine, with its own weights in full precision. */
public final class LinearForward implements AutoCloseable {

    private final List<OperationKernel> kernels = new ArrayList<>();
    private final OperationKernel.Buffers buffers;
    private final boolean ownBuffers;

    /**
     * @param operations how many of the vertex's operations are needed, from the first on
     */
    LinearForward(Engine engine, LinearVertex vertex, int operations) {
        this(engine, vertex, operations, new OperationKernel.Buffers(), true);
    }

    /** As above, in buffers that whoever gives them closes. */
    LinearForward(Engine engine, LinearVertex vertex, int operations, OperationKernel.Buffers buffers) {
        this(engine, vertex, operations, buffers, false);
    }

    private LinearForward(Engine engine, LinearVertex vertex, int operations, OperationKernel.Buffers buffers, boolean ownBuffers) {
        this.buffers = buffers;
        this.ownBuffers = ownBuffers;
        try {
            for (int i = 0; i < operations; i++) {
                kernels.add(new OperationKernel(engine, vertex, i, buffers));
            }
        } catch (RuntimeException | Error e) {
            close();
            throw e;
        }
    }

    /** The vertex's output from the input of its first operation. */
    public Tensor apply(Tensor operand) {
        Tensor x = operand;
        for (OperationKernel kernel : kernels) {
            x = kernel.apply(x);
        }
        return x;
    }

    /** The kernel of an operation. */
    OperationKernel kernel(int operation) {
        return kernels.get(operation);
    }

    @Override
    public void close() {
        kernels.forEach(OperationKernel::close);
        if (ownBuffers) {
            buffers.close();
        }
    }
}
