package org.multipoint.transform;

import org.multipoint.internal.quantizer.ChannelSplitting;
import org.multipoint.internal.quantizer.PointFinder;
import org.multipoint.options.MultipointOptions;

import java.util.List;
import java.util.Map;

/** {@link org.multipoint.options.Method#CHANNEL_SPLITTING}. */
final class ChannelSplittingMethod extends MethodStrategy {

    ChannelSplittingMethod(MultipointOptions options, Budget budget) {
        super(options, budget);
    }

    @Override
    List<PointFinder> finders(int bits) {
        return List.of(new ChannelSplitting(bits, budget.extraShare().orElseThrow(() -> new IllegalArgumentException(
                "Channel splitting takes its budget as extra points, found " + budget.description()))));
    }

    @Override
    int mostPoints(PointFinder finder) {
        return 1;
    }

    @Override
    void describe(Map<String, String> settings) {
        settings.put("storage", "8-bit codes; the budget counts notional copies of channels");
    }
}
