package org.multipoint.options;

/** Which weights share a step size. */
public enum Granularity {
    /** Those of a row (output channel). */
    CHANNEL,
    /** All weights of a layer, for each point. */
    LAYER
}
