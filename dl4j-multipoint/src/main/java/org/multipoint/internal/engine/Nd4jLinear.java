package org.multipoint.internal.engine;

import org.multipoint.internal.ops.Geometry;
import org.multipoint.internal.ops.InputQuantization;
import org.multipoint.internal.ops.LinearOp;
import org.multipoint.internal.ops.Tensor;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.memory.MemoryWorkspace;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.ops.DynamicCustomOp;
import org.nd4j.linalg.factory.Broadcast;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;

import java.util.stream.IntStream;

/**
 * A linear operation on ND4J's convolutions: padding, sums, then scale and bias. Images are padded beforehand, so that the convolution sees
 * no padding, whatever its kind.
 */
final class Nd4jLinear implements AutoCloseable {

    private static final long EXACT_IN_SINGLE = 1L << 24;

    private final LinearOp op;
    /** Type in which sums are computed: it represents all integers that a row can reach exactly. */
    private final DataType sums;
    private final InputQuantization quantization;
    private final INDArray[] weights;
    private final INDArray scales;
    private final INDArray bias;

    Nd4jLinear(FusedLinear linear) {
        this.op = linear.op();
        this.quantization = linear.input().orElse(null);
        try (MemoryWorkspace ws = Nd4j.getMemoryManager().scopeOutOfWorkspaces()) {
            this.bias = Nd4j.createFromArray(linear.bias());
            if (quantization != null) {
                this.sums = largestSum(linear.rows(), quantization) <= EXACT_IN_SINGLE ? DataType.FLOAT : DataType.DOUBLE;
                this.scales = Nd4j.createFromArray(linear.sumScales());
                this.weights = weights(codes(linear.rows()));
            } else {
                this.sums = DataType.FLOAT;
                this.scales = null;
                this.weights = weights(linear.matrix());
            }
        }
    }

    private static float[] codes(FusedRows rows) {
        float[] codes = new float[rows.codes().length];
        for (int i = 0; i < codes.length; i++) {
            codes[i] = rows.codes()[i];
        }
        return codes;
    }

    /** An upper bound of the magnitude of any partial sum of a row's products, in whatever order they are added. */
    private static long largestSum(FusedRows rows, InputQuantization input) {
        long largest = 0;
        for (int r = 0; r < rows.rows(); r++) {
            long sum = 0;
            for (int c = 0; c < rows.columns(); c++) {
                sum += Math.abs(rows.codes()[r * rows.columns() + c]);
            }
            largest = Math.max(largest, sum);
        }
        return largest * Math.max(input.zeroPoint(), input.levels() - input.zeroPoint());
    }

    /** One array in the axis order of ND4J's operations, or one per group where ND4J has no grouped operation. */
    private INDArray[] weights(float[] matrix) {
        int kh = op.kernel().height();
        int kw = op.kernel().width();
        try (INDArray rows = Nd4j.create(matrix, new long[]{op.rows(), op.columns()}, 'c')) {
            if (op.depthwise()) {
                return new INDArray[]{typed(rows.reshape(op.inChannels(), op.rowsPerGroup(), kh, kw).permute(2, 3, 0, 1))};
            }
            INDArray[] perGroup = new INDArray[op.groups()];
            for (int g = 0; g < perGroup.length; g++) {
                INDArray part = rows.get(NDArrayIndex.interval(g * op.rowsPerGroup(), (g + 1) * op.rowsPerGroup()),
                        NDArrayIndex.all());
                INDArray kernel = part.reshape(op.rowsPerGroup(), op.inChannels() / op.groups(), kh, kw);
                perGroup[g] = typed(op.transposed() ? kernel.permute(2, 3, 0, 1) : kernel.permute(2, 3, 1, 0));
            }
            return perGroup;
        }
    }

    private INDArray typed(INDArray view) {
        return view.castTo(sums).dup('c');
    }

