package org.multipoint.options;

/** What shares a step size. */
public enum Granularity {
    /** Each row (output channel) has its own. */
    CHANNEL,
    /** All rows of a layer share one for each point. */
    LAYER
}
