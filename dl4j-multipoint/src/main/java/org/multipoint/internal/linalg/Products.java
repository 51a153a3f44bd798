package org.multipoint.internal.linalg;

import org.multipoint.internal.ops.Interruption;
import org.multipoint.internal.ops.Staging;
import org.multipoint.internal.ops.Tensor;
import org.nd4j.linalg.api.memory.MemoryWorkspace;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** Products of single-precision matrices, stored row by row on the Java heap. */
public final class Products {

    /** Number of multiplications up to which a plain loop is faster than handing the matrices to native code. */
    private static final long SMALL = 1 << 15;

    private static final ThreadLocal<Reuse> REUSE = new ThreadLocal<>();

    private Products() {
    }

    /** Native memory of matrices that are multiplied. */
    public static final class Reuse implements AutoCloseable {

        private final Staging a = new Staging();
        private final Staging b = new Staging();
        private final Staging c = new Staging();
        private final Reuse before = REUSE.get();

        private Reuse() {
        }

        @Override
        public void close() {
            if (before == null) {
                REUSE.remove();
            } else {
                REUSE.set(before);
            }
            a.close();
            b.close();
            c.close();
        }
    }

    /** Lets all products of this thread use the same native memory until what is given is closed, as large as the largest of them. */
    public static Reuse reuse() {
        Reuse reuse = new Reuse();
        REUSE.set(reuse);
        return reuse;
    }

    /**
     * {@code a b}. All that takes long with matrices comes by here: it ends where the thread is interrupted.
     *
     * @param a {@code [m, k]}
     * @param b {@code [k, n]}
     * @return {@code [m, n]}
     */
    public static float[] multiply(float[] a, float[] b, int m, int k, int n) {
        Interruption.check();
        if ((long) m * k * n <= SMALL) {
            float[] c = new float[m * n];
            for (int i = 0; i < m; i++) {
                for (int l = 0; l < k; l++) {
                    float f = a[i * k + l];
                    for (int j = 0; j < n; j++) {
                        c[i * n + j] += f * b[l * n + j];
                    }
                }
            }
            return c;
        }
        return product(a, b, m, k, n, false);
    }

    /**
     * {@code a b^T}.
     *
     * @param a {@code [m, k]}
     * @param b {@code [n, k]}
     * @return {@code [m, n]}
     */
    public static float[] multiplyTransposed(float[] a, float[] b, int m, int k, int n) {
        return product(a, b, m, k, n, true);
    }

    /** @param transposed whether {@code b} is {@code [n, k]} rather than {@code [k, n]} */
    private static float[] product(float[] a, float[] b, int m, int k, int n, boolean transposed) {
        Reuse reuse = REUSE.get();
        if (reuse == null) {
            try (Reuse own = reuse()) {
                return product(own, a, b, m, k, n, transposed);
            }
        }
        return product(reuse, a, b, m, k, n, transposed);
    }

    private static float[] product(Reuse memory, float[] a, float[] b, int m, int k, int n, boolean transposed) {
        try (MemoryWorkspace ws = Nd4j.getMemoryManager().scopeOutOfWorkspaces()) {
            // Row by row is the transpose column by column: c^T = b^T a^T without a copy.
            INDArray at = memory.a.array(new Tensor(a, m, k)).transpose();
            INDArray bt = memory.b.array(transposed ? new Tensor(b, n, k) : new Tensor(b, k, n)).transpose();
            INDArray c = memory.c.array(m, n);
            Nd4j.gemm(bt, at, c.transpose(), transposed, false, 1.0, 0.0);
            return Tensor.values(c);
        }
    }

    /** The columns {@code from} to {@code to} (exclusive) of a matrix with {@code columns} columns, from row {@code firstRow} on. */
    public static float[] slice(float[] a, int columns, int firstRow, int rows, int from, int to) {
        float[] out = new float[rows * (to - from)];
        for (int r = 0; r < rows; r++) {
            System.arraycopy(a, (firstRow + r) * columns + from, out, r * (to - from), to - from);
        }
        return out;
    }
}
