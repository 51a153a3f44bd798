package org.multipoint.internal.graph;

import org.deeplearning4j.exception.DL4JInvalidInputException;
import org.deeplearning4j.nn.api.Layer;
import org.deeplearning4j.nn.api.MaskState;
import org.deeplearning4j.nn.conf.InputPreProcessor;
import org.deeplearning4j.nn.conf.graph.ElementWiseVertex;
import org.deeplearning4j.nn.conf.graph.MergeVertex;
import org.deeplearning4j.nn.conf.layers.ActivationLayer;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.graph.vertex.GraphVertex;
import org.deeplearning4j.nn.graph.vertex.impl.LayerVertex;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.multipoint.internal.engine.Engine;
import org.multipoint.internal.engine.ScalarFunction;
import org.multipoint.internal.ops.Staging;
import org.multipoint.internal.ops.Tensor;
import org.nd4j.common.primitives.Pair;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.memory.MemoryWorkspace;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The fp32 graph, evaluated vertex by vertex: calibration and sequential quantization look at what passes between vertices. Linear
 * vertices run on an engine, all others through Deeplearning4j. Activations pass as {@link Tensor}s. Not thread-safe; the graph must not
 * be used by others meanwhile.
 */
public final class ReferenceNetwork {

    /** Observes the inputs of operations while a batch passes. */
    @FunctionalInterface
    public interface Tap {
        /**
         * @param operation index of the operation in the vertex
         * @param input     input of the operation, after the vertex's preprocessor; of a recurrent layer, the vectors that its matrix is
         *                  multiplied with
         * @throws IllegalArgumentException where the input is not usable; the pass adds the name of the vertex
         */
        void observe(WeightVertex vertex, int operation, Tensor input);
    }

    private final ComputationGraph graph;
    private final Engine engine;
    private final Topology topology;
    private final Map<String, LinearVertex> linear = new LinkedHashMap<>();
    private final Map<String, WeightOnlyVertex> weightOnly = new LinkedHashMap<>();
    private final Map<String, WeightVertex> withWeights = new LinkedHashMap<>();
    private final Map<String, String> obstacles = new LinkedHashMap<>();
    /** Layers that clip their inputs, as rectifiers do, and nothing else: on the heap that takes a fraction of the time. */
    private final Map<String, ScalarFunction> clips = new HashMap<>();
    private BatchShape shown;
    /** Native memory of the inputs of vertices that are not linear. */
    private final List<Staging> staging = new ArrayList<>();

    /**
     * @param engine runs the linear vertices
     * @throws IllegalArgumentException where a layer that can be quantized has NaN or infinite weights
     */
    public ReferenceNetwork(ComputationGraph graph, Engine engine) {
        this.graph = graph;
        this.engine = engine;
        this.topology = Topology.of(graph);
        for (String name : topology.order()) {
            Optional<String> obstacle = LinearVertex.obstacle(graph, name);
            if (obstacle.isPresent()) {
                obstacles.put(name, obstacle.get());
            } else if (LinearVertex.isLinear(graph, name)) {
                linear.put(name, LinearVertex.of(graph, name));
            } else if (WeightOnlyVertex.isWeightOnly(graph, name)) {
                weightOnly.put(name, WeightOnlyVertex.of(graph, name));
            }
            Optional.<WeightVertex>ofNullable(linear.get(name)).or(() -> Optional.ofNullable(weightOnly.get(name)))
                    .ifPresent(vertex -> withWeights.put(name, vertex));
            clip(graph.getVertex(name)).ifPresent(clip -> clips.put(name, clip));
        }
    }

    private static Optional<ScalarFunction> clip(GraphVertex vertex) {
        boolean plain = vertex instanceof LayerVertex layerVertex && layerVertex.getLayerPreProcessor() == null
                && layerVertex.getLayer().getClass() == org.deeplearning4j.nn.layers.ActivationLayer.class;
        return plain ? ActivationFunctions.clip(((ActivationLayer) vertex.getLayer().conf().getLayer()).getActivationFn()) : Optional.empty();
    }

