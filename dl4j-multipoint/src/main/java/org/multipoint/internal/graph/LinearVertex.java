package org.multipoint.internal.graph;

import org.deeplearning4j.nn.conf.layers.BaseLayer;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.graph.vertex.GraphVertex;
import org.deeplearning4j.nn.graph.vertex.impl.LayerVertex;
import org.multipoint.internal.engine.ScalarFunction;
import org.multipoint.internal.ops.LinearOp;
import org.multipoint.internal.ops.Tensor;
import org.multipoint.layers.LayerKind;
import org.multipoint.layers.MultipointWeights;
import org.multipoint.layers.WeightOnlyKind;
import org.nd4j.linalg.activations.impl.ActivationIdentity;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;

/** A vertex of a graph whose layer can be quantized: its linear operations with their weights and biases, and its activation. */
public final class LinearVertex implements WeightVertex {

    private final String name;
    private final LayerKind kind;
    private final BaseLayer conf;
    private final List<Operation> operations = new ArrayList<>();

    /** One operation. Weights and bias stay in the parameters of the graph; they are copied when they are asked for. */
    public static final class Operation {
        private final String name;
        private final LinearOp op;
        private final Supplier<float[]> weights;
        private final INDArray bias;

        /**
         * @param weights copies them
         * @param bias    null for none
         */
        Operation(String name, LinearOp op, Supplier<float[]> weights, INDArray bias) {
            this.name = name;
            this.op = op;
            this.weights = weights;
            this.bias = bias;
        }

        /** Name for reports: the vertex, and the parameter where a vertex has several operations. */
        public String name() {
            return name;
        }

        public LinearOp op() {
            return op;
        }

        /** A copy of the weights, {@code [rows, columns]} row by row. */
        public float[] weights() {
            return weights.get();
        }

        /** A copy of the bias, {@code [rows]}, zeros for none. */
        public float[] bias() {
            return bias == null ? new float[op.rows()] : Tensor.of(bias).data();
        }
    }

    private LinearVertex(String name, LayerKind kind, BaseLayer conf) {
        this.name = name;
        this.kind = kind;
        this.conf = conf;
    }

    /** Why a vertex with weights cannot be quantized; empty where it can, or has no weights. */
    static Optional<String> obstacle(ComputationGraph graph, String name) {
        GraphVertex vertex = graph.getVertex(name);
        if (vertex.paramTable(false) == null || vertex.paramTable(false).isEmpty()) {
            return Optional.empty();
        }
        if (!(vertex instanceof LayerVertex)) {
            return Optional.of("a vertex with parameters of its own: " + vertex.getClass().getSimpleName());
        }
        Layer conf = configuration(graph, name);
        Optional<LayerKind> linear = LayerKind.ofPlain(conf);
        Optional<WeightOnlyKind> weightOnly = WeightOnlyKind.of(conf);
        return linear.isPresent() ? linear.get().obstacle(conf) : weightOnly.isPresent() ? weightOnly.get().obstacle(conf)
                : Optional.of(conf.getClass().getSimpleName() + " is not supported");
    }

    /** Whether a vertex's layer is of a kind that can be quantized. */
    static boolean isLinear(ComputationGraph graph, String name) {
        return graph.getVertex(name) instanceof LayerVertex && LayerKind.ofPlain(configuration(graph, name)).isPresent();
    }

    /** The layer that a vertex is configured to have; a layer that wraps another one reports the inner one's configuration itself. */
    static Layer configuration(ComputationGraph graph, String name) {
        return ((org.deeplearning4j.nn.conf.graph.LayerVertex) graph.getConfiguration().getVertices().get(name)).getLayerConf().getLayer();
    }

    /**
     * The linear vertex of the given name.
     *
     * @throws IllegalArgumentException where a weight or bias is NaN or infinite; it names the layer and the parameter
     */
    static LinearVertex of(ComputationGraph graph, String name) {
        Map<String, INDArray> params = graph.getVertex(name).getLayer().paramTable();
        BaseLayer conf = (BaseLayer) configuration(graph, name);
        LayerKind kind = LayerKind.ofPlain(conf).orElseThrow();
        LinearVertex vertex = new LinearVertex(name, kind, conf);
        List<LinearOp> ops = kind.ops(conf);
        for (int i = 0; i < ops.size(); i++) {
            int index = i;
            String key = kind.weightKeys().get(i);
            Operation operation = new Operation(ops.size() == 1 ? name : operationName(graph, name + "/" + key), ops.get(i),
                    () -> kind.matrix(params.get(key), index), i == ops.size() - 1 ? params.get(LayerKind.BIAS) : null);
            requireFinite(operation.weights(), name, key);
            requireFinite(operation.bias(), name, LayerKind.BIAS);
            vertex.operations.add(operation);
        }
        return vertex;
    }

    /** A name that no vertex has. */
    static String operationName(ComputationGraph graph, String wanted) {
        return graph.getConfiguration().getVertices().containsKey(wanted) ? operationName(graph, wanted + "/") : wanted;
    }

    static void requireFinite(float[] values, String layer, String key) {
        int i = Tensor.firstNonFinite(values);
        if (i >= 0) {
            throw new IllegalArgumentException("Layer \"" + layer + "\": parameter " + key + " holds " + values[i]
                    + " at element " + i + " of " + values.length + ", expected finite weights");
        }
    }

    @Override
    public String name() {
        return name;
    }

    /** What kind of layer it has. */
    public LayerKind kind() {
        return kind;
    }

    /** Its operations, first to last. */
    @Override
    public List<Operation> operations() {
        return operations;
    }

    @Override
    public String kindName() {
        return kind.name();
    }

    @Override
    public Stored stored(Layer plain, Map<String, INDArray> params, MultipointWeights weights, List<float[]> biases) {
        float[] bias = biases.get(biases.size() - 1);
        return new Stored(kind.quantized(plain, weights), Map.of(LayerKind.BIAS, Nd4j.create(bias, new long[]{1, bias.length}, 'c')));
    }

    /** Whether what the last operation gives is the vertex's output. */
    public boolean hasIdentityActivation() {
        return conf.getActivationFn() instanceof ActivationIdentity;
    }

    /** The bounds that the layer's activation clips its output to, if that is all it does. */
    Optional<ScalarFunction> clip() {
        return ActivationFunctions.clip(conf.getActivationFn());
    }

    /** Applies the layer's activation to its output before it, in place. */
    void activate(INDArray z) {
        kind.activate(conf, z);
    }

    /** What to throw where the vertex fails. */
    RuntimeException failure(RuntimeException e) {
        return VertexFailure.of("Layer \"" + name + "\"", e);
    }

    @Override
    public String toString() {
        return name + " " + operations.stream().map(operation -> operation.op().rows() + "x" + operation.op().columns()).toList();
    }
}
