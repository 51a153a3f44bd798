package org.multipoint.segments;

/** How the segments of a compiled graph add. */
public enum Additions {

    /** Of floating values: a segment computes what its layers compute, up to floating-point rounding. */
    FLOATING,

    /**
     * Of integers where multipoint layers read them: a value that is added, such as the shortcut of a residual block, and that otherwise only
     * multipoint layers read, which all round it in the same way, is added as it is rounded. Such values exist as bytes only, which is quicker, above all
     * on CPUs with VNNI; each addition errs by up to half a step more of each of them. Other values are added as floating ones.
     */
    INTEGER
}
