package org.multipoint.transform;

import org.multipoint.internal.quantizer.Allocation;
import org.multipoint.internal.quantizer.BudgetAllocation;
import org.multipoint.internal.quantizer.FixedAllocation;
import org.multipoint.internal.quantizer.ThresholdAllocation;

import java.math.BigDecimal;
import java.util.OptionalDouble;
import java.util.OptionalInt;

/**
 * What may be spent on points.
 *
 * @param allocation  the rule that gives points to rows
 * @param description for the provenance: {@code 10 % extra points}
 * @param extraShare  the budget as a share of extra points, empty where it is another one
 */
record Budget(Allocation allocation, String description, OptionalDouble extraShare) {

    private Budget(Allocation allocation, String description) {
        this(allocation, description, OptionalDouble.empty());
    }

    static Budget extraPoints(double share) {
        // Made first, because it rejects invalid shares.
        Allocation allocation = BudgetAllocation.extraPoints(share);
        return new Budget(allocation, BigDecimal.valueOf(share).movePointRight(2).stripTrailingZeros().toPlainString() + " % extra points",
                OptionalDouble.of(share));
    }

    static Budget extraPoints(double share, String description) {
        return new Budget(BudgetAllocation.extraPoints(share), description, OptionalDouble.of(share));
    }

    static Budget storedBits(double perWeight) {
        return new Budget(BudgetAllocation.storedBits(perWeight), perWeight + " stored bits per weight");
    }

    static Budget storedBytes(long bytes) {
        return new Budget(BudgetAllocation.bytes(bytes), bytes + " bytes");
    }

    static Budget errorThreshold(double threshold) {
        return new Budget(new ThresholdAllocation(threshold), "error threshold " + threshold);
    }

    static Budget pointsPerRow(int points) {
        return new Budget(new FixedAllocation(points), points + " points per row");
    }

    /**
     * The budget in stored bits; empty where it depends on errors or fixes the number of points.
     *
     * @param weights number of weights
     * @param bits    width of a code, for budgets in extra points
     */
    OptionalDouble storedBits(long weights, int bits) {
        if (extraShare.isPresent()) {
            return OptionalDouble.of(weights * bits * (1 + extraShare.getAsDouble()));
        }
        return allocation instanceof BudgetAllocation budget ? OptionalDouble.of(budget.bits(weights)) : OptionalDouble.empty();
    }

    /** Whether it is given as stored bits or bytes. */
    boolean isStored() {
        return allocation instanceof BudgetAllocation && extraShare.isEmpty();
    }

    /** The number of points of every row where it is fixed. */
    OptionalInt fixedPoints() {
        return allocation instanceof FixedAllocation fixed ? OptionalInt.of(fixed.points()) : OptionalInt.empty();
    }
}
