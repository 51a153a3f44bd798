package org.multipoint.internal.graph;

import org.deeplearning4j.nn.conf.ComputationGraphConfiguration;
import org.deeplearning4j.nn.conf.InputPreProcessor;
import org.deeplearning4j.nn.conf.MultiLayerConfiguration;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.graph.GraphVertex;
import org.deeplearning4j.nn.conf.graph.LayerVertex;
import org.deeplearning4j.nn.conf.graph.ScaleVertex;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.misc.FrozenLayer;
import org.deeplearning4j.nn.conf.layers.misc.FrozenLayerWithBackprop;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.nd4j.linalg.api.ndarray.INDArray;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A copy of a graph's configuration and parameters that can be changed and made into a graph again. The copy is taken at once: the source
 * is not changed, and later changes of the source are not seen. Configurations are copied through JSON, as saving does: their {@code
 * clone()} loses the axis of merge vertices.
 */
public final class GraphEdit {

    /** Input of the graph that a network of layers becomes. */
    public static final String INPUT = "input";

    private final ComputationGraphConfiguration conf;
    private final Map<String, Map<String, INDArray>> params = new LinkedHashMap<>();
    private final Map<String, Double> regularization = new HashMap<>();
    private final Map<String, String> changes = new LinkedHashMap<>();

    private GraphEdit(ComputationGraphConfiguration conf) {
        this.conf = conf;
    }

    /**
     * A copy of a graph.
     *
     * @throws IllegalArgumentException where the graph is not initialized
     */
    public static GraphEdit of(ComputationGraph graph) {
        requireInitialized(graph.getVertices());
        GraphEdit edit = new GraphEdit(ComputationGraphConfiguration.fromJson(graph.getConfiguration().toJson()));
        for (org.deeplearning4j.nn.graph.vertex.GraphVertex vertex : graph.getVertices()) {
            if (vertex.paramTable(false) != null) {
                edit.params.put(vertex.getVertexName(), copy(vertex.paramTable(false)));
            }
            if (vertex.hasLayer()) {
                edit.regularization.put(vertex.getVertexName(), vertex.getLayer().calcRegularizationScore(true));
            }
        }
        edit.thaw();
        return edit;
    }

    /**
     * A copy of a network as a graph: a chain whose vertices have the layers' names.
     *
     * @throws IllegalArgumentException where the network is not initialized
     */
    public static GraphEdit of(MultiLayerNetwork network) {
        requireInitialized(network.getLayers());
        MultiLayerConfiguration source = MultiLayerConfiguration.fromJson(network.getLayerWiseConfigurations().toJson());
        ComputationGraphConfiguration.GraphBuilder builder = new NeuralNetConfiguration.Builder()
                .seed(source.getConf(0).getSeed()).dataType(source.getDataType()).graphBuilder().addInputs(INPUT);
        List<String> names = layerNames(network);
        String previous = INPUT;
        for (int i = 0; i < names.size(); i++) {
            builder.addLayer(names.get(i), source.getConf(i).getLayer(), source.getInputPreProcess(i), previous);
            previous = names.get(i);
        }
        GraphEdit edit = new GraphEdit(builder.setOutputs(previous).validateOutputLayerConfig(false).build());
        for (int i = 0; i < names.size(); i++) {
            edit.params.put(names.get(i), copy(network.getLayer(i).paramTable()));
            edit.regularization.put(names.get(i), network.getLayer(i).calcRegularizationScore(true));
        }
        edit.thaw();
        return edit;
    }

    private static void requireInitialized(Object[] parts) {
        if (parts == null) {
            throw new IllegalArgumentException("The model has no parameters yet: call init() first");
        }
    }

    /**
     * Different names for a network's layers, none of them {@value #INPUT}: a layer's own name, or its index where it has none or an
     * earlier layer has the same.
     */
    public static List<String> layerNames(MultiLayerNetwork network) {
        List<String> names = new ArrayList<>();
        for (org.deeplearning4j.nn.api.Layer layer : network.getLayers()) {
            String name = layer.conf().getLayer().getLayerName();
            if (name == null || isTaken(name, names)) {
                name = String.valueOf(names.size());
            }
            while (isTaken(name, names)) {
                name += "-" + names.size();
            }
            names.add(name);
        }
        return names;
    }

