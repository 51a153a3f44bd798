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
        // First: it refuses what is no share.
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

    /** The number of points of every row where it is fixed. */
    OptionalInt fixedPoints() {
        return allocation instanceof FixedAllocation fixed ? OptionalInt.of(fixed.points()) : OptionalInt.empty();
    }
}
