package org.multipoint.segments;

import org.deeplearning4j.nn.conf.graph.GraphVertex;
import org.deeplearning4j.nn.conf.graph.LayerVertex;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.multipoint.internal.engine.Program;
import org.nd4j.linalg.activations.IActivation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.indexing.NDArrayIndex;
import org.nd4j.shade.jackson.annotation.JsonProperty;

import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A part of a graph with one output that an engine runs in one piece: the configurations of the vertices that it stands for, and how
 * they hang together. Nothing in it changes, so copies share it.
 *
 * @param channelsLast true where the channel axis of its images is the last one
 * @param inputs       names of what it reads
 * @param vertices     its parts, each after all that it reads; the last one's output is its own
 * @param vertexInputs what each part reads: names of inputs and of parts
 */
public record Segment(@JsonProperty("channelsLast") boolean channelsLast, @JsonProperty("inputs") List<String> inputs,
                      @JsonProperty("vertices") Map<String, GraphVertex> vertices,
                      @JsonProperty("vertexInputs") Map<String, List<String>> vertexInputs) {

    public Segment {
        inputs = List.copyOf(inputs);
        vertices = Collections.unmodifiableMap(new LinkedHashMap<>(vertices));
        vertexInputs = Map.copyOf(vertexInputs);
    }

    /** Key of a part's parameter among the segment's. */
    public static String paramKey(String part, String key) {
        return part + "/" + key;
    }

    List<String> paramKeys() {
        List<String> keys = new ArrayList<>();
        vertices.forEach((part, vertex) -> {
            if (vertex instanceof LayerVertex v) {
                Layer layer = v.getLayerConf().getLayer();
                layer.initializer().paramKeys(layer).forEach(key -> keys.add(paramKey(part, key)));
            }
        });
        return keys;
    }

    long numParams() {
        return vertices.values().stream().mapToLong(v -> v.numParams(true)).sum();
    }

    void setDataType(DataType dataType) {
        vertices.values().forEach(v -> v.setDataType(dataType));
    }

    InputType outputType(int layerIndex, InputType... types) {
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

    /** What is done to the results of the program: the last part's activation, where programs do not know it. */
    public Optional<IActivation> foreignActivation() {
        return SupportedVertices.foreignActivation(last());
    }

    /** The part whose results are the segment's. */
    GraphVertex last() {
        return vertices.values().stream().reduce((first, second) -> second).orElseThrow();
    }

    /** Parameters of all parts by part and then by key, views of the flat ones; null stands for none. */
    Map<String, Map<String, INDArray>> tables(INDArray params, boolean initialize) {
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

    /** The segment that a vertex is, as a vertex or as an output layer; empty where it is none. */
    public static Optional<Segment> of(GraphVertex vertex) {
        return vertex instanceof SegmentVertex s ? Optional.of(s.getSegment())
                : vertex instanceof LayerVertex v && v.getLayerConf().getLayer() instanceof SegmentOutputLayer s
                        ? Optional.of(s.getSegment()) : Optional.empty();
    }

    /**
     * What an engine runs for this segment.
     *
     * @param params parameters of all parts one after another, as its vertex in a graph holds them; null for none
     */
    public Program program(INDArray params) {
        return new Lowering(this, tables(params, false)).program();
    }

    /** Parameters of all parts by {@link #paramKey}. */
    static Map<String, INDArray> byKey(Map<String, Map<String, INDArray>> tables) {
        Map<String, INDArray> all = new LinkedHashMap<>();
        tables.forEach((part, table) -> table.forEach((key, value) -> all.put(paramKey(part, key), value)));
        return all;
    }

    @Override
    public String toString() {
        return String.join(", ", vertices.keySet());
    }
}
