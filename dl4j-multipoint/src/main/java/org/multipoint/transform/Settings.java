package org.multipoint.transform;

import org.multipoint.calibration.Clipping;
import org.multipoint.points.CodeGrid;
import org.multipoint.points.IntegerRows;
import org.multipoint.points.ScaleLayout;
import org.multipoint.quantizer.Allocation;
import org.multipoint.quantizer.BudgetAllocation;
import org.multipoint.quantizer.FeedbackPoints;
import org.multipoint.quantizer.FixedAllocation;
import org.multipoint.quantizer.Granularity;
import org.multipoint.quantizer.GreedyPoints;
import org.multipoint.quantizer.PointFinder;

import java.math.BigDecimal;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/** What the fluent calls of {@link Multipoint} have set. */
final class Settings {

    private static final int DEFAULT_BITS = 4;

    final String model;
    Method method = Method.CALIBRATED;
    /** Null where nobody asked for a width. */
    Integer bits;
    final Map<String, Integer> layerBits = new TreeMap<>();
    Allocation allocation;
    String budget;
    Integer maxPoints;
    Granularity granularity = Granularity.CHANNEL;
    CodeGrid grid;
    ScaleLayout scales = ScaleLayout.PER_ROW;
    int activationBits = 8;
    Clipping clipping = Clipping.LEAST_SQUARES;
    final Set<String> leftOut = new LinkedHashSet<>();
    boolean foldBatchNormalization = true;
    boolean quantizedInputs = true;
    boolean targetMatching = true;
    boolean biasCorrection = true;
    double ridge = 0.1;
    int sensitivityImages = 64;
    int positionsPerImage = 1024;
    long memory = 1L << 30;

    /**
     * @param model kind of the source model
     */
    Settings(String model) {
        this.model = model;
        extraPoints(0.1);
    }

    void extraPoints(double share) {
        allocation = BudgetAllocation.extraPoints(share);
        budget = describeExtra(share);
    }

    static String describeExtra(double share) {
        return BigDecimal.valueOf(share).movePointRight(2).stripTrailingZeros().toPlainString() + " % extra points";
    }

    Pipeline.Plan plan() {
        return new Pipeline.Plan(bits == null ? DEFAULT_BITS : bits, allocation, budget);
    }

    /** The ways to find a vertex's points that are tried where the network's codes have the given width; the best one is kept. */
    List<PointFinder> finders(String vertex, int width) {
        int b = layerBits.getOrDefault(vertex, width);
        return switch (method) {
            case CALIBRATED -> grids(b).stream().<PointFinder>map(g -> new FeedbackPoints(b, g, scales)).toList();
            case GREEDY -> List.of(new GreedyPoints(b, granularity, GreedyPoints.Step.SEARCH));
            case NEAREST -> List.of(new GreedyPoints(b, granularity, GreedyPoints.Step.MIN_MAX));
        };
    }

    private List<CodeGrid> grids(int b) {
        if (grid != null) {
            return List.of(grid);
        }
        boolean onePoint = allocation instanceof FixedAllocation fixed && fixed.points() == 1;
        return onePoint || scales != ScaleLayout.PER_ROW || CodeGrid.ODD.maxValue(b, 2) <= IntegerRows.FULL_LIMIT
                ? List.of(CodeGrid.SYMMETRIC, CodeGrid.ODD) : List.of(CodeGrid.SYMMETRIC);
    }

    /** Most points that allocation may give a row. */
    int maxPoints(PointFinder finder) {
        if (allocation instanceof FixedAllocation fixed) {
            return fixed.points();
        }
        if (maxPoints != null) {
            return maxPoints;
        }
        if (method == Method.NEAREST) {
            return 1;
        }
        return method == Method.CALIBRATED && scales == ScaleLayout.PER_ROW ? fusing((FeedbackPoints) finder) : 4;
    }

    /**
     * Most digits of a row whose integer an int8 row holds: more would be stored, and rounded away by the engine. Two where one
     * digit leaves int8 steps unused.
     */
    private static int fusing(FeedbackPoints finder) {
        int b = finder.bits();
        int n = 1;
        while (finder.grid().maxValue(b, n + 1) <= IntegerRows.FULL_LIMIT) {
            n++;
        }
        return n == 1 && finder.grid().maxValue(b) < IntegerRows.FULL_LIMIT ? 2 : n;
    }

    Map<String, String> describe() {
        Map<String, String> d = new TreeMap<>();
        d.put("model", model);
        d.put("method", method.name().toLowerCase(Locale.ROOT));
        if (!layerBits.isEmpty()) {
            d.put("layerBits", layerBits.toString());
        }
        d.put("activationBits", String.valueOf(activationBits));
        d.put("clipping", clipping.name().toLowerCase(Locale.ROOT));
        if (method == Method.CALIBRATED) {
            d.put("grid", grid == null ? "the better for each layer" : grid.name().toLowerCase(Locale.ROOT));
            d.put("sensitivityImages", String.valueOf(sensitivityImages));
            d.put("scales", scales.name().toLowerCase(Locale.ROOT));
            d.put("quantizedInputs", String.valueOf(quantizedInputs));
            d.put("targetMatching", targetMatching ? "ridge " + ridge : "off");
            d.put("biasCorrection", String.valueOf(biasCorrection));
        } else {
            d.put("granularity", granularity.name().toLowerCase(Locale.ROOT));
        }
        if (!leftOut.isEmpty()) {
            d.put("leftOut", String.join(", ", leftOut));
        }
        if (maxPoints != null) {
            d.put("maxPoints", String.valueOf(maxPoints));
        }
        if (!foldBatchNormalization) {
            d.put("foldBatchNormalization", "false");
        }
        d.put("positionsPerImage", String.valueOf(positionsPerImage));
        return d;
    }
}
