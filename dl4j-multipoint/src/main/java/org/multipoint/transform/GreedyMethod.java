package org.multipoint.transform;

import org.multipoint.internal.quantizer.GreedyPoints;
import org.multipoint.internal.quantizer.PointFinder;
import org.multipoint.options.MultipointOptions;

import java.util.List;
import java.util.Locale;
import java.util.Map;

/** {@link org.multipoint.options.Method#GREEDY}. */
final class GreedyMethod extends PointMethod {

    GreedyMethod(MultipointOptions options, Budget budget) {
        super(options, budget);
    }

    @Override
    List<PointFinder> finders(int bits, int largest) {
        return List.of(new GreedyPoints(bits, options.granularity(), GreedyPoints.Step.SEARCH));
    }

    @Override
    int mostPoints(PointFinder finder, int largest) {
        return options.maxPoints().orElse(FREE_POINTS);
    }

    @Override
    void describe(Map<String, String> settings) {
        settings.put("granularity", options.granularity().name().toLowerCase(Locale.ROOT));
        options.maxPoints().ifPresent(points -> settings.put("maxPoints", String.valueOf(points)));
    }
}