    /** Applies the operation to an image {@code [n, c, h, w]}. */
    INDArray apply(INDArray image) {
        Geometry g = op.geometry((int) image.size(2), (int) image.size(3));
        INDArray x = quantization == null ? image : quantized(image);
        INDArray y = sums(x.castTo(sums), g).castTo(DataType.FLOAT);
        if (scales != null) {
            Broadcast.mul(y, scales, y, 1);
        }
        return Broadcast.add(y, bias, y, 1);
    }

    private INDArray quantized(INDArray image) {
        float[] values = Tensor.of(image).data();
        IntStream.range(0, values.length).parallel().forEach(
                i -> values[i] = quantization.quantize(values[i]) - quantization.zeroPoint());
        return Nd4j.create(values, image.shape(), 'c');
    }

    private INDArray sums(INDArray x, Geometry g) {
        if (op.transposed()) {
            INDArray full = convolution("deconv2d", x, weights[0], op.outChannels(),
                    (g.inHeight() - 1) * op.stride().height() + effective(op.kernel().height(), op.dilation().height()),
                    (g.inWidth() - 1) * op.stride().width() + effective(op.kernel().width(), op.dilation().width()));
            return framed(full, -g.padTop(), -g.padBottom(), -g.padLeft(), -g.padRight()).dup('c');
        }
        INDArray padded = framed(x, g.padTop(), g.padBottom(), g.padLeft(), g.padRight());
        if (op.depthwise()) {
            return convolution("depthwise_conv2d", padded, weights[0], op.outChannels(), g.outHeight(), g.outWidth());
        }
        INDArray[] parts = new INDArray[weights.length];
        int channels = op.inChannels() / op.groups();
        for (int i = 0; i < parts.length; i++) {
            INDArray part = parts.length == 1 ? padded : padded.get(NDArrayIndex.all(),
                    NDArrayIndex.interval(i * channels, (i + 1) * channels), NDArrayIndex.all(), NDArrayIndex.all());
            parts[i] = convolution("conv2d", part, weights[i], op.rowsPerGroup(), g.outHeight(), g.outWidth());
        }
        return parts.length == 1 ? parts[0] : Nd4j.concat(1, parts);
    }

    private static int effective(int kernel, int dilation) {
        return (kernel - 1) * dilation + 1;
    }

    private INDArray convolution(String name, INDArray x, INDArray w, int outChannels, int outHeight, int outWidth) {
        INDArray out = Nd4j.create(sums, x.size(0), outChannels, outHeight, outWidth);
        Nd4j.exec(DynamicCustomOp.builder(name).addInputs(x.dup('c'), w).addOutputs(out)
                .addIntegerArguments(op.kernel().height(), op.kernel().width(), op.stride().height(), op.stride().width(),
                        0, 0, op.dilation().height(), op.dilation().width(), 0, 0, 0).build());
        return out;
    }

    /** The image with zeros added, or pixels cut off where a number is negative, at each side. */
    static INDArray framed(INDArray x, int top, int bottom, int left, int right) {
        if (top == 0 && bottom == 0 && left == 0 && right == 0) {
            return x;
        }
        long h = x.size(2);
        long w = x.size(3);
        INDArray out = Nd4j.create(x.dataType(), x.size(0), x.size(1), h + top + bottom, w + left + right);
        window(out, top, bottom, left, right).assign(window(x, -top, -bottom, -left, -right));
        return out;
    }

    /** The view inside the given margins; negative ones count as zero. */
    private static INDArray window(INDArray x, int top, int bottom, int left, int right) {
        return x.get(NDArrayIndex.all(), NDArrayIndex.all(),
                NDArrayIndex.interval(Math.max(top, 0), x.size(2) - Math.max(bottom, 0)),
                NDArrayIndex.interval(Math.max(left, 0), x.size(3) - Math.max(right, 0)));
    }

    @Override
    public void close() {
        for (INDArray w : weights) {
            w.close();
        }
        if (scales != null) {
            scales.close();
        }
        bias.close();
    }
}
