package org.multipoint.samples;

import org.deeplearning4j.nn.conf.graph.GraphVertex;
import org.deeplearning4j.nn.conf.graph.LayerVertex;
import org.deeplearning4j.nn.conf.layers.BatchNormalization;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.multipoint.internal.graph.GraphEdit;
import org.multipoint.internal.text.TextTable;
import org.multipoint.layers.LayerKind;
import org.multipoint.layers.MultipointWeights;
import org.multipoint.report.Provenance;
import org.multipoint.segments.Additions;
import org.multipoint.segments.Segment;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * What a model consists of.
 *
 * @param layers     vertices with parameters, in the order of the configuration
 * @param others     how many vertices without parameters there are, by kind
 * @param provenance how its weights were quantized; empty where they are in fp32
 * @param outside    vertices that no segment takes when it is compiled, with the reason
 */
record Inspection(List<LayerPart> layers, Map<String, Long> others, Optional<Provenance> provenance, Map<String, String> outside) {

    /**
     * A layer with parameters.
     *
     * @param name       of the vertex
     * @param kind       of the layer
     * @param weights    shape of its weight matrix, output channels x fan-in; several where it has several operations
     * @param parameters number of all its parameters
     * @param stored     how its weights are stored, in words
     * @param bytes      bytes of all its parameters as the file holds them
     * @param quantizable whether its weights are quantized or can be
     * @param arithmetic what its weights are multiplied by, integers or floats; of fp32 what quantization would make of it, or why not
     */
    record LayerPart(String name, String kind, String weights, long parameters, String stored, long bytes, boolean quantizable,
                     String arithmetic) {
    }

    static Inspection of(Network network) {
        GraphEdit edit = network.model() instanceof ComputationGraph graph ? GraphEdit.of(graph)
                : GraphEdit.of((MultiLayerNetwork) network.model());
        Map<String, GraphVertex> vertices = new LinkedHashMap<>();
        Map<String, String> outside = new LinkedHashMap<>();
        boolean compiled = edit.vertices().values().stream().anyMatch(v -> Segment.of(v).isPresent());
        edit.vertices().forEach((name, vertex) -> Segment.of(vertex).ifPresentOrElse(segment -> vertices.putAll(segment.vertices()), () -> {
            vertices.put(name, vertex);
            if (compiled) {
                outside.put(name, "run by Deeplearning4j");
            }
        }));
        if (!compiled) {
            outside.putAll(network.compile(Additions.FLOATING).report().outside());
        }
        List<LayerPart> layers = new ArrayList<>();
        vertices.forEach((name, vertex) -> {
            if (parameters(vertex) > 0) {
                layers.add(part(name, vertex));
            }
        });
        Map<String, Long> others = vertices.values().stream().filter(v -> parameters(v) == 0)
                .collect(Collectors.groupingBy(Inspection::kind, LinkedHashMap::new, Collectors.counting()));
        Optional<Provenance> provenance = vertices.values().stream().flatMap(v -> multipoint(v).stream())
                .map(MultipointWeights::provenance).findFirst();
        return new Inspection(layers, others, provenance, outside);
    }

    private static Optional<Layer> layer(GraphVertex vertex) {
        return vertex instanceof LayerVertex v ? Optional.of(v.getLayerConf().getLayer()) : Optional.empty();
    }

    private static Optional<MultipointWeights> multipoint(GraphVertex vertex) {
        return layer(vertex).flatMap(MultipointWeights::of);
    }

    private static long parameters(GraphVertex vertex) {
        return vertex.numParams(true) + multipoint(vertex).map(w -> weights(vertex)).orElse(0L);
    }

    /** Weights of a layer's operations. */
    private static long weights(GraphVertex vertex) {
        return weights(layer(vertex).orElseThrow());
    }

    /** Weights of a layer's operations; none where it cannot be quantized. */
    static long weights(Layer layer) {
        return LayerKind.of(layer).stream().flatMap(kind -> kind.ops(layer).stream()).mapToLong(op -> op.weights()).sum();
    }

    private static String kind(GraphVertex vertex) {
        return layer(vertex).map(layer -> LayerKind.of(layer).map(kind -> kind.name().toLowerCase(Locale.ROOT).replace('_', ' '))
                .orElse(layer.getClass().getSimpleName())).orElse(vertex.getClass().getSimpleName());
    }

    private static LayerPart part(String name, GraphVertex vertex) {
        Optional<Layer> layer = layer(vertex);
        Optional<LayerKind> kind = layer.flatMap(LayerKind::of);
        String shapes = kind.map(k -> k.ops(layer.get()).stream().map(op -> op.rows() + "x" + op.columns()).collect(Collectors.joining(" + ")))
                .orElse("");
        Optional<MultipointWeights> stored = layer.flatMap(MultipointWeights::of);
        long parameters = parameters(vertex);
        return stored.map(w -> quantized(name, kind(vertex), shapes, parameters, vertex.numParams(true), w))
                .orElseGet(() -> new LayerPart(name, kind(vertex), shapes, parameters, "fp32", Float.BYTES * parameters,
                        kind.isPresent() && kind.get().obstacle(layer.get()).isEmpty(), floating(layer, kind)));
    }

    private static LayerPart quantized(String name, String kind, String shapes, long parameters, long floats, MultipointWeights weights) {
        long bits = weights.operations().stream().mapToLong(o -> o.matrix().storedBits()).sum();
        String stored = weights.provenance().entropyCoded() ? "entropy-coded" : "points of " + weights.operations().stream()
                .map(o -> o.matrix().bits()).distinct().map(String::valueOf).collect(Collectors.joining(" and ")) + " bits";
        return new LayerPart(name, kind, shapes, parameters, stored, bits / Byte.SIZE + Float.BYTES * floats, true,
                weights.operations().get(0).input().map(q -> "integers, inputs of " + q.bits() + " bits").orElse("floats"));
    }

    /** What becomes of a layer in fp32. */
    private static String floating(Optional<Layer> layer, Optional<LayerKind> kind) {
        if (kind.isPresent()) {
            return kind.get().obstacle(layer.get()).map(why -> "floats: " + why).orElse("can be quantized");
        }
        return layer.filter(BatchNormalization.class::isInstance).isPresent() ? "folded into another layer" : "floats: not supported";
    }

    /** Bytes of all parameters as the file holds them. */
    long bytes() {
        return layers.stream().mapToLong(LayerPart::bytes).sum();
    }

    long parameters() {
        return layers.stream().mapToLong(LayerPart::parameters).sum();
    }

    /** Parameters of the layers that can be quantized, or are. */
    long quantizable() {
        return layers.stream().filter(LayerPart::quantizable).mapToLong(LayerPart::parameters).sum();
    }

    /** The layers as a table, with lines of at most {@code width} characters where possible. */
    String toText(int width) {
        return new TextTable<LayerPart>().text("layer", LayerPart::name).text("kind", LayerPart::kind).optional(1)
                .text("weights", LayerPart::weights)
                .number("parameters", l -> String.format(Locale.ROOT, "%,d", l.parameters)).text("stored", LayerPart::stored)
                .number("bits/ weight", l -> String.format(Locale.ROOT, "%.2f", 8.0 * l.bytes / l.parameters)).optional(2)
                .number("kB", l -> String.format(Locale.ROOT, "%.1f", l.bytes / 1e3)).text("arithmetic", LayerPart::arithmetic)
                .toString(layers, width);
    }
}
