package org.multipoint.transform;

import org.multipoint.internal.calibration.MemoryBound;
import org.multipoint.internal.calibration.Moments;
import org.multipoint.internal.examples.Activations;
import org.multipoint.internal.examples.Place;
import org.multipoint.internal.examples.Streams;
import org.multipoint.internal.graph.LinearVertex;
import org.multipoint.internal.graph.ReferenceNetwork;
import org.multipoint.internal.graph.WeightOnlyVertex;
import org.multipoint.internal.linalg.Products;
import org.multipoint.internal.ops.Tensor;

import java.io.Serializable;
import java.util.ArrayList;
import java.util.List;

/**
 * A layer that Deeplearning4j computes, and those of its matrices that are quantized: what is computed of its inputs wherever the examples are.
 */
final class WeightOnlyTask implements Serializable {

    private static final long serialVersionUID = 1;

    /** A matrix of the layer with the bias that it adds to. */
    private static final class Replacement implements Serializable {

        private static final long serialVersionUID = 1;

        private final int operation;
        private final float[] matrix;
        private final float[] bias;

        Replacement(int operation, float[] matrix, float[] bias) {
            this.operation = operation;
            this.matrix = matrix;
            this.bias = bias;
        }
    }

    private final String name;
    private final String input;
    private final ArrayList<Replacement> replaced;

    /**
     * @param name  of the vertex
     * @param input name of the activations that it reads
     */
    WeightOnlyTask(String name, String input) {
        this(name, input, List.of());
    }

    private WeightOnlyTask(String name, String input, List<Replacement> replaced) {
        this.name = name;
        this.input = input;
        this.replaced = new ArrayList<>(replaced);
    }

    /** The same with another matrix. */
    WeightOnlyTask with(int operation, float[] matrix, float[] bias) {
        WeightOnlyTask more = new WeightOnlyTask(name, input, replaced);
        more.replaced.add(new Replacement(operation, matrix, bias));
        return more;
    }

    private WeightOnlyVertex vertex(Place place) {
        return place.network().weightOnly().get(name);
    }

    private WeightOnlyVertex.Parameters parameters(Place place) {
        WeightOnlyVertex.Parameters parameters = vertex(place).copyOfParameters();
        replaced.forEach(r -> parameters.replace(r.operation, r.matrix, r.bias));
        return parameters;
    }

    /**
     * The moments of what a matrix is multiplied with.
     *
     * @param paired    whether those of both networks are looked at
     * @param positions largest number of positions of an example that are used
     * @param memory    bound on the moments, in bytes
     */
    Moments moments(Place place, int index, boolean paired, int positions, long memory) {
        WeightOnlyVertex vertex = vertex(place);
        ReferenceNetwork network = place.network();
        Streams x = place.get(input);
        LinearVertex.Operation operation = vertex.operations().get(index);
        MemoryBound bound = new MemoryBound(memory);
        Moments moments = paired ? new Moments(operation.op(), operation.weights(), positions, bound)
                : new Moments(operation.op(), positions, bound);
        try (WeightOnlyVertex.Parameters changed = parameters(place)) {
            for (int b = 0; b < place.batches(); b++) {
                if (!place.isFitted(b)) {
                    continue;
                }
                Tensor reference = network.inputs(vertex, index, x.reference().get(b), place.shape(b), null);
                if (reference.examples() == 0) {
                    continue;
                }
                if (paired) {
                    moments.addPair(reference, network.inputs(vertex, index, x.quantized().get(b), place.shape(b), changed));
                } else {
                    moments.add(reference);
                }
            }
        }
        return moments;
    }

    /**
     * The error of what a matrix adds to the sum before the activation, on examples that it was not fitted to where there are such.
     *
     * @param values quantized matrix
     * @param bias   the bias that it adds to then
     */
    OutputError error(Place place, int index, float[] own, float[] values, float[] bias) {
        WeightOnlyVertex vertex = vertex(place);
        LinearVertex.Operation operation = vertex.operations().get(index);
        Streams x = place.get(input);
        OutputError error = new OutputError();
        try (WeightOnlyVertex.Parameters changed = parameters(place)) {
            for (int b = 0; b < place.batches(); b++) {
                if (place.isMeasured(b)) {
                    Tensor reference = place.network().inputs(vertex, index, x.reference().get(b), place.shape(b), null);
                    Tensor now = place.network().inputs(vertex, index, x.quantized().get(b), place.shape(b), changed);
                    error.add(sums(reference, operation.weights(), own), sums(now, values, bias), null);
                }
            }
        }
        return error;
    }

    /** {@code [vectors, rows]} */
    private static float[] sums(Tensor vectors, float[] weights, float[] bias) {
        int columns = weights.length / bias.length;
        float[] transposed = new float[weights.length];
        for (int i = 0; i < weights.length; i++) {
            transposed[i % columns * bias.length + i / columns] = weights[i];
        }
        float[] sums = vectors.examples() == 0 ? new float[0] : Products.multiply(vectors.data(), transposed, vectors.examples(), columns, bias.length);
        for (int i = 0; i < sums.length; i++) {
            sums[i] += bias[i % bias.length];
        }
        return sums;
    }

    /** Keeps the outputs of the layer, with its own matrices and with those that replace them, under its name. */
    void forward(Place place) {
        Streams x = place.get(input);
        Streams out = place.open(name, false);
        forward(place, x.reference(), out.reference());
        try (WeightOnlyVertex.Parameters changed = parameters(place); WeightOnlyVertex.Exchange exchange = changed.exchange()) {
            forward(place, x.quantized(), out.quantized());
        }
    }

    private void forward(Place place, Activations from, Activations to) {
        for (int b = 0; b < place.batches(); b++) {
            to.add(place.network().forward(name, List.of(from.get(b)), place.shape(b)));
        }
    }
}
