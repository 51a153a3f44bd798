package org.multipoint.internal.quantizer;

import org.multipoint.points.ScaleLayout;

/** Output error of the rows of one layer as a function of their number of points. */
public final class ErrorCurves {

    private final int columns;
    private final int bits;
    private final ScaleLayout layout;
    private final double[][] errors;
    private final double outputVariance;

    /**
     * @param columns        fan-in of a row
     * @param bits           width of a code
     * @param layout         which scales are stored
     * @param errors         output error of each row with 1, 2, ... points
     * @param outputVariance mean variance of the layer's outputs: errors are compared across layers relative to it
     */
    public ErrorCurves(int columns, int bits, ScaleLayout layout, double[][] errors, double outputVariance) {
        this.columns = columns;
        this.bits = bits;
        this.layout = layout;
        this.errors = errors;
        this.outputVariance = outputVariance;
    }

    /** Fan-in of a row. */
    public int columns() {
        return columns;
    }

    /** Width of a code. */
    public int bits() {
        return bits;
    }

    /** Which scales are stored. */
    public ScaleLayout layout() {
        return layout;
    }

    /** Output error of each row with 1, 2, ... points. */
    public double[][] errors() {
        return errors;
    }

    /** Number of rows. */
    public int rows() {
        return errors.length;
    }

    /** Output error of a row with {@code n} points relative to the layer's output variance. */
    public double relative(int row, int n) {
        return outputVariance > 0 ? errors[row][n - 1] / outputVariance : 0;
    }
}
