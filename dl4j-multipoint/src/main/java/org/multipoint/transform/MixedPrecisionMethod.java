package org.multipoint.transform;

import org.multipoint.internal.quantizer.Allocation;
import org.multipoint.internal.quantizer.BudgetAllocation;
import org.multipoint.internal.quantizer.MixedPrecision;
import org.multipoint.internal.quantizer.PointFinder;
import org.multipoint.options.MultipointOptions;
import org.multipoint.points.CodeGrid;

import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/** {@link org.multipoint.options.Method#MIXED_PRECISION}: a "point" is a bit of a row's codes. */
final class MixedPrecisionMethod extends FittedMethod {

    MixedPrecisionMethod(MultipointOptions options, Budget budget) {
        super(options, budget);
    }

    @Override
    List<PointFinder> finders(int bits) {
        return Stream.of(CodeGrid.values()).<PointFinder>map(MixedPrecision::new).toList();
    }

    @Override
    int mostPoints(PointFinder finder) {
        return MixedPrecision.MAX_BITS;
    }

    @Override
    int ordinaryPoints(int bits) {
        return bits;
    }

    /** Extra points {@code e} on codes of {@code b} bits are {@code b (1 + e)} stored bits. */
    @Override
    Allocation allocation(Budget spent, int bits) {
        return spent.extraShare().isPresent() ? BudgetAllocation.storedBits(bits * (1 + spent.extraShare().getAsDouble()))
                : spent.allocation();
    }

    @Override
    void describe(Map<String, String> settings) {
        super.describe(settings);
        settings.put("storage", "8-bit codes; the budget counts notional bits, those of each row's own width");
    }
}
