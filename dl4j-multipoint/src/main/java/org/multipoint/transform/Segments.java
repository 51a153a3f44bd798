package org.multipoint.transform;

import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.graph.GraphVertex;
import org.deeplearning4j.nn.conf.graph.LayerVertex;
import org.deeplearning4j.nn.conf.layers.ActivationLayer;
import org.deeplearning4j.nn.conf.layers.BaseLayer;
import org.deeplearning4j.nn.conf.layers.BaseOutputLayer;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.LossLayer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.multipoint.layers.LayerKind;
import org.multipoint.layers.MultipointLayer;
import org.multipoint.report.SegmentReport;
import org.multipoint.segments.Parts;
import org.multipoint.segments.Segment;
import org.multipoint.segments.SegmentOutputLayer;
import org.multipoint.segments.SegmentVertex;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.activations.impl.ActivationIdentity;
import org.nd4j.linalg.api.ndarray.INDArray;

import java.util.ArrayList;
import java.util.HashSet;
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
 * SegmentedGraph compiled = Segments.compile(graph);
 * INDArray y = compiled.graph().outputSingle(x);
 * System.out.println(compiled.report());
 * }</pre>
 *
 * <p>Parts are convolutions (also depthwise and separable), dense and output layers and their multipoint kinds, batch normalization,
 * ReLU and ReLU6, softmax of vectors, addition, merging, pooling, zero padding and flattening before dense layers. All else ends a
 * segment, and the report names it. What segments do not compute of a layer, its loss or another activation, stays as a layer of the
 * old name behind the segment.
 *
 * <p>A segment has one output: a value that is read from outside it ends it.
 */
public final class Segments {

    /** Ends the name of that part of a layer that goes into a segment while its loss or activation stays outside. */
    private static final String INSIDE = "-inside";

    private final GraphEdit edit;
    private final Set<String> vectors = new HashSet<>();
    private final Map<String, String> segmentOf = new LinkedHashMap<>();
    private final Map<String, Boolean> channelsLast = new LinkedHashMap<>();
    private final Map<String, String> outside = new LinkedHashMap<>();

    private Segments(GraphEdit edit) {
        this.edit = edit;
    }

    /** Compiles a graph. */
    public static SegmentedGraph compile(ComputationGraph graph) {
        return new Segments(GraphEdit.of(graph)).compile();
    }

    /** Compiles a network of layers; the result is a graph with one input, whose vertices carry the layers' names. */
    public static SegmentedGraph compile(MultiLayerNetwork network) {
        return new Segments(GraphEdit.of(network)).compile();
    }

    private SegmentedGraph compile() {
        for (String name : edit.topologicalOrder()) {
            cut(name);
        }
        List<String> order = edit.topologicalOrder();
        order.stream().filter(this::makesVectors).forEach(vectors::add);
        for (int i = order.size() - 1; i >= 0; i--) {
            assign(order.get(i));
        }
        Map<String, List<String>> segments = new LinkedHashMap<>();
        for (String name : order) {
            if (segmentOf.containsKey(name)) {
                segments.computeIfAbsent(segmentOf.get(name), s -> new ArrayList<>()).add(name);
            }
        }
        segments.entrySet().removeIf(s -> !worthwhile(s.getValue()));
        segmentOf.values().retainAll(segments.keySet());
        List<SegmentReport.Segment> reports = new ArrayList<>();
        segments.forEach((root, parts) -> reports.add(new SegmentReport.Segment(root, integer(parts), parts, ends(root, parts))));
        segments.forEach(this::replace);
        if (edit.conf().getNetworkOutputs().stream().anyMatch(segments::containsKey)) {
            // The check asks the layer of an output vertex, and a segment is no layer.
            edit.conf().setValidateOutputLayerConfig(false);
        }
        return new SegmentedGraph(edit.toGraph(), new SegmentReport(reports, outside));
    }

    /** Cuts off what segments do not compute of a linear layer: a loss, or an activation that they do not know. */
    private void cut(String name) {
        Layer layer = edit.layer(name);
        if (layer == null || !Parts.isLinear(layer)) {
            return;
        }
        if (layer instanceof OutputLayer output) {
            // Softmax and rectifiers are computed before the loss layer, which finds probabilities and leaves them as they are.
            LossLayer loss = new LossLayer.Builder(output.getLossFn()).activation(Activation.IDENTITY).nIn(output.getNOut())
                    .nOut(output.getNOut()).build();
            DenseLayer dense = dense(output);
            if (!Parts.isKnown(dense)) {
                loss.setActivationFn(dense.getActivationFn());
                dense.setActivationFn(new ActivationIdentity());
            }
            cut(name, dense, loss);
        } else if (!(layer instanceof BaseOutputLayer) && !Parts.isKnown(layer)) {
            BaseLayer linear = (BaseLayer) layer.clone();
            linear.setActivationFn(new ActivationIdentity());
            cut(name, linear, new ActivationLayer(Parts.activation(layer)));
        }
    }

    private void cut(String name, Layer inside, Layer outside) {
        inside.setLayerName(name + INSIDE);
        outside.setLayerName(name);
        GraphVertex first = new LayerVertex(configuration(name, inside), edit.preProcessor(name));
        GraphVertex second = new LayerVertex(configuration(name, outside), null);
        List<String> inputs = edit.conf().getVertexInputs().get(name);
        Map<String, INDArray> params = edit.params(name);
        edit.drop(name);
        edit.add(name + INSIDE, first, inputs, params);
        edit.add(name, second, List.of(name + INSIDE), Map.of());
    }

