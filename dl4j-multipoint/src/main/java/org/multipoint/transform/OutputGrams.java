package org.multipoint.transform;

import org.multipoint.internal.calibration.CalibrationData;
import org.multipoint.internal.examples.Activations;
import org.multipoint.internal.graph.BatchShape;
import org.multipoint.internal.graph.LinearVertex;
import org.multipoint.internal.graph.OperationKernel;
import org.multipoint.internal.graph.ReferenceNetwork;
import org.multipoint.internal.graph.Topology;
import org.multipoint.internal.graph.WeightOnlyVertex;
import org.multipoint.internal.ompq.GramMatrix;
import org.multipoint.internal.ops.Tensor;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BiFunction;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/** The Gram matrices of the outputs of all operations of the reference network, from one pass of some examples, layer by layer. */
final class OutputGrams {

    /** Examples that pass. */
    static final int EXAMPLES = 64;
    /** Examples that pass through a layer together. */
    private static final int AT_ONCE = 16;

    private final ReferenceNetwork network;
    private final Topology topology;
    private final Activations.Budget budget;
    private final TransformListener listener;
    private final List<BatchShape> batches = new ArrayList<>();
    private final Map<String, GramMatrix> grams = new LinkedHashMap<>();
    private int examples;

    /**
     * @param budget for the activations of the layers that later ones still need
     */
    OutputGrams(ReferenceNetwork network, Activations.Budget budget, TransformListener listener) {
        this.network = network;
        this.topology = network.topology();
        this.budget = budget;
        this.listener = listener;
    }

    /**
     * Passes the first examples that are not held out.
     *
     * @return by name of operation; of a layer that Deeplearning4j computes, the matrix of its outputs for each of its operations
     */
    Map<String, GramMatrix> of(CalibrationData data) {
        topology.traverse(read(data), (name, live) -> visit(name, topology.inputsOf(name).stream().map(live::get).toList()),
                Activations::close);
        return grams;
    }

    private Map<String, Activations> read(CalibrationData data) {
        Map<String, Activations> inputs = new LinkedHashMap<>();
        topology.networkInputs().forEach(name -> inputs.put(name, new Activations(budget)));
        data.reset();
        while (data.hasNext() && examples < EXAMPLES) {
            Tensor[] batch = data.next();
            for (int from = 0; !data.heldOut() && from < batch[0].examples() && examples < EXAMPLES; from += AT_ONCE) {
                int[] some = IntStream.range(from, Math.min(batch[0].examples(), from + Math.min(AT_ONCE, EXAMPLES - examples))).toArray();
                Tensor[] part = Stream.of(batch).map(t -> t.examples(some)).toArray(Tensor[]::new);
                Tensor[] masks = Stream.of(data.masks()).map(t -> t == null ? null : t.examples(some)).toArray(Tensor[]::new);
                batches.add(BatchShape.of(part, masks));
                for (int i = 0; i < part.length; i++) {
                    inputs.get(topology.networkInputs().get(i)).add(part[i]);
                }
                examples += some.length;
            }
        }
        return inputs;
    }

    /** The outputs of a vertex for all batches, or null where nothing reads them. */
    private Activations visit(String name, List<Activations> inputs) {
        boolean read = topology.usesOf(name) > 0;
        LinearVertex linear = network.linear().get(name);
        if (linear != null) {
            return visit(linear, inputs.get(0), read);
        }
        WeightOnlyVertex weightOnly = network.weightOnly().get(name);
        if (weightOnly == null && !read) {
            return null;
        }
        Activations out = map(inputs, (x, batch) -> network.forward(name, x, batch));
        if (weightOnly != null) {
            GramMatrix gram = gram(name, out);
            weightOnly.operations().forEach(operation -> put(operation.name(), gram));
        }
        return kept(out, read);
    }

    private Activations visit(LinearVertex vertex, Activations input, boolean read) {
        Activations x = map(List.of(input), (in, batch) -> network.operand(vertex, in.get(0), batch));
        for (int i = 0; i < vertex.operations().size(); i++) {
            LinearVertex.Operation own = vertex.operations().get(i);
            Activations before = x;
            try (OperationKernel kernel = network.kernel(vertex, i, own.weights(), own.bias())) {
                x = map(List.of(before), (in, batch) -> kernel.apply(in.get(0)));
            } finally {
                before.close();
            }
            put(own.name(), gram(vertex.name(), x));
        }
        return kept(x, read);
    }

    private void put(String operation, GramMatrix gram) {
        grams.put(operation, gram);
        listener.onProgress(TransformListener.Phase.SENSITIVITY, grams.size(),
                network.withWeights().values().stream().mapToInt(vertex -> vertex.operations().size()).sum(), operation);
    }

    private static Activations kept(Activations out, boolean read) {
        if (!read) {
            out.close();
        }
        return read ? out : null;
    }

    private Activations map(List<Activations> inputs, BiFunction<List<Tensor>, BatchShape, Tensor> function) {
        Activations out = new Activations(budget);
        try {
            for (int b = 0; b < batches.size(); b++) {
                int batch = b;
                out.add(function.apply(inputs.stream().map(x -> x.get(batch)).toList(), batches.get(b)));
            }
            return out;
        } catch (RuntimeException | Error e) {
            out.close();
            throw e;
        }
    }

    /** The Gram matrix of a vertex's outputs, from all pairs of batches; the outputs are closed where it fails. */
    private GramMatrix gram(String vertex, Activations outputs) {
        GramMatrix gram = new GramMatrix(examples);
        try {
            for (int a = 0, first = 0; a < batches.size(); a++) {
                Tensor ofA = byExample(outputs.get(a), batches.get(a).examples());
                for (int b = 0, firstOfB = 0; b <= a; b++) {
                    gram.add(first, ofA, firstOfB, b == a ? ofA : byExample(outputs.get(b), batches.get(b).examples()));
                    firstOfB += batches.get(b).examples();
                }
                first += batches.get(a).examples();
            }
            return gram;
        } catch (IllegalArgumentException e) {
            outputs.close();
            throw new IllegalArgumentException("Layer \"" + vertex + "\": OMPQ compares its outputs for examples of one shape: "
                    + e.getMessage(), e);
        } catch (RuntimeException | Error e) {
            outputs.close();
            throw e;
        }
    }

    /** Outputs with a row for each example: where steps of sequences are rows, Deeplearning4j has the first steps of all examples first. */
    private static Tensor byExample(Tensor output, int examples) {
        int steps = output.examples() / examples;
        if (steps == 1) {
            return output;
        }
        int each = output.data().length / output.examples();
        float[] sorted = new float[output.data().length];
        for (int row = 0; row < output.examples(); row++) {
            System.arraycopy(output.data(), row * each, sorted, (row % examples * steps + row / examples) * each, each);
        }
        return new Tensor(sorted, examples, (long) steps * each);
    }
}
