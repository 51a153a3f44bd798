package org.multipoint.segments;

import org.deeplearning4j.nn.api.MaskState;
import org.deeplearning4j.nn.api.TrainingConfig;
import org.deeplearning4j.nn.conf.graph.GraphVertex;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.memory.LayerMemoryReport;
import org.deeplearning4j.nn.conf.memory.MemoryReport;
import org.deeplearning4j.nn.conf.misc.DummyConfig;
import org.deeplearning4j.nn.gradient.Gradient;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.graph.vertex.BaseGraphVertex;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.multipoint.internal.engine.EngineHost;
import org.multipoint.internal.engine.EngineRunner;
import org.nd4j.common.primitives.Pair;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.shade.jackson.annotation.JsonProperty;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * A {@link Segment} as a vertex of a graph. Where it has several results, it gives them all in one array, from which a {@link SegmentResult}
 * takes each. It owns the parameters of its parts, so it is saved, copied and shared as they would be. It
 * is for inference: gradients do not pass through it.
 *
 * <p>Parameters are read when it first runs: where they are set afterwards, the graph must be copied, saved and restored, or closed by
 * {@code MultipointModels.close} before it runs again.
 */
public final class SegmentVertex extends GraphVertex {

    private final Segment segment;

    public SegmentVertex(@JsonProperty("segment") Segment segment) {
        this.segment = Objects.requireNonNull(segment, "A segment vertex must have a segment");
    }

    public Segment getSegment() {
        return segment;
    }

    @Override
    public GraphVertex clone() {
        return new SegmentVertex(segment);
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof SegmentVertex s && segment.equals(s.segment);
    }

    @Override
    public int hashCode() {
        return segment.hashCode();
    }

    @Override
    public long numParams(boolean backprop) {
        return segment.numParams();
    }

    @Override
    public int minVertexInputs() {
        return segment.inputs().size();
    }

    @Override
    public int maxVertexInputs() {
        return segment.inputs().size();
    }

    @Override
    public void setDataType(DataType dataType) {
        segment.setDataType(dataType);
    }

    @Override
    public InputType getOutputType(int layerIndex, InputType... types) {
        List<InputType> results = segment.outputTypes(layerIndex, types);
        return results.size() == 1 ? results.get(0) : new ResultTypes(results);
    }

    /** The types of the results of a segment that has several. */
    static final class ResultTypes extends InputType {

        private final List<InputType> types;

        ResultTypes(List<InputType> types) {
            this.types = List.copyOf(types);
        }

        List<InputType> types() {
            return types;
        }

        @Override
        public Type getType() {
            return Type.FF;
        }

        @Override
        public long arrayElementsPerExample() {
            return types.stream().mapToLong(InputType::arrayElementsPerExample).sum();
        }

        @Override
        public long[] getShape(boolean includeBatchDim) {
            return includeBatchDim ? new long[]{-1, arrayElementsPerExample()} : new long[]{arrayElementsPerExample()};
        }

        @Override
        public String toString() {
            return "SegmentResults(" + types + ")";
        }
    }

    @Override
    public MemoryReport getMemoryReport(InputType... types) {
        return new LayerMemoryReport.Builder(null, SegmentVertex.class, types[0], getOutputType(-1, types))
                .standardMemory(segment.numParams(), 0).workingMemory(0, 0, 0, 0).cacheMemory(0, 0).build();
    }

    @Override
    public org.deeplearning4j.nn.graph.vertex.GraphVertex instantiate(ComputationGraph graph, String name, int index,
                                                                      INDArray params, boolean initialize, DataType dataType) {
        segment.checkWeights();
        return new Impl(segment, graph, name, index, params, initialize, dataType);
    }

    private static final class Impl extends BaseGraphVertex implements EngineHost {

        private final transient Segment segment;
        private final transient INDArray params;
        private final transient SegmentForward forward;

        Impl(Segment segment, ComputationGraph graph, String name, int index, INDArray params, boolean initialize,
             DataType dataType) {
            super(graph, name, index, null, null, dataType);
            this.segment = segment;
            this.params = params;
            this.forward = new SegmentForward(name, segment, segment.tables(params, initialize), dataType);
        }

        @Override
        public EngineRunner runner() {
            return forward;
        }

        @Override
        public INDArray doForward(boolean training, LayerWorkspaceMgr workspaces) {
            if (!canDoForward()) {
                throw new IllegalStateException("Segment \"" + getVertexName() + "\": an input was not set");
            }
            return forward.activate(workspaces, inputs);
        }

        @Override
        public Pair<Gradient, INDArray[]> doBackward(boolean tbptt, LayerWorkspaceMgr workspaces) {
            throw forward.noGradients();
        }

        @Override
        public Pair<INDArray, MaskState> feedForwardMaskArrays(INDArray[] masks, MaskState state, int minibatchSize) {
            if (masks != null && Arrays.stream(masks).anyMatch(Objects::nonNull)) {
                throw forward.noMasks();
            }
            return null;
        }

        @Override
        public boolean hasLayer() {
            return false;
        }

        @Override
        public org.deeplearning4j.nn.api.Layer getLayer() {
            return null;
        }

        @Override
        public INDArray params() {
            return params;
        }

        @Override
        public Map<String, INDArray> paramTable(boolean backpropOnly) {
            return forward.paramTable();
        }

        @Override
        public TrainingConfig getConfig() {
            return new DummyConfig(getVertexName());
        }

        @Override
        public void setBackpropGradientsViewArray(INDArray gradients) {
            // There are no gradients.
        }

        @Override
        public String toString() {
            return "SegmentVertex(\"" + getVertexName() + "\", " + segment + ")";
        }
    }
}
