package org.multipoint.internal.graph;

import org.deeplearning4j.nn.api.Layer;
import org.deeplearning4j.nn.conf.layers.BaseLayer;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.graph.vertex.GraphVertex;
import org.deeplearning4j.nn.graph.vertex.impl.LayerVertex;
import org.multipoint.internal.ops.LinearOp;
import org.multipoint.internal.ops.Tensor;
import org.multipoint.layers.LayerKind;
import org.nd4j.linalg.activations.IActivation;
import org.nd4j.linalg.api.ndarray.INDArray;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * A vertex of a graph whose layer can be quantized: its linear operations with their weights and biases.
 *
 * @param name       name of the vertex
 * @param kind       what kind of layer it is
 * @param operations     its operations, first to last
 * @param activation what is applied to the output of the last one
 */
public record LinearVertex(String name, LayerKind kind, List<Operation> operations, IActivation activation) {

    /**
     * One operation.
     *
     * @param name    name for reports: the vertex, and the parameter where a vertex has several operations
     * @param weights {@code [rows, columns]} row by row
     * @param bias    {@code [rows]}, zeros for none
     */
    public record Operation(String name, LinearOp op, float[] weights, float[] bias) {
    }

    /** Why a vertex with weights cannot be quantized; empty where it can, or has no weights. */
    public static Optional<String> obstacle(ComputationGraph graph, String name) {
        GraphVertex vertex = graph.getVertex(name);
        if (vertex.paramTable(false) == null || vertex.paramTable(false).isEmpty()) {
            return Optional.empty();
        }
        if (!(vertex instanceof LayerVertex)) {
            return Optional.of("a vertex with parameters of its own: " + vertex.getClass().getSimpleName());
        }
        org.deeplearning4j.nn.conf.layers.Layer conf = configuration(graph, name);
        Optional<LayerKind> kind = LayerKind.ofPlain(conf);
        return kind.isEmpty() ? Optional.of(conf.getClass().getSimpleName() + " is not supported") : kind.get().obstacle(conf);
    }

    /** Whether a vertex's layer is of a kind that can be quantized. */
    static boolean isLinear(ComputationGraph graph, String name) {
        return graph.getVertex(name) instanceof LayerVertex && LayerKind.ofPlain(configuration(graph, name)).isPresent();
    }

    /** The layer that a vertex is configured to have; a layer that wraps another one reports the inner one's configuration itself. */
    private static org.deeplearning4j.nn.conf.layers.Layer configuration(ComputationGraph graph, String name) {
        return ((org.deeplearning4j.nn.conf.graph.LayerVertex) graph.getConfiguration().getVertices().get(name)).getLayerConf().getLayer();
    }

    /**
     * The linear vertex of the given name.
     *
     * @throws IllegalArgumentException where a weight or bias is NaN or infinite; it names the layer and the parameter
     */
    public static LinearVertex of(ComputationGraph graph, String name) {
        Layer layer = graph.getVertex(name).getLayer();
        BaseLayer conf = (BaseLayer) configuration(graph, name);
        LayerKind kind = LayerKind.ofPlain(conf).orElseThrow();
        List<LinearOp> ops = kind.ops(conf);
        List<Operation> operations = new ArrayList<>();
        for (int i = 0; i < ops.size(); i++) {
            String key = kind.weightKeys().get(i);
            float[] weights = finite(kind.matrix(layer.getParam(key), i), name, key);
            INDArray b = i == ops.size() - 1 ? layer.paramTable().get("b") : null;
            float[] bias = b == null ? new float[ops.get(i).rows()] : finite(Tensor.of(b).data(), name, "b");
            operations.add(new Operation(ops.size() == 1 ? name : operationName(graph, name + "/" + key), ops.get(i), weights, bias));
        }
        return new LinearVertex(name, kind, operations, conf.getActivationFn());
    }

    /** A name that no vertex has. */
    private static String operationName(ComputationGraph graph, String wanted) {
        return graph.getConfiguration().getVertices().containsKey(wanted) ? operationName(graph, wanted + "/") : wanted;
    }

    private static float[] finite(float[] values, String layer, String key) {
        for (int i = 0; i < values.length; i++) {
            if (!Float.isFinite(values[i])) {
                throw new IllegalArgumentException("Layer \"" + layer + "\": parameter " + key + " holds " + values[i]
                        + " at element " + i + " of " + values.length + ", expected finite weights");
            }
        }
        return values;
    }

    /** The layer's output after its activation, from its output before it; the argument may be changed. */
    Tensor activate(Tensor z) {
        if (z.shape().length == 3 && kind == LayerKind.RNN_OUTPUT) {
            // Steps are examples to the activation: a softmax goes over the channels of each.
            boolean last = operations.get(0).op().channelsLast();
            try (INDArray array = z.toArray()) {
                INDArray steps = last ? array : array.permute(0, 2, 1).dup('c');
                long[] s = steps.shape();
                INDArray a = activation.getActivation(steps.reshape(s[0] * s[1], s[2]), false).reshape(s);
                return Tensor.of(last ? a : a.permute(0, 2, 1));
            }
        }
        try (INDArray array = z.toArray()) {
            return new Tensor(Tensor.of(activation.getActivation(array, false)).data(), z.shape());
        }
    }

    @Override
    public String toString() {
        return name + " " + Arrays.toString(operations.stream().map(s -> s.op().rows() + "x" + s.op().columns()).toArray());
    }
}
