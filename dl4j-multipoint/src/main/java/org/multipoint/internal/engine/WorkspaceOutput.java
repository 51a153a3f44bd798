package org.multipoint.internal.engine;

import org.deeplearning4j.nn.workspace.ArrayType;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.memory.MemoryWorkspace;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

import java.util.function.Function;

/** Runs engines on the inputs of Deeplearning4j's layers, with results in its workspaces. */
public final class WorkspaceOutput {

    private WorkspaceOutput() {
    }

    /** A run of an engine, with the arguments of {@link Executable#run(Function, INDArray...)}. */
    public interface Run {
        INDArray run(Function<long[], INDArray> allocate, INDArray... inputs);
    }

    /**
     * Runs an engine with its result in the workspace that Deeplearning4j has opened for activations; it rejects activations outside.
     *
     * @param dataType data type of the network; the engine reads and writes FLOAT
     */
    public static INDArray toWorkspace(LayerWorkspaceMgr workspaces, DataType dataType, Run run, INDArray... inputs) {
        INDArray[] x = new INDArray[inputs.length];
        try {
            for (int i = 0; i < x.length; i++) {
                x[i] = floats(inputs[i]);
            }
            if (dataType == DataType.FLOAT) {
                return run.run(shape -> workspaces.createUninitialized(ArrayType.ACTIVATIONS, dataType, shape, 'c'), x);
            }
            try (INDArray result = run.run(Executable::detached, x)) {
                return workspaces.createUninitialized(ArrayType.ACTIVATIONS, dataType, result.shape(), 'c').assign(result);
            }
        } finally {
            for (int i = 0; i < x.length; i++) {
                if (x[i] != null && x[i] != inputs[i]) {
                    x[i].close();
                }
            }
        }
    }

    private static INDArray floats(INDArray array) {
        if (array.dataType() == DataType.FLOAT) {
            return array;
        }
        try (MemoryWorkspace ws = Nd4j.getMemoryManager().scopeOutOfWorkspaces()) {
            return array.castTo(DataType.FLOAT);
        }
    }
}
