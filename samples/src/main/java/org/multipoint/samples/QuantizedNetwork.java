package org.multipoint.samples;

import org.multipoint.report.MultipointReport;
import org.multipoint.transform.MultipointResult;
import org.multipoint.transform.MultipointResult.Attempt;

import java.util.List;
import java.util.Locale;

/**
 * A network that was quantized, and what was measured of it.
 *
 * @param extraPoints budget, as a share of the codes that one point per row takes
 * @param attempts    what a search for the smallest model tried
 */
record QuantizedNetwork<J extends Judgement>(double extraPoints, MultipointReport report, List<Attempt> attempts, double calibrationSeconds,
                                      double quantizationSeconds, Measured<J> measured) {

    static <J extends Judgement> QuantizedNetwork<J> of(double extraPoints, MultipointResult<?> result, Measured<J> measured) {
        return new QuantizedNetwork<>(extraPoints, result.report(), result.attempts(), result.calibrationSeconds(), result.quantizationSeconds(),
                measured);
    }

    /** Width of a code. */
    int bits() {
        return report.provenance().bits();
    }

    /** Name of the method. */
    String method() {
        return report.provenance().method();
    }

    /** What tells it from others of the same method: the width of its codes, or what they take where they are entropy-coded. */
    String size() {
        return isCoded() ? String.format(Locale.ROOT, "%.2f stored bits", report.storedBitsPerWeight()) : bits() + "-bit";
    }

    String name() {
        return isCoded() ? method() + ", " + size() : size() + " " + method();
    }

    private boolean isCoded() {
        return report.provenance().entropyCoded();
    }
}
