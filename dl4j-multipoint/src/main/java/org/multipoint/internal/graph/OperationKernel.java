package org.multipoint.internal.graph;

import org.multipoint.internal.engine.Engine;
import org.multipoint.internal.engine.Kernel;
import org.multipoint.internal.engine.ScalarFunction;
import org.multipoint.internal.ops.Staging;
import org.multipoint.internal.ops.Tensor;
import org.nd4j.linalg.api.memory.MemoryWorkspace;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

import java.util.Optional;

/** One operation of a linear vertex on an engine, and the vertex's activation where the operation is its last one. */
public final class OperationKernel implements AutoCloseable {

    private final LinearVertex vertex;
    private final boolean activates;
    /** On the heap it takes a fraction of the time. */
    private final Optional<ScalarFunction> clip;
    private final Kernel kernel;
    private final Buffers buffers;
    private final boolean ownBuffers;

    /** Native memory of inputs and outputs, which kernels that run one after another may share. */
    static final class Buffers implements AutoCloseable {
        private final Staging input = new Staging();
        private final Staging output = new Staging();

        @Override
        public void close() {
            input.close();
            output.close();
        }
    }

    /**
     * Outputs of an operation.
     *
     * @param linear    before the activation; null where it was not asked for and there is an activation
     * @param activated after the activation; the same object where there is none
     */
    public record Outputs(Tensor linear, Tensor activated) {
    }

    OperationKernel(Engine engine, LinearVertex vertex, int operation, float[] weights, float[] bias) {
        this(engine, vertex, operation, weights, bias, new Buffers(), true);
    }

    /** A kernel with the vertex's own weights, in buffers that whoever gives them closes. */
    OperationKernel(Engine engine, LinearVertex vertex, int operation, Buffers buffers) {
        this(engine, vertex, operation, vertex.operations().get(operation).weights(), vertex.operations().get(operation).bias(), buffers, false);
    }

    private OperationKernel(Engine engine, LinearVertex vertex, int operation, float[] weights, float[] bias, Buffers buffers,
                            boolean ownBuffers) {
        this.buffers = buffers;
        this.ownBuffers = ownBuffers;
        this.vertex = vertex;
        this.activates = operation == vertex.operations().size() - 1 && !vertex.hasIdentityActivation();
        this.clip = vertex.clip();
        this.kernel = engine.floating(vertex.operations().get(operation).op(), weights, bias);
    }

    /**
     * The output after the activation.
     *
     * @throws IllegalArgumentException where the input does not fit the operation; it names the layer
     */
    public Tensor apply(Tensor input) {
        return outputs(input, false).activated;
    }

    /**
     * The output after the activation and, where it is asked for, before it.
     *
     * @throws IllegalArgumentException where the input does not fit the operation; it names the layer
     */
    public Outputs outputs(Tensor input, boolean both) {
        try (MemoryWorkspace ws = Nd4j.getMemoryManager().scopeOutOfWorkspaces()) {
            INDArray out = kernel.apply(buffers.output::array, buffers.input.array(input));
            Tensor linear = both || !activates || clip.isPresent() ? new Tensor(Tensor.values(out), out.shape()) : null;
            if (!activates) {
                return new Outputs(linear, linear);
            }
            if (clip.isPresent()) {
                float low = clip.get().a();
                float high = clip.get().b();
                return both ? new Outputs(linear, linear.clipped(low, high)) : new Outputs(null, linear.clip(low, high));
            }
            vertex.activate(out);
            return new Outputs(linear, new Tensor(Tensor.values(out), out.shape()));
        } catch (RuntimeException e) {
            throw vertex.failure(e);
        }
    }

    @Override
    public void close() {
        kernel.close();
        if (ownBuffers) {
            buffers.close();
        }
    }
}
