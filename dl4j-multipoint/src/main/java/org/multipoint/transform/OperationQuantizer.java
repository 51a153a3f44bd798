package org.multipoint.transform;

import org.multipoint.internal.quantizer.WeightProblem;
import org.multipoint.points.MultipointMatrix;

/** Quantizes the weights of operations one after another, within a budget for all of them. */
interface OperationQuantizer {

    /** Whether an operation is to be quantized. */
    boolean includes(String operation);

    /**
     * Quantizes the next operation.
     *
     * @param target its weights, and the moments of its inputs
     */
    Weights quantize(String operation, WeightProblem target);

    /**
     * Quantized weights.
     *
     * @param notionalBits their size in a format made for the method, see {@link org.multipoint.report.LayerReport}
     */
    record Weights(MultipointMatrix matrix, long notionalBits) {
    }
}
