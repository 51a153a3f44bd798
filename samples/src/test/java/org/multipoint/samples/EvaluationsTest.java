package org.multipoint.samples;

import org.junit.jupiter.api.Test;
import org.nd4j.evaluation.classification.Evaluation;
import org.nd4j.linalg.factory.Nd4j;

import java.util.List;

import static org.junit.jupiter.api.Assertions.assertEquals;

class EvaluationsTest {

    @Test
    void rowsAgreeWhereTheirLargestValuesAreAtTheSamePlace() {
        float[] p = {0.2f, 0.3f, 0.5f, 0.6f, 0.4f, 0, 0.1f, 0.8f, 0.1f};
        float[] q = {0.1f, 0.1f, 0.8f, 0.4f, 0.6f, 0, 0.3f, 0.4f, 0.3f};
        assertEquals(2, Evaluations.agreeing(p, q, 3));
        assertEquals(3, Evaluations.agreeing(q, q, 3));
    }

    /** 95 of 100: 0.8882 to 0.9785 (E. B. Wilson, JASA 22, 1927). */
    @Test
    void theIntervalOfTop1IsWilsons() {
        Evaluation evaluation = new Evaluation(2);
        for (int i = 0; i < 100; i++) {
            evaluation.eval(Nd4j.create(new float[][]{{1, 0}}), Nd4j.create(new float[][]{i < 95 ? new float[]{1, 0} : new float[]{0, 1}}));
        }
        Evaluations.Result result = new Evaluations.Result(evaluation, List.of(), Double.NaN, Double.NaN, 0);
        assertEquals(0.8882, result.low(), 5e-5);
        assertEquals(0.9785, result.high(), 5e-5);
    }
}
