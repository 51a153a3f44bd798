package org.multipoint.transform;

import org.multipoint.internal.calibration.Mergeable;
import org.multipoint.internal.ops.Tensor;

/** Mean squared error of outputs, relative to the variance of the reference network's outputs. */
final class OutputError implements Mergeable<OutputError> {

    private static final long serialVersionUID = 1;

    private double sum;
    private double squares;
    private double difference;
    private long count;

    /**
     * @param shortfall what is to be added to the reference outputs to get the target, or null
     */
    void add(float[] reference, float[] other, Tensor shortfall) {
        for (int i = 0; i < reference.length; i++) {
            sum += reference[i];
            squares += (double) reference[i] * reference[i];
            double d = reference[i] - other[i] + (shortfall == null ? 0 : shortfall.data()[i]);
            difference += d * d;
        }
        count += reference.length;
    }

    @Override
    public void merge(OutputError other) {
        sum += other.sum;
        squares += other.squares;
        difference += other.difference;
        count += other.count;
    }

    /** The error, 0 where outputs never change. */
    double relative() {
        double mean = sum / count;
        double variance = squares / count - mean * mean;
        return variance > 0 ? difference / count / variance : 0;
    }
}