    private static boolean isTaken(String name, List<String> names) {
        return name.equals(INPUT) || names.contains(name);
    }

    /** An independent copy; parameters are shared until they are replaced. */
    public GraphEdit copy() {
        GraphEdit copy = new GraphEdit(ComputationGraphConfiguration.fromJson(conf.toJson()));
        copy.params.putAll(params);
        copy.regularization.putAll(regularization);
        copy.changes.putAll(changes);
        return copy;
    }

    private static Map<String, INDArray> copy(Map<String, INDArray> table) {
        Map<String, INDArray> copy = new LinkedHashMap<>();
        table.forEach((key, value) -> copy.put(key, value.dup()));
        return copy;
    }

    /** Replaces frozen layers by the layers that they wrap: freezing concerns training only. */
    private void thaw() {
        conf.getVertices().forEach((name, vertex) -> {
            if (vertex instanceof LayerVertex v) {
                Layer layer = v.getLayerConf().getLayer();
                Layer inside = layer instanceof FrozenLayer frozen ? frozen.getLayer()
                        : layer instanceof FrozenLayerWithBackprop frozen ? frozen.getUnderlying() : layer;
                if (inside != layer) {
                    changed(name, "frozen in the source, trainable in the result");
                }
                inside.setLayerName(layer.getLayerName());
                v.getLayerConf().setLayer(inside);
            }
        });
    }

    /** The configuration, to be changed through this class only. */
    public ComputationGraphConfiguration conf() {
        return conf;
    }

    /** Layer configuration of a vertex, or null where it has none. */
    public Layer layer(String vertex) {
        return conf.getVertices().get(vertex) instanceof LayerVertex v ? v.getLayerConf().getLayer() : null;
    }

    /** Preprocessor of a vertex, or null where it has none. */
    public InputPreProcessor preProcessor(String vertex) {
        return conf.getVertices().get(vertex) instanceof LayerVertex v ? v.getPreProcessor() : null;
    }

    /** Parameters of a vertex by key, or null where it has none; not to be changed. */
    public Map<String, INDArray> params(String vertex) {
        return params.get(vertex);
    }

    /** What of the source is otherwise than users may expect, by vertex: frozen layers, outputs and indices of layers. */
    public Map<String, String> changes() {
        return Collections.unmodifiableMap(changes);
    }

    private void changed(String vertex, String what) {
        changes.merge(vertex, what, (before, now) -> before + "; " + now);
    }

    /** The L1 and L2 terms of the source's layer in the score of the model. */
    public double regularization(String vertex) {
        return regularization.getOrDefault(vertex, 0.0);
    }

    /** Replaces the layer of a vertex and its parameters. */
    public void replace(String vertex, Layer layer, Map<String, INDArray> layerParams) {
        NeuralNetConfiguration layerConf = ((LayerVertex) conf.getVertices().get(vertex)).getLayerConf();
        layerConf.setLayer(layer);
        layerConf.clearVariables();
        params.put(vertex, layerParams);
    }

    /** Adds a vertex, with the given parameters. */
    public void add(String vertex, GraphVertex vertexConf, List<String> inputs, Map<String, INDArray> vertexParams) {
        conf.getVertices().put(vertex, vertexConf);
        conf.getVertexInputs().put(vertex, new ArrayList<>(inputs));
        if (!vertexParams.isEmpty()) {
            params.put(vertex, vertexParams);
        }
        forgetOrder();
    }

    /** Removes a vertex, whose readers must be removed or given other inputs. */
    public void drop(String vertex) {
        conf.getVertices().remove(vertex);
        conf.getVertexInputs().remove(vertex);
        params.remove(vertex);
        forgetOrder();
    }

    private void forgetOrder() {
        conf.setTopologicalOrder(null);
        conf.setTopologicalOrderStr(null);
    }

    /**
     * The vertices as they are now, and their connections.
     *
     * @throws IllegalStateException where a vertex reads one that does not exist, or depends on itself
     */
    public Topology topology() {
        return Topology.of(conf);
    }

    /** Removes a vertex with one input; its readers read its input instead. */
    public void remove(String vertex) {
        String source = conf.getVertexInputs().remove(vertex).get(0);
        conf.getVertices().remove(vertex);
        params.remove(vertex);
        conf.getVertexInputs().replaceAll((name, from) -> replaced(from, vertex, source));
        if (conf.getNetworkOutputs().contains(vertex)) {
            changed(vertex, "an output of the source; part of \"" + source + "\" in the result, which is the output in its place");
        }
        conf.setNetworkOutputs(replaced(conf.getNetworkOutputs(), vertex, source));
        forgetOrder();
    }

