package org.multipoint.internal.quantizer;

import java.util.List;

/**
 * The paper's rule: a row gets points while its output error is over a threshold.
 *
 * @param threshold largest output error of a row relative to the mean variance of its layer's outputs, not negative
 */
public record ThresholdAllocation(double threshold) implements Allocation {

    public ThresholdAllocation {
        if (!(threshold >= 0)) {
            throw new IllegalArgumentException("The error threshold must not be negative, found " + threshold);
        }
    }

    @Override
    public int[][] allocate(List<ErrorCurves> layers) {
        int[][] points = new int[layers.size()][];
        for (int l = 0; l < points.length; l++) {
            ErrorCurves curves = layers.get(l);
            points[l] = new int[curves.rows()];
            for (int r = 0; r < points[l].length; r++) {
                int n = 1;
                while (n < curves.errors()[r].length && curves.relative(r, n) > threshold) {
                    n++;
                }
                points[l][r] = n;
            }
        }
        return points;
    }
}
