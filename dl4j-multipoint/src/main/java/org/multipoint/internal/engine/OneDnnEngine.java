package org.multipoint.internal.engine;

import org.multipoint.internal.ops.InputQuantization;
import org.multipoint.internal.ops.LinearOp;
import org.multipoint.points.CodeGrid;
import org.multipoint.points.MultipointMatrix;
import org.multipoint.points.ScaleLayout;
import org.nd4j.linalg.api.memory.MemoryWorkspace;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

import java.util.Arrays;
import java.util.List;

/** Runs on oneDNN. Integer kernels larger than about 66,000 pixels are not supported. */
final class OneDnnEngine implements Engine {

    private final int exactCodeLimit;

    /**
     * @throws LinkageError     where the library is not on the class path or cannot be loaded
     * @throws RuntimeException where it does not work on this machine
     */
    OneDnnEngine() {
        exactCodeLimit = sumsAreExact(FusedRows.FULL_LIMIT) ? FusedRows.FULL_LIMIT : FusedRows.SAFE_LIMIT;
        if (!sumsAreExact(exactCodeLimit)) {
            throw new IllegalStateException("oneDNN's integer sums are wrong on this CPU");
        }
    }

    @Override
    public String name() {
        return "onednn";
    }

    /**
     * Largest absolute weight code for which integer sums are exact on this CPU: {@link FusedRows#FULL_LIMIT}, or
     * {@link FusedRows#SAFE_LIMIT} where products saturate in pairs.
     */
    int exactCodeLimit() {
        return exactCodeLimit;
    }

    @Override
    public boolean supports(Program program) {
        return program.linear().values().stream().allMatch(ChannelPart::possible);
    }

    @Override
    public Executable compile(Program program) {
        return new OneDnnExecutable(program, exactCodeLimit);
    }

    /**
     * Whether sums of the largest products are correct. CPUs without instructions that sum four 8-bit products add pairs of products in
     * 16 bits, which 2 * 255 * 127 exceeds and 2 * 255 * 63 does not.
     */
    private static boolean sumsAreExact(int code) {
        InputQuantization input = new InputQuantization(1, 0, 8);
        for (LinearOp op : PROBES) {
            Program.Weights weights = new Program.IntegerWeights(filled(op.rows(), op.columns(), code), input);
            Program program = new Program(1, false, List.of(new Program.Linear(0, op, weights, new float[op.rows()])));
            try (MemoryWorkspace ws = Nd4j.getMemoryManager().scopeOutOfWorkspaces();
                 Executable executable = new OneDnnExecutable(program, code);
                 INDArray x = Nd4j.valueArrayOf(new long[]{1, op.inChannels(), 8, 8}, (float) input.levels());
                 INDArray y = executable.run(x)) {
                if (y.getFloat(0, 0, 4, 4) != (float) input.levels() * code * op.columns()) {
                    return false;
                }
            }
        }
        return true;
    }

    private static MultipointMatrix filled(int rows, int columns, int code) {
        MultipointMatrix.Builder builder = new MultipointMatrix.Builder(rows, columns, 8, CodeGrid.SYMMETRIC, ScaleLayout.PER_ROW);
        int[] codes = new int[columns];
        Arrays.fill(codes, code);
        for (int r = 0; r < rows; r++) {
            builder.digits(r, 1, 1, codes);
        }
        return builder.build();
    }

    /** Operations for which the library has different implementations. */
    private static final LinearOp[] PROBES = {probe(64, 64, 1, 1), probe(64, 64, 1, 3), probe(3, 16, 1, 3), probe(32, 32, 32, 3),
            probe(6, 6, 2, 3)};

    private static LinearOp probe(int in, int out, int groups, int kernel) {
        return new LinearOp(in, out, groups, new LinearOp.Size(kernel, kernel), LinearOp.Size.ONE, LinearOp.Size.ONE,
                LinearOp.Size.ZERO, LinearOp.PaddingMode.SAME, false, false);
    }
}
