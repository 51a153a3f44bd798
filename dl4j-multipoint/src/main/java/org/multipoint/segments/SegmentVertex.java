package org.multipoint.segments;

import org.deeplearning4j.nn.api.MaskState;
import org.deeplearning4j.nn.api.TrainingConfig;
import org.deeplearning4j.nn.conf.graph.GraphVertex;
import org.deeplearning4j.nn.conf.graph.LayerVertex;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.memory.LayerMemoryReport;
import org.deeplearning4j.nn.conf.memory.MemoryReport;
import org.deeplearning4j.nn.conf.misc.DummyConfig;
import org.deeplearning4j.nn.gradient.Gradient;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.graph.vertex.BaseGraphVertex;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.multipoint.engine.Engine;
import org.multipoint.engine.Engines;
import org.multipoint.engine.Executable;
import org.multipoint.engine.Program;
import org.multipoint.layers.Delivery;
import org.nd4j.common.primitives.Pair;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.indexing.NDArrayIndex;
import org.nd4j.shade.jackson.annotation.JsonProperty;

import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * A part of a graph with one output that an engine runs in one piece. It holds the configurations of the vertices that it stands for,
 * and their parameters are its own, so it is saved, copied and shared as they would be. It is for inference; gradients do not pass
 * through it.
 *
 * <p>Parameters are read when it first runs: a graph whose parameters are set afterwards must be copied or saved and restored.
 */
public final class SegmentVertex extends GraphVertex {

    private final boolean channelsLast;
    private final List<String> inputs;
    private final LinkedHashMap<String, GraphVertex> vertices;
    private final Map<String, List<String>> vertexInputs;

    /**
     * @param channelsLast true where the channel axis of its images is the last one
     * @param inputs       names of what it reads
     * @param vertices     its parts, each after all that it reads; the last one's output is its own
     * @param vertexInputs what each part reads: names of inputs and of parts
     */
    public SegmentVertex(@JsonProperty("channelsLast") boolean channelsLast, @JsonProperty("inputs") List<String> inputs,
                         @JsonProperty("vertices") LinkedHashMap<String, GraphVertex> vertices,
                         @JsonProperty("vertexInputs") Map<String, List<String>> vertexInputs) {
        this.channelsLast = channelsLast;
        this.inputs = List.copyOf(inputs);
        this.vertices = new LinkedHashMap<>(vertices);
        this.vertexInputs = Map.copyOf(vertexInputs);
    }

    @JsonProperty("channelsLast")
    public boolean channelsLast() {
        return channelsLast;
    }

    @JsonProperty("inputs")
    public List<String> inputs() {
        return inputs;
    }

    @JsonProperty("vertices")
    public Map<String, GraphVertex> vertices() {
        return Collections.unmodifiableMap(vertices);
    }

    @JsonProperty("vertexInputs")
    public Map<String, List<String>> vertexInputs() {
        return vertexInputs;
    }

    /** Nothing in it changes, so copies may share all of it. */
    @Override
    public GraphVertex clone() {
        return new SegmentVertex(channelsLast, inputs, vertices, vertexInputs);
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof SegmentVertex s && channelsLast == s.channelsLast && inputs.equals(s.inputs) && vertices.equals(s.vertices)
                && vertexInputs.equals(s.vertexInputs);
    }

    @Override
    public int hashCode() {
        return Objects.hash(channelsLast, inputs, vertices, vertexInputs);
    }

    @Override
    public long numParams(boolean backprop) {
        return vertices.values().stream().mapToLong(v -> v.numParams(backprop)).sum();
    }

    @Override
    public int minVertexInputs() {
        return inputs.size();
    }

    @Override
    public int maxVertexInputs() {
        return inputs.size();
    }

    @Override
    public void setDataType(DataType dataType) {
        vertices.values().forEach(v -> v.setDataType(dataType));
    }

    @Override
    public InputType getOutputType(int layerIndex, InputType... types) {
        Map<String, InputType> known = new HashMap<>();
        for (int i = 0; i < inputs.size(); i++) {
            known.put(inputs.get(i), types[i]);
        }
        InputType last = null;
        for (Map.Entry<String, GraphVertex> part : vertices.entrySet()) {
            last = part.getValue().getOutputType(layerIndex,
                    vertexInputs.get(part.getKey()).stream().map(known::get).toArray(InputType[]::new));
            known.put(part.getKey(), last);
        }
        return last;
    }

