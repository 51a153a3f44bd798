package org.multipoint.internal.linalg;

import org.multipoint.internal.ops.Interruption;
import org.multipoint.internal.ops.Staging;
import org.multipoint.internal.ops.Tensor;
import org.nd4j.linalg.api.memory.MemoryWorkspace;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;

import java.util.function.Function;
import java.util.stream.IntStream;

/** Products of single-precision matrices, stored row by row on the Java heap. */
public final class Products {

    /** Number of multiplications up to which a plain loop is faster than handing the matrices to native code. */
    private static final long SMALL = 1 << 15;
    /** Symmetric products are made of at most so many blocks of columns each way, which have at least so many. */
    private static final int MOST_BLOCKS = 8;
    private static final int LEAST_BLOCK = 288;

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

    /**
     * {@code a^T b}.
     *
     * @param a {@code [k, m]}
     * @param b {@code [k, n]}
     * @return {@code [m, n]}
     */
    public static float[] transposedMultiply(float[] a, float[] b, int k, int m, int n) {
        return withMemory(memory -> transposedMultiply(memory, memory.a.array(new Tensor(a, k, m)), memory.b.array(new Tensor(b, k, n))));
    }

    private static float[] transposedMultiply(Reuse memory, INDArray a, INDArray b) {
        INDArray c = memory.c.array(a.size(1), b.size(1));
        // Row by row is the transpose column by column: c^T = b^T a.
        Nd4j.gemm(b, a, c.transpose(), true, false, 1.0, 0.0);
        return Tensor.values(c);
    }

    /**
     * Adds {@code a^T a}, which is symmetric: of a large one only the blocks on one side of the diagonal are multiplied.
     *
     * @param a   {@code [k, n]}
     * @param sum {@code [n, n]}
     */
    public static void addSquare(float[] a, int k, int n, double[] sum) {
        withMemory(memory -> {
            INDArray all = memory.a.array(new Tensor(a, k, n));
            int blocks = Math.max(1, Math.min(MOST_BLOCKS, n / LEAST_BLOCK));
            for (int first = 0; first < blocks; first++) {
                int row = n * first / blocks;
                INDArray left = columns(all, row, n * (first + 1) / blocks);
                for (int second = first; second < blocks; second++) {
                    int column = n * second / blocks;
                    float[] block = transposedMultiply(memory, left, columns(all, column, n * (second + 1) / blocks));
                    addBlock(block, (int) left.size(1), sum, n, row, column, first < second);
                }
            }
            return null;
        });
    }

    private static INDArray columns(INDArray a, int from, int to) {
        return to - from == a.size(1) ? a : a.get(NDArrayIndex.all(), NDArrayIndex.interval(from, to));
    }

    /** @param mirrored whether the block is added on the other side of the diagonal, too */
    private static void addBlock(float[] block, int height, double[] sum, int n, int row, int column, boolean mirrored) {
        int width = block.length / height;
        IntStream.range(0, height).parallel().forEach(i -> {
            for (int j = 0; j < width; j++) {
                sum[(row + i) * n + column + j] += block[i * width + j];
            }
        });
        if (mirrored) {
            // Written in order: the block of values stays in the cache, the sums do not.
            IntStream.range(0, width).parallel().forEach(j -> {
                for (int i = 0; i < height; i++) {
                    sum[(column + j) * n + row + i] += block[i * width + j];
                }
            });
        }
    }

    /** @param transposed whether {@code b} is {@code [n, k]} rather than {@code [k, n]} */
    private static float[] product(float[] a, float[] b, int m, int k, int n, boolean transposed) {
        return withMemory(memory -> {
            // Row by row is the transpose column by column: c^T = b^T a^T without a copy.
            INDArray at = memory.a.array(new Tensor(a, m, k)).transpose();
            INDArray bt = memory.b.array(transposed ? new Tensor(b, n, k) : new Tensor(b, k, n)).transpose();
            INDArray c = memory.c.array(m, n);
            Nd4j.gemm(bt, at, c.transpose(), transposed, false, 1.0, 0.0);
            return Tensor.values(c);
        });
    }

    private static float[] withMemory(Function<Reuse, float[]> product) {
        Interruption.check();
        Reuse reuse = REUSE.get();
        try (MemoryWorkspace ws = Nd4j.getMemoryManager().scopeOutOfWorkspaces()) {
            if (reuse != null) {
                return product.apply(reuse);
            }
            try (Reuse own = reuse()) {
                return product.apply(own);
            }
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
