package org.multipoint.segments;

import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.graph.GraphVertex;
import org.deeplearning4j.nn.conf.graph.LayerVertex;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.multipoint.internal.graph.GraphEdit;
import org.multipoint.internal.graph.Topology;
import org.multipoint.layers.LayerKind;
import org.multipoint.layers.MultipointWeights;
import org.multipoint.report.CompilationReport;
import org.multipoint.report.CompilationReport.CompiledSegment;
import org.nd4j.linalg.api.ndarray.INDArray;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Compiles a graph for inference: each largest part that an engine can run in one piece becomes one vertex, in which images keep the
 * engine's own layout and, between multipoint layers, stay integers. Plain fp32 graphs become much faster, too. The result is an
 * ordinary graph: it is run, evaluated, saved, restored and copied like its source, which is not changed.
 *
 * <pre>{@code
 * CompiledGraph compiled = Segments.compile(graph);
 * INDArray y = compiled.graph().outputSingle(x);
 * System.out.println(compiled.report());
 * }</pre>
 *
 * <p>Supported are convolutions (also depthwise and separable), dense and output layers and their multipoint kinds, batch normalization,
 * ReLU and ReLU6, softmax of vectors, addition, merging, pooling, zero padding and flattening before dense layers. All else ends a
 * segment, and the report names it. A layer with another activation ends its segment, which applies the activation to its results; so does
 * a layer with a loss, whose segment takes the place of an output layer. Scores include the L1 and L2 terms of the source.
 *
 * <p>A segment has one output: a value that is read from outside it ends it.
 */
public final class Segments {

    private final GraphEdit edit;
    /** The vertices of the source, also when they have been replaced. */
    private final Topology topology;
    private final Axes axes;
    /** The segment of each vertex: the name of the vertex that it ends with. */
    private final Map<String, String> segmentOf = new LinkedHashMap<>();
    /** Whether the channel axis of a segment's images is the last one, where one of its vertices asks for an order. */
    private final Map<String, Boolean> channelsLast = new LinkedHashMap<>();
    /** Why a vertex is in no segment. */
    private final Map<String, String> outside = new LinkedHashMap<>();
    private final Map<String, String> warnings = new LinkedHashMap<>();
    /** The L1 and L2 terms of all segments, which the first segment with a loss adds to its score. */
    private double regularization;

    private Segments(GraphEdit edit) {
        this.edit = edit;
        this.topology = edit.topology();
        this.axes = new Axes(topology, edit.vertices());
    }

    /** Compiles a graph. */
    public static CompiledGraph compile(ComputationGraph graph) {
        return new Segments(GraphEdit.of(graph)).compile();
    }

    /** Compiles a network of layers; the result is a graph with one input, whose vertices carry the layers' names. */
    public static CompiledGraph compile(MultiLayerNetwork network) {
        return new Segments(GraphEdit.of(network)).compile();
    }

    private CompiledGraph compile() {
        List<String> order = topology.order();
        for (int i = order.size() - 1; i >= 0; i--) {
            assign(order.get(i));
        }
        Map<String, List<String>> segments = new LinkedHashMap<>();
        for (String name : order) {
            if (segmentOf.containsKey(name)) {
                segments.computeIfAbsent(segmentOf.get(name), s -> new ArrayList<>()).add(name);
            }
        }
        separateLosses(segments);
        segments.entrySet().removeIf(s -> !worthwhile(s.getValue()));
        segmentOf.values().retainAll(segments.keySet());
        List<CompiledSegment> reports = new ArrayList<>();
        segments.forEach((root, parts) -> reports.add(new CompiledSegment(root, integer(parts), parts, ends(root, parts))));
        regularization = segments.values().stream().flatMap(List::stream).mapToDouble(edit::regularization).sum();
        segments.values().forEach(this::warnOfDeviations);
        segments.forEach(this::replace);
        edit.copyOutputsThatAreRead();
        if (regularization != 0) {
            warnings.put("score", "without the L1 and L2 terms of layers in segments: no segment ends with an output layer");
        }
        if (segments.keySet().stream().anyMatch(topology::isNetworkOutput)) {
            // The check asks the layer of an output vertex, and a segment is no layer.
            edit.conf().setValidateOutputLayerConfig(false);
        }
        return new CompiledGraph(edit.toGraph(), new CompilationReport(reports, outside, warnings));
    }

    /** Puts a vertex into the segment of all its readers where it can join one, or lets a new one end with it. */
    private void assign(String name) {
        Optional<String> obstacle = axes.readsVolumes(name) ? Optional.of("it reads volumes")
                : SupportedVertices.obstacle(edit.vertices().get(name));
        if (obstacle.isPresent()) {
            outside.put(name, obstacle.get());
            return;
        }
        Optional<Boolean> order = axes.channelsLast(name);
        String segment = segmentOfReaders(name)
                .filter(s -> order.isEmpty() || channelsLast.getOrDefault(s, order.get()).equals(order.get())).orElse(name);
        segmentOf.put(name, segment);
        order.ifPresent(last -> channelsLast.putIfAbsent(segment, last));
    }