    /** The graph itself, to be copied; it is not to be evaluated or changed. */
    public ComputationGraph graph() {
        return graph;
    }

    /** Its vertices, in the order in which Deeplearning4j computes them. */
    public Topology topology() {
        return topology;
    }

    /** Vertices that can be quantized and run on the engine, by name in topological order. */
    public Map<String, LinearVertex> linear() {
        return linear;
    }

    /** Vertices whose weights can be stored and which Deeplearning4j computes, by name in topological order. */
    public Map<String, WeightOnlyVertex> weightOnly() {
        return weightOnly;
    }

    /** All vertices whose weights can be stored, by name in topological order. */
    public Map<String, WeightVertex> withWeights() {
        return withWeights;
    }

    /** Vertices with parameters that cannot be quantized, with the reason. */
    public Map<String, String> obstacles() {
        return obstacles;
    }

    /** Whether a vertex reads the network's own inputs, passed on by vertices without parameters at most. */
    public boolean readsNetworkInputs(LinearVertex vertex) {
        return topology.upTo(List.of(vertex.name())).order().stream().allMatch(name -> name.equals(vertex.name())
                || !linear.containsKey(name) && !weightOnly.containsKey(name) && !obstacles.containsKey(name));
    }

    /** Vertices whose outputs are added to a vertex's output, where that is the only use of it; otherwise empty. */
    public List<String> addends(String vertex) {
        if (topology.usesOf(vertex) != 1 || topology.isNetworkOutput(vertex)) {
            return List.of();
        }
        String reader = topology.readersOf(vertex).get(0);
        boolean sum = graph.getConfiguration().getVertices().get(reader) instanceof ElementWiseVertex e
                && e.getOp() == ElementWiseVertex.Op.Add;
        return sum ? topology.inputsOf(reader).stream().filter(name -> !name.equals(vertex)).toList() : List.of();
    }

    /**
     * The vertices behind a vertex that alone read the one before, read nothing else and have no weights: an activation, a pooling. What they
     * compute can be computed with the vertex's own output, which nobody else needs ({@link #follow}).
     */
    public List<String> followers(String vertex) {
        List<String> followers = new ArrayList<>();
        for (String last = vertex; topology.usesOf(last) == 1; last = followers.get(followers.size() - 1)) {
            String reader = topology.readersOf(last).get(0);
            if (withWeights.containsKey(reader) || topology.inputsOf(reader).size() > 1 || topology.usesOf(reader) == 0) {
                break;
            }
            followers.add(reader);
        }
        return followers;
    }

    /** Gives the graph inputs of the right shapes, and masks: some vertices ask for them. */
    private void show(BatchShape batch) {
        showInputs(batch);
        if (batch.masks().isEmpty()) {
            return;
        }
        // Anew for each vertex: a vertex forgets its mask when it is cleared.
        graph.setLayerMaskArrays(batch.masks().stream().map(mask -> mask == null ? null : mask.toArray()).toArray(INDArray[]::new), null);
    }

    /** The mask of what the layer of a vertex reads, or null: layers do not tell, and LSTMs forget it. */
    private INDArray inputMask(String name, BatchShape batch) {
        Map<String, Pair<INDArray, MaskState>> masks = new HashMap<>();
        for (int i = 0; i < graph.getInputMaskArrays().length; i++) {
            masks.put(topology.networkInputs().get(i), new Pair<>(graph.getInputMaskArrays()[i], MaskState.Active));
        }
        for (String vertex : topology.upTo(List.of(name)).order()) {
            List<Pair<INDArray, MaskState>> from = topology.inputsOf(vertex).stream().map(masks::get).toList();
            boolean none = from.stream().allMatch(mask -> mask == null || mask.getFirst() == null);
            INDArray[] in = none ? null : from.stream().map(mask -> mask == null ? null : mask.getFirst()).toArray(INDArray[]::new);
            MaskState state = from.stream().filter(mask -> mask != null && mask.getSecond() != null).map(Pair::getSecond).findFirst().orElse(null);
            masks.put(vertex, graph.getVertex(vertex).feedForwardMaskArrays(in, state, batch.examples()));
            if (vertex.equals(name)) {
                // The vertex has replaced it by what its preprocessor makes of it.
                return none ? null : in[0];
            }
        }
        throw new IllegalStateException("Vertex \"" + name + "\" is not in the graph");
    }

