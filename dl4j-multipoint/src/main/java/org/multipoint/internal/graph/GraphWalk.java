package org.multipoint.internal.graph;

import org.deeplearning4j.nn.api.Layer;
import org.deeplearning4j.nn.conf.InputPreProcessor;
import org.deeplearning4j.nn.conf.graph.ElementWiseVertex;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.graph.vertex.GraphVertex;
import org.deeplearning4j.nn.graph.vertex.VertexIndices;
import org.deeplearning4j.nn.graph.vertex.impl.LayerVertex;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.multipoint.internal.calibration.CalibrationData;
import org.multipoint.internal.engine.Engines;
import org.multipoint.internal.engine.Kernel;
import org.multipoint.internal.ops.Tensor;
import org.multipoint.transform.Activations;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.memory.MemoryWorkspace;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Walks a graph vertex by vertex in topological order, for whoever must see what happens between vertices: calibration, matching
 * to the reference network, reports. Linear vertices run on the engine, all others through Deeplearning4j.
 * Activations pass as {@link Tensor}s. Not thread-safe; the graph must not be used by others meanwhile.
 */
public final class GraphWalk {

    /** Sees the inputs of linear operations as batches pass. */
    @FunctionalInterface
    public interface Tap {
        /**
         * @param vertex the vertex
         * @param operation  index of the operation in it
         * @param input  input of the operation, after the vertex's preprocessor
         * @throws IllegalArgumentException where the input does not fit; whoever walks adds the name of the vertex
         */
        void observe(LinearVertex vertex, int operation, Tensor input);
    }

    private final ComputationGraph graph;
    private final List<String> order = new ArrayList<>();
    private final Map<String, List<String>> inputs = new HashMap<>();
    private final Map<String, Integer> uses = new HashMap<>();
    private final Map<String, LinearVertex> linear = new LinkedHashMap<>();
    private final Map<String, String> obstacles = new LinkedHashMap<>();
    private BatchShape shown;

    /**
     * @throws IllegalArgumentException where a layer that can be quantized has NaN or infinite weights
     */
    public GraphWalk(ComputationGraph graph) {
        this.graph = graph;
        GraphVertex[] vertices = graph.getVertices();
        for (int index : graph.topologicalSortOrder()) {
            GraphVertex vertex = vertices[index];
            String name = vertex.getVertexName();
            order.add(name);
            List<String> from = new ArrayList<>();
            if (vertex.getInputVertices() != null) {
                for (VertexIndices v : vertex.getInputVertices()) {
                    from.add(vertices[v.getVertexIndex()].getVertexName());
                }
            }
            inputs.put(name, from);
            from.forEach(f -> uses.merge(f, 1, Integer::sum));
            if (vertex.isInputVertex()) {
                continue;
            }
            Optional<String> obstacle = LinearVertex.obstacle(graph, name);
            if (obstacle.isPresent()) {
                obstacles.put(name, obstacle.get());
            } else if (LinearVertex.isLinear(graph, name)) {
                linear.put(name, LinearVertex.of(graph, name));
            }
        }
    }

    /** Names of all vertices, inputs first. */
    public List<String> order() {
        return order;
    }

    /** Vertices that can be quantized, in topological order. */
    public Map<String, LinearVertex> linear() {
        return linear;
    }

    /** Vertices with parameters that cannot be quantized, with the reason. */
    public Map<String, String> obstacles() {
        return obstacles;
    }

    /** Vertices that a vertex reads. */
    public List<String> inputsOf(String vertex) {
        return inputs.get(vertex);
    }

    /** How many times a vertex's output is read. */
    public int usesOf(String vertex) {
        return uses.getOrDefault(vertex, 0);
    }

    /** Vertices whose outputs are added to a vertex's output, where that is the only thing done with it; otherwise empty. */
    public List<String> addends(String vertex) {
        List<String> readers = order.stream().filter(name -> inputs.get(name).contains(vertex)).toList();
        if (usesOf(vertex) != 1 || graph.getConfiguration().getNetworkOutputs().contains(vertex)
                || !(graph.getConfiguration().getVertices().get(readers.get(0)) instanceof ElementWiseVertex sum)
                || sum.getOp() != ElementWiseVertex.Op.Add) {
            return List.of();
        }
        return inputs.get(readers.get(0)).stream().filter(name -> !name.equals(vertex)).toList();
    }

    /** Index of a network input, or -1. */
    public int networkInput(String vertex) {
        return graph.getConfiguration().getNetworkInputs().indexOf(vertex);
    }

    /** Lets vertices that ask the graph for its inputs see arrays of the right shapes. */
    private void show(BatchShape batch) {
        if (batch.equals(shown)) {
            return;
        }
        if (shown != null) {
            Arrays.stream(graph.getInputs()).forEach(INDArray::close);
        }
        try (MemoryWorkspace ws = Nd4j.getMemoryManager().scopeOutOfWorkspaces()) {
            graph.setInputs(batch.inputs().stream()
                    .map(shape -> Nd4j.create(DataType.FLOAT, shape.stream().mapToLong(Long::longValue).toArray())).toArray(INDArray[]::new));
        }
        shown = batch;
    }

