package org.multipoint.transform;

import org.multipoint.linear.InputQuantization;
import org.multipoint.points.MultipointMatrix;
import org.multipoint.quantizer.ErrorCurves;
import org.multipoint.quantizer.WeightProblem;
import org.multipoint.walk.LinearVertex;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Quantizes each layer by itself, from its weights and what the survey of the reference network found: the paper's way. */
final class IndependentQuantization {

    private final Settings settings;
    private final Survey survey;

    IndependentQuantization(Settings settings, Survey survey) {
        this.settings = settings;
        this.survey = survey;
    }

    /**
     * @param found  what the survey found, by name of operation
     * @param points number of points of each row, by name of operation
     */
    List<QuantizedStage> quantize(LinearVertex vertex, Map<String, Survey.Found> found, Map<String, int[]> points) {
        List<QuantizedStage> stages = new ArrayList<>();
        for (LinearVertex.Stage stage : vertex.stages()) {
            int[] counts = points.get(stage.name());
            Survey.Found here = found.get(stage.name());
            WeightProblem problem = new WeightProblem(stage.name(), stage.op(), stage.weights(), null, false);
            MultipointMatrix matrix = here.finder().find(problem, counts);
            Optional<InputQuantization> input = settings.activationBits == 0 ? Optional.empty()
                    : Optional.of(survey.range(stage.name()).quantization(settings.clipping, settings.activationBits));
            stages.add(new QuantizedStage(stage.name(), matrix, here.finder().storedBits(problem, matrix, counts), stage.bias(), input,
                    error(here.curves(), counts), QuantizedStage.UNFITTED));
        }
        return stages;
    }

    private static double error(ErrorCurves curves, int[] points) {
        double sum = 0;
        for (int r = 0; r < points.length; r++) {
            sum += curves.relative(r, points[r]);
        }
        return sum / points.length;
    }
}
