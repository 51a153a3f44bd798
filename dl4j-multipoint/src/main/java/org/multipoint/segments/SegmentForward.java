package org.multipoint.segments;

import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.multipoint.internal.engine.EngineRunner;
import org.multipoint.internal.engine.Executable;
import org.multipoint.internal.engine.WorkspaceOutput;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

import java.util.List;
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

    @Override
    protected void closeCompiled() {
        if (executable != null) {
            executable.close();
            executable = null;
        }
    }

    /**
     * What the vertex of the segment gives: its result, or a {@link ResultBundle} of several.
     *
     * @throws IllegalArgumentException where inputs do not fit; it names the segment
     */
    INDArray activate(LayerWorkspaceMgr workspaces, INDArray... inputs) {
        if (segment.results().size() > 1) {
            return run(workspaces, DataType.FLOAT, this::bundle, inputs);
        }
        INDArray z = preOutput(workspaces, inputs);
        return segment.foreignActivation(segment.result()).map(a -> a.getActivation(z, false)).orElse(z);
    }

    private INDArray bundle(Function<long[], INDArray> allocate, INDArray... inputs) {
        return ResultBundle.of(allocate, arrays -> {
            List<INDArray> results = runAll(arrays, inputs);
            for (int i = 0; i < results.size(); i++) {
                INDArray z = results.get(i);
                segment.foreignActivation(segment.results().get(i)).map(a -> a.getActivation(z, false)).filter(a -> a != z).ifPresent(z::assign);
            }
        });
    }

    /**
     * The segment's only result before the activation that is not part of its program, if there is one.
     *
     * @throws IllegalArgumentException where inputs do not fit; it names the segment
     */
    INDArray preOutput(LayerWorkspaceMgr workspaces, INDArray... inputs) {
        return run(workspaces, dataType, (allocate, x) -> runAll(shapes -> List.of(allocate.apply(shapes.get(0))), x).get(0), inputs);
    }

    private synchronized List<INDArray> runAll(Function<List<long[]>, List<INDArray>> allocate, INDArray... inputs) {
        if (executable == null) {
            executable = engine().compile(new Lowering(segment, params).program());
        }
        return executable.runAll(allocate, inputs);
    }

    private INDArray run(LayerWorkspaceMgr workspaces, DataType type, WorkspaceOutput.Run program, INDArray... inputs) {
        try {
            return WorkspaceOutput.toWorkspace(workspaces, type, program, inputs);
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException("Segment \"" + name + "\": " + e.getMessage(), e);
        }
    }

    /** Parameters of all parts by {@link Segment#paramKey}. */
    Map<String, INDArray> paramTable() {
        return Segment.byKey(params);
    }

    UnsupportedOperationException noGradients() {
        return noGradients(name);
    }

    static UnsupportedOperationException noGradients(String segment) {
        return new UnsupportedOperationException("Segment \"" + segment + "\" is for inference: train the graph that it was compiled from");
    }

    UnsupportedOperationException noMasks() {
        return new UnsupportedOperationException("Segment \"" + name + "\" does not take masks");
    }
}
