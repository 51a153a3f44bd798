package org.multipoint.transform;

import org.multipoint.internal.quantizer.Allocation;
import org.multipoint.internal.quantizer.BudgetAllocation;
import org.multipoint.internal.quantizer.FixedAllocation;
import org.multipoint.internal.quantizer.ThresholdAllocation;

import java.math.BigDecimal;
import java.util.OptionalDouble;
import java.util.OptionalInt;

/**
 * What may be spent on weights.
 *
 * @param allocation  the rule that gives points to rows
 * @param description for the provenance: {@code 10 % extra points}
 * @param extraShare  the budget as a share of extra points, empty where it is another one
 * @param perWeight   the budget as stored bits for each weight, empty where it is another one
 */
record Budget(Allocation allocation, String description, OptionalDouble extraShare, OptionalDouble perWeight) {

    /** What is spent where nothing is asked for. */
    static final Budget DEFAULT = extraPoints(0.1);
    /** More than any weights take. */
    static final Budget UNLIMITED = new Budget(BudgetAllocation.bytes(Long.MAX_VALUE), "any number of stored bits");

    private Budget(Allocation allocation, String description) {
        this(allocation, description, OptionalDouble.empty(), OptionalDouble.empty());
    }

    static Budget extraPoints(double share) {
        // Made first, because it rejects invalid shares.
        BudgetAllocation.extraPoints(share);
        return extraPoints(share, BigDecimal.valueOf(share).movePointRight(2).stripTrailingZeros().toPlainString() + " % extra points");
    }

    static Budget extraPoints(double share, String description) {
        return new Budget(BudgetAllocation.extraPoints(share), description, OptionalDouble.of(share), OptionalDouble.empty());
    }

    static Budget storedBits(double perWeight) {
        return storedBits(perWeight, perWeight + " stored bits per weight");
    }

    static Budget storedBits(double perWeight, String description) {
        return new Budget(BudgetAllocation.storedBits(perWeight), description, OptionalDouble.empty(), OptionalDouble.of(perWeight));
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

    /** The same with an addition to its description. */
    Budget noting(String addition) {
        return new Budget(allocation, description + ", " + addition, extraShare, perWeight);
    }

    /** Whether it is given as stored bits or bytes. */
    boolean isStored() {
        return allocation instanceof BudgetAllocation && extraShare.isEmpty();
    }

    /**
     * The budget in stored bits, of one that is {@linkplain #isStored stored}.
     *
     * @param weights number of weights
     */
    double bitsOf(long weights) {
        return ((BudgetAllocation) allocation).bits(weights);
    }

    /** The number of points of every row where it is fixed. */
    OptionalInt fixedPoints() {
        return allocation instanceof FixedAllocation fixed ? OptionalInt.of(fixed.points()) : OptionalInt.empty();
    }
}
