package org.multipoint.internal.graph;

import org.multipoint.internal.engine.Engine;
import org.multipoint.internal.engine.Kernel;
import org.multipoint.internal.engine.ScalarFunction;
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

    /**
     * Outputs of an operation.
     *
     * @param linear    before the activation; null where it was not asked for and there is an activation
     * @param activated after the activation; the same object where there is none
     */
    public record Outputs(Tensor linear, Tensor activated) {
    }

    OperationKernel(Engine engine, LinearVertex vertex, int operation, float[] weights, float[] bias) {
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
        try (MemoryWorkspace ws = Nd4j.getMemoryManager().scopeOutOfWorkspaces();
             INDArray in = input.toArray(); INDArray out = kernel.apply(in)) {
            Tensor linear = both || !activates || clip.isPresent() ? Tensor.of(out) : null;
            if (!activates) {
                return new Outputs(linear, linear);
            }
            if (clip.isPresent()) {
                return new Outputs(both ? linear : null, linear.clipped(clip.get().a(), clip.get().b()));
            }
            vertex.activate(out);
            return new Outputs(linear, Tensor.of(out));
        } catch (RuntimeException e) {
            throw vertex.failure(e);
        }
    }

    @Override
    public void close() {
        kernel.close();
    }
}
