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

/** Quantizes each layer by itself, from its weights and what the survey of the reference network found: the paper's way. */
final class IndependentQuantization {

    private final Settings settings;
    private final CalibrationPass survey;

    IndependentQuantization(Settings settings, CalibrationPass survey) {
        this.settings = settings;
        this.survey = survey;
    }

    /**
     * @param found  what the survey found, by name of operation
     * @param points number of points of each row, by name of operation
     */
    List<QuantizedOperation> quantize(LinearVertex vertex, Map<String, CalibrationPass.Candidate> found, Map<String, int[]> points) {
        List<QuantizedOperation> operations = new ArrayList<>();
        for (LinearVertex.Operation operation : vertex.operations()) {
            int[] counts = points.get(operation.name());
            CalibrationPass.Candidate here = found.get(operation.name());
            WeightProblem problem = new WeightProblem(operation.name(), operation.op(), operation.weights(), null, false);
            MultipointMatrix matrix = here.finder().find(problem, counts);
            Optional<InputQuantization> input = settings.activationBits() == 0 ? Optional.empty()
                    : Optional.of(survey.range(operation.name()).quantization(settings.options().clipping(), settings.activationBits()));
            operations.add(new QuantizedOperation(operation.name(), matrix, here.finder().notionalBits(problem, matrix, counts),
                    operation.bias(), input, error(here.curves(), counts), QuantizedOperation.UNFITTED));
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
