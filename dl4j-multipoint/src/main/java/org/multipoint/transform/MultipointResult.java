package org.multipoint.transform;

import org.multipoint.report.MultipointReport;

import java.util.List;

/**
 * A transformed model and its report.
 *
 * @param model               a new model of the same kind as the source
 * @param report              layer by layer, what was stored and what stays in fp32
 * @param attempts            what {@link Multipoint#maxDrop} tried, in order; empty where it was not asked for
 * @param calibrationSeconds  wall-clock time of the calibration passes
 * @param quantizationSeconds wall-clock time of finding points and building the model, with all attempts
 */
public record MultipointResult<M>(M model, MultipointReport report, List<Attempt> attempts, double calibrationSeconds,
                                  double quantizationSeconds) {

    /**
     * One attempt of {@link Multipoint#maxDrop}.
     *
     * @param bits                width of its codes; 8 where they are entropy-coded
     * @param budget              its budget, in words: {@code 2.3 stored bits per weight}
     * @param storedBitsPerWeight bits that its file holds for each quantized weight
     * @param metric              value of the metric
     * @param holds               whether that is within the drop
     */
    public record Attempt(int bits, String budget, double storedBitsPerWeight, double metric, boolean holds) {
    }
}