    private NeuralNetConfiguration configuration(String vertex, Layer layer) {
        NeuralNetConfiguration conf = ((LayerVertex) edit.vertices().get(vertex)).getLayerConf().clone();
        conf.setLayer(layer);
        conf.clearVariables();
        return conf;
    }

    private static DenseLayer dense(OutputLayer layer) {
        DenseLayer dense = new DenseLayer.Builder().nIn(layer.getNIn()).nOut(layer.getNOut()).hasBias(layer.hasBias())
                .activation(layer.getActivationFn()).build();
        dense.setWeightNoise(layer.getWeightNoise());
        dense.setWeightInitFn(layer.getWeightInitFn());
        return layer instanceof MultipointLayer m ? (DenseLayer) LayerKind.DENSE.quantized(dense, m.getMultipoint()) : dense;
    }

    private boolean makesVectors(String name) {
        return Parts.makesVectors(edit.vertices().get(name)) || vectors.containsAll(edit.conf().getVertexInputs().get(name));
    }

    /** The order of axes that a vertex asks for; vectors have one only, whatever is set. */
    private Optional<Boolean> channelsLast(String name) {
        return vectors.containsAll(edit.conf().getVertexInputs().get(name)) ? Optional.empty()
                : Parts.channelsLast(edit.vertices().get(name));
    }

    /** Puts a vertex into the segment of all its readers, or lets a new one end with it. */
    private void assign(String name) {
        Optional<String> obstacle = Parts.obstacle(edit.vertices().get(name));
        if (obstacle.isPresent()) {
            outside.put(name, obstacle.get());
            return;
        }
        Optional<Boolean> format = channelsLast(name);
        Set<String> readers = new LinkedHashSet<>(edit.readersOf(name));
        String segment = name;
        if (!readers.isEmpty() && !edit.conf().getNetworkOutputs().contains(name)) {
            Set<String> theirs = new LinkedHashSet<>();
            readers.forEach(r -> theirs.add(segmentOf.get(r)));
            String only = theirs.iterator().next();
            if (theirs.size() == 1 && only != null
                    && (format.isEmpty() || !channelsLast.containsKey(only) || channelsLast.get(only).equals(format.get()))) {
                segment = only;
            }
        }
        segmentOf.put(name, segment);
        if (format.isPresent()) {
            channelsLast.putIfAbsent(segment, format.get());
        }
    }

    /** What only moves or bounds values is as fast in Deeplearning4j as the way into a segment and back. */
    private boolean worthwhile(List<String> parts) {
        boolean linear = parts.stream().map(edit::layer).anyMatch(l -> l != null && Parts.isLinear(l));
        if (!linear) {
            parts.forEach(p -> outside.put(p, "no linear layer beside it"));
        }
        return linear;
    }

    private boolean integer(List<String> parts) {
        return parts.stream().anyMatch(p -> edit.layer(p) instanceof MultipointLayer m
                && m.getMultipoint().stages().stream().anyMatch(s -> s.input().isPresent()));
    }

    private Map<String, String> ends(String root, List<String> parts) {
        Map<String, String> ends = new LinkedHashMap<>();
        for (String input : inputs(parts)) {
            ends.put(input, edit.conf().getNetworkInputs().contains(input) ? "a network input" : reason(input));
        }
        if (edit.conf().getNetworkOutputs().contains(root)) {
            ends.put(root, "a network output");
        }
        edit.readersOf(root).forEach(reader -> ends.put(reader, reason(reader)));
        return ends;
    }

    private String reason(String vertex) {
        return outside.getOrDefault(vertex, "in segment \"" + segmentOf.get(vertex)
                + "\": segments have one output and one order of axes");
    }

    private List<String> inputs(List<String> parts) {
        Set<String> inputs = new LinkedHashSet<>();
        parts.forEach(p -> inputs.addAll(edit.conf().getVertexInputs().get(p)));
        parts.forEach(inputs::remove);
        return new ArrayList<>(inputs);
    }

    private void replace(String root, List<String> parts) {
        LinkedHashMap<String, GraphVertex> vertices = new LinkedHashMap<>();
        Map<String, List<String>> vertexInputs = new LinkedHashMap<>();
        Map<String, INDArray> params = new LinkedHashMap<>();
        List<String> inputs = inputs(parts);
        for (String part : parts) {
            vertices.put(part, edit.vertices().get(part));
            vertexInputs.put(part, edit.conf().getVertexInputs().get(part));
            if (edit.params(part) != null) {
                edit.params(part).forEach((key, value) -> params.put(Segment.paramKey(part, key), value));
            }
        }
        Segment segment = new Segment(channelsLast.getOrDefault(root, false), inputs, vertices, vertexInputs);
        List<String> readers = edit.readersOf(root);
        parts.forEach(edit::drop);
        if (inputs.size() == 1 && readers.size() == 1 && edit.layer(readers.get(0)) instanceof LossLayer loss
                && loss.getActivationFn() instanceof ActivationIdentity) {
            String output = readers.get(0);
            Layer last = ((LayerVertex) vertices.get(root)).getLayerConf().getLayer();
            Layer layer = new SegmentOutputLayer(segment, Parts.isSoftmax(Parts.activation(last)), loss.getLossFn());
            layer.setLayerName(output);
            GraphVertex vertex = new LayerVertex(configuration(output, layer), null);
            edit.drop(output);
            edit.add(output, vertex, inputs, params);
        } else {
            edit.add(root, new SegmentVertex(segment), inputs, params);
        }
    }
}
