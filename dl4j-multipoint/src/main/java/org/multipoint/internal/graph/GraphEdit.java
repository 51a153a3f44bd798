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

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * A copy of a graph's configuration and parameters that can be changed and made into a graph again; the source is left alone.
 * The copy goes through JSON, as saving does: {@code clone()} of a configuration loses the axis of merge vertices.
 */
public final class GraphEdit {

    /** Input of the graph that a network of layers becomes. */
    private static final String INPUT = "input";

    private final ComputationGraphConfiguration conf;
    private final Map<String, Map<String, INDArray>> params = new LinkedHashMap<>();
    private final Map<String, Double> regularization = new HashMap<>();

    private GraphEdit(ComputationGraphConfiguration conf) {
        this.conf = conf;
    }

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

    /** The same network as a graph: a chain whose vertices carry the layers' names. */
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
     * Different names for a network's layers, none of them {@value #INPUT}: a layer's own name, or its index where it has none or an earlier
     * layer has the same.
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

    /** A copy that changes apart from this one; parameters are shared until replaced. */
    public GraphEdit copy() {
        GraphEdit copy = new GraphEdit(ComputationGraphConfiguration.fromJson(conf.toJson()));
        copy.params.putAll(params);
        copy.regularization.putAll(regularization);
        return copy;
    }

    private static Map<String, INDArray> copy(Map<String, INDArray> table) {
        Map<String, INDArray> copy = new LinkedHashMap<>();
        table.forEach((key, value) -> copy.put(key, value.dup()));
        return copy;
    }

    /** Replaces frozen layers by the layers that they wrap: freezing says how to train, not what to compute. */
    private void thaw() {
        conf.getVertices().values().forEach(vertex -> {
            if (vertex instanceof LayerVertex v) {
                Layer layer = v.getLayerConf().getLayer();
                Layer inside = layer instanceof FrozenLayer frozen ? frozen.getLayer()
                        : layer instanceof FrozenLayerWithBackprop frozen ? frozen.getUnderlying() : layer;
                inside.setLayerName(layer.getLayerName());
                v.getLayerConf().setLayer(inside);
            }
        });
    }

    public ComputationGraphConfiguration conf() {
        return conf;
    }

    /** Layer configuration of a vertex, or null where it has none. */
    public Layer layer(String vertex) {
        return conf.getVertices().get(vertex) instanceof LayerVertex v ? v.getLayerConf().getLayer() : null;
    }

    public InputPreProcessor preProcessor(String vertex) {
        return conf.getVertices().get(vertex) instanceof LayerVertex v ? v.getPreProcessor() : null;
    }

    public Map<String, INDArray> params(String vertex) {
        return params.get(vertex);
    }

    /** What the source's layer adds to the score of the model: its L1 and L2 terms. */
    public double regularization(String vertex) {
        return regularization.getOrDefault(vertex, 0.0);
    }

    /** Puts another layer in a vertex's place, with the given parameters. */
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

    /** Takes a vertex out that nobody reads any more. */
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
     * Names of all vertices, each after all that it reads; network inputs are left out.
     *
     * @throws IllegalStateException where a vertex reads one that does not exist, or comes after itself
     */
    public List<String> topologicalOrder() {
        List<String> order = new ArrayList<>();
        Set<String> known = new HashSet<>(conf.getNetworkInputs());
        Deque<String> open = new ArrayDeque<>(conf.getVertices().keySet());
        int waiting = 0;
        while (!open.isEmpty()) {
            String vertex = open.poll();
            if (known.containsAll(conf.getVertexInputs().get(vertex))) {
                known.add(vertex);
                order.add(vertex);
                waiting = 0;
            } else {
                open.add(vertex);
                if (++waiting > open.size()) {
                    throw new IllegalStateException("Vertices " + open + " read vertices that do not exist or that come after them");
                }
            }
        }
        return order;
    }

    /** Takes a vertex with one input out; whoever read it reads its input. */
    public void remove(String vertex) {
        String source = conf.getVertexInputs().remove(vertex).get(0);
        conf.getVertices().remove(vertex);
        params.remove(vertex);
        conf.getVertexInputs().replaceAll((name, from) -> replaced(from, vertex, source));
        conf.setNetworkOutputs(replaced(conf.getNetworkOutputs(), vertex, source));
        forgetOrder();
    }

    private static List<String> replaced(List<String> names, String old, String now) {
        return new ArrayList<>(names.stream().map(n -> n.equals(old) ? now : n).toList());
    }

    /** Vertices that read a vertex. */
    public List<String> readersOf(String vertex) {
        List<String> readers = new ArrayList<>();
        conf.getVertexInputs().forEach((name, from) -> {
            if (from.contains(vertex)) {
                readers.add(name);
            }
        });
        return readers;
    }

    /** A new graph. */
    public ComputationGraph toGraph() {
        ComputationGraph graph = new ComputationGraph(ComputationGraphConfiguration.fromJson(conf.toJson()));
        graph.init();
        params.forEach((name, table) -> assign(graph.getVertex(name).paramTable(false), table));
        return graph;
    }

    /**
     * Lets a copy that nobody reads be the output in the place of each output that other vertices read; the vertex itself gets another
     * name. Deeplearning4j 1.0.0-M2.1 mixes up the workspaces of an output and of the vertex computed before it where that one's is still
     * open, and fails at the vertex after the output's last reader.
     */
    public void copyOutputsThatAreRead() {
        for (String output : List.copyOf(conf.getNetworkOutputs())) {
            if (!readersOf(output).isEmpty() && !conf.getNetworkInputs().contains(output)) {
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

    private String unused(String name) {
        return conf.getVertices().containsKey(name) || conf.getNetworkInputs().contains(name) ? unused(name + "-") : name;
    }

    /** A new network, where the graph is the chain that was made of {@code source}. */
    public MultiLayerNetwork toNetwork(MultiLayerNetwork source) {
        MultiLayerConfiguration target = MultiLayerConfiguration.fromJson(source.getLayerWiseConfigurations().toJson());
        List<String> names = layerNames(source).stream().filter(conf.getVertices()::containsKey).toList();
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
        MultiLayerNetwork network = new MultiLayerNetwork(MultiLayerConfiguration.fromJson(target.toJson()));
        network.init();
        for (int i = 0; i < names.size(); i++) {
            assign(network.getLayer(i).paramTable(), params.get(names.get(i)));
        }
        return network;
    }

    private static void assign(Map<String, INDArray> target, Map<String, INDArray> values) {
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
    }

    /** All vertices with their configurations. */
    public Map<String, GraphVertex> vertices() {
        return conf.getVertices();
    }
}
