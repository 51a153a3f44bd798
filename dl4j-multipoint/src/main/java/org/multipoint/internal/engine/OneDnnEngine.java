package org.multipoint.internal.engine;

import org.multipoint.internal.ops.InputQuantization;
import org.multipoint.internal.ops.LinearOp;
import org.multipoint.points.IntegerRows;
import org.nd4j.linalg.api.memory.MemoryWorkspace;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

import java.util.Arrays;

/** Runs on oneDNN; programs with deconvolutions, or with kernels of more than 65,000 elements, run on ND4J. */
final class OneDnnEngine implements Engine {

    private final int exactCodeLimit;

    /**
     * @throws LinkageError     where the library is not on the class path or cannot be loaded
     * @throws RuntimeException where it does not work on this machine
     */
    OneDnnEngine() {
        exactCodeLimit = sumsAreExact(IntegerRows.FULL_LIMIT) ? IntegerRows.FULL_LIMIT : IntegerRows.SAFE_LIMIT;
        if (!sumsAreExact(exactCodeLimit)) {
            throw new IllegalStateException("oneDNN's integer sums are wrong on this CPU");
        }
    }

    @Override
    public String name() {
        return "onednn";
    }

    @Override
    public int exactCodeLimit() {
        return exactCodeLimit;
    }

    @Override
    public Executable compile(Program program) {
        boolean possible = program.instructions().stream()
                .noneMatch(i -> i instanceof Program.Linear l && (l.op().transposed() || !ChannelPart.possible(l)));
        return possible ? new OneDnnExecutable(program) : Engines.nd4j().compile(program);
    }

    /**
     * Whether sums of the largest products come out right. CPUs without instructions for sums of four 8-bit products add pairs of them in
     * 16 bits, which 2 * 255 * 127 exceeds and 2 * 255 * 63 does not.
     */
    private boolean sumsAreExact(int code) {
        for (LinearOp op : PROBES) {
            byte[] codes = new byte[op.rows() * op.columns()];
            Arrays.fill(codes, (byte) code);
            float[] scales = new float[op.rows()];
            Arrays.fill(scales, 1);
            IntegerRows rows = new IntegerRows(op.rows(), op.columns(), codes, scales, 0);
            int levels = 255;
            try (MemoryWorkspace ws = Nd4j.getMemoryManager().scopeOutOfWorkspaces();
                 Kernel kernel = quantized(op, rows, new float[op.rows()], new InputQuantization(1, 0, 8));
                 INDArray x = Nd4j.valueArrayOf(new long[]{1, op.inChannels(), 8, 8}, (float) levels);
                 INDArray y = kernel.apply(x)) {
                if (y.getFloat(0, 0, 4, 4) != (float) levels * code * op.columns()) {
                    return false;
                }
            }
        }
        return true;
    }

    /** Kinds of operations that the library has code of its own for. */
    private static final LinearOp[] PROBES = {probe(64, 64, 1, 1), probe(64, 64, 1, 3), probe(3, 16, 1, 3), probe(32, 32, 32, 3),
            probe(6, 6, 2, 3)};

    private static LinearOp probe(int in, int out, int groups, int kernel) {
        return new LinearOp(in, out, groups, new LinearOp.Size(kernel, kernel), LinearOp.Size.ONE, LinearOp.Size.ONE,
                LinearOp.Size.ZERO, LinearOp.PaddingMode.SAME, false, false);
    }
}
