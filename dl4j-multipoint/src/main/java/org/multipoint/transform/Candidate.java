package org.multipoint.transform;

import org.multipoint.internal.ops.LinearOp;
import org.multipoint.internal.quantizer.ErrorCurves;
import org.multipoint.internal.quantizer.PointFinder;
import org.multipoint.internal.quantizer.RateCurve;

import java.util.OptionalDouble;
import java.util.OptionalInt;

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
     * @param trial          codes at a price in the middle, by which its weight among the operations is found
     */
    record Coded(RateCurve rates, double outputVariance, OptionalDouble own, Sensitivity.Trial trial) implements Candidate {

        /** The same operation, whose output errors count {@code weight} times as much. */
        Coded weighted(double weight) {
            return new Coded(rates.weighted(weight), outputVariance, own, trial);
        }
    }

    /**
     * An operation whose codes will have a width of their own.
     *
     * @param importance what a bit of its codes is worth, in the objective of the allocation
     * @param own        the width that was asked for it alone
     * @param widest     width beyond which codes would not use their range
     */
    record OwnWidth(LinearOp op, double importance, OptionalInt own, int widest) implements Candidate {

        OwnWidth important(double importance) {
            return new OwnWidth(op, importance, own, widest);
        }

        /** A width, or the widest where that is less. */
        int within(int width) {
            return Math.min(width, widest);
        }
    }
}
