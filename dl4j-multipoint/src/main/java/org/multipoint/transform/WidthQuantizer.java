package org.multipoint.transform;

import org.multipoint.internal.quantizer.GptqPoints;
import org.multipoint.internal.quantizer.WeightProblem;
import org.multipoint.points.CodeGrid;
import org.multipoint.points.MultipointMatrix;
import org.multipoint.points.ScaleLayout;

import java.util.Arrays;
import java.util.Map;

/** One point for each row, whose codes have the width of their operation and the grid that suits it better. */
final class WidthQuantizer implements OperationQuantizer {

    private final Map<String, Integer> widths;

    /**
     * @param widths of codes, by name of operation
     */
    WidthQuantizer(Map<String, Integer> widths) {
        this.widths = Map.copyOf(widths);
    }

    @Override
    public boolean includes(String operation) {
        return widths.containsKey(operation);
    }

    @Override
    public Weights quantize(String operation, WeightProblem target) {
        int[] one = new int[target.op().rows()];
        Arrays.fill(one, 1);
        double least = Double.POSITIVE_INFINITY;
        MultipointMatrix best = null;
        for (CodeGrid grid : CodeGrid.values()) {
            MultipointMatrix matrix = new GptqPoints(widths.get(operation), grid, ScaleLayout.PER_ROW).find(target, one);
            double error = Arrays.stream(target.outputErrors(matrix.toFloats())).sum();
            if (best == null || error < least) {
                least = error;
                best = matrix;
            }
        }
        return new Weights(best, best.storedBits());
    }
}
