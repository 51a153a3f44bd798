package org.multipoint.internal.calibration;

import org.junit.jupiter.api.Test;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

class DivergenceTest {

    @Test
    void divergenceIsSummedOverRows() {
        float[] p = {0.5f, 0.5f, 1, 0};
        float[] q = {0.25f, 0.75f, 0.5f, 0.5f};
        assertEquals(0.5 * Math.log(2) + 0.5 * Math.log(0.5 / 0.75) + Math.log(2), Divergence.kullbackLeibler(p, q, 2), 1e-7);
        assertEquals(0, Divergence.kullbackLeibler(p, p, 2));
    }

    @Test
    void whatIsSaidToBeImpossibleCostsMuchAndNotInfinity() {
        double divergence = Divergence.kullbackLeibler(new float[]{1, 0}, new float[]{0, 1}, 2);
        assertTrue(divergence > 20 && divergence < 40, "" + divergence);
    }

    @Test
    void onlyDistributionsHaveADivergence() {
        float[] p = {0.5f, 0.5f};
        assertEquals(Double.NaN, Divergence.kullbackLeibler(p, new float[]{1.5f, -0.5f}, 2));
        assertEquals(Double.NaN, Divergence.kullbackLeibler(p, new float[]{0.5f, 0.4f}, 2));
        assertEquals(Double.NaN, Divergence.kullbackLeibler(p, new float[]{Float.NaN, 1}, 2));
    }

    @Test
    void errorsOfOtherValuesAreRelativeToTheirVariance() {
        float[] values = {1, 3, -1, 5};
        assertEquals(2 * 1.0 / 20, Divergence.relativeError(values, new float[]{2, 3, -1, 5}, 2), 1e-12);
        assertEquals(0, Divergence.relativeError(new float[]{2, 2}, new float[]{2, 3}, 1));
    }
}
