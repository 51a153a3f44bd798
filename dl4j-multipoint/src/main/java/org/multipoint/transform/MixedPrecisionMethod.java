package org.multipoint.transform;

import org.multipoint.internal.quantizer.Allocation;
import org.multipoint.internal.quantizer.BudgetAllocation;
import org.multipoint.internal.quantizer.MixedPrecision;
import org.multipoint.internal.quantizer.PointFinder;
import org.multipoint.options.MultipointOptions;
import org.multipoint.points.CodeGrid;

import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.stream.Stream;

/** {@link org.multipoint.options.Method#MIXED_PRECISION}: a "point" is a bit of a row's codes. */
final class MixedPrecisionMethod extends PointMethod {

    MixedPrecisionMethod(MultipointOptions options, Budget budget) {
        super(options, budget);
    }

    @Override
    List<PointFinder> finders(int bits, int largest) {
        return Stream.of(CodeGrid.values()).<PointFinder>map(MixedPrecision::new).toList();
    }

    @Override
    int mostPoints(PointFinder finder, int largest) {
        return MixedPrecision.MAX_BITS;
    }

    @Override
    int ordinaryPoints(int bits) {
        return bits;
    }

    /** Extra points {@code e} on codes of {@code b} bits are {@code b (1 + e)} bits for each weight. */
    @Override
    Allocation allocation(Pipeline.Plan plan) {
        OptionalDouble share = plan.budget().extraShare();
        return share.isPresent() ? BudgetAllocation.storedBits(plan.bits() * (1 + share.getAsDouble())) : super.allocation(plan);
    }

    @Override
    boolean isSequential() {
        return true;
    }

    @Override
    void describe(Map<String, String> settings) {
        super.describe(settings);
        settings.put("storage", "8-bit codes; the budget counts notional bits, those of each row's own width");
    }
}
