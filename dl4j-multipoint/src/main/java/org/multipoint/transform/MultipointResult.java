package org.multipoint.transform;

import org.multipoint.report.MultipointReport;

/**
 * A transformed model and what was done to it.
 *
 * @param model               a new model of the same kind as the source
 * @param report              layer by layer, what was stored and what stays in fp32
 * @param calibrationSeconds  wall-clock time of streaming images and finding what more points would bring
 * @param quantizationSeconds wall-clock time of finding points and building the model
 */
public record MultipointResult<M>(M model, MultipointReport report, double calibrationSeconds, double quantizationSeconds) {
}
