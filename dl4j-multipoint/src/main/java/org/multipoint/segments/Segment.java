package org.multipoint.segments;

import org.deeplearning4j.nn.conf.graph.GraphVertex;
import org.deeplearning4j.nn.conf.graph.LayerVertex;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.multipoint.internal.engine.Program;
import org.multipoint.internal.json.VersionedJson;
import org.multipoint.layers.MultipointWeights;
import org.nd4j.linalg.activations.IActivation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.indexing.NDArrayIndex;
import org.nd4j.shade.jackson.annotation.JsonCreator;
import org.nd4j.shade.jackson.annotation.JsonIgnore;
import org.nd4j.shade.jackson.annotation.JsonInclude;
import org.nd4j.shade.jackson.annotation.JsonProperty;
import org.nd4j.shade.jackson.core.type.TypeReference;
import org.nd4j.shade.jackson.databind.util.TokenBuffer;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;

/**
 * A part of a graph that an engine runs in one piece: the configurations of the vertices that it replaces and their connections.
 * Immutable, so copies share it. The property names of its JSON are part of the file format (docs/FORMAT.md).
 *
 * @param channelsLast true where the channel axis of its images is the last one
 * @param inputs       names of what it reads
 * @param vertices     its parts in topological order
 * @param vertexInputs names of the inputs and parts that each part reads
 * @param results      names of the parts whose outputs are the segment's
 * @param additions    how it adds
 */
