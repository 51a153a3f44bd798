package org.multipoint.testing;

import org.multipoint.internal.ops.Geometry;
import org.multipoint.internal.ops.LinearOp;
import org.multipoint.internal.ops.LinearOp.PaddingMode;
import org.multipoint.internal.ops.LinearOp.Size;
import org.multipoint.internal.ops.Tensor;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;

/** Linear operations of every sort, inputs for them, and the plainest computation of what their rows are multiplied with. */
public final class TestOps {

    private TestOps() {
    }

    /** Convolutions of every sort, in both data formats, with fan-ins from 1 to 54. */
    public static List<LinearOp> images() {
        List<LinearOp> ops = new ArrayList<>();
        for (boolean last : new boolean[]{false, true}) {
            ops.add(new LinearOp(3, 4, 1, size(1), size(1), size(1), size(0), PaddingMode.EXPLICIT, false, last));
            ops.add(new LinearOp(3, 4, 1, size(3), size(1), size(1), size(1), PaddingMode.EXPLICIT, false, last));
            ops.add(new LinearOp(4, 2, 1, new Size(3, 2), new Size(2, 1), size(1), new Size(0, 1), PaddingMode.EXPLICIT, false, last));
            ops.add(new LinearOp(2, 3, 1, size(3), size(1), new Size(2, 3), size(2), PaddingMode.EXPLICIT, false, last));
            ops.add(new LinearOp(5, 3, 1, size(3), size(2), size(1), size(0), PaddingMode.SAME, false, last));
            ops.add(new LinearOp(6, 3, 1, size(3), size(1), size(2), size(0), PaddingMode.SAME, false, last));
            ops.add(new LinearOp(4, 8, 4, size(3), size(2), size(1), size(1), PaddingMode.EXPLICIT, false, last));
            ops.add(new LinearOp(3, 3, 3, size(3), size(1), size(1), size(0), PaddingMode.SAME, false, last));
            ops.add(new LinearOp(8, 4, 2, size(3), size(1), size(1), size(1), PaddingMode.EXPLICIT, false, last));
            ops.add(new LinearOp(130, 130, 130, size(3), size(2), size(1), size(0), PaddingMode.SAME, false, last));
            ops.add(new LinearOp(18, 9, 9, size(3), size(1), size(1), size(1), PaddingMode.EXPLICIT, false, last));
            ops.add(new LinearOp(3, 2, 1, size(3), size(2), size(1), size(1), PaddingMode.EXPLICIT, true, last));
            ops.add(new LinearOp(3, 2, 1, size(2), size(2), size(1), size(0), PaddingMode.SAME, true, last));
            ops.add(new LinearOp(2, 2, 1, size(3), size(1), size(2), size(0), PaddingMode.EXPLICIT, true, last));
        }
        return ops;
    }

    private static Size size(int both) {
        return new Size(both, both);
    }

    /** Normally distributed values about a mean of 0.3, in the operation's data format. */
    public static Tensor image(LinearOp op, int examples, int height, int width, long seed) {
        return op.channelsLast() ? normal(seed, examples, height, width, op.inChannels())
                : normal(seed, examples, op.inChannels(), height, width);
    }

    /** Normally distributed values about a mean of 0.3. */
    public static Tensor normal(long seed, long... shape) {
        Random random = new Random(seed);
        int length = 1;
        for (long s : shape) {
            length *= (int) s;
        }
        float[] data = new float[length];
        for (int i = 0; i < length; i++) {
            data[i] = 0.3f + (float) random.nextGaussian();
        }
        return new Tensor(data, shape);
    }

    /** Weights about as large as trained ones, {@code [rows, columns]} row by row. */
    public static float[] weights(LinearOp op, long seed) {
        Random random = new Random(seed);
        float[] w = new float[op.rows() * op.columns()];
        for (int i = 0; i < w.length; i++) {
            w[i] = (float) (random.nextGaussian() / Math.sqrt(op.columns()));
        }
        return w;
    }

    /** Examples {@code from} to {@code to} (exclusive). */
    public static Tensor part(Tensor whole, int from, int to) {
        int per = whole.data().length / whole.examples();
        long[] shape = whole.shape().clone();
        shape[0] = to - from;
        return new Tensor(Arrays.copyOfRange(whole.data(), from * per, to * per), shape);
    }

    /**
     * What the rows of one group are multiplied with, for each output position of one example of rank 4: by definition, each
     * input handed to the outputs that it reaches.
     */
    public static double[][] vectors(LinearOp op, Tensor input, int example, int group) {
        long[] s = input.shape();
        int height = (int) (op.channelsLast() ? s[1] : s[2]);
        int width = (int) (op.channelsLast() ? s[2] : s[3]);
        Geometry g = op.geometry(height, width);
        double[][] vectors = new double[g.outHeight() * g.outWidth()][op.columns()];
        int channels = op.inChannels() / op.groups();
        for (int c = 0; c < channels; c++) {
            for (int ky = 0; ky < op.kernel().height(); ky++) {
                for (int kx = 0; kx < op.kernel().width(); kx++) {
                    int column = (c * op.kernel().height() + ky) * op.kernel().width() + kx;
                    for (int y = 0; y < height; y++) {
                        for (int x = 0; x < width; x++) {
                            int oy = reached(op.transposed(), y, ky, op.stride().height(), op.dilation().height(), g.padTop());
                            int ox = reached(op.transposed(), x, kx, op.stride().width(), op.dilation().width(), g.padLeft());
                            if (oy >= 0 && ox >= 0 && oy < g.outHeight() && ox < g.outWidth()) {
                                int channel = group * channels + c;
                                int at = op.channelsLast()
                                        ? ((example * height + y) * width + x) * op.inChannels() + channel
                                        : ((example * op.inChannels() + channel) * height + y) * width + x;
                                vectors[oy * g.outWidth() + ox][column] = input.data()[at];
                            }
                        }
                    }
                }
            }
        }
        return vectors;
    }

    private static int reached(boolean transposed, int in, int k, int stride, int dilation, int pad) {
        if (transposed) {
            return in * stride + k * dilation - pad;
        }
        int start = in + pad - k * dilation;
        return start >= 0 && start % stride == 0 ? start / stride : -1;
    }
}
