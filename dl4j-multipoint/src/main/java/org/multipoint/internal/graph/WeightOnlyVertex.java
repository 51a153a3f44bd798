package org.multipoint.internal.graph;

import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.graph.vertex.impl.LayerVertex;
import org.multipoint.internal.ops.Tensor;
import org.multipoint.layers.LayerKind;
import org.multipoint.layers.MultipointWeights;
import org.multipoint.layers.StoredMatrix;
import org.multipoint.layers.WeightOnlyKind;
import org.nd4j.linalg.api.ndarray.INDArray;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A vertex whose weights are stored as points and which Deeplearning4j computes. What the matrices of recurrent layers are multiplied with is
 * known; of all others nothing is known, and their weights are fitted to themselves.
 */
public final class WeightOnlyVertex implements WeightVertex {

    private final String name;
    private final WeightOnlyKind kind;
    private final List<StoredMatrix> matrices;
    private final List<RecurrentCell> cells;
    private final Map<String, INDArray> params;
    private final List<LinearVertex.Operation> operations = new ArrayList<>();

    private WeightOnlyVertex(String name, WeightOnlyKind kind, Layer conf, Map<String, INDArray> params) {
        this.name = name;
        this.kind = kind;
        this.matrices = kind.matrices(conf);
        this.cells = kind.recurrent() ? WeightOnlyKind.parts(conf).stream().map(RecurrentCell::new).toList() : List.of();
        this.params = params;
    }

    /** Whether a vertex's layer is of a kind whose weights can be stored. */
    static boolean isWeightOnly(ComputationGraph graph, String name) {
        return graph.getVertex(name) instanceof LayerVertex vertex && vertex.getLayer().numParams() > 0
                && WeightOnlyKind.of(LinearVertex.configuration(graph, name)).isPresent();
    }

    /**
     * The vertex of the given name.
     *
     * @throws IllegalArgumentException where a parameter is NaN or infinite; it names the layer and the parameter
     */
    static WeightOnlyVertex of(ComputationGraph graph, String name) {
        Layer conf = LinearVertex.configuration(graph, name);
        Map<String, INDArray> params = graph.getVertex(name).getLayer().paramTable();
        params.forEach((key, param) -> LinearVertex.requireFinite(Tensor.of(param).data(), name, key));
        WeightOnlyVertex vertex = new WeightOnlyVertex(name, WeightOnlyKind.of(conf).orElseThrow(), conf, params);
        for (int i = 0; i < vertex.matrices.size(); i++) {
            StoredMatrix matrix = vertex.matrices.get(i);
            vertex.operations.add(new LinearVertex.Operation(
                    vertex.matrices.size() == 1 ? name : LinearVertex.operationName(graph, name + "/" + matrix.key()), matrix.op(),
                    () -> matrix.of(params.get(matrix.key())), vertex.hasInputs() ? params.get(vertex.biasKey(i)) : null));
        }
        return vertex;
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public List<LinearVertex.Operation> operations() {
        return operations;
    }

    @Override
    public String kindName() {
        return kind.name();
    }

    /** Whether the vectors that its matrices are multiplied with are known. */
    public boolean hasInputs() {
        return kind.recurrent();
    }

    /**
     * The vectors that a matrix is multiplied with, {@code [vectors, columns]}: one for each step that no mask leaves out.
     *
     * @param x    input of the layer
     * @param mask {@code [examples, steps]}, or null
     * @param with the parameters that its own outputs are computed with
     */
    Tensor inputs(int operation, Tensor x, Tensor mask, Map<String, INDArray> with) {
        RecurrentCell cell = cells.get(operation / 2);
        return operation % 2 == 0 ? cell.inputs(x, mask) : cell.states(x, mask, with);
    }

    /** Both matrices of a cell add to one bias. */
    private String biasKey(int operation) {
        return cells.get(operation / 2).prefix() + LayerKind.BIAS;
    }

    /** Whether an operation is not the first that adds to its bias. */
    public boolean sharesBias(int operation) {
        return hasInputs() && operation % 2 == 1;
    }

    /** Its present parameters, not to be changed. */
    Map<String, INDArray> params() {
        return params;
    }

    /** A copy of its parameters, to be changed. */
    public Parameters copyOfParameters() {
        return new Parameters();
    }

    /** Ends when it is closed. */
    @FunctionalInterface
    public interface Exchange extends AutoCloseable {
        @Override
        void close();
    }

    /** Parameters of the vertex of which some have other values than its own. */
    public final class Parameters implements AutoCloseable {

        private final Map<String, INDArray> values = new LinkedHashMap<>();

        private Parameters() {
            params.forEach((key, param) -> values.put(key, param.dup()));
        }

        /**
         * Replaces the matrix of an operation, and the bias that it adds to.
         *
         * @param matrix {@code [rows, columns]} row by row
         * @param bias   {@code [rows]}; not looked at where the inputs are unknown
         */
        public void replace(int operation, float[] matrix, float[] bias) {
            StoredMatrix place = matrices.get(operation);
            place.assign(matrix, values.get(place.key()));
            if (hasInputs()) {
                INDArray param = values.get(biasKey(operation));
                try (INDArray array = Tensor.array(bias, 'c', param.shape())) {
                    param.assign(array);
                }
            }
        }

        Map<String, INDArray> values() {
            return values;
        }

        /** Exchanges these values and the vertex's own. */
        public Exchange exchange() {
            swap();
            return this::swap;
        }

        private void swap() {
            params.forEach((key, param) -> {
                try (INDArray own = param.dup()) {
                    param.assign(values.get(key));
                    values.get(key).assign(own);
                }
            });
        }

        @Override
        public void close() {
            values.values().forEach(INDArray::close);
        }
    }

    @Override
    public Stored stored(Layer plain, Map<String, INDArray> all, MultipointWeights weights, List<float[]> biases) {
        Map<String, INDArray> floating = new LinkedHashMap<>(kind.floating(plain, all));
        for (int i = 0; hasInputs() && i < biases.size(); i++) {
            // The last of the operations that add to a bias has all corrections.
            floating.put(biasKey(i), Tensor.array(biases.get(i), 'c', floating.get(biasKey(i)).shape()));
        }
        return new Stored(kind.quantized(plain, weights), floating);
    }

    @Override
    public String toString() {
        return name + " " + operations.stream().map(operation -> operation.op().rows() + "x" + operation.op().columns()).toList();
    }
}
