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
import java.util.Objects;
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
 * <p>Supported are convolutions (also depthwise, separable and transposed), dense and output layers and their multipoint kinds,
 * batch normalization, the usual activations, softmax over channels, arithmetic of each element, merging, pooling, zero padding, cropping,
 * upsampling, space to depth,
 * subsets of channels, and reshaping; images, vectors and sequences. All else ends a
 * segment, and the report names it. A layer with another activation ends its segment, which applies the activation to its results; so does
 * a layer with a loss, whose segment takes the place of an output layer. Scores include the L1 and L2 terms of the source.
 *
 * <p>With {@link Additions#INTEGER} residual networks of multipoint layers also add integers, which is quicker and rounds more.
 *
 * <p>A segment may have several results, and no path leaves it and comes back: what a vertex outside makes of its results is read by
 * another segment.
 */
public final class Segments {

    private final GraphEdit edit;
    private final Additions additions;
    /** The vertices of the source, also when they have been replaced. */
    private final Topology topology;
    private final Axes axes;
    private Partition partition;
    /** The segment of each vertex: the name of the vertex that the segment becomes. */
    private final Map<String, String> segmentOf = new LinkedHashMap<>();
    /** Why a vertex is in no segment. */
    private final Map<String, String> outside = new LinkedHashMap<>();
    private final Map<String, String> warnings = new LinkedHashMap<>();
    /** The L1 and L2 terms of all segments, which the first segment with a loss adds to its score. */
    private double regularization;

    private Segments(GraphEdit edit, Additions additions) {
        this.edit = edit;
        this.additions = Objects.requireNonNull(additions, "additions");
        this.topology = edit.topology();
        this.axes = new Axes(topology, edit.vertices());
        this.partition = new Partition(topology);
    }

    /** Compiles a graph, which computes what its source computes, up to floating-point rounding. */
    public static CompiledGraph compile(ComputationGraph graph) {
        return compile(graph, Additions.FLOATING);
    }

    /** Compiles a graph. */
    public static CompiledGraph compile(ComputationGraph graph, Additions additions) {
        return new Segments(GraphEdit.of(Objects.requireNonNull(graph, "graph")), additions).compile();
    }

    /** Compiles a network of layers; the result is a graph with one input, whose vertices carry the layers' names. */
    public static CompiledGraph compile(MultiLayerNetwork network) {
        return new Segments(GraphEdit.of(Objects.requireNonNull(network, "network")), Additions.FLOATING).compile();
    }

    private CompiledGraph compile() {
        topology.order().forEach(this::assign);
        if (partition.groups().stream().anyMatch(this::losesSteps)) {
            axes.forgetSteps();
            outside.clear();
            partition = new Partition(topology);
            topology.order().forEach(this::assign);
        }
        Map<String, List<String>> segments = new LinkedHashMap<>();
        for (List<String> parts : withLossesApart(partition.groups())) {
            if (worthwhile(parts)) {
                String name = name(results(parts));
                segments.put(name, parts);
                parts.forEach(part -> segmentOf.put(part, name));
            }
        }
        List<CompiledSegment> reports = new ArrayList<>();
        segments.forEach((name, parts) -> reports.add(new CompiledSegment(name, integer(parts), parts, ends(parts))));
        regularization = segments.values().stream().flatMap(List::stream).mapToDouble(edit::regularization).sum();
        segments.values().forEach(this::warnOfDeviations);
        segments.forEach(this::replace);
        edit.copyOutputsThatAreRead();
        if (regularization != 0) {
            warnings.put("score", "without the L1 and L2 terms of layers in segments: no segment ends with an output layer");
        }
        if (segmentOf.keySet().stream().anyMatch(topology::isNetworkOutput)) {
            // The check asks the layer of an output vertex, and a segment is no layer.
            edit.conf().setValidateOutputLayerConfig(false);
        }
        return new CompiledGraph(edit.toGraph(), new CompilationReport(reports, outside, warnings));
    }

    /** Adds a vertex to the partition, in one group with what it reads where that is possible. */
    private void assign(String name) {
        Optional<String> obstacle = axes.readsVolumes(name) ? Optional.of("it reads volumes")
                : SupportedVertices.obstacle(edit.vertices().get(name), axes.passes(name));
        if (obstacle.isPresent()) {
            outside.put(name, obstacle.get());
            return;
        }
        partition.add(name, axes.channelsLast(name), SupportedVertices.isLast(edit.vertices().get(name)));
        topology.inputsOf(name).stream().filter(input -> !topology.networkInputs().contains(input) && !outside.containsKey(input))
                .forEach(input -> partition.join(input, name));
    }

    /** Whether an output layer that puts steps together will not be in the segment of those. */
    private boolean losesSteps(List<String> group) {
        return !isWhole(group) && group.stream().anyMatch(part -> isOutputLayer(part)
                && SupportedVertices.putsTogether(edit.vertices().get(part)).isPresent());
    }

    /** Whether a group can be one segment that ends with an output layer. */
    private boolean isWhole(List<String> group) {
        return inputs(group).size() == 1 && results(group).size() == 1;
    }

    /** An output layer has one input and one result: where its group has more, it becomes a segment by itself. */
    private List<List<String>> withLossesApart(List<List<String>> groups) {
        List<List<String>> apart = new ArrayList<>();
        for (List<String> group : groups) {
            List<String> losses = group.stream().filter(this::isOutputLayer).toList();
            if (losses.isEmpty() || isWhole(group)) {
                apart.add(group);
                continue;
            }
            List<String> others = group.stream().filter(part -> !losses.contains(part)).toList();
            if (!others.isEmpty()) {
                apart.add(others);
            }
            losses.forEach(loss -> apart.add(List.of(loss)));
        }
        return apart;
    }

    /** Parts that are read from outside, or by nobody, or are outputs of the network. */
    private List<String> results(List<String> parts) {
        return parts.stream().filter(part -> topology.isNetworkOutput(part) || topology.readersOf(part).isEmpty()
                || !parts.containsAll(topology.readersOf(part))).toList();
    }

    /** The vertex that a segment becomes: its result, or a new one that gives all results. */
    private String name(List<String> results) {
        return results.size() == 1 ? results.get(0) : edit.unused(results.get(0) + "-segment");
    }

    private boolean isOutputLayer(String name) {
        return edit.layer(name) != null && SupportedVertices.loss(edit.layer(name)).isPresent();
    }

    /**
     * A segment without a linear layer is not: bringing images into the engine's layout and back takes as long as its vertices do. Nor is
     * one of nothing but the output layer of a recurrent network, which takes masks outside.
     */
    private boolean worthwhile(List<String> parts) {
        boolean linear = parts.stream().map(edit::layer).anyMatch(l -> l != null && SupportedVertices.isLinear(l));
        boolean steps = parts.size() == 1 && SupportedVertices.readsSteps(edit.layer(parts.get(0)));
        if (!linear || steps) {
            parts.forEach(p -> outside.put(p, linear ? "an output layer of sequences with nothing before it that could be in its segment"
                    : "no linear layer beside it"));
        }
        return linear && !steps;
    }

    private boolean integer(List<String> parts) {
        return parts.stream().flatMap(p -> MultipointWeights.of(edit.layer(p)).stream())
                .anyMatch(w -> w.operations().stream().anyMatch(s -> s.input().isPresent()));
    }

    private Map<String, String> ends(List<String> parts) {
        Map<String, String> ends = new LinkedHashMap<>();
        for (String input : inputs(parts)) {
            ends.put(input, topology.networkInputs().contains(input) ? "a network input" : reason(input));
        }
        for (String result : results(parts)) {
            if (topology.isNetworkOutput(result)) {
                ends.put(result, "a network output");
            }
            boolean last = SupportedVertices.isLast(edit.vertices().get(result));
            topology.readersOf(result).stream().filter(reader -> !parts.contains(reader)).forEach(reader -> ends.put(reader,
                    last && !outside.containsKey(reader)
                            ? "segments end with a layer that has a loss or the activation of \"" + result + "\"" : reason(reader)));
        }
        return ends;
    }

    private String reason(String vertex) {
        return outside.getOrDefault(vertex, "in segment \"" + segmentOf.get(vertex)
                + "\": segments have one order of axes, and no path leaves one and comes back");
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

    private void replace(String name, List<String> parts) {
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
        List<String> results = results(parts);
        Segment segment = new Segment(partition.channelsLast(parts.get(0)), inputs, vertices, vertexInputs, results,
                additions);
        GraphVertex vertex = new SegmentVertex(segment);
        if (isOutputLayer(name)) {
            Layer layer = new SegmentOutputLayer(segment, regularization);
            regularization = 0;
            layer.setLayerName(name);
            vertex = new LayerVertex(configuration(name, layer), null);
        }
        parts.forEach(edit::drop);
        edit.add(name, vertex, inputs, params);
        for (int i = 0; i < results.size() && results.size() > 1; i++) {
            edit.add(results.get(i), new SegmentResult(results.size(), i), List.of(name), Map.of());
        }
    }

    private NeuralNetConfiguration configuration(String vertex, Layer layer) {
        NeuralNetConfiguration conf = ((LayerVertex) edit.vertices().get(vertex)).getLayerConf().clone();
        conf.setLayer(layer);
        conf.clearVariables();
        return conf;
    }
}
