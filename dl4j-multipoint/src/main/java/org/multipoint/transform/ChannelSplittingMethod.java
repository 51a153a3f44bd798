package org.multipoint.transform;

import org.multipoint.internal.quantizer.ChannelSplitting;
import org.multipoint.internal.quantizer.PointFinder;
import org.multipoint.options.MultipointOptions;

import java.util.List;
import java.util.Map;
import java.util.OptionalInt;

/** {@link org.multipoint.options.Method#CHANNEL_SPLITTING}. */
final class ChannelSplittingMethod extends PointMethod {

    private final double share;

    ChannelSplittingMethod(MultipointOptions options, Budget budget) {
        super(options, budget);
        this.share = budget.extraShare().orElseThrow(() -> new IllegalArgumentException(
                "Channel splitting takes its budget as extra points, found " + budget.description()));
    }

    @Override
    List<PointFinder> finders(int bits, int largest) {
        return List.of(new ChannelSplitting(bits, share));
    }

    @Override
    int mostPoints(PointFinder finder, int largest) {
        return 1;
    }

    /** Channels are copied before points are counted: the share of copies is that of the budget, whatever the width. */
    @Override
    List<Pipeline.Plan> axis(OptionalInt bits) {
        return SearchAxis.widths(bits, budget);
    }

    @Override
    void describe(Map<String, String> settings) {
        settings.put("storage", "8-bit codes; the budget counts notional copies of channels");
    }
}
