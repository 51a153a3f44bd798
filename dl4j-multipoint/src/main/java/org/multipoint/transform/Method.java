package org.multipoint.transform;

/** How points are found. */
public enum Method {

    /**
     * Calibrated multipoint: error feedback under the second moments of the inputs, each layer matched to the reference network's
     * output on the inputs of the network quantized so far, exact mean outputs.
     */
    CALIBRATED,

    /** The paper's greedy points (Liu et al., AAAI 2021): each point the nearest to what is left of the weights. */
    GREEDY,

    /** Plain rounding with the largest weight as the largest code, one point: the baseline of baselines. */
    NEAREST
}
