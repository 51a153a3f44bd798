package org.multipoint.transform;

import org.multipoint.internal.calibration.MemoryBound;
import org.multipoint.internal.calibration.Moments;
import org.multipoint.internal.calibration.RangeStatistics;
import org.multipoint.internal.examples.Place;
import org.multipoint.internal.examples.Streams;
import org.multipoint.internal.graph.LinearVertex;
import org.multipoint.internal.graph.OperationKernel;
import org.multipoint.internal.ops.InputQuantization;
import org.multipoint.internal.ops.LinearOp;
import org.multipoint.internal.ops.Scratch;
import org.multipoint.internal.ops.Tensor;

import java.io.Serializable;
import java.util.Arrays;
import java.util.List;

/**
 * An operation of a layer and the activations that it reads: what is computed of them wherever the examples are.
 *
 * @param vertex       name of the vertex
 * @param index        of the operation in the vertex
 * @param input        name of the activations that it reads
 * @param addends      names of the activations that are added to its output and differ between the networks
 * @param quantization of its inputs; null where they stay floating
 */
record OperationTask(String vertex, int index, String input, List<String> addends, InputQuantization quantization) implements Serializable {

    /** The same with quantized inputs. */
    OperationTask with(InputQuantization other) {
        return new OperationTask(vertex, index, input, addends, other);
    }

    private LinearVertex.Operation operation(Place place) {
        return place.network().linear().get(vertex).operations().get(index);
    }

    /** The range of its inputs in the network quantized so far. */
    RangeStatistics range(Place place) {
        RangeStatistics range = new RangeStatistics();
        Streams x = place.get(input);
        try {
            for (int b = 0; b < place.batches(); b++) {
                if (place.isFitted(b)) {
                    range.add(x.quantized().get(b).data());
                }
            }
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException("Layer \"" + operation(place).name() + "\": " + e.getMessage(), e);
        }
        return range;
    }

    /**
     * The moments of its inputs.
     *
     * @param paired    whether those of both networks are looked at
     * @param positions largest number of positions of an image that are used
     * @param memory    bound on the moments, in bytes
     * @param images    number of images that are enough, counted from the first of all
     */
    Moments moments(Place place, boolean paired, int positions, long memory, long images) {
        LinearVertex.Operation operation = operation(place);
        LinearOp op = operation.op();
        int perImage = Moments.positionsPerImage(op, positions);
        MemoryBound bound = new MemoryBound(memory);
        Moments moments = paired ? new Moments(op, operation.weights(), perImage, bound) : new Moments(op, perImage, bound);
        Streams x = place.get(input);
        Scratch scratch = new Scratch();
        long seen = place.fittedBefore();
        for (int b = 0; b < place.batches() && seen < images; b++) {
            if (!place.isFitted(b)) {
                continue;
            }
            seen += place.shape(b).examples();
            if (paired) {
                moments.addPair(x.reference().get(b), rounded(x.quantized().get(b), scratch), shortfall(place, b));
            } else {
                moments.add(x.reference().get(b));
            }
        }
        return moments;
    }

    /** @param scratch holds the result */
    private Tensor rounded(Tensor x, Scratch scratch) {
        return quantization == null ? x : quantization.round(x, scratch.array(x.data().length));
    }

    /**
     * The difference of the values that the reference network and the quantized one add to an output, or null where nothing is added.
     * Differences and rounded inputs are computed anew for each pass over the batches: keeping them would take as much memory as
     * activations do.
     */
    private Tensor shortfall(Place place, int batch) {
        if (addends.isEmpty()) {
            return null;
        }
        Streams first = place.get(addends.get(0));
        float[] sum = new float[first.reference().get(batch).data().length];
        for (String addend : addends) {
            float[] reference = place.get(addend).reference().get(batch).data();
            float[] quantized = place.get(addend).quantized().get(batch).data();
            for (int i = 0; i < sum.length; i++) {
                sum[i] += reference[i] - quantized[i];
            }
        }
        return new Tensor(sum, first.reference().shape(batch));
    }

    /**
     * The error of the outputs in the network quantized so far. The outputs of both networks are kept where somebody reads them.
     *
     * @param weights quantized weights, {@code [rows, columns]} row by row
     * @param bias    {@code [rows]}
     * @param to      name under which the outputs are kept, or null
     * @param through names of vertices that the outputs pass before they are kept
     */
    OutputError outputs(Place place, float[] weights, float[] bias, String to, List<String> through) {
        LinearVertex linear = place.network().linear().get(vertex);
        LinearVertex.Operation operation = operation(place);
        OutputError error = new OutputError();
        Streams x = place.get(input);
        Streams out = to == null ? null : place.open(to, false);
        Scratch scratch = new Scratch();
        try (OperationKernel own = place.network().kernel(linear, index, operation.weights(), operation.bias());
             OperationKernel now = place.network().kernel(linear, index, weights, bias)) {
            for (int b = 0; b < place.batches(); b++) {
                boolean measured = place.isMeasured(b);
                if (!measured && out == null) {
                    continue;
                }
                OperationKernel.Outputs r = own.outputs(x.reference().get(b), measured);
                OperationKernel.Outputs q = now.outputs(rounded(x.quantized().get(b), scratch), measured);
                if (measured) {
                    error.add(r.linear().data(), q.linear().data(), shortfall(place, b));
                }
                if (out != null) {
                    out.reference().add(behind(place, b, r.activated(), through));
                    out.quantized().add(behind(place, b, q.activated(), through));
                }
            }
        }
        return error;
    }

    private static Tensor behind(Place place, int batch, Tensor output, List<String> through) {
        Tensor x = output;
        for (String vertex : through) {
            x = place.network().follow(vertex, x, place.shape(batch));
        }
        return x;
    }

    /** Whether activations have the shape of its output, as far as there are any. */
    boolean fit(Place place, List<String> others) {
        return place.batches() == 0 || others.stream().allMatch(name -> Arrays.equals(place.get(name).reference().shape(0),
                operation(place).op().outputShape(place.get(input).reference().shape(0))));
    }
}
