package org.multipoint.internal.engine;

import org.deeplearning4j.nn.workspace.ArrayType;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

import java.util.function.Function;

/** How results of an engine become activations. */
public final class WorkspaceOutput {

    private WorkspaceOutput() {
    }

    /**
     * Runs an engine so that its result lies where Deeplearning4j wants activations: it refuses those outside the workspace that it
     * has opened for them.
     *
     * @param dataType what the network computes in
     * @param run      makes a FLOAT result in an array that it asks the given function for
     */
    public static INDArray toWorkspace(LayerWorkspaceMgr workspaces, DataType dataType,
                                       Function<Function<long[], INDArray>, INDArray> run) {
        if (dataType == DataType.FLOAT) {
            return run.apply(shape -> workspaces.createUninitialized(ArrayType.ACTIVATIONS, dataType, shape, 'c'));
        }
        try (INDArray result = run.apply(Executable::detached)) {
            return workspaces.createUninitialized(ArrayType.ACTIVATIONS, dataType, result.shape(), 'c').assign(result);
        }
    }
}
