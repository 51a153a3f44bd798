package org.multipoint.segments;

import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.multipoint.internal.engine.EngineRunner;
import org.multipoint.internal.engine.Executable;
import org.multipoint.internal.engine.WorkspaceOutput;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

import java.util.Map;
import java.util.function.Function;

/** A segment with its parameters, compiled for its engine when it first runs. */
final class SegmentForward extends EngineRunner {

    private final String name;
    private final Segment segment;
    private final Map<String, Map<String, INDArray>> params;
    private final DataType dataType;
    private Executable executable;

    SegmentForward(String name, Segment segment, Map<String, Map<String, INDArray>> params, DataType dataType) {
        this.name = name;
        this.segment = segment;
        this.params = params;
        this.dataType = dataType;
    }

    private synchronized INDArray run(Function<long[], INDArray> allocate, INDArray... inputs) {
        if (executable == null) {
            executable = engine().compile(new Lowering(segment, params).program());
        }
        return executable.run(allocate, inputs);
    }

    @Override
    protected void closeCompiled() {
        if (executable != null) {
            executable.close();
            executable = null;
        }
    }

    /**
     * The segment's results.
     *
     * @throws IllegalArgumentException where inputs do not fit; it names the segment
     */
    INDArray activate(LayerWorkspaceMgr workspaces, INDArray... inputs) {
        INDArray z = preOutput(workspaces, inputs);
        return segment.foreignActivation().map(a -> a.getActivation(z, false)).orElse(z);
    }

    /**
     * The segment's results before the activation that is not part of its program, if there is one.
     *
     * @throws IllegalArgumentException where inputs do not fit; it names the segment
     */
    INDArray preOutput(LayerWorkspaceMgr workspaces, INDArray... inputs) {
        try {
            return WorkspaceOutput.toWorkspace(workspaces, dataType, this::run, inputs);
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException("Segment \"" + name + "\": " + e.getMessage(), e);
        }
    }

    /** Parameters of all parts by {@link Segment#paramKey}. */
    Map<String, INDArray> paramTable() {
        return Segment.byKey(params);
    }

    UnsupportedOperationException noGradients() {
        return new UnsupportedOperationException("Segment \"" + name + "\" is for inference: train the graph that it was compiled from");
    }

    UnsupportedOperationException noMasks() {
        return new UnsupportedOperationException("Segment \"" + name + "\" does not take masks");
    }
}