    private void hideMasks(BatchShape batch) {
        if (!batch.masks().isEmpty()) {
            INDArray[] masks = graph.getInputMaskArrays();
            graph.clearLayerMaskArrays();
            Arrays.stream(masks).filter(mask -> mask != null).forEach(INDArray::close);
        }
    }

    private void showInputs(BatchShape batch) {
        if (batch.equals(shown)) {
            return;
        }
        if (shown != null) {
            Arrays.stream(graph.getInputs()).forEach(INDArray::close);
        }
        try (MemoryWorkspace ws = Nd4j.getMemoryManager().scopeOutOfWorkspaces()) {
            graph.setInputs(batch.inputs().stream().map(shape -> shape.stream().mapToLong(Long::longValue).toArray())
                    .map(shape -> Nd4j.create(DataType.FLOAT, shape)).toArray(INDArray[]::new));
        }
        shown = batch;
    }

    /**
     * The output of a vertex that is not linear.
     *
     * @param from  its inputs
     * @param batch the batch of network inputs that they were computed from
     * @throws IllegalArgumentException where the inputs do not fit the vertex; it names the vertex and their shapes
     * @throws IllegalStateException    where the vertex fails otherwise
     */
    public Tensor forward(String name, List<Tensor> from, BatchShape batch) {
        if (clips.containsKey(name)) {
            return from.get(0).clipped(clips.get(name).a(), clips.get(name).b());
        }
        requireOneRank(name, from);
        show(batch);
        GraphVertex vertex = graph.getVertex(name);
        INDArray[] arrays = new INDArray[from.size()];
        try (MemoryWorkspace ws = Nd4j.getMemoryManager().scopeOutOfWorkspaces()) {
            for (int i = 0; i < arrays.length; i++) {
                arrays[i] = staged(i, from.get(i));
            }
            INDArray out = output(vertex, arrays, batch);
            Tensor copy = Tensor.of(out);
            if (isNew(vertex, arrays, out)) {
                out.close();
            }
            return copy;
        } catch (RuntimeException e) {
            throw VertexFailure.of("Vertex \"" + name + "\" with inputs of shape " + shapes(from), e);
        } finally {
            vertex.clear();
            hideMasks(batch);
        }
    }

    private INDArray staged(int input, Tensor values) {
        while (staging.size() <= input) {
            staging.add(new Staging());
        }
        return staging.get(input).array(values);
    }

    /**
     * The output of a follower of a vertex.
     *
     * @param from the vertex's output, which nobody else reads: it may be changed
     */
    public Tensor follow(String follower, Tensor from, BatchShape batch) {
        ScalarFunction clip = clips.get(follower);
        return clip == null ? forward(follower, List.of(from), batch) : from.clip(clip.a(), clip.b());
    }

    /** Whether an output is an array of its own, which nothing keeps: what a user's layer or vertex returns it may keep. */
    private static boolean isNew(GraphVertex vertex, INDArray[] inputs, INDArray out) {
        Object implementation = vertex instanceof LayerVertex layerVertex ? layerVertex.getLayer() : vertex;
        return implementation.getClass().getName().startsWith("org.deeplearning4j.nn.") && out.closeable()
                && Arrays.stream(inputs).noneMatch(input -> input.data().address() == out.data().address());
    }

    private static INDArray output(GraphVertex vertex, INDArray[] inputs, BatchShape batch) {
        LayerWorkspaceMgr none = LayerWorkspaceMgr.noWorkspaces();
        if (vertex instanceof LayerVertex layerVertex) {
            Layer layer = layerVertex.getLayer();
            layer.setInput(preprocessed(layerVertex, inputs[0], batch), none);
            return layer.activate(false, none);
        }
        for (int i = 0; i < inputs.length; i++) {
            vertex.setInput(i, inputs[i], none);
        }
        return vertex.doForward(false, none);
    }

