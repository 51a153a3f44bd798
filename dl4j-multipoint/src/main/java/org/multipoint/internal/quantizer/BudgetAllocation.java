package org.multipoint.internal.quantizer;

import org.multipoint.points.StoredSize;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.PriorityQueue;

/**
 * Gives points over the whole network, each to the row where the relative output error falls most for each stored bit,
 * until the budget is spent. The budget is never exceeded; one point per row is given whatever the budget.
 */
public final class BudgetAllocation implements Allocation {

    /** Unit of a budget. */
    private enum Unit { EXTRA_CODES, BITS_PER_WEIGHT, BYTES }

    private final Unit unit;
    private final double amount;

    private BudgetAllocation(Unit unit, double amount) {
        if (!(amount >= 0) || Double.isInfinite(amount)) {
            throw new IllegalArgumentException("A budget must be finite and not negative, found " + amount);
        }
        this.unit = unit;
        this.amount = amount;
    }

    /** Extra points as a share of the codes that one point per row takes: 0.1 means 10 % more codes. */
    public static BudgetAllocation extraPoints(double share) {
        return new BudgetAllocation(Unit.EXTRA_CODES, share);
    }

    /** Stored bits for each weight, with codes, scales, point counts and headers. */
    public static BudgetAllocation storedBits(double perWeight) {
        return new BudgetAllocation(Unit.BITS_PER_WEIGHT, perWeight);
    }

    /** Stored bytes of all quantized weights, with codes, scales, point counts and headers. */
    public static BudgetAllocation bytes(long bytes) {
        return new BudgetAllocation(Unit.BYTES, bytes);
    }

    /**
     * What may be spent on so many weights: stored bits, or, of a budget in extra points, codes.
     *
     * @param weights number of weights
     */
    public double bits(long weights) {
        return unit == Unit.BYTES ? amount * 8 : amount * weights;
    }

    /** One more point for a row. */
    private record Step(int layer, int row, int points, double gainPerBit) {
    }

    @Override
    public int[][] allocate(List<ErrorCurves> layers) {
        int[][] points = new int[layers.size()][];
        PriorityQueue<Step> steps = new PriorityQueue<>(Comparator.comparingDouble(Step::gainPerBit).reversed()
                .thenComparingInt(Step::layer).thenComparingInt(Step::row));
        Purse purse = new Purse(layers);
        for (int l = 0; l < points.length; l++) {
            points[l] = new int[layers.get(l).rows()];
            Arrays.fill(points[l], 1);
            for (int r = 0; r < points[l].length; r++) {
                offer(steps, layers.get(l), l, r, 1);
            }
        }
        List<Step> taken = new ArrayList<>();
        while (!steps.isEmpty()) {
            Step step = steps.poll();
            if (step.gainPerBit <= 0 || !purse.pay(step.layer)) {
                continue;
            }
            points[step.layer][step.row]++;
            taken.add(step);
            offer(steps, layers.get(step.layer), step.layer, step.row, step.points);
        }
        // Point counts take more bits from a layer's first extra points on: give points back where that exceeds the budget.
        for (int i = taken.size() - 1; i >= 0 && purse.overdrawn(points); i--) {
            points[taken.get(i).layer][taken.get(i).row]--;
        }
        return points;
    }

    private static void offer(PriorityQueue<Step> steps, ErrorCurves curves, int layer, int row, int n) {
        if (n < curves.errors()[row].length) {
            double gain = curves.relative(row, n) - curves.relative(row, n + 1);
            steps.add(new Step(layer, row, n + 1,
                    gain / StoredSize.pointBits(curves.columns(), curves.bits(), curves.layout())));
        }
    }

    /** What is spent of the budget. */
    private final class Purse {
        private final List<ErrorCurves> layers;
        private final double budget;
        private double spent;

        Purse(List<ErrorCurves> layers) {
            this.layers = layers;
            long weights = layers.stream().mapToLong(c -> (long) c.rows() * c.columns()).sum();
            this.budget = bits(weights);
            this.spent = unit == Unit.EXTRA_CODES ? 0 : storedBits(null);
        }

        private long storedBits(int[][] points) {
            long bits = 0;
            for (int l = 0; l < layers.size(); l++) {
                ErrorCurves c = layers.get(l);
                int[] counts = points == null ? new int[c.rows()] : points[l];
                if (points == null) {
                    Arrays.fill(counts, 1);
                }
                bits += 8L * StoredSize.payloadBytes(counts, c.columns(), c.bits(), c.layout());
            }
            return bits;
        }

        boolean pay(int layer) {
            ErrorCurves c = layers.get(layer);
            double cost = unit == Unit.EXTRA_CODES ? c.columns()
                    : StoredSize.pointBits(c.columns(), c.bits(), c.layout());
            if (spent + cost > budget) {
                return false;
            }
            spent += cost;
            return true;
        }

        boolean overdrawn(int[][] points) {
            return unit != Unit.EXTRA_CODES && storedBits(points) > budget;
        }
    }
}
