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
import org.nd4j.linalg.activations.impl.ActivationIdentity;
import org.nd4j.linalg.api.ndarray.INDArray;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** A vertex of a graph whose layer can be quantized: its linear operations with their weights and biases, and its activation. */
public final class LinearVertex {

    private final String name;
    private final LayerKind kind;
    private final BaseLayer conf;
    private final List<Operation> operations = new ArrayList<>();

    /** One operation. Weights and bias stay in the parameters of the graph; they are copied when they are asked for. */
    public static final class Operation {
        private final String name;
        private final LinearOp op;
        private final LayerKind kind;
        private final int index;
        private final INDArray weights;
        private final INDArray bias;

        private Operation(String name, LinearOp op, LayerKind kind, int index, INDArray weights, INDArray bias) {
            this.name = name;
            this.op = op;
            this.kind = kind;
            this.index = index;
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
            return kind.matrix(weights, index);
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
        Optional<LayerKind> kind = LayerKind.ofPlain(conf);
        return kind.isEmpty() ? Optional.of(conf.getClass().getSimpleName() + " is not supported") : kind.get().obstacle(conf);
    }

    /** Whether a vertex's layer is of a kind that can be quantized. */
    static boolean isLinear(ComputationGraph graph, String name) {
        return graph.getVertex(name) instanceof LayerVertex && LayerKind.ofPlain(configuration(graph, name)).isPresent();
    }

    /** The layer that a vertex is configured to have; a layer that wraps another one reports the inner one's configuration itself. */
    private static Layer configuration(ComputationGraph graph, String name) {
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
            String key = kind.weightKeys().get(i);
            Operation operation = new Operation(ops.size() == 1 ? name : operationName(graph, name + "/" + key), ops.get(i), kind, i,
                    params.get(key), i == ops.size() - 1 ? params.get(LayerKind.BIAS) : null);
            requireFinite(operation.weights(), name, key);
            requireFinite(operation.bias(), name, LayerKind.BIAS);
            vertex.operations.add(operation);
        }
        return vertex;
    }

    /** A name that no vertex has. */
    private static String operationName(ComputationGraph graph, String wanted) {
        return graph.getConfiguration().getVertices().containsKey(wanted) ? operationName(graph, wanted + "/") : wanted;
    }

    private static void requireFinite(float[] values, String layer, String key) {
        int i = Tensor.firstNonFinite(values);
        if (i >= 0) {
            throw new IllegalArgumentException("Layer \"" + layer + "\": parameter " + key + " holds " + values[i]
                    + " at element " + i + " of " + values.length + ", expected finite weights");
        }
    }

    /** Name of the vertex. */
    public String name() {
        return name;
    }

    /** What kind of layer it has. */
    public LayerKind kind() {
        return kind;
    }

    /** Its operations, first to last. */
    public List<Operation> operations() {
        return operations;
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
