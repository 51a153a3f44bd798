package org.multipoint.options;

/** How points are found. The last three are baselines to compare with. */
public enum Method {

    /**
     * Calibrated multipoint: error feedback under the second moments of the inputs, each layer matched to the reference network's
     * output on the inputs of the network quantized so far, exact mean outputs.
     */
    CALIBRATED(true),

    /** The paper's greedy points (Liu et al., AAAI 2021): each point the nearest to what is left of the weights. */
    GREEDY(false),

    /** Plain rounding with the largest weight as the largest code, one point. */
    NEAREST(false),

    /** {@link org.multipoint.internal.quantizer.ChannelSplitting}: extra points are copies of input channels. */
    CHANNEL_SPLITTING(false),

    /**
     * {@link org.multipoint.internal.quantizer.MixedPrecision}, otherwise like {@link #CALIBRATED}: the budget is spent on wider codes, row by
     * row. Extra points {@code e} on codes of {@code b} bits mean {@code b (1 + e)} stored bits for each weight.
     */
    MIXED_PRECISION(true);

    private final boolean calibrated;

    Method(boolean calibrated) {
        this.calibrated = calibrated;
    }

    /** Whether layers are rounded one after another under the second moments of their inputs. */
    public boolean calibrated() {
        return calibrated;
    }
}
