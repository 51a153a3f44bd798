package org.multipoint.samples;

import org.junit.jupiter.api.Test;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

class EvaluationsTest {

    @Test
    void divergenceIsSummedOverRows() {
        float[] p = {0.5f, 0.5f, 1, 0};
        float[] q = {0.25f, 0.75f, 0.5f, 0.5f};
        assertEquals(0.5 * Math.log(2) + 0.5 * Math.log(0.5 / 0.75) + Math.log(2), Evaluations.divergence(p, q, 2), 1e-7);
        assertEquals(0, Evaluations.divergence(p, p, 2));
    }

    @Test
    void whatIsSaidToBeImpossibleCostsMuchAndNotInfinity() {
        double divergence = Evaluations.divergence(new float[]{1, 0}, new float[]{0, 1}, 2);
        assertTrue(divergence > 20 && divergence < 40, "" + divergence);
    }

    @Test
    void onlyDistributionsHaveADivergence() {
        float[] p = {0.5f, 0.5f};
        assertEquals(Double.NaN, Evaluations.divergence(p, new float[]{1.5f, -0.5f}, 2));
        assertEquals(Double.NaN, Evaluations.divergence(p, new float[]{0.5f, 0.4f}, 2));
        assertEquals(Double.NaN, Evaluations.divergence(p, new float[]{Float.NaN, 1}, 2));
    }
}
