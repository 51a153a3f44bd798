package org.multipoint.internal.engine;

import org.multipoint.internal.ops.InputQuantization;
import org.multipoint.internal.ops.LinearOp;

import java.util.Optional;
import java.util.stream.IntStream;

/**
 * A linear operation in the form that kernels on floats and on bytes multiply: the points of each row are fused into one int8 row. Arrays
 * must not be modified.
 */
final class FusedLinear {

    private final LinearOp op;
    private final InputQuantization input;
    private final FusedRows rows;
    private final float[] matrix;
    private final float[] bias;

    private FusedLinear(LinearOp op, InputQuantization input, FusedRows rows, float[] matrix, float[] bias) {
        this.op = op;
        this.input = input;
        this.rows = rows;
        this.matrix = matrix;
        this.bias = bias;
    }

    /**
     * @param limit largest absolute code whose sums are exact
     */
    static FusedLinear of(Program.Linear linear, int limit) {
        return linear.weights().map(w -> new FusedLinear(linear.op(), null, null, w.matrix(), linear.bias()),
                w -> new FusedLinear(linear.op(), w.input(), FusedRows.of(w.points(), limit), null, linear.bias()));
    }

    LinearOp op() {
        return op;
    }

    /** How the input is quantized; empty where the operation is floating. */
    Optional<InputQuantization> input() {
        return Optional.ofNullable(input);
    }

    /** The weights of an operation on integers; null where it is floating. */
    FusedRows rows() {
        return rows;
    }

    /** The weights of a floating operation, {@code [rows, columns]} row by row; null where it is on integers. */
    float[] matrix() {
        return matrix;
    }

    /** {@code [rows]} */
    float[] bias() {
        return bias;
    }

    /** The factor that the integer sum of each row is multiplied by: the row's scale times the input's. */
    float[] sumScales() {
        float[] scales = new float[rows.rows()];
        for (int r = 0; r < scales.length; r++) {
            scales[r] = input.scale() * rows.scales()[r];
        }
        return scales;
    }

    /** This operation with the per-channel scale and shift that follow it folded in. */
    FusedLinear then(Program.Affine affine) {
        float[] factor = affine.factor();
        float[] shifted = new float[bias.length];
        for (int r = 0; r < shifted.length; r++) {
            shifted[r] = bias[r] * factor[r] + affine.shift()[r];
        }
        return rows == null ? new FusedLinear(op, null, null, scaled(matrix, factor), shifted)
                : new FusedLinear(op, input, rows.scaled(factor), null, shifted);
    }

    private static float[] scaled(float[] matrix, float[] factor) {
        float[] scaled = new float[matrix.length];
        int columns = matrix.length / factor.length;
        for (int i = 0; i < scaled.length; i++) {
            scaled[i] = matrix[i] * factor[i / columns];
        }
        return scaled;
    }

    /** This operation on integers, restricted to a range of the input channels of each group. */
    FusedLinear channels(int from, int to, float[] bias) {
        LinearOp some = new LinearOp((to - from) * op.groups(), op.outChannels(), op.groups(), op.kernel(), op.stride(), op.dilation(),
                op.padding(), op.paddingMode(), op.transposed(), op.channelsLast());
        int taps = op.kernel().height() * op.kernel().width();
        return new FusedLinear(some, input, rows.withColumns(IntStream.range(from * taps, to * taps).toArray()), null, bias);
    }

    /** This operation, whose kernel has one column, over the other axis of images: the same weights in the same order. */
    FusedLinear turned() {
        LinearOp over = new LinearOp(op.inChannels(), op.outChannels(), op.groups(), turned(op.kernel()), turned(op.stride()),
                turned(op.dilation()), turned(op.padding()), op.paddingMode(), op.transposed(), op.channelsLast());
        return new FusedLinear(over, input, rows, matrix, bias);
    }

    private static LinearOp.Size turned(LinearOp.Size size) {
        return new LinearOp.Size(size.width(), size.height());
    }

    /**
     * Another operation with some of the columns of this one's weights.
     *
     * @param from for each column of the result the present one, or -1 for a column of zeros
     */
    FusedLinear withColumns(LinearOp other, int[] from) {
        if (rows != null) {
            return new FusedLinear(other, input, rows.withColumns(from), null, bias);
        }
        float[] some = new float[bias.length * from.length];
        for (int i = 0; i < some.length; i++) {
            int column = from[i % from.length];
            some[i] = column < 0 ? 0 : matrix[i / from.length * op.columns() + column];
        }
        return new FusedLinear(other, null, null, some, bias);
    }
}