    private static List<String> replaced(List<String> names, String old, String now) {
        return new ArrayList<>(names.stream().map(n -> n.equals(old) ? now : n).toList());
    }

    /**
     * A graph with this configuration and these parameters. Afterwards both are the graph's, and this shares them: it may be read and
     * copied, but not be changed.
     */
    public ComputationGraph toGraph() {
        ComputationGraph graph = new ComputationGraph(conf);
        graph.init();
        params.replaceAll((name, table) -> assigned(graph.getVertex(name).paramTable(false), table));
        return graph;
    }

    /**
     * Replaces each output that other vertices read by a copy that is not read; the vertex itself gets another name. Deeplearning4j
     * 1.0.0-M2.1 confuses the workspace of an output with that of the vertex computed before it where the latter is still open, and fails
     * at the vertex after the output's last reader.
     */
    public void copyOutputsThatAreRead() {
        for (String output : List.copyOf(conf.getNetworkOutputs())) {
            if (topology().usesOf(output) > 0 && !conf.getNetworkInputs().contains(output)) {
                String inner = unused(output + "-read");
                List<String> inputs = conf.getVertexInputs().get(output);
                Map<String, INDArray> table = params.getOrDefault(output, Map.of());
                GraphVertex vertex = conf.getVertices().get(output);
                drop(output);
                conf.getVertexInputs().replaceAll((name, from) -> replaced(from, output, inner));
                add(inner, vertex, inputs, table);
                add(output, new ScaleVertex(1), List.of(inner), Map.of());
            }
        }
    }

    /** A name that nothing in the graph has: the given one where that is so. */
    public String unused(String name) {
        return conf.getVertices().containsKey(name) || conf.getNetworkInputs().contains(name) ? unused(name + "-") : name;
    }

    /**
     * A network with this configuration and these parameters, where the graph is the chain that was made of {@code source}. What
     * {@link #toGraph} says of sharing holds here, too.
     */
    public MultiLayerNetwork toNetwork(MultiLayerNetwork source) {
        MultiLayerConfiguration target = MultiLayerConfiguration.fromJson(source.getLayerWiseConfigurations().toJson());
        List<String> before = layerNames(source);
        List<String> names = before.stream().filter(conf.getVertices()::containsKey).toList();
        names.stream().filter(name -> names.indexOf(name) != before.indexOf(name)).findFirst().ifPresent(name -> changed(name, "layer "
                + before.indexOf(name) + " of the source, layer " + names.indexOf(name) + " of the result, because a layer before it has been "
                + "folded; those behind it have moved, too"));
        List<NeuralNetConfiguration> layers = new ArrayList<>();
        Map<Integer, InputPreProcessor> preProcessors = new LinkedHashMap<>();
        for (String name : names) {
            if (preProcessor(name) != null) {
                preProcessors.put(layers.size(), preProcessor(name));
            }
            layers.add(((LayerVertex) conf.getVertices().get(name)).getLayerConf());
        }
        target.setConfs(layers);
        target.setInputPreProcessors(preProcessors);
        MultiLayerNetwork network = new MultiLayerNetwork(target);
        network.init();
        for (int i = 0; i < names.size(); i++) {
            params.put(names.get(i), assigned(network.getLayer(i).paramTable(), params.get(names.get(i))));
        }
        return network;
    }

    private static Map<String, INDArray> assigned(Map<String, INDArray> target, Map<String, INDArray> values) {
        values.forEach((key, value) -> {
            INDArray array = target.get(key);
            if (array == null || array.length() != value.length()) {
                throw new IllegalStateException("Parameter " + key + " has shape " + Arrays.toString(value.shape())
                        + " in the old model and " + (array == null ? "is missing" : Arrays.toString(array.shape()))
                        + " in the new one");
            }
            // Biases are vectors in some layers and rows in others.
            array.assign(value.reshape(array.shape()));
        });
        return target;
    }

    /** All vertices with their configurations. */
    public Map<String, GraphVertex> vertices() {
        return conf.getVertices();
    }
}