    /**
     * The output of a vertex that is neither an input nor linear.
     *
     * @param from  what it reads
     * @param batch the batch of the network that this is of
     */
    public Tensor forward(String name, List<Tensor> from, BatchShape batch) {
        show(batch);
        GraphVertex vertex = graph.getVertex(name);
        LayerWorkspaceMgr none = LayerWorkspaceMgr.noWorkspaces();
        List<INDArray> arrays = from.stream().map(Tensor::toArray).toList();
        try (MemoryWorkspace ws = Nd4j.getMemoryManager().scopeOutOfWorkspaces()) {
            INDArray out;
            if (vertex instanceof LayerVertex layerVertex) {
                Layer layer = layerVertex.getLayer();
                layer.setInput(preprocessed(layerVertex, arrays.get(0), batch), none);
                out = layer.activate(false, none);
            } else {
                for (int i = 0; i < arrays.size(); i++) {
                    vertex.setInput(i, arrays.get(i), none);
                }
                out = vertex.doForward(false, none);
            }
            return Tensor.of(out);
        } catch (RuntimeException e) {
            throw new IllegalArgumentException("Vertex \"" + name + "\": " + e.getMessage(), e);
        } finally {
            vertex.clear();
            arrays.forEach(INDArray::close);
        }
    }

    private static INDArray preprocessed(LayerVertex vertex, INDArray input, BatchShape batch) {
        InputPreProcessor pre = vertex.getLayerPreProcessor();
        return pre == null ? input : pre.preProcess(input, batch.examples(), LayerWorkspaceMgr.noWorkspaces());
    }

    /** What a linear vertex's first operation sees of the vertex's input; an error names the vertex. */
    public Tensor operand(LinearVertex vertex, Tensor input, BatchShape batch) {
        LayerVertex layerVertex = (LayerVertex) graph.getVertex(vertex.name());
        if (layerVertex.getLayerPreProcessor() == null) {
            return input;
        }
        try (MemoryWorkspace ws = Nd4j.getMemoryManager().scopeOutOfWorkspaces(); INDArray array = input.toArray()) {
            return Tensor.of(preprocessed(layerVertex, array, batch));
        } catch (RuntimeException e) {
            throw named(vertex, e);
        }
    }

    /** Applies a kernel of an operation of a vertex; an error names the vertex. */
    public static Tensor apply(LinearVertex vertex, Kernel kernel, Tensor input) {
        try (MemoryWorkspace ws = Nd4j.getMemoryManager().scopeOutOfWorkspaces();
             INDArray in = input.toArray(); INDArray out = kernel.apply(in)) {
            return Tensor.of(out);
        } catch (IllegalArgumentException e) {
            throw named(vertex, e);
        }
    }

    private static IllegalArgumentException named(LinearVertex vertex, RuntimeException e) {
        return new IllegalArgumentException("Layer \"" + vertex.name() + "\": " + e.getMessage(), e);
    }

    /** Kernels of a vertex's operations with its own weights in full precision. */
    public static List<Kernel> kernels(LinearVertex vertex) {
        return vertex.operations().stream()
                .map(s -> Engines.preferred().floating(s.op(), s.weights(), s.bias())).toList();
    }

    /** The activations of a linear vertex from its last operation's output. */
    public static Tensor activate(LinearVertex vertex, Tensor z) {
        return vertex.activate(z);
    }

    /**
     * Lets batches pass through the whole graph one after another and shows a tap the inputs of all linear operations. What is held
     * are the activations of one batch that later vertices still need.
     *
     * @return number of examples that passed
     */
    public long stream(CalibrationData data, Tap tap) {
        Map<String, List<Kernel>> kernels = new HashMap<>();
        linear.forEach((name, vertex) -> kernels.put(name, kernels(vertex)));
        try {
            long examples = 0;
            data.reset();
            while (data.hasNext()) {
                Tensor[] batch = data.next();
                examples += batch[0].examples();
                pass(batch, tap, kernels);
            }
            return examples;
        } finally {
            kernels.values().forEach(all -> all.forEach(Kernel::close));
        }
    }

    private static void observe(Tap tap, LinearVertex vertex, int operation, Tensor input) {
        try {
            tap.observe(vertex, operation, input);
        } catch (IllegalArgumentException e) {
            throw named(vertex, e);
        }
    }

    private void pass(Tensor[] batch, Tap tap, Map<String, List<Kernel>> kernels) {
        BatchShape shape = BatchShape.of(batch);
        Map<String, Tensor> live = new HashMap<>();
        Map<String, Integer> left = new HashMap<>(uses);
        for (String name : order) {
            Tensor out = networkInput(name) >= 0 ? batch[networkInput(name)] : step(name, live, shape, kernels, tap);
            for (String from : inputs.get(name)) {
                if (left.merge(from, -1, Integer::sum) == 0) {
                    live.remove(from);
                }
            }
            if (usesOf(name) > 0) {
                live.put(name, out);
            }
        }
    }

    /** The output of a vertex, or null where it is not wanted and a tap has seen all it can. */
    private Tensor step(String name, Map<String, Tensor> live, BatchShape batch, Map<String, List<Kernel>> kernels, Tap tap) {
        LinearVertex vertex = linear.get(name);
        if (vertex == null) {
            return forward(name, inputs.get(name).stream().map(live::get).toList(), batch);
        }
        boolean wanted = usesOf(name) > 0;
        Tensor x = operand(vertex, live.get(inputs.get(name).get(0)), batch);
        for (int i = 0; i < vertex.operations().size(); i++) {
            observe(tap, vertex, i, x);
            x = wanted || i < vertex.operations().size() - 1 ? apply(vertex, kernels.get(name).get(i), x) : null;
        }
        return x == null ? null : activate(vertex, x);
    }
}
