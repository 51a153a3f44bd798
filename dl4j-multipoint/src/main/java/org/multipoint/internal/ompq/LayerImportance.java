package org.multipoint.internal.ompq;

import java.util.Arrays;
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
     * others and {@code theta_i = exp(-beta (gamma_i - gamma))}, that of layer {@code i} is the mean of {@code theta_j} over the layers
     * {@code j >= i}. The smallest {@code gamma} is taken off, which the paper does not do: it changes all coefficients by one factor and so
     * no solution, and keeps those of deep networks within the range of numbers.
     *
     * @param layers in topological order
     * @param beta   0 for equal coefficients; the larger, the more they differ
     * @return each between 0 and 1
     */
    public static double[] of(List<GramMatrix> layers, double beta) {
        double[] gamma = new double[layers.size()];
        for (int i = 0; i < gamma.length; i++) {
            for (int j = 0; j < gamma.length; j++) {
                gamma[i] += j == i ? 0 : layers.get(i).orthogonality(layers.get(j));
            }
        }
        double least = Arrays.stream(gamma).min().orElse(0);
        double[] coefficients = new double[gamma.length];
        double sum = 0;
        for (int i = gamma.length - 1; i >= 0; i--) {
            sum += Math.exp(-beta * (gamma[i] - least));
            coefficients[i] = sum / (gamma.length - i);
        }
        return coefficients;
    }
}
