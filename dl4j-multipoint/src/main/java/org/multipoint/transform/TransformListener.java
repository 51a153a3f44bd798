package org.multipoint.transform;

/** Hears how a transformation goes on. Called from the transforming thread. */
@FunctionalInterface
public interface TransformListener {

    /** SupportedVertices of a transformation, in order; not all methods have all of them. */
    enum Phase {
        /** Calibration images pass through the reference network; steps are batches, their number is unknown in the first pass. */
        CALIBRATION,
        /** What more points would bring is found, layer by layer. */
        ALLOCATION,
        /** Points are found, layer by layer; once for each attempt of {@link Multipoint#maxDrop}. */
        QUANTIZATION,
        /** {@link Multipoint#maxDrop} has evaluated the source model (step 0) or an attempt. */
        EVALUATION
    }

    /**
     * A step is done.
     *
     * @param done  steps done in this phase
     * @param total steps of this phase, or -1 where unknown
     * @param what  the layer or batch that is done
     */
    void onProgress(Phase phase, int done, int total, String what);
}
