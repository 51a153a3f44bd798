package org.multipoint.transform;

import org.multipoint.internal.calibration.RangeStatistics;
import org.multipoint.internal.ops.InputQuantization;
import org.multipoint.points.MultipointMatrix;
import org.multipoint.report.InputReport;

import java.util.Optional;

/** A linear operation after quantization. */
final class QuantizedOperation {

    static final long UNFITTED = Long.MAX_VALUE;

    private final String name;
    private final MultipointMatrix matrix;
    private final long notionalBits;
    private final float[] bias;
    private final Optional<InputQuantization> input;
    private final InputReport inputReport;
    private final double outputError;
    private final long vectors;

    /**
     * @param name         the operation's name
     * @param matrix       its weights
     * @param notionalBits its size in a format made for the method, see {@link org.multipoint.report.LayerReport}
     * @param bias         its bias, {@code [rows]}
     * @param input        how its input is quantized, empty where it stays floating
     * @param range        of its inputs; may be null where they stay floating
     * @param outputError  relative output error, see {@link org.multipoint.report.LayerReport}
     * @param vectors      number of independent input vectors that its weights were fitted to; {@link #UNFITTED} where they were not fitted
     */
    QuantizedOperation(String name, MultipointMatrix matrix, long notionalBits, float[] bias, Optional<InputQuantization> input,
                       RangeStatistics range, double outputError, long vectors) {
        this.name = name;
        this.matrix = matrix;
        this.notionalBits = notionalBits;
        this.bias = bias;
        this.input = input;
        this.inputReport = input.map(q -> report(q, range)).orElse(InputReport.FLOATING);
        this.outputError = outputError;
        this.vectors = vectors;
    }

    private static InputReport report(InputQuantization quantization, RangeStatistics range) {
        return new InputReport(quantization.bits(), quantization.scale(), quantization.zeroPoint(), range.min(), range.max(),
                range.clipped(quantization));
    }

    String name() {
        return name;
    }

    MultipointMatrix matrix() {
        return matrix;
    }

    long notionalBits() {
        return notionalBits;
    }

    float[] bias() {
        return bias;
    }

    Optional<InputQuantization> input() {
        return input;
    }

    InputReport inputReport() {
        return inputReport;
    }

    double outputError() {
        return outputError;
    }

    long vectors() {
        return vectors;
    }
}
