package org.multipoint.transform;

import org.multipoint.internal.calibration.Moments;
import org.multipoint.internal.graph.BatchShape;
import org.multipoint.internal.graph.LinearVertex;
import org.multipoint.internal.graph.ReferenceNetwork;
import org.multipoint.internal.graph.WeightOnlyVertex;
import org.multipoint.internal.linalg.Products;
import org.multipoint.internal.ops.Tensor;
import org.multipoint.internal.quantizer.TargetMatching;
import org.multipoint.internal.quantizer.WeightProblem;
import org.multipoint.options.MultipointOptions;
import org.multipoint.points.MultipointMatrix;

import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.Optional;

/**
 * Quantizes the matrices of a vertex that Deeplearning4j computes, one after another. Those of a recurrent layer are fitted over the steps of
 * sequences: the input matrix to the inputs of both networks, then the recurrent matrix to the outputs that the layer had at the step before,
 * in the reference network and, with its quantized input matrix, in the network quantized so far. What is known of no inputs is fitted to the
 * weights themselves.
 */
final class WeightOnlyQuantization {

    private final Settings settings;
    private final MultipointOptions options;
    private final ReferenceNetwork network;
    private final OperationQuantizer quantizer;
    private final List<BatchShape> batches;
    private final BitSet heldOut;

    /**
     * @param batches of the activations
     * @param heldOut those to which nothing is fitted
     */
    WeightOnlyQuantization(Settings settings, ReferenceNetwork network, OperationQuantizer quantizer, List<BatchShape> batches, BitSet heldOut) {
        this.settings = settings;
        this.options = settings.options();
        this.network = network;
        this.quantizer = quantizer;
        this.batches = batches;
        this.heldOut = heldOut;
    }

    /**
     * Quantizes a vertex.
     *
     * @param x          inputs of the vertex in the reference network
     * @param y          the same in the network quantized so far
     * @param changed    parameters of the vertex, in which its matrices and biases are replaced
     * @param operations its operations are added to it
     */
    void quantize(WeightOnlyVertex vertex, Activations x, Activations y, WeightOnlyVertex.Parameters changed,
                  List<QuantizedOperation> operations) {
        for (int i = 0; i < vertex.operations().size(); i++) {
            LinearVertex.Operation operation = vertex.operations().get(i);
            float[] bias = vertex.sharesBias(i) ? operations.get(i - 1).bias() : operation.bias();
            WeightProblem problem = vertex.hasInputs() ? fitted(vertex, i, x, y, changed)
                    : new WeightProblem(operation.name(), operation.op(), operation.weights(),
                            Moments.isotropic(operation.op(), settings.bound()), options.biasCorrection());
            boolean matches = vertex.hasInputs() && options.targetMatching() && options.quantizedInputs();
            OperationQuantizer.Weights weights = quantizer.quantize(operation.name(),
                    matches ? problem.withWeights(TargetMatching.match(problem, options.ridge())) : problem);
            MultipointMatrix matrix = weights.matrix();
            float[] values = matrix.toFloats();
            float[] corrected = vertex.hasInputs() && options.biasCorrection() ? TargetMatching.bias(problem, bias, values) : bias;
            double error = vertex.hasInputs() ? outputError(vertex, i, x, y, changed, bias, values, corrected)
                    : Arrays.stream(problem.outputErrors(values)).average().orElse(0) / Math.max(Double.MIN_NORMAL, problem.outputVariance());
            changed.replace(i, values, corrected);
            operations.add(new QuantizedOperation(operation.name(), matrix, weights.notionalBits(), corrected, Optional.empty(), null, error,
                    vertex.hasInputs() ? problem.moments().independent() : QuantizedOperation.UNFITTED));
        }
    }

    private WeightProblem fitted(WeightOnlyVertex vertex, int index, Activations x, Activations y, WeightOnlyVertex.Parameters changed) {
        LinearVertex.Operation operation = vertex.operations().get(index);
        Moments moments = new Moments(operation.op(), options.quantizedInputs(), options.positionsPerImage(), settings.bound());
        for (int b = heldOut.nextClearBit(0); b < batches.size(); b = heldOut.nextClearBit(b + 1)) {
            Tensor reference = network.inputs(vertex, index, x.get(b), batches.get(b), null);
            if (reference.examples() == 0) {
                continue;
            }
            if (options.quantizedInputs()) {
                moments.add(reference, network.inputs(vertex, index, y.get(b), batches.get(b), changed));
            } else {
                moments.add(reference);
            }
        }
        return new WeightProblem(operation.name(), operation.op(), operation.weights(), moments, options.biasCorrection());
    }

    /** The error of what the matrix adds to the sum before the activation, on examples that it was not fitted to where there are such. */
    private double outputError(WeightOnlyVertex vertex, int index, Activations x, Activations y, WeightOnlyVertex.Parameters changed,
                               float[] bias, float[] values, float[] corrected) {
        LinearVertex.Operation operation = vertex.operations().get(index);
        OutputError error = new OutputError();
        for (int b = 0; b < batches.size(); b++) {
            if (heldOut.isEmpty() || heldOut.get(b)) {
                Tensor reference = network.inputs(vertex, index, x.get(b), batches.get(b), null);
                Tensor now = network.inputs(vertex, index, y.get(b), batches.get(b), changed);
                error.add(sums(reference, operation.weights(), bias), sums(now, values, corrected), null);
            }
        }
        return error.relative();
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
}