public record Segment(@JsonProperty("channelsLast") boolean channelsLast, @JsonProperty("inputs") List<String> inputs,
                      @JsonProperty("vertices") Map<String, GraphVertex> vertices,
                      @JsonProperty("vertexInputs") Map<String, List<String>> vertexInputs, @JsonIgnore List<String> results,
                      @JsonIgnore Additions additions) {

    /** The version of the JSON that is written, and the only one that is read. */
    static final int VERSION = 1;

    private static final String RESULTS = "results";
    private static final String ADDITIONS = "additions";

    /**
     * @throws IllegalArgumentException where there is no part, one reads what is neither an input nor a part before it, or results are not
     *                                  different parts
     */
    public Segment {
        inputs = List.copyOf(inputs);
        vertices = Collections.unmodifiableMap(new LinkedHashMap<>(vertices));
        vertexInputs = connections(inputs, vertices, vertexInputs);
        results = List.copyOf(results);
        Objects.requireNonNull(additions, ADDITIONS);
        if (results.isEmpty() || !vertices.keySet().containsAll(results) || Set.copyOf(results).size() < results.size()) {
            throw new IllegalArgumentException("Results of a segment must be different parts of " + vertices.keySet() + ", found " + results);
        }
    }

    /** What each part reads, in the order of the parts, so that the same segment gives the same JSON. */
    private static Map<String, List<String>> connections(List<String> inputs, Map<String, GraphVertex> vertices, Map<String, List<String>> given) {
        if (vertices.isEmpty()) {
            throw new IllegalArgumentException("A segment must have at least one part");
        }
        Map<String, List<String>> connections = new LinkedHashMap<>();
        Set<String> known = new LinkedHashSet<>(inputs);
        vertices.forEach((part, vertex) -> {
            List<String> read = given.get(part);
            if (vertex == null || read == null || read.isEmpty() || !known.containsAll(read)) {
                throw new IllegalArgumentException("Part \"" + part + "\" of a segment must be a vertex that reads some of " + known + ", found "
                        + (vertex == null ? "no vertex" : "a vertex that reads " + read));
            }
            connections.put(part, List.copyOf(read));
            known.add(part);
        });
        return Collections.unmodifiableMap(connections);
    }

    /**
     * @throws IllegalArgumentException where the version is unknown, a property is missing, or parts do not fit together
     * @throws IOException              where a property is of another type
     */
    @JsonCreator(mode = JsonCreator.Mode.DELEGATING)
    static Segment fromJson(Map<String, TokenBuffer> properties) throws IOException {
        VersionedJson json = new VersionedJson("Segment", properties, VERSION);
        Map<String, GraphVertex> vertices = json.get("vertices", new TypeReference<>() { });
        return new Segment(json.get("channelsLast", new TypeReference<>() { }), json.get("inputs", new TypeReference<>() { }), vertices,
                json.get("vertexInputs", new TypeReference<>() { }),
                json.has(RESULTS) ? json.get(RESULTS, new TypeReference<>() { }) : lastOf(vertices).stream().toList(),
                json.has(ADDITIONS) ? json.get(ADDITIONS, new TypeReference<>() { }) : Additions.FLOATING);
    }

    private static Optional<String> lastOf(Map<String, GraphVertex> vertices) {
        return vertices.keySet().stream().reduce((first, second) -> second);
    }

    /** For JSON, where a segment whose last part is the only result does not name it. */
    @JsonProperty(RESULTS)
    @JsonInclude(JsonInclude.Include.NON_NULL)
    List<String> namedResults() {
        return results.equals(lastOf(vertices).stream().toList()) ? null : results;
    }

    /** For JSON, where a segment does not say that it adds floating values. */
    @JsonProperty(ADDITIONS)
    @JsonInclude(JsonInclude.Include.NON_NULL)
    Additions namedAdditions() {
        return additions == Additions.FLOATING ? null : additions;
    }

    /** For JSON. */
    @JsonProperty(VersionedJson.VERSION)
    int version() {
        return VERSION;
    }

    /** Key of a part's parameter among the segment's. */
    static String paramKey(String part, String key) {
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

    /**
     * Checks the stored weights of all parts, which may come from a damaged file.
     *
     * @throws IllegalStateException where those of a part are missing, damaged, or do not fit it; it names the layer
     */
    void checkWeights() {
        for (GraphVertex vertex : vertices.values()) {
            if (vertex instanceof LayerVertex v && MultipointWeights.of(v.getLayerConf().getLayer()).isPresent()) {
                MultipointWeights.check(v.getLayerConf().getLayer());
            }
        }
    }

    long numParams() {
        return vertices.values().stream().mapToLong(v -> v.numParams(true)).sum();
    }

    void setDataType(DataType dataType) {
        vertices.values().forEach(v -> v.setDataType(dataType));
    }

    /** Types of the results. */
    List<InputType> outputTypes(int layerIndex, InputType... types) {
        Map<String, InputType> known = new HashMap<>();
        for (int i = 0; i < inputs.size(); i++) {
            known.put(inputs.get(i), types[i]);
        }
        vertices.forEach((name, vertex) -> known.put(name, vertex.getOutputType(layerIndex,
                vertexInputs.get(name).stream().map(known::get).toArray(InputType[]::new))));
        return results.stream().map(known::get).toList();
    }

    /** The activation of a part where programs cannot express it: it is applied to this result of the program. */
    public Optional<IActivation> foreignActivation(String result) {
        return SupportedVertices.foreignActivation(vertices.get(result));
    }

    /**
     * The only part whose output is the segment's.
     *
     * @throws IllegalStateException where there are several
     */
    String result() {
        if (results.size() > 1) {
            throw new IllegalStateException("Expected a segment with one result, found " + results);
        }
        return results.get(0);
    }

    /** Parameters of all parts by part and then by key, as views of the flat ones; a part without parameters has no entry. */
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

    /**
     * A segment of one vertex, which may have no weights.
     *
     * @param readsVectors whether its inputs are vectors
     * @param inputs       names of what the vertex reads, some maybe more than once
     * @throws IllegalArgumentException where segments do not have such a vertex; it says why
     */
    public static Segment alone(String name, GraphVertex vertex, boolean readsVectors, List<String> inputs) {
        SupportedVertices.obstacle(vertex, readsVectors && SupportedVertices.takesApart(vertex).isPresent()).ifPresent(obstacle -> {
            throw new IllegalArgumentException(obstacle);
        });
        return new Segment(SupportedVertices.channelsLast(vertex).orElse(false), inputs.stream().distinct().toList(), Map.of(name, vertex),
                Map.of(name, inputs), List.of(name), Additions.FLOATING);
    }

    /** The segment of a {@link SegmentVertex} or of a {@link SegmentOutputLayer}; empty for other vertices. */
    public static Optional<Segment> of(GraphVertex vertex) {
        return vertex instanceof SegmentVertex s ? Optional.of(s.getSegment())
                : vertex instanceof LayerVertex v && v.getLayerConf().getLayer() instanceof SegmentOutputLayer s
                        ? Optional.of(s.getSegment()) : Optional.empty();
    }

    /**
     * What an engine runs for this segment; its results are in the order of the segment's.
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
