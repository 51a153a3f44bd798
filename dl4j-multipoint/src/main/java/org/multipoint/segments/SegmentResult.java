package org.multipoint.segments;

import org.deeplearning4j.nn.api.MaskState;
import org.deeplearning4j.nn.conf.graph.GraphVertex;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.memory.LayerMemoryReport;
import org.deeplearning4j.nn.conf.memory.MemoryReport;
import org.deeplearning4j.nn.gradient.Gradient;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.graph.vertex.BaseGraphVertex;
import org.deeplearning4j.nn.workspace.ArrayType;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.nd4j.common.primitives.Pair;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.shade.jackson.annotation.JsonProperty;

import java.util.Arrays;
import java.util.Objects;

/**
 * One result of a {@link SegmentVertex} that has several, as a vertex of a graph. It has no parameters and is for inference: gradients do
 * not pass through it.
 */
public final class SegmentResult extends GraphVertex {

    private final int results;
    private final int index;

    /**
     * @param results number of results of the segment, at least 2
     * @param index   of this result among them, from 0
     * @throws IllegalArgumentException where there is no such result
     */
    public SegmentResult(@JsonProperty("results") int results, @JsonProperty("index") int index) {
        if (results < 2 || index < 0 || index >= results) {
            throw new IllegalArgumentException("Expected a result of a segment with several, found number " + index + " of " + results);
        }
        this.results = results;
        this.index = index;
    }

    public int getResults() {
        return results;
    }

    public int getIndex() {
        return index;
    }

    @Override
    public GraphVertex clone() {
        return new SegmentResult(results, index);
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof SegmentResult r && results == r.results && index == r.index;
    }

    @Override
    public int hashCode() {
        return Objects.hash(results, index);
    }

    @Override
    public long numParams(boolean backprop) {
        return 0;
    }

    @Override
    public int minVertexInputs() {
        return 1;
    }

    @Override
    public int maxVertexInputs() {
        return 1;
    }

    @Override
    public InputType getOutputType(int layerIndex, InputType... types) {
        if (types.length == 1 && types[0] instanceof SegmentVertex.ResultTypes all && index < all.types().size()) {
            return all.types().get(index);
        }
        throw new IllegalArgumentException("Expected the results of a segment, found " + Arrays.toString(types));
    }

    @Override
    public MemoryReport getMemoryReport(InputType... types) {
        return new LayerMemoryReport.Builder(null, SegmentResult.class, types[0], getOutputType(-1, types))
                .standardMemory(0, 0).workingMemory(0, 0, 0, 0).cacheMemory(0, 0).build();
    }

    @Override
    public org.deeplearning4j.nn.graph.vertex.GraphVertex instantiate(ComputationGraph graph, String name, int vertex, INDArray params,
                                                                      boolean initialize, DataType dataType) {
        return new Impl(results, index, graph, name, vertex, dataType);
    }

    private static final class Impl extends BaseGraphVertex {

        private final int results;
        private final int index;

        Impl(int results, int index, ComputationGraph graph, String name, int vertex, DataType dataType) {
            super(graph, name, vertex, null, null, dataType);
            this.results = results;
            this.index = index;
        }

        @Override
        public INDArray doForward(boolean training, LayerWorkspaceMgr workspaces) {
            if (!canDoForward()) {
                throw new IllegalStateException("Result \"" + getVertexName() + "\": its segment was not computed");
            }
            INDArray result = ResultBundle.get(inputs[0], results, index);
            return workspaces.createUninitialized(ArrayType.ACTIVATIONS, dataType, result.shape(), 'c').assign(result);
        }

        @Override
        public Pair<Gradient, INDArray[]> doBackward(boolean tbptt, LayerWorkspaceMgr workspaces) {
            throw SegmentForward.noGradients(getVertexName());
        }

        @Override
        public Pair<INDArray, MaskState> feedForwardMaskArrays(INDArray[] masks, MaskState state, int minibatchSize) {
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
        public void setBackpropGradientsViewArray(INDArray gradients) {
            // There are no gradients.
        }

        @Override
        public String toString() {
            return "SegmentResult(\"" + getVertexName() + "\", " + index + " of " + results + ")";
        }
    }
}
