package org.multipoint.transform;

import org.multipoint.internal.calibration.MemoryBound;
import org.multipoint.internal.engine.FusedRows;
import org.multipoint.internal.quantizer.Allocation;
import org.multipoint.internal.quantizer.BudgetAllocation;
import org.multipoint.internal.quantizer.ChannelSplitting;
import org.multipoint.internal.quantizer.FixedAllocation;
import org.multipoint.internal.quantizer.GptqPoints;
import org.multipoint.internal.quantizer.GreedyPoints;
import org.multipoint.internal.quantizer.MixedPrecision;
import org.multipoint.internal.quantizer.PointFinder;
import org.multipoint.options.Clipping;
import org.multipoint.options.Granularity;
import org.multipoint.options.Method;
import org.multipoint.points.CodeGrid;
import org.multipoint.points.ScaleLayout;

import java.math.BigDecimal;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Stream;

/** What the fluent calls of {@link Multipoint} have set. */
final class Settings {

    private static final int DEFAULT_BITS = 4;
    /** Most points of a row where each has a scale of its own. */
    private static final int FREE_POINTS = 4;

    final String model;
    Method method = Method.CALIBRATED;
    /** Null where nobody asked for a width. */
    Integer bits;
    final Map<String, Integer> layerBits = new TreeMap<>();
    Allocation allocation;
    String budget;
    /** The budget as a share of extra points, null where it is another one. */
    Double extraShare;
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
    boolean shortcutMatching = true;
    boolean biasCorrection = true;
    double ridge = 0.1;
    int positionsPerImage = 512;
    long memory = 1L << 30;

    /**
     * @param model kind of the source model
     */
    Settings(String model) {
        this.model = model;
        extraPoints(0.1);
    }

    void extraPoints(double share) {
        spend(BudgetAllocation.extraPoints(share),
                BigDecimal.valueOf(share).movePointRight(2).stripTrailingZeros().toPlainString() + " % extra points");
        extraShare = share;
    }

    void spend(Allocation how, String description) {
        allocation = how;
        budget = description;
        extraShare = null;
    }

    /** What second moments, and what is made of them, may hold. */
    MemoryBound bound() {
        return new MemoryBound(memory);
    }

    Pipeline.Plan plan() {
        int width = bits == null ? DEFAULT_BITS : bits;
        return extraShare == null ? new Pipeline.Plan(width, allocation, budget) : plan(width, extraShare, budget);
    }

    Pipeline.Plan plan(int width, double extraPoints, String description) {
        return new Pipeline.Plan(width, method == Method.MIXED_PRECISION ? BudgetAllocation.storedBits(width * (1 + extraPoints))
                : BudgetAllocation.extraPoints(extraPoints), description);
    }

    /** The ways to find a vertex's points that are tried where the network's codes have the given width; the best one is kept. */
    List<PointFinder> finders(String vertex, int width) {
        int b = layerBits.getOrDefault(vertex, width);
        return switch (method) {
            case CALIBRATED -> grids(b).stream().<PointFinder>map(g -> new GptqPoints(b, g, scales)).toList();
            case GREEDY -> List.of(new GreedyPoints(b, granularity, GreedyPoints.Step.SEARCH));
            case NEAREST -> List.of(new GreedyPoints(b, granularity, GreedyPoints.Step.MIN_MAX));
            case CHANNEL_SPLITTING -> List.of(new ChannelSplitting(b, splits()));
            case MIXED_PRECISION -> Stream.of(CodeGrid.values()).<PointFinder>map(MixedPrecision::new).toList();
        };
    }

    private double splits() {
        if (extraShare == null) {
            throw new IllegalArgumentException("Channel splitting takes its budget as extra points, found " + budget);
        }
        return extraShare;
    }

    /** Points that a row has before any are extra: where ways to find them are compared. */
    int ordinaryPoints(int width) {
        return method == Method.MIXED_PRECISION ? width : 1;
    }

    private List<CodeGrid> grids(int b) {
        if (grid != null) {
            return List.of(grid);
        }
        boolean onePoint = allocation instanceof FixedAllocation fixed && fixed.points() == 1;
        return onePoint || scales != ScaleLayout.PER_ROW || CodeGrid.ODD.maxValue(b, 2) <= FusedRows.FULL_LIMIT
                ? List.of(CodeGrid.SYMMETRIC, CodeGrid.ODD) : List.of(CodeGrid.SYMMETRIC);
    }

    /** Most points that allocation may give a row. */
    int maxPoints(PointFinder finder) {
        if (allocation instanceof FixedAllocation fixed) {
            return fixed.points();
        }
        return switch (method) {
            case NEAREST, CHANNEL_SPLITTING -> 1;
            case MIXED_PRECISION -> MixedPrecision.MAX_BITS;
            case GREEDY -> maxPoints != null ? maxPoints : FREE_POINTS;
            case CALIBRATED -> maxPoints != null ? maxPoints
                    : scales == ScaleLayout.PER_ROW ? fusing((GptqPoints) finder) : FREE_POINTS;
        };
    }

    /**
     * Most digits of a row whose integer an int8 row holds: more would be stored, and rounded away by the engine. Two where one
     * digit leaves int8 steps unused.
     */
    private static int fusing(GptqPoints finder) {
        int b = finder.bits();
        int n = 1;
        while (finder.grid().maxValue(b, n + 1) <= FusedRows.FULL_LIMIT) {
            n++;
        }
        return n == 1 && finder.grid().maxValue(b) < FusedRows.FULL_LIMIT ? 2 : n;
    }

    Map<String, String> describe() {
        Map<String, String> d = new TreeMap<>();
        if (!layerBits.isEmpty()) {
            d.put("layerBits", layerBits.toString());
        }
        d.put("activationBits", String.valueOf(activationBits));
        d.put("clipping", clipping.name().toLowerCase(Locale.ROOT));
        if (method.calibrated()) {
            d.put("grid", grid == null ? "the better for each layer" : grid.name().toLowerCase(Locale.ROOT));
            d.put("scales", scales.name().toLowerCase(Locale.ROOT));
            d.put("quantizedInputs", String.valueOf(quantizedInputs));
            d.put("targetMatching", targetMatching ? "ridge " + ridge : "off");
            d.put("shortcutMatching", String.valueOf(shortcutMatching));
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
