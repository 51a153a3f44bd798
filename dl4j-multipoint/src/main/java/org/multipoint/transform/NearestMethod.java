package org.multipoint.transform;

import org.multipoint.internal.quantizer.GreedyPoints;
import org.multipoint.internal.quantizer.PointFinder;
import org.multipoint.options.MultipointOptions;

import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalInt;

/** {@link org.multipoint.options.Method#NEAREST}. */
final class NearestMethod extends PointMethod {

    NearestMethod(MultipointOptions options, Budget budget) {
        super(options, budget);
    }

    @Override
    List<PointFinder> finders(int bits, int largest) {
        return List.of(new GreedyPoints(bits, options.granularity(), GreedyPoints.Step.MIN_MAX));
    }

    @Override
    int mostPoints(PointFinder finder, int largest) {
        return 1;
    }

    @Override
    List<Pipeline.Plan> axis(OptionalInt bits) {
        return SearchAxis.widths(bits, budget);
    }

    @Override
    void describe(Map<String, String> settings) {
        settings.put("granularity", options.granularity().name().toLowerCase(Locale.ROOT));
    }
}
