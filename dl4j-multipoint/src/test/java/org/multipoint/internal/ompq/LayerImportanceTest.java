package org.multipoint.internal.ompq;

import org.junit.jupiter.api.Test;
import org.multipoint.internal.ops.Tensor;

import java.util.List;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;

class LayerImportanceTest {

    private static GramMatrix gram(float... values) {
        Tensor outputs = new Tensor(values, values.length, 1);
        GramMatrix gram = new GramMatrix(values.length);
        gram.add(0, outputs, 0, outputs);
        return gram;
    }

    /** Two equal layers, and one that is orthogonal to them: gamma is 1, 1, 0. */
    private static final List<GramMatrix> LAYERS = List.of(gram(1, 0), gram(2, 0), gram(0, 1));

    @Test
    void aLayersCoefficientIsTheMeanOfThetaFromItOn() {
        double theta = Math.exp(-2);
        assertArrayEquals(new double[]{(2 * theta + 1) / 3, (theta + 1) / 2, 1}, LayerImportance.of(LAYERS, 2), 1e-12);
    }

    /** Two equal layers: exp(-beta) would be zero. */
    @Test
    void betaMayBeOfAnySize() {
        assertArrayEquals(new double[]{1, 1}, LayerImportance.of(LAYERS.subList(0, 2), 1e9), 1e-12);
    }

    @Test
    void withoutBetaAllBitsCountAlike() {
        assertArrayEquals(new double[]{1, 1, 1}, LayerImportance.of(LAYERS, 0), 1e-12);
    }
}
