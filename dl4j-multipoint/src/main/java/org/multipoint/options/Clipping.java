package org.multipoint.options;

/** How the range of a quantized input is chosen from the values seen in calibration. */
public enum Clipping {
    /** The smallest and largest value. */
    MIN_MAX,
    /** The range that leaves out {@link #TAIL} of the values at either end. */
    PERCENTILE,
    /** The range with the least squared error between values and their quantized values. */
    LEAST_SQUARES;

    /** Share of values beyond each end under {@link #PERCENTILE}: 99.99 % of the values are inside. */
    public static final double TAIL = 1e-4 / 2;
}
