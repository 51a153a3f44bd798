package org.multipoint.transform;

import org.multipoint.internal.calibration.CalibrationData;
import org.multipoint.internal.calibration.Divergence;
import org.multipoint.internal.graph.BatchShape;
import org.multipoint.internal.graph.LinearForward;
import org.multipoint.internal.graph.LinearVertex;
import org.multipoint.internal.graph.OperationKernel;
import org.multipoint.internal.graph.ReferenceNetwork;
import org.multipoint.internal.graph.Topology;
import org.multipoint.internal.graph.WeightOnlyVertex;
import org.multipoint.internal.graph.WeightVertex;
import org.multipoint.internal.ops.Tensor;

import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * How much the outputs of a network suffer from errors of one operation: each operation in turn has quantized weights while the others keep
 * their own, and some examples pass.
 */
final class Sensitivity implements AutoCloseable {

    /** Examples that pass for each operation. */
    private static final int EXAMPLES = 32;
    /** Examples of which all activations are held at once. */
    private static final int AT_ONCE = 4;

    /** Quantized weights of an operation. */
    static final class Trial {
        private final Supplier<float[]> weights;
        private final float[] shift;
        private final double error;

        /**
         * @param weights {@code [rows, columns]}, made when they are needed
         * @param shift   {@code [rows]}, added to the bias
         * @param error   output error, relative to the variance of the outputs
         */
        Trial(Supplier<float[]> weights, float[] shift, double error) {
            this.weights = weights;
            this.shift = shift;
            this.error = error;
        }

        double error() {
            return error;
        }

        private float[] bias(LinearVertex.Operation own) {
            float[] bias = own.bias();
            for (int r = 0; r < bias.length; r++) {
                bias[r] += shift[r];
            }
            return bias;
        }
    }

    private final ReferenceNetwork network;
    private final Topology topology;
    private final Map<String, LinearForward> forwards = new HashMap<>();

    Sensitivity(ReferenceNetwork network) {
        this.network = network;
        this.topology = network.topology();
        try {
            network.linear().forEach((name, vertex) -> forwards.put(name, network.forward(vertex)));
        } catch (RuntimeException | Error e) {
            close();
            throw e;
        }
    }

    /**
     * The divergence of the network's outputs for each trial: the mean Kullback-Leibler divergence where outputs are probabilities,
     * otherwise the squared error relative to the variance of the outputs; summed where there are several outputs.
     *
     * @param trials by name of operation
     */
    Map<String, Double> divergences(CalibrationData data, Map<String, Trial> trials, TransformListener listener) {
        Map<String, Double> sums = new LinkedHashMap<>();
        trials.keySet().forEach(operation -> sums.put(operation, 0.0));
        data.reset();
        for (int seen = 0; data.hasNext() && seen < EXAMPLES; ) {
            Tensor[] batch = data.next();
            if (!data.heldOut()) {
                int[] first = IntStream.range(0, Math.min(Math.min(AT_ONCE, EXAMPLES - seen), batch[0].examples())).toArray();
                Tensor[] some = examples(batch, first);
                add(some, BatchShape.of(some, examples(data.masks(), first)), trials, sums);
                for (int i = 0; i < first.length; i++) {
                    listener.onProgress(TransformListener.Phase.SENSITIVITY, ++seen, EXAMPLES, "example " + seen);
                }
            }
        }
        return sums;
    }

    private static Tensor[] examples(Tensor[] of, int[] which) {
        return Stream.of(of).map(t -> t == null ? null : t.examples(which)).toArray(Tensor[]::new);
    }

    private void add(Tensor[] batch, BatchShape shape, Map<String, Trial> trials, Map<String, Double> sums) {
        Map<String, Tensor> reference = new HashMap<>();
        for (int i = 0; i < batch.length; i++) {
            reference.put(topology.networkInputs().get(i), batch[i]);
        }
        topology.order().forEach(name -> reference.put(name, forward(name, reference, Map.of(), shape)));
        for (WeightVertex vertex : network.withWeights().values()) {
            for (int i = 0; i < vertex.operations().size(); i++) {
                String operation = vertex.operations().get(i).name();
                if (trials.containsKey(operation)) {
                    Tensor changed = vertex instanceof LinearVertex linear ? forward(linear, i, trials.get(operation), reference, shape)
                            : forward((WeightOnlyVertex) vertex, i, trials.get(operation), reference, shape);
                    sums.merge(operation, divergence(vertex.name(), changed, reference, shape), Double::sum);
                }
            }
        }
    }

    /** The output of a vertex one of whose operations has other weights. */
    private Tensor forward(LinearVertex vertex, int operation, Trial trial, Map<String, Tensor> reference, BatchShape shape) {
        Tensor x = network.operand(vertex, reference.get(topology.inputsOf(vertex.name()).get(0)), shape);
        for (int i = 0; i < vertex.operations().size(); i++) {
            LinearVertex.Operation own = vertex.operations().get(i);
            float[] bias = i == operation ? trial.bias(own) : own.bias();
            try (OperationKernel kernel = network.kernel(vertex, i, i == operation ? trial.weights.get() : own.weights(), bias)) {
                x = kernel.apply(x);
            }
        }
        return x;
    }

    private Tensor forward(WeightOnlyVertex vertex, int operation, Trial trial, Map<String, Tensor> reference, BatchShape shape) {
        try (WeightOnlyVertex.Parameters changed = vertex.copyOfParameters()) {
            changed.replace(operation, trial.weights.get(), trial.bias(vertex.operations().get(operation)));
            try (WeightOnlyVertex.Exchange exchange = changed.exchange()) {
                return network.forward(vertex.name(), List.of(reference.get(topology.inputsOf(vertex.name()).get(0))), shape);
            }
        }
    }

    /** The divergence of all outputs where a vertex has another value. */
    private double divergence(String vertex, Tensor value, Map<String, Tensor> reference, BatchShape shape) {
        Map<String, Tensor> changed = new HashMap<>(Map.of(vertex, value));
        double sum = 0;
        for (String name : topology.order()) {
            if (!changed.containsKey(name) && topology.inputsOf(name).stream().anyMatch(changed::containsKey)) {
                changed.put(name, forward(name, reference, changed, shape));
            }
            if (changed.containsKey(name) && topology.isNetworkOutput(name)) {
                sum += divergence(reference.get(name), changed.get(name));
            }
        }
        return sum;
    }

    private Tensor forward(String name, Map<String, Tensor> reference, Map<String, Tensor> changed, BatchShape shape) {
        List<Tensor> inputs = topology.inputsOf(name).stream().map(i -> changed.getOrDefault(i, reference.get(i))).toList();
        LinearVertex vertex = network.linear().get(name);
        return vertex == null ? network.forward(name, inputs, shape)
                : forwards.get(name).apply(network.operand(vertex, inputs.get(0), shape));
    }

    /** How far outputs are from those of the reference, as a sum over the examples. */
    static double divergence(Tensor reference, Tensor changed) {
        int width = reference.data().length / reference.examples();
        double divergence = Divergence.kullbackLeibler(reference.data(), changed.data(), width);
        return Double.isNaN(divergence) ? Divergence.relativeError(reference.data(), changed.data(), reference.examples()) : divergence;
    }

    @Override
    public void close() {
        forwards.values().forEach(LinearForward::close);
    }
}
