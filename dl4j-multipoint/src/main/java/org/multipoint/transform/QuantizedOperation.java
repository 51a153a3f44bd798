package org.multipoint.transform;

import org.multipoint.internal.ops.InputQuantization;
import org.multipoint.points.MultipointMatrix;

import java.util.Optional;

/** A linear operation after quantization. */
final class QuantizedOperation {

    static final long UNFITTED = Long.MAX_VALUE;

    private final String name;
    private final MultipointMatrix matrix;
    private final long notionalBits;
    private final float[] bias;
    private final Optional<InputQuantization> input;
    private final double outputError;
    private final long vectors;

    /**
     * @param name         the operation's name
     * @param matrix       its weights
     * @param notionalBits its size in a format made for the method, see {@link org.multipoint.report.LayerReport}
     * @param bias         its bias, {@code [rows]}
     * @param input        how its input is quantized, empty where it stays floating
     * @param outputError  relative output error, see {@link org.multipoint.report.LayerReport}
     * @param vectors      number of independent input vectors that its weights were fitted to; {@link #UNFITTED} where they were not fitted
     */
    QuantizedOperation(String name, MultipointMatrix matrix, long notionalBits, float[] bias, Optional<InputQuantization> input,
                       double outputError, long vectors) {
        this.name = name;
        this.matrix = matrix;
        this.notionalBits = notionalBits;
        this.bias = bias;
        this.input = input;
        this.outputError = outputError;
        this.vectors = vectors;
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

    double outputError() {
        return outputError;
    }

    long vectors() {
        return vectors;
    }

    QuantizedOperation withOutputError(double error) {
        return new QuantizedOperation(name, matrix, notionalBits, bias, input, error, vectors);
    }
}
