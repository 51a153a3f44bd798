package org.multipoint.options;

/** How weights are approximated and stored. The last five are baselines to compare with. */
public enum Method {

    /**
     * Calibrated multipoint, the default where a width of codes is given, or nothing: GPTQ rounding under the second moments of the inputs, each layer matched to the reference network's
     * output on the inputs of the network quantized so far, exact mean outputs.
     */
    CALIBRATED,

    /**
     * Entropy-coded weights, the default where a size or a largest drop is given and no width, otherwise like {@link #CALIBRATED}: one integer
     * for each weight, of as many digits as that weight is worth, chosen by rate and distortion, and one step for a layer. Its budget is in
     * stored bits or bytes, any number from 1 to 8 for each weight; extra points {@code e} on codes of {@code b} bits mean {@code b (1 + e)} bits.
     */
    CODED,

    /** The paper's greedy points (Liu et al., AAAI 2021): each point is the nearest to the residual of those before it. */
    GREEDY,

    /** Round to nearest with the largest weight as the largest code, one point. */
    NEAREST,

    /**
     * Outlier channel splitting (Zhao et al., "Improving Neural Network Quantization without Retraining using Outlier Channel Splitting",
     * ICML 2019): extra points are copies of input channels. Its budget must be a share of extra points. Stored as 8-bit codes; the
     * report's notional bits count the widened layer.
     */
    CHANNEL_SPLITTING,

    /**
     * Mixed precision, otherwise like {@link #CALIBRATED}: the budget is spent on wider codes, row by row. Extra points {@code e} on codes
     * of {@code b} bits mean {@code b (1 + e)} bits for each weight. Stored as 8-bit codes; budgets, and the report's notional bits, count
     * codes of each row's own width.
     */
    MIXED_PRECISION,

    /**
     * OMPQ (Ma et al., "OMPQ: Orthogonal Mixed Precision Quantization", AAAI 2023), otherwise like {@link #CALIBRATED} with one point: each
     * layer's codes have a width of their own, found by a linear program from how orthogonal the outputs of layers are. Its budget is in
     * stored bits or bytes; extra points {@code e} on codes of {@code b} bits mean {@code b (1 + e)} bits for each weight.
     */
    OMPQ
}