    @Override
    public MemoryReport getMemoryReport(InputType... types) {
        return new LayerMemoryReport.Builder(null, SegmentVertex.class, types[0], getOutputType(-1, types))
                .standardMemory(numParams(false), 0).workingMemory(0, 0, 0, 0).cacheMemory(0, 0).build();
    }

    @Override
    public org.deeplearning4j.nn.graph.vertex.GraphVertex instantiate(ComputationGraph graph, String name, int index,
                                                                      INDArray params, boolean initialize, DataType dataType) {
        return new Impl(this, graph, name, index, params, initialize, dataType);
    }

    /** Parameters of all parts, views of the flat ones, by part and then by key. */
    private Map<String, Map<String, INDArray>> tables(INDArray params, boolean initialize) {
        Map<String, Map<String, INDArray>> tables = new LinkedHashMap<>();
        long from = 0;
        for (Map.Entry<String, GraphVertex> part : vertices.entrySet()) {
            long length = part.getValue().numParams(true);
            if (length > 0) {
                LayerVertex vertex = (LayerVertex) part.getValue();
                INDArray view = params.reshape(params.length()).get(NDArrayIndex.interval(from, from + length));
                tables.put(part.getKey(), vertex.getLayerConf().getLayer().initializer()
                        .init(vertex.getLayerConf(), view, initialize));
                from += length;
            }
        }
        return tables;
    }

    /**
     * What an engine runs for a segment, with the parameters that it has now.
     *
     * @param vertex    what a graph has made of a segment's configuration
     * @param codeLimit largest absolute weight code that the program may have
     */
    public static Program program(org.deeplearning4j.nn.graph.vertex.GraphVertex vertex, int codeLimit) {
        Impl segment = (Impl) vertex;
        return new Lowering(segment.conf, segment.tables, codeLimit).program();
    }

    /** Key of a part's parameter among the segment's. */
    public static String paramKey(String part, String key) {
        return part + "/" + key;
    }

    private static final class Impl extends BaseGraphVertex {

        private final transient SegmentVertex conf;
        private final transient INDArray params;
        private final transient Map<String, Map<String, INDArray>> tables;
        private transient Executable executable;

        Impl(SegmentVertex conf, ComputationGraph graph, String name, int index, INDArray params, boolean initialize,
             DataType dataType) {
            super(graph, name, index, null, null, dataType);
            this.conf = conf;
            this.params = params;
            this.tables = conf.tables(params, initialize);
        }

        private synchronized Executable executable() {
            if (executable == null) {
                Engine engine = Engines.preferred();
                executable = engine.compile(program(this, engine.exactCodeLimit()));
            }
            return executable;
        }

        @Override
        public INDArray doForward(boolean training, LayerWorkspaceMgr workspaces) {
            if (!canDoForward()) {
                throw new IllegalStateException("Segment \"" + getVertexName() + "\": an input was not set");
            }
            try {
                INDArray[] x = Arrays.stream(inputs).map(a -> a.castTo(DataType.FLOAT)).toArray(INDArray[]::new);
                return Delivery.toWorkspace(workspaces, dataType, allocate -> executable().run(allocate, x));
            } catch (IllegalArgumentException e) {
                throw new IllegalArgumentException("Segment \"" + getVertexName() + "\": " + e.getMessage(), e);
            }
        }

        @Override
        public Pair<Gradient, INDArray[]> doBackward(boolean tbptt, LayerWorkspaceMgr workspaces) {
            throw new UnsupportedOperationException("Segment \"" + getVertexName() + "\" is for inference: train the graph that it "
                    + "was compiled from");
        }

        @Override
        public Pair<INDArray, MaskState> feedForwardMaskArrays(INDArray[] masks, MaskState state, int minibatchSize) {
            if (masks != null && Arrays.stream(masks).anyMatch(Objects::nonNull)) {
                throw new UnsupportedOperationException("Segment \"" + getVertexName() + "\" does not take masks");
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
            Map<String, INDArray> all = new LinkedHashMap<>();
            tables.forEach((part, table) -> table.forEach((key, value) -> all.put(paramKey(part, key), value)));
            return all;
        }

        @Override
        public TrainingConfig getConfig() {
            return new DummyConfig(getVertexName());
        }

        @Override
        public void setBackpropGradientsViewArray(INDArray gradients) {
            // No gradient is ever written.
        }

        @Override
        public String toString() {
            return "SegmentVertex(\"" + getVertexName() + "\", " + String.join(", ", conf.vertices.keySet()) + ")";
        }
    }
}
