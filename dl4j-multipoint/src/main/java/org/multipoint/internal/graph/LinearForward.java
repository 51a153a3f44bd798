package org.multipoint.internal.graph;

import org.multipoint.internal.engine.Engine;
import org.multipoint.internal.ops.Tensor;

import java.util.ArrayList;
import java.util.List;

/** A linear vertex on an engine, with its own weights in full precision. */
public final class LinearForward implements AutoCloseable {

    private final List<OperationKernel> kernels = new ArrayList<>();

    /**
     * @param operations how many of the vertex's operations are needed, from the first on
     */
    LinearForward(Engine engine, LinearVertex vertex, int operations) {
        try {
            for (int i = 0; i < operations; i++) {
                LinearVertex.Operation operation = vertex.operations().get(i);
                kernels.add(new OperationKernel(engine, vertex, i, operation.weights(), operation.bias()));
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
    }
}
