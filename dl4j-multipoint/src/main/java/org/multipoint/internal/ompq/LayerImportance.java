package org.multipoint.internal.ompq;

import java.util.List;

/**
 * What a bit of a layer's codes is worth (section 3.3 of the paper): layers whose outputs are nearly orthogonal to those of the others get
 * more.
 */
public final class LayerImportance {

    private LayerImportance() {
    }

    /**
     * The coefficients of the widths in the objective. With {@code gamma_i} the sum of a layer's {@link GramMatrix#orthogonality} with all
     * others and {@code theta_i = exp(-beta gamma_i)}, that of layer {@code i} is the mean of {@code theta_j} over the layers
     * {@code j >= i}.
     *
     * @param layers in topological order
     * @param beta   0 for equal coefficients; the larger, the more they differ
     * @return each between 0 and 1
     */
    public static double[] of(List<GramMatrix> layers, double beta) {
        double[] coefficients = new double[layers.size()];
        double sum = 0;
        for (int i = layers.size() - 1; i >= 0; i--) {
            double gamma = 0;
            for (int j = 0; j < layers.size(); j++) {
                gamma += j == i ? 0 : layers.get(i).orthogonality(layers.get(j));
            }
            sum += Math.exp(-beta * gamma);
            coefficients[i] = sum / (layers.size() - i);
        }
        return coefficients;
    }
}