    /** The segment that a vertex may join: the only one that its output goes to, where it need not be the last of its own. */
    private Optional<String> segmentOfReaders(String name) {
        List<String> readers = topology.readersOf(name);
        if (SupportedVertices.isLast(edit.vertices().get(name)) || readers.isEmpty() || topology.isNetworkOutput(name)) {
            return Optional.empty();
        }
        String first = segmentOf.get(readers.get(0));
        return Optional.ofNullable(first).filter(s -> readers.stream().allMatch(reader -> s.equals(segmentOf.get(reader))));
    }

    /** An output layer has one input: where the segment that it ends has several, it becomes a segment by itself. */
    private void separateLosses(Map<String, List<String>> segments) {
        for (String root : List.copyOf(segments.keySet())) {
            List<String> parts = segments.get(root);
            if (isOutputLayer(root) && parts.size() > 1 && inputs(parts).size() > 1) {
                List<String> before = parts.subList(0, parts.size() - 1);
                String last = before.get(before.size() - 1);
                segments.put(root, List.of(root));
                segments.put(last, before);
                before.forEach(p -> segmentOf.put(p, last));
                if (channelsLast.containsKey(root)) {
                    channelsLast.put(last, channelsLast.get(root));
                }
            }
        }
    }

    private boolean isOutputLayer(String name) {
        return edit.layer(name) != null && SupportedVertices.loss(edit.layer(name)).isPresent();
    }

    /** A segment without a linear layer is not: bringing images into the engine's layout and back takes as long as its vertices do. */
    private boolean worthwhile(List<String> parts) {
        boolean linear = parts.stream().map(edit::layer).anyMatch(l -> l != null && SupportedVertices.isLinear(l));
        if (!linear) {
            parts.forEach(p -> outside.put(p, "no linear layer beside it"));
        }
        return linear;
    }

    private boolean integer(List<String> parts) {
        return parts.stream().flatMap(p -> MultipointWeights.of(edit.layer(p)).stream())
                .anyMatch(w -> w.operations().stream().anyMatch(s -> s.input().isPresent()));
    }

    private Map<String, String> ends(String root, List<String> parts) {
        Map<String, String> ends = new LinkedHashMap<>();
        for (String input : inputs(parts)) {
            ends.put(input, topology.networkInputs().contains(input) ? "a network input" : reason(input));
        }
        if (topology.isNetworkOutput(root)) {
            ends.put(root, "a network output");
        }
        boolean last = SupportedVertices.isLast(edit.vertices().get(root));
        topology.readersOf(root).forEach(reader -> ends.put(reader, last && !outside.containsKey(reader)
                ? "segments end with a layer that has a loss or the activation of \"" + root + "\"" : reason(reader)));
        return ends;
    }

    private String reason(String vertex) {
        return outside.getOrDefault(vertex, "in segment \"" + segmentOf.get(vertex)
                + "\": segments have one output and one order of axes");
    }

    private List<String> inputs(List<String> parts) {
        Set<String> inputs = new LinkedHashSet<>();
        parts.forEach(p -> inputs.addAll(topology.inputsOf(p)));
        parts.forEach(inputs::remove);
        return new ArrayList<>(inputs);
    }

    private void warnOfDeviations(List<String> parts) {
        for (String part : parts) {
            Optional.ofNullable(edit.layer(part)).flatMap(layer -> LayerKind.ofPlain(layer).flatMap(kind -> kind.deviation(layer)))
                    .ifPresent(deviation -> warnings.put(part, deviation));
        }
    }

    private void replace(String root, List<String> parts) {
        LinkedHashMap<String, GraphVertex> vertices = new LinkedHashMap<>();
        Map<String, List<String>> vertexInputs = new LinkedHashMap<>();
        Map<String, INDArray> params = new LinkedHashMap<>();
        List<String> inputs = inputs(parts);
        for (String part : parts) {
            vertices.put(part, edit.vertices().get(part));
            vertexInputs.put(part, topology.inputsOf(part));
            if (edit.params(part) != null) {
                edit.params(part).forEach((key, value) -> params.put(Segment.paramKey(part, key), value));
            }
        }
        Segment segment = new Segment(channelsLast.getOrDefault(root, false), inputs, vertices, vertexInputs);
        GraphVertex vertex = new SegmentVertex(segment);
        if (isOutputLayer(root)) {
            Layer layer = new SegmentOutputLayer(segment, regularization);
            regularization = 0;
            layer.setLayerName(root);
            vertex = new LayerVertex(configuration(root, layer), null);
        }
        parts.forEach(edit::drop);
        edit.add(root, vertex, inputs, params);
    }

    private NeuralNetConfiguration configuration(String vertex, Layer layer) {
        NeuralNetConfiguration conf = ((LayerVertex) edit.vertices().get(vertex)).getLayerConf().clone();
        conf.setLayer(layer);
        conf.clearVariables();
        return conf;
    }
}
