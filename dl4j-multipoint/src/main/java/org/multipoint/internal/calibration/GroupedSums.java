package org.multipoint.internal.calibration;

/**
 * Sums of products for many small groups of a layer at once, as in depthwise layers, where each is far too small for a matrix product.
 * Values of all groups lie side by side, the layout in which the JIT compiler vectorizes the innermost loops.
 * Products are summed in single precision, as matrix products are, values in double precision.
 */
final class GroupedSums {

    /** Groups that are summed together: the products of a 5x5 kernel then fit the second level cache. */
    static final int LANES = 128;

    private final int columns;
    private final int groups;
    private final boolean paired;
    private final double[][] sumY;
    private final double[][] sumX;
    /** {@code y_i y_j} for {@code j >= i}, at {@code i * columns + j}. */
    private final float[][] yy;
    private final float[][] xy;

    /**
     * @param paired whether inputs of two networks are multiplied with each other, too
     */
    GroupedSums(int columns, int groups, boolean paired) {
        this.columns = columns;
        this.groups = groups;
        this.paired = paired;
        this.sumY = new double[columns][groups];
        this.yy = new float[columns * columns][groups];
        this.sumX = paired ? new double[columns][groups] : sumY;
        this.xy = paired ? new float[columns * columns][groups] : yy;
    }

    int groups() {
        return groups;
    }

    /**
     * Adds vectors.
     *
     * @param x {@code [vectors * columns][groups]}; ignored where there is only one network
     * @param y same shape
     */
    void add(float[][] x, float[][] y) {
        float[] nothing = new float[groups];
        int vectors = y.length / columns;
        for (int v = 0; v < vectors; v += 2) {
            boolean two = v + 1 < vectors;
            for (int i = 0; i < columns; i++) {
                int at = v * columns;
                for (int j = i; j < columns; j++) {
                    addProducts(yy[i * columns + j], y[at + i], y[at + j],
                            two ? y[at + columns + i] : nothing, two ? y[at + columns + j] : nothing);
                }
                for (int j = 0; paired && j < columns; j++) {
                    addProducts(xy[i * columns + j], x[at + i], y[at + j],
                            two ? x[at + columns + i] : nothing, two ? y[at + columns + j] : nothing);
                }
            }
        }
        addValues(sumY, y);
        if (paired) {
            addValues(sumX, x);
        }
    }

    private static void addProducts(float[] sum, float[] a, float[] b, float[] c, float[] d) {
        for (int g = 0; g < sum.length; g++) {
            sum[g] += a[g] * b[g] + c[g] * d[g];
        }
    }

    private void addValues(double[][] sums, float[][] vectors) {
        for (int v = 0; v < vectors.length; v++) {
            double[] sum = sums[v % columns];
            for (int g = 0; g < groups; g++) {
                sum[g] += vectors[v][g];
            }
        }
    }

    /**
     * Adds the sums to those of the whole layer.
     *
     * @param firstGroup index in the layer of the first of these groups
     * @param ofY        {@code [groups of the layer, columns]}
     * @param ofX        the same of the reference network
     * @param ofYY       for each group of the layer {@code [columns, columns]}
     * @param ofXY       the same between the networks
     */
    void addTo(int firstGroup, double[] ofY, double[] ofX, double[][] ofYY, double[][] ofXY) {
        for (int g = 0; g < groups; g++) {
            int group = firstGroup + g;
            for (int i = 0; i < columns; i++) {
                ofY[group * columns + i] += sumY[i][g];
                for (int j = 0; j < columns; j++) {
                    ofYY[group][i * columns + j] += yy[Math.min(i, j) * columns + Math.max(i, j)][g];
                }
                if (paired) {
                    ofX[group * columns + i] += sumX[i][g];
                    for (int j = 0; j < columns; j++) {
                        ofXY[group][i * columns + j] += xy[i * columns + j][g];
                    }
                }
            }
        }
    }
}
