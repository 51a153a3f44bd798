package org.multipoint.transform;

import org.multipoint.internal.graph.LinearVertex;
import org.multipoint.internal.ops.InputQuantization;
import org.multipoint.internal.quantizer.ErrorCurves;
import org.multipoint.internal.quantizer.WeightProblem;
import org.multipoint.points.MultipointMatrix;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Quantizes each layer independently, from its weights and the calibration pass through the reference network, as in the paper. */
final class IndependentQuantization {

    private final Settings settings;
    private final CalibrationPass calibration;

    IndependentQuantization(Settings settings, CalibrationPass calibration) {
        this.settings = settings;
        this.calibration = calibration;
    }

    /**
     * @param candidates candidates of the calibration pass, by name of operation
     * @param points     number of points of each row, by name of operation
     */
    List<QuantizedOperation> quantize(LinearVertex vertex, Map<String, CalibrationPass.Candidate> candidates,
                                      Map<String, int[]> points) {
        List<QuantizedOperation> operations = new ArrayList<>();
        for (LinearVertex.Operation operation : vertex.operations()) {
            int[] counts = points.get(operation.name());
            CalibrationPass.Candidate candidate = candidates.get(operation.name());
            WeightProblem problem = new WeightProblem(operation.name(), operation.op(), operation.weights(), null, false);
            MultipointMatrix matrix = candidate.finder().find(problem, counts);
            Optional<InputQuantization> input = settings.activationBits() == 0 ? Optional.empty() : Optional.of(calibration
                    .range(operation.name()).quantization(settings.options().clipping(), settings.activationBits()));
            operations.add(new QuantizedOperation(operation.name(), matrix, candidate.finder().notionalBits(problem, matrix, counts),
                    operation.bias(), input, error(candidate.curves(), counts), QuantizedOperation.UNFITTED));
        }
        return operations;
    }

    private static double error(ErrorCurves curves, int[] points) {
        double sum = 0;
        for (int r = 0; r < points.length; r++) {
            sum += curves.relative(r, points[r]);
        }
        return sum / points.length;
    }
}
