package org.multipoint.internal.linalg;

import org.multipoint.internal.ops.Tensor;
import org.nd4j.linalg.api.blas.BlasException;
import org.nd4j.linalg.api.memory.MemoryWorkspace;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

import java.util.stream.IntStream;

/**
 * The upper triangular {@code V} with {@code H = V V^T} of a positive definite matrix. For a row vector {@code e},
 * {@code e H e^T = |e V|^2}, and component {@code k} of {@code e V} depends on the components of {@code e} up to
 * {@code k} only, so that rounding from left to right always knows the exact error so far.
 */
public final class UpperFactor {

    /** Side up to which a plain loop in double precision is used. */
    private static final int SMALL = 64;
    /** Width of a block of columns in the solves. */
    private static final int BLOCK = 128;

    private final int size;
    private final float[] v;

    private UpperFactor(int size, float[] v) {
        this.size = size;
        this.v = v;
    }

    /**
     * Factors {@code h + ridge I}.
     *
     * @param h     symmetric, {@code [size, size]}; not changed
     * @param ridge added to the diagonal; where the sum is not positive definite in working precision, the ridge grows
     *              tenfold until it is
     * @throws IllegalArgumentException where an element or the ridge is NaN, infinite or beyond single precision
     */
    public static UpperFactor of(double[] h, int size, double ridge) {
        return of(h, IntStream.range(0, size).toArray(), ridge);
    }

    /**
     * Factors {@code h + ridge I} with its rows and columns in another order.
     *
     * @param h     symmetric, {@code [size, size]}; not changed
     * @param order row and column of {@code h} at each place
     * @param ridge as in {@link #of(double[], int, double)}
     * @throws IllegalArgumentException as {@link #of(double[], int, double)}
     */
    public static UpperFactor of(double[] h, int[] order, double ridge) {
        int size = order.length;
        for (double element : h) {
            requireFloat(element);
        }
        requireFloat(ridge);
        double mean = 0;
        for (int i : order) {
            mean += Math.abs(h[i * size + i]) / size;
        }
        for (double added = Math.max(ridge, Math.max(mean * 1e-7, 1e-30)); added <= Float.MAX_VALUE; added *= 10) {
            float[] v = size <= SMALL ? small(h, order, added) : large(h, order, added);
            if (v != null) {
                return new UpperFactor(size, v);
            }
        }
        throw beyondFloat(mean);
    }

    private static void requireFloat(double value) {
        if (!(Math.abs(value) <= Float.MAX_VALUE)) {
            throw beyondFloat(value);
        }
    }

    private static IllegalArgumentException beyondFloat(double value) {
        return new IllegalArgumentException("Expected second moments within single precision, found " + value);
    }

    private static float[] small(double[] h, int[] order, double ridge) {
        int n = order.length;
        double[] v = new double[n * n];
        for (int j = n - 1; j >= 0; j--) {
            for (int i = j; i >= 0; i--) {
                double sum = h[order[i] * n + order[j]] + (i == j ? ridge : 0);
                for (int k = j + 1; k < n; k++) {
                    sum -= v[i * n + k] * v[j * n + k];
                }
                if (i == j) {
                    if (!(sum > 0)) {
                        return null;
                    }
                    v[j * n + j] = Math.sqrt(sum);
                } else {
                    v[i * n + j] = sum / v[j * n + j];
                }
            }
        }
        float[] out = new float[n * n];
        for (int i = 0; i < out.length; i++) {
            out[i] = (float) v[i];
        }
        return out;
    }

    private static float[] large(double[] h, int[] order, double ridge) {
        int n = order.length;
        // LAPACK gives lower factors: the lower factor of the reversed matrix, reversed, is the upper one.
        float[] v = new float[n * n];
        for (int i = 0; i < n; i++) {
            for (int j = 0; j < n; j++) {
                v[(n - 1 - i) * n + (n - 1 - j)] = (float) (h[order[i] * n + order[j]] + (i == j ? ridge : 0));
            }
        }
        try (MemoryWorkspace ws = Nd4j.getMemoryManager().scopeOutOfWorkspaces();
             INDArray a = Tensor.array(v, 'f', n, n)) {
            Nd4j.getBlasWrapper().lapack().potrf(a, true);
            Tensor.copy(a, v);
        } catch (BlasException notPositive) {
            return null;
        }
        return reversed(v, n) ? v : null;
    }

