package org.multipoint.internal.calibration;

import org.multipoint.internal.ops.LinearOp;

/**
 * Predicts what rounding does to the outputs of a linear operation, before anything is quantized: the noise of its inputs, at one step for all channels,
 * and that of its weights, at a step for each row, as shares of the output's mean square. Inputs are taken for uncorrelated, and errors for uniform
 * between halves of a step, with a variance of a twelfth of its square; what is smaller than that becomes zero.
 */
public final class RoundingNoise {

    private final LinearOp op;
    private final float[] weights;
    private final ChannelRanges inputs;
    private final double[] meanSquares;

    /**
     * @param weights [rows, columns] of the operation
     * @param inputs  what was seen of its input
     */
    public RoundingNoise(LinearOp op, float[] weights, ChannelRanges inputs) {
        this.op = op;
        this.weights = weights;
        this.inputs = inputs;
        meanSquares = inputs.meanSquares();
    }

    /**
     * The noise where input channels are divided, and the weights that read them multiplied, by factors that leave the range of the whole input as
     * it is.
     *
     * @param factors     one for each input channel, positive
     * @param inputLevels number of steps in the range of the inputs
     * @param largestCode magnitude of the integer that the largest weight of a row becomes
     * @return variance of the noise of all outputs, relative to their mean square; 0 where the input is zero
     */
    public double with(double[] factors, int inputLevels, int largestCode) {
        double inputStep = inputs.largest() / inputLevels;
        double uniform = inputStep * inputStep / 12;
        int taps = op.kernel().height() * op.kernel().width();
        int groupChannels = op.columns() / taps;
        double noise = 0;
        double energy = 0;
        for (int row = 0; row < op.rows(); row++) {
            int first = row / op.rowsPerGroup() * groupChannels;
            double largest = 0;
            double rowInputs = 0;
            for (int column = 0; column < op.columns(); column++) {
                int channel = first + column / taps;
                double factor = factors[channel];
                double weight = weights[row * op.columns() + column];
                double scaled = weight * factor;
                double meanSquare = meanSquares[channel] / (factor * factor);
                largest = Math.max(largest, Math.abs(scaled));
                noise += scaled * scaled * Math.min(uniform, meanSquare);
                rowInputs += meanSquare;
                energy += weight * weight * meanSquares[channel];
            }
            double weightStep = largest / largestCode;
            noise += weightStep * weightStep / 12 * rowInputs;
        }
        return energy > 0 ? noise / energy : 0;
    }
}
