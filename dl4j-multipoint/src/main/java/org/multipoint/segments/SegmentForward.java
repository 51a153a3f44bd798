package org.multipoint.segments;

import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.multipoint.internal.engine.Engines;
import org.multipoint.internal.engine.Executable;
import org.multipoint.internal.engine.WorkspaceOutput;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

import java.util.Map;

/** A segment with its parameters, made ready for the engine at hand when it first runs. */
final class SegmentForward {

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

    private synchronized Executable executable() {
        if (executable == null) {
            executable = Engines.preferred().compile(new Lowering(segment, params).program());
        }
        return executable;
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
     * The segment's results before the activation that its program does not compute, if there is one.
     *
     * @throws IllegalArgumentException where inputs do not fit; it names the segment
     */
    INDArray preOutput(LayerWorkspaceMgr workspaces, INDArray... inputs) {
        INDArray[] x = new INDArray[inputs.length];
        for (int i = 0; i < x.length; i++) {
            x[i] = inputs[i].castTo(DataType.FLOAT);
        }
        try {
            return WorkspaceOutput.toWorkspace(workspaces, dataType, allocate -> executable().run(allocate, x));
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