    /**
     * Makes the upper factor, row by row, of the lower factor of the reversed matrix, column by column, in place: element (i, j) changes
     * places with element (n - 1 - j, n - 1 - i).
     *
     * @return whether all elements are finite
     */
    private static boolean reversed(float[] v, int n) {
        for (int i = 0; i < n; i++) {
            for (int j = 0; j < n; j++) {
                int other = (n - 1 - j) * n + (n - 1 - i);
                int own = i * n + j;
                if (j < i) {
                    v[own] = 0;
                } else if (own < other) {
                    float swapped = v[own];
                    v[own] = v[other];
                    v[other] = swapped;
                }
            }
        }
        for (float value : v) {
            if (!Float.isFinite(value)) {
                return false;
            }
        }
        return true;
    }

    public int size() {
        return size;
    }

    /** Element of {@code V}. */
    public float get(int row, int column) {
        return v[row * size + column];
    }

    /** {@code V}, {@code [size, size]} row by row, zeros below the diagonal; not to be changed. */
    public float[] values() {
        return v;
    }

    /**
     * {@code t H^-1}: solves {@code x V V^T = t} for each row.
     *
     * @param t {@code [rows, size]}; not changed
     */
    public float[] solve(float[] t, int rows) {
        return solveRight(solveTransposed(t, rows), rows);
    }

    /** {@code z} with {@code z V^T = t}: columns from last to first. */
    private float[] solveTransposed(float[] t, int rows) {
        float[] z = t.clone();
        for (int end = size; end > 0; end -= BLOCK) {
            int begin = Math.max(0, end - BLOCK);
            for (int r = 0; r < rows; r++) {
                int at = r * size;
                for (int j = end - 1; j >= begin; j--) {
                    float sum = z[at + j];
                    for (int k = j + 1; k < end; k++) {
                        sum -= z[at + k] * v[j * size + k];
                    }
                    z[at + j] = sum / v[j * size + j];
                }
            }
            if (begin > 0) {
                // The rows above this block in V^T: their share of the solved columns.
                int width = end - begin;
                float[] above = new float[width * begin];
                for (int j = 0; j < begin; j++) {
                    for (int k = 0; k < width; k++) {
                        above[k * begin + j] = v[j * size + begin + k];
                    }
                }
                subtract(z, 0, begin, Products.multiply(Products.slice(z, size, 0, rows, begin, end), above,
                        rows, width, begin), rows);
            }
        }
        return z;
    }

    /** {@code x} with {@code x V = z}: columns from first to last. */
    private float[] solveRight(float[] z, int rows) {
        float[] x = z.clone();
        for (int begin = 0; begin < size; begin += BLOCK) {
            int end = Math.min(size, begin + BLOCK);
            for (int r = 0; r < rows; r++) {
                int at = r * size;
                for (int j = begin; j < end; j++) {
                    float solved = x[at + j] / v[j * size + j];
                    x[at + j] = solved;
                    for (int k = j + 1; k < end; k++) {
                        x[at + k] -= solved * v[j * size + k];
                    }
                }
            }
            if (end < size) {
                subtract(x, end, size, Products.multiply(Products.slice(x, size, 0, rows, begin, end),
                        Products.slice(v, size, begin, end - begin, end, size), rows, end - begin, size - end), rows);
            }
        }
        return x;
    }

    private void subtract(float[] target, int from, int to, float[] product, int rows) {
        for (int r = 0; r < rows; r++) {
            for (int j = from; j < to; j++) {
                target[r * size + j] -= product[r * (to - from) + j - from];
            }
        }
    }
}
