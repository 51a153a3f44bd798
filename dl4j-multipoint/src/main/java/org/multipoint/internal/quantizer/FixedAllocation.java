package org.multipoint.internal.quantizer;

import org.multipoint.points.MultipointMatrix;

import java.util.Arrays;
import java.util.List;

/** The same number of points for every row. */
public record FixedAllocation(int points) implements Allocation {

    public FixedAllocation {
        if (points < 1 || points > MultipointMatrix.MAX_POINTS) {
            throw new IllegalArgumentException(
                    "Points per row must be 1 to " + MultipointMatrix.MAX_POINTS + ", found " + points);
        }
    }

    @Override
    public int[][] allocate(List<ErrorCurves> layers) {
        return layers.stream().map(c -> {
            int[] all = new int[c.rows()];
            Arrays.fill(all, points);
            return all;
        }).toArray(int[][]::new);
    }
}