    /** Deeplearning4j itself would say so with an exception that does not tell this from a bug. */
    private void requireOneRank(String name, List<Tensor> inputs) {
        org.deeplearning4j.nn.conf.graph.GraphVertex conf = graph.getConfiguration().getVertices().get(name);
        if ((conf instanceof MergeVertex || conf instanceof ElementWiseVertex)
                && inputs.stream().mapToInt(tensor -> tensor.shape().length).distinct().count() > 1) {
            throw new IllegalArgumentException("Vertex \"" + name + "\": expected inputs of one rank, found shapes " + shapes(inputs));
        }
    }

    private static String shapes(List<Tensor> tensors) {
        return tensors.stream().map(tensor -> Arrays.toString(tensor.shape())).toList().toString();
    }

    private static INDArray preprocessed(LayerVertex vertex, INDArray input, BatchShape batch) {
        InputPreProcessor pre = vertex.getLayerPreProcessor();
        try {
            return pre == null ? input : pre.preProcess(input, batch.examples(), LayerWorkspaceMgr.noWorkspaces());
        } catch (IllegalStateException e) {
            // So preprocessors report inputs of other shapes than they are configured for.
            throw new DL4JInvalidInputException(e.getMessage(), e);
        }
    }

    /** Whether a linear vertex has a preprocessor before its first operation. */
    public boolean hasPreProcessor(LinearVertex vertex) {
        return ((LayerVertex) graph.getVertex(vertex.name())).getLayerPreProcessor() != null;
    }

    /**
     * The input of a linear vertex's first operation: the vertex's input after its preprocessor.
     *
     * @throws IllegalArgumentException where the input does not fit the preprocessor; it names the layer
     */
    public Tensor operand(LinearVertex vertex, Tensor input, BatchShape batch) {
        if (!hasPreProcessor(vertex)) {
            return input;
        }
        try (MemoryWorkspace ws = Nd4j.getMemoryManager().scopeOutOfWorkspaces(); INDArray array = input.toArray()) {
            return Tensor.of(preprocessed((LayerVertex) graph.getVertex(vertex.name()), array, batch));
        } catch (RuntimeException e) {
            throw vertex.failure(e);
        }
    }

    /**
     * The vectors that a matrix of a vertex that Deeplearning4j computes is multiplied with, {@code [vectors, columns]}; the vertex must have
     * such.
     *
     * @param input input of the vertex
     * @param with  the parameters that its own outputs are computed with; null for its own
     * @throws IllegalArgumentException where the input does not fit the vertex; it names the layer
     */
    public Tensor inputs(WeightOnlyVertex vertex, int operation, Tensor input, BatchShape batch, WeightOnlyVertex.Parameters with) {
        LayerVertex own = (LayerVertex) graph.getVertex(vertex.name());
        show(batch);
        try (MemoryWorkspace ws = Nd4j.getMemoryManager().scopeOutOfWorkspaces(); INDArray array = input.toArray()) {
            INDArray mask = batch.masks().isEmpty() ? null : inputMask(vertex.name(), batch);
            return vertex.inputs(operation, Tensor.of(preprocessed(own, array, batch)), mask == null ? null : Tensor.of(mask),
                    with == null ? vertex.params() : with.values());
        } catch (RuntimeException e) {
            throw VertexFailure.of("Layer \"" + vertex.name() + "\"", e);
        } finally {
            hideMasks(batch);
        }
    }

    /** A linear vertex with its own weights, ready to run; the caller closes it. */
    public LinearForward forward(LinearVertex vertex) {
        return new LinearForward(engine, vertex, vertex.operations().size());
    }

    /**
     * An operation of a linear vertex with other weights than its own, ready to run; the caller closes it.
     *
     * @param weights {@code [rows, columns]} row by row
     * @param bias    {@code [rows]}, zeros for none
     */
    public OperationKernel kernel(LinearVertex vertex, int operation, float[] weights, float[] bias) {
        return new OperationKernel(engine, vertex, operation, weights, bias);
    }

