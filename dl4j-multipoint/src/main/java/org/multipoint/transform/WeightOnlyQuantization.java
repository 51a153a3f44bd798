package org.multipoint.transform;

import org.multipoint.internal.calibration.Moments;
import org.multipoint.internal.examples.Examples;
import org.multipoint.internal.graph.LinearVertex;
import org.multipoint.internal.graph.WeightOnlyVertex;
import org.multipoint.internal.quantizer.TargetMatching;
import org.multipoint.internal.quantizer.WeightProblem;
import org.multipoint.options.MultipointOptions;
import org.multipoint.points.MultipointMatrix;

import java.util.Arrays;
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
    private final Examples examples;
    private final OperationQuantizer quantizer;

    WeightOnlyQuantization(Settings settings, Examples examples, OperationQuantizer quantizer) {
        this.settings = settings;
        this.options = settings.options();
        this.examples = examples;
        this.quantizer = quantizer;
    }

    /**
     * Quantizes a vertex.
     *
     * @param input      name of the activations that it reads
     * @param operations its operations are added to it
     * @return the vertex with its quantized matrices
     */
    WeightOnlyTask quantize(WeightOnlyVertex vertex, String input, List<QuantizedOperation> operations) {
        WeightOnlyTask task = new WeightOnlyTask(vertex.name(), input);
        for (int i = 0; i < vertex.operations().size(); i++) {
            LinearVertex.Operation operation = vertex.operations().get(i);
            float[] bias = vertex.sharesBias(i) ? operations.get(i - 1).bias() : operation.bias();
            WeightProblem problem = new WeightProblem(operation.name(), operation.op(), operation.weights(),
                    vertex.hasInputs() ? moments(task, i) : Moments.isotropic(operation.op(), settings.bound()), options.biasCorrection());
            boolean matches = vertex.hasInputs() && options.targetMatching() && options.quantizedInputs();
            OperationQuantizer.Weights weights = quantizer.quantize(operation.name(),
                    matches ? problem.withWeights(TargetMatching.match(problem, options.ridge())) : problem);
            MultipointMatrix matrix = weights.matrix();
            float[] values = matrix.toFloats();
            float[] corrected = vertex.hasInputs() && options.biasCorrection() ? TargetMatching.bias(problem, bias, values) : bias;
            double error = vertex.hasInputs() ? outputError(task, i, bias, values, corrected)
                    : Arrays.stream(problem.outputErrors(values)).average().orElse(0) / Math.max(Double.MIN_NORMAL, problem.outputVariance());
            task = task.with(i, values, corrected);
            operations.add(new QuantizedOperation(operation.name(), matrix, weights.notionalBits(), corrected, Optional.empty(), null, error,
                    vertex.hasInputs() ? problem.moments().independent() : QuantizedOperation.UNFITTED));
        }
        return task;
    }

    private Moments moments(WeightOnlyTask task, int index) {
        boolean paired = options.quantizedInputs();
        int positions = options.positionsPerImage();
        long memory = settings.memory();
        return examples.sum(place -> task.moments(place, index, paired, positions, memory));
    }

    private double outputError(WeightOnlyTask task, int index, float[] own, float[] values, float[] bias) {
        return examples.sum(place -> task.error(place, index, own, values, bias)).relative();
    }
}
