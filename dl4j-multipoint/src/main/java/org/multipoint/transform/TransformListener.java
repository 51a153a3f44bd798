package org.multipoint.transform;

/** Receives the progress events of a transformation, on the thread that transforms. */
@FunctionalInterface
public interface TransformListener {

    /** Phases of a transformation, in order; not every transformation has all of them. */
    enum Phase {
        /** Calibration images pass for the ranges of channels, where these are equalized; steps are batches, their number is unknown. */
        EQUALIZATION,
        /** Calibration images pass through the reference network; steps are batches, their number is unknown. */
        CALIBRATION,
        /** What more points or more bits would bring is computed, layer by layer. */
        ALLOCATION,
        /**
         * For entropy-coded weights: what errors of each layer do to the network's outputs is measured; steps are examples. For OMPQ: the
         * outputs of all layers are compared; steps are layers. For {@link Multipoint#sensitivity}: the networks of each layer are measured;
         * steps are layers.
         */
        SENSITIVITY,
        /** Weights are quantized, layer by layer; once for each attempt of {@link Multipoint#maxDrop}. */
        QUANTIZATION,
        /** {@link Multipoint#maxDrop} evaluates the source model (step 0) and each attempt. */
        EVALUATION
    }

    /**
     * A step is finished.
     *
     * @param done  steps done in this phase
     * @param total steps of this phase, or -1 where unknown
     * @param what  the layer, batch or attempt of this step
     */
    void onProgress(Phase phase, int done, int total, String what);
}
