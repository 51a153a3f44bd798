package org.multipoint.transform;

import org.multipoint.internal.engine.FusedRows;
import org.multipoint.internal.quantizer.GptqPoints;
import org.multipoint.internal.quantizer.PointFinder;
import org.multipoint.options.MultipointOptions;
import org.multipoint.points.CodeGrid;
import org.multipoint.points.ScaleLayout;

import java.util.List;
import java.util.Locale;
import java.util.Map;

/** {@link org.multipoint.options.Method#CALIBRATED}. */
final class CalibratedMethod extends PointMethod {

    CalibratedMethod(MultipointOptions options, Budget budget) {
        super(options, budget);
    }

    @Override
    List<PointFinder> finders(int bits, int largest) {
        return grids(bits, largest).stream().<PointFinder>map(grid -> new GptqPoints(bits, grid, options.scales())).toList();
    }

    private List<CodeGrid> grids(int bits, int largest) {
        if (options.grid().isPresent()) {
            return List.of(options.grid().get());
        }
        boolean onePoint = budget.fixedPoints().orElse(0) == 1;
        return onePoint || options.scales() != ScaleLayout.PER_ROW || CodeGrid.ODD.maxValue(bits, 2) <= largestOfRow(largest)
                ? List.of(CodeGrid.SYMMETRIC, CodeGrid.ODD) : List.of(CodeGrid.SYMMETRIC);
    }

    @Override
    int mostPoints(PointFinder finder, int largest) {
        return options.maxPoints().orElseGet(
                () -> options.scales() == ScaleLayout.PER_ROW ? fusing((GptqPoints) finder, largestOfRow(largest)) : FREE_POINTS);
    }

    /** Where there is no bound, that of an int8 row. */
    private static int largestOfRow(int largest) {
        return Math.min(largest, FusedRows.FULL_LIMIT);
    }

    /**
     * Most digits of a row whose integer is never too large: more would be stored for nothing. Two where one digit leaves steps unused.
     */
    private static int fusing(GptqPoints finder, int largest) {
        int b = finder.bits();
        int n = 1;
        while (finder.grid().maxValue(b, n + 1) <= largest) {
            n++;
        }
        return n == 1 && finder.grid().maxValue(b) < largest ? 2 : n;
    }

    @Override
    boolean isSequential() {
        return true;
    }

    @Override
    void describe(Map<String, String> settings) {
        super.describe(settings);
        settings.put("grid", options.grid().map(grid -> grid.name().toLowerCase(Locale.ROOT)).orElse("the better for each layer"));
        settings.put("scales", options.scales().name().toLowerCase(Locale.ROOT));
        options.maxPoints().ifPresent(points -> settings.put("maxPoints", String.valueOf(points)));
    }
}
