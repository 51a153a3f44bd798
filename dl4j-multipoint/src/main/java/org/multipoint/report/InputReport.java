package org.multipoint.report;

/**
 * How the inputs of an operation are quantized, beside what they were in calibration. All of it is 0 where they stay floating.
 *
 * @param bits      width of the integers
 * @param scale     size of one step
 * @param zeroPoint the integer that represents zero
 * @param min       smallest input in calibration
 * @param max       largest input in calibration
 * @param clipped   share of the inputs in calibration that are clipped: beyond {@link #low} or {@link #high} by more than half a step
 */
public record InputReport(int bits, float scale, int zeroPoint, double min, double max, double clipped) {

    /** Inputs that stay floating. */
    public static final InputReport FLOATING = new InputReport(0, 0, 0, 0, 0, 0);

    /** Whether inputs stay floating. */
    public boolean staysFloating() {
        return bits == 0;
    }

    /** The smallest value that a quantized input can take. */
    public double low() {
        return -(double) scale * zeroPoint;
    }

    /** The largest value that a quantized input can take. */
    public double high() {
        return (double) scale * ((1 << bits) - 1 - zeroPoint);
    }
}