    /** Passes in which the inputs of some vertices are observed, as far as they are known; the caller closes them. */
    public Passes passes(Collection<? extends WeightVertex> observed) {
        return new Passes(observed);
    }

    /**
     * Lets batches pass through the graph as far as the observed vertices depend on it, with all kernels that takes. What is held of a
     * batch are the activations that later vertices still need.
     */
    public final class Passes implements AutoCloseable {

        private final Collection<? extends WeightVertex> observed;
        private final Topology needed;
        private final Map<String, LinearForward> forwards = new HashMap<>();
        private final OperationKernel.Buffers buffers = new OperationKernel.Buffers();

        private Passes(Collection<? extends WeightVertex> observed) {
            this.observed = observed;
            this.needed = topology.upTo(observed.stream().map(WeightVertex::name).toList());
            try {
                for (String name : needed.order()) {
                    if (linear.containsKey(name)) {
                        int operations = linear.get(name).operations().size();
                        forwards.put(name, new LinearForward(engine, linear.get(name), isRead(name) ? operations : operations - 1, buffers));
                    }
                }
            } catch (RuntimeException | Error e) {
                close();
                throw e;
            }
        }

        private boolean isRead(String vertex) {
            return needed.usesOf(vertex) > 0;
        }

        /**
         * Lets a batch pass.
         *
         * @param batch one tensor for each network input
         * @throws IllegalArgumentException where the batch does not fit the graph, or the tap refuses an input; it names the vertex
         */
        public void run(Tensor[] batch, Tap tap) {
            run(batch, BatchShape.of(batch), tap);
        }

        /** As {@link #run(Tensor[], Tap)}, with the masks of the batch. */
        public void run(Tensor[] batch, BatchShape shape, Tap tap) {
            Map<String, Tensor> given = new LinkedHashMap<>();
            for (int i = 0; i < batch.length; i++) {
                given.put(needed.networkInputs().get(i), batch[i]);
            }
            needed.traverse(given, (name, live) -> visit(name, needed.inputsOf(name).stream().map(live::get).toList(), shape, tap),
                    tensor -> { });
        }

        private Tensor visit(String name, List<Tensor> inputs, BatchShape batch, Tap tap) {
            LinearVertex vertex = linear.get(name);
            if (vertex == null) {
                WeightOnlyVertex own = weightOnly.get(name);
                for (int i = 0; own != null && own.hasInputs() && observed.contains(own) && i < own.operations().size(); i++) {
                    observe(tap, own, i, ReferenceNetwork.this.inputs(own, i, inputs.get(0), batch, null));
                }
                return !isRead(name) ? null : isOnlyReader(name) ? follow(name, inputs.get(0), batch) : forward(name, inputs, batch);
            }
            Tensor x = operand(vertex, inputs.get(0), batch);
            for (int i = 0; i < vertex.operations().size(); i++) {
                if (observed.contains(vertex)) {
                    observe(tap, vertex, i, x);
                }
                boolean read = i < vertex.operations().size() - 1 || isRead(name);
                x = read ? forwards.get(name).kernel(i).apply(x) : null;
            }
            return x;
        }

        /** Whether a vertex alone reads one value, which was computed in this pass. */
        private boolean isOnlyReader(String vertex) {
            List<String> inputs = needed.inputsOf(vertex);
            return inputs.size() == 1 && needed.usesOf(inputs.get(0)) == 1 && !needed.networkInputs().contains(inputs.get(0));
        }

        private static void observe(Tap tap, WeightVertex vertex, int operation, Tensor input) {
            try {
                tap.observe(vertex, operation, input);
            } catch (IllegalArgumentException e) {
                throw VertexFailure.of("Layer \"" + vertex.name() + "\"", e);
            }
        }

        @Override
        public void close() {
            forwards.values().forEach(LinearForward::close);
            buffers.close();
        }
    }
}
