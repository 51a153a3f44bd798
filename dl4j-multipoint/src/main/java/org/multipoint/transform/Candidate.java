package org.multipoint.transform;

import org.multipoint.internal.quantizer.ErrorCurves;
import org.multipoint.internal.quantizer.PointFinder;
import org.multipoint.internal.quantizer.RateCurve;

import java.util.OptionalDouble;

/** What is known of an operation before it is quantized. */
sealed interface Candidate {

    /**
     * An operation whose rows will be sums of points.
     *
     * @param finder the best way to find its points
     * @param curves output errors with more points
     */
    record Points(PointFinder finder, ErrorCurves curves) implements Candidate {
    }

    /**
     * An operation whose codes will be entropy-coded.
     *
     * @param rates          stored bits at different prices
     * @param outputVariance of the layer in the reference network
     * @param own            stored bits that were asked for it alone
     */
    record Coded(RateCurve rates, double outputVariance, OptionalDouble own) implements Candidate {
    }
}
