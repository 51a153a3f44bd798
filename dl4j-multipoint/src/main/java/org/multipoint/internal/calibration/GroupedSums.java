package org.multipoint.internal.calibration;

import org.multipoint.internal.ops.LinearOp;

/**
 * Sums of products for many small groups of a layer at once, as in depthwise layers, where each is far too small for a matrix product.
 * Values of all groups lie side by side, the layout in which the JIT compiler vectorizes the innermost loops.
 * Products are summed in single precision, as matrix products are, values in double precision.
 */
final class GroupedSums {

    /** Groups that are summed together: the products of a 5x5 kernel then fit the second level cache. */
    static final int LANES = 128;

    private final int columns;
    private final int rows;
    private final int first;
    private final int groups;
    private final double[][] sumY;
    /** {@code y_i y_j} for {@code j >= i}, at {@code i * columns + j}. */
    private final float[][] yy;
    /** {@code [rows of a group * columns][groups]}; null where there are no targets. */
    private final float[][] weights;
    private final double[][] sumOutputs;
    private final float[][] outputsY;

    /**
     * @param first   of the groups of a layer that are summed
     * @param groups  their number
     * @param weights of the whole layer in the reference network, {@code [rows, columns]}, whose outputs are multiplied with the vectors, too;
     *                or null
     */
    GroupedSums(LinearOp op, int first, int groups, float[] weights) {
        this.columns = op.columns();
        this.rows = op.rowsPerGroup();
        this.first = first;
        this.groups = groups;
        this.sumY = new double[columns][groups];
        this.yy = new float[columns * columns][groups];
        this.weights = weights == null ? null : sideBySide(weights);
        this.sumOutputs = weights == null ? null : new double[rows][groups];
        this.outputsY = weights == null ? null : new float[rows * columns][groups];
    }

    private float[][] sideBySide(float[] all) {
        float[][] own = new float[rows * columns][groups];
        for (int g = 0; g < groups; g++) {
            for (int i = 0; i < own.length; i++) {
                own[i][g] = all[(first + g) * own.length + i];
            }
        }
        return own;
    }

    /**
     * Adds vectors.
     *
     * @param x {@code [vectors * columns][groups]}, of the reference network; ignored where there are no weights
     * @param y same shape
     */
    void add(float[][] x, float[][] y) {
        float[] nothing = new float[groups];
        int vectors = y.length / columns;
        for (int v = 0; v < vectors; v += 2) {
            boolean two = v + 1 < vectors;
            int at = v * columns;
            for (int i = 0; i < columns; i++) {
                for (int j = i; j < columns; j++) {
                    addProducts(yy[i * columns + j], y[at + i], y[at + j],
                            two ? y[at + columns + i] : nothing, two ? y[at + columns + j] : nothing);
                }
            }
            for (int r = 0; weights != null && r < rows; r++) {
                float[] one = output(r, x, v);
                float[] other = two ? output(r, x, v + 1) : nothing;
                for (int j = 0; j < columns; j++) {
                    addProducts(outputsY[r * columns + j], one, y[at + j], other, two ? y[at + columns + j] : nothing);
                }
            }
        }
        for (int v = 0; v < y.length; v++) {
            addValues(sumY[v % columns], y[v]);
        }
    }

    /** Output {@code row} of each group for a vector; it is added to the sums. */
    private float[] output(int row, float[][] x, int vector) {
        float[] output = new float[groups];
        for (int c = 0; c < columns; c++) {
            float[] weight = weights[row * columns + c];
            float[] value = x[vector * columns + c];
            for (int g = 0; g < groups; g++) {
                output[g] += weight[g] * value[g];
            }
        }
        addValues(sumOutputs[row], output);
        return output;
    }

    private static void addProducts(float[] sum, float[] a, float[] b, float[] c, float[] d) {
        for (int g = 0; g < sum.length; g++) {
            sum[g] += a[g] * b[g] + c[g] * d[g];
        }
    }

    private static void addValues(double[] sum, float[] values) {
        for (int g = 0; g < sum.length; g++) {
            sum[g] += values[g];
        }
    }

    /**
     * Adds the sums to those of the whole layer.
     *
     * @param ofY        {@code [groups of the layer, columns]}
     * @param ofYY       for each group of the layer {@code [columns, columns]}
     * @param ofOutputs  for each group of the layer {@code [rows]}; ignored where there are no weights
     * @param ofOutputsY likewise {@code [rows, columns]}
     */
    void addTo(double[] ofY, double[][] ofYY, double[][] ofOutputs, double[][] ofOutputsY) {
        for (int g = 0; g < groups; g++) {
            int group = first + g;
            for (int i = 0; i < columns; i++) {
                ofY[group * columns + i] += sumY[i][g];
                for (int j = 0; j < columns; j++) {
                    ofYY[group][i * columns + j] += yy[Math.min(i, j) * columns + Math.max(i, j)][g];
                }
            }
            for (int r = 0; weights != null && r < rows; r++) {
                ofOutputs[group][r] += sumOutputs[r][g];
                for (int j = 0; j < columns; j++) {
                    ofOutputsY[group][r * columns + j] += outputsY[r * columns + j][g];
                }
            }
        }
    }
}
