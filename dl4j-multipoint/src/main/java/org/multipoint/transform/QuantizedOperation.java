package org.multipoint.transform;

import org.multipoint.internal.ops.InputQuantization;
import org.multipoint.points.MultipointMatrix;

import java.util.Optional;

/**
 * A linear operation after quantization.
 *
 * @param name         the operation's name
 * @param matrix       its weights
 * @param notionalBits its size in a format made for the method, see {@link org.multipoint.report.LayerReport}
 * @param bias         its bias, {@code [rows]}
 * @param input        how its input is quantized, empty where it stays floating
 * @param outputError  relative output error, see {@link org.multipoint.report.LayerReport}
 * @param vectors      number of independent input vectors that its weights were fitted to; {@link #UNFITTED} where they were not fitted
 */
record QuantizedOperation(String name, MultipointMatrix matrix, long notionalBits, float[] bias, Optional<InputQuantization> input,
                      double outputError, long vectors) {

    static final long UNFITTED = Long.MAX_VALUE;

    QuantizedOperation withOutputError(double error) {
        return new QuantizedOperation(name, matrix, notionalBits, bias, input, error, vectors);
    }
}
