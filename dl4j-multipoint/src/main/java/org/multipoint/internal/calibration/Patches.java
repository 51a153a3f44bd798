package org.multipoint.internal.calibration;

import org.multipoint.internal.ops.Geometry;
import org.multipoint.internal.ops.LinearOp;
import org.multipoint.internal.ops.Tensor;

import java.util.Arrays;
import java.util.stream.IntStream;

/**
 * Extracts from images the vectors that rows of a weight matrix are multiplied with (im2col): for each output position and group
 * one vector of {@link LinearOp#columns()} values in the column order of the weights, zeros beyond the border.
 *
 * <p>Where an image has more output positions than {@code positionsPerImage}, that many different ones are taken, spread evenly with a
 * fixed jitter, the same in each image: the vectors do not depend on how images were split into batches.
 */
public final class Patches {

    /** Fractional part of the golden ratio: its multiples modulo 1 fill the unit interval evenly. */
    private static final double GOLDEN = 0.6180339887498949;

    private final LinearOp op;
    private final int positionsPerImage;

    public Patches(LinearOp op, int positionsPerImage) {
        this.op = op;
        this.positionsPerImage = positionsPerImage;
    }

    /**
     * The vectors of one group for examples {@code from} to {@code to} (exclusive).
     *
     * @return {@code [vectors, columns]} row by row
     */
    public float[] extract(Tensor input, int group, int from, int to) {
        Geometry g = geometry(input);
        int[] positions = positions(g);
        int columns = op.columns();
        float[] out = new float[Math.multiplyExact(Math.multiplyExact(to - from, positions.length), columns)];
        IntStream.range(from, to).parallel().forEach(n -> {
            int at = (n - from) * positions.length * columns;
            for (int p : positions) {
                patch(input, g, n, group, p, out, at);
                at += columns;
            }
        });
        return out;
    }

    /**
     * The vectors of several groups of one example: of each vector and column the values of all groups side by side.
     *
     * @return {@code [vectors * columns][groups]}
     */
    float[][] sideBySide(Tensor input, int example, int firstGroup, int groups) {
        Geometry g = geometry(input);
        int[] positions = positions(g);
        float[][] out = new float[positions.length * op.columns()][groups];
        for (int i = 0; i < positions.length; i++) {
            patches(input, g, example, firstGroup, positions[i], out, i * op.columns());
        }
        return out;
    }

    /**
     * The values of an output at the positions of the vectors of {@link #extract}.
     *
     * @param output output of the operation, or a tensor of its shape
     * @param input  input of the operation
     * @return {@code [vectors, rows]} row by row
     */
    float[] outputs(Tensor output, Tensor input, int from, int to) {
        Geometry g = geometry(input);
        int[] positions = positions(g);
        int rows = op.rows();
        int pixels = g.outHeight() * g.outWidth();
        long[] expected = op.outputShape(input.shape());
        if (!Arrays.equals(output.shape(), expected)) {
            throw new IllegalArgumentException("An output of the layer has shape " + Arrays.toString(expected) + ", found "
                    + Arrays.toString(output.shape()));
        }
        float[] out = new float[(to - from) * positions.length * rows];
        int at = 0;
        for (int n = from; n < to; n++) {
            for (int p : positions) {
                for (int r = 0; r < rows; r++) {
                    out[at++] = output.data()[op.channelsLast() ? (n * pixels + p) * rows + r : (n * rows + r) * pixels + p];
                }
            }
        }
        return out;
    }

    /** Largest number of output positions of an image that are used. */
    int positionsPerImage() {
        return positionsPerImage;
    }

    /** Vectors of one group that one example gives. */
    public int perExample(Tensor input) {
        return positions(geometry(input)).length;
    }

    /** Number of windows that fit into an example side by side, at least one. */
    int disjoint(Tensor input) {
        Geometry g = geometry(input);
        return Math.max(1, g.inHeight() * g.inWidth() / (op.kernel().height() * op.kernel().width()));
    }

    private Geometry geometry(Tensor input) {
        long[] s = input.shape();
        boolean last = op.channelsLast();
        return switch (s.length) {
            case 2 -> op.geometry(1, 1);
            case 3 -> op.geometry((int) (last ? s[1] : s[2]), 1);
            default -> last ? op.geometry((int) s[1], (int) s[2]) : op.geometry((int) s[2], (int) s[3]);
        };
    }

    private int[] positions(Geometry g) {
        int total = g.outHeight() * g.outWidth();
        if (total <= positionsPerImage) {
            return IntStream.range(0, total).toArray();
        }
        // One in each of as many stretches of the image.
        return IntStream.range(0, positionsPerImage).map(j -> {
            int from = (int) ((long) total * j / positionsPerImage);
            int to = (int) ((long) total * (j + 1) / positionsPerImage);
            return from + (int) ((j * GOLDEN) % 1 * (to - from));
        }).toArray();
    }

    private void patch(Tensor input, Geometry g, int n, int group, int position, float[] out, int at) {
        int[] pixels = pixels(g, position);
        int channels = op.inChannels() / op.groups();
        int first = first(g, n) + group * channels * channelStep(g);
        float[] data = input.data();
        for (int tap = 0; tap < pixels.length; tap++) {
            if (pixels[tap] < 0) {
                continue;
            }
            int from = first + pixels[tap] * pixelStep();
            for (int c = 0; c < channels; c++) {
                out[at + tap + c * pixels.length] = data[from + c * channelStep(g)];
            }
        }
    }

    private void patches(Tensor input, Geometry g, int n, int firstGroup, int position, float[][] out, int at) {
        int[] pixels = pixels(g, position);
        int channels = op.inChannels() / op.groups();
        int groupStep = channels * channelStep(g);
        int first = first(g, n) + firstGroup * groupStep;
        float[] data = input.data();
        for (int tap = 0; tap < pixels.length; tap++) {
            if (pixels[tap] < 0) {
                continue;
            }
            for (int c = 0; c < channels; c++) {
                int from = first + pixels[tap] * pixelStep() + c * channelStep(g);
                float[] to = out[at + tap + c * pixels.length];
                for (int i = 0; i < to.length; i++) {
                    to[i] = data[from + i * groupStep];
                }
            }
        }
    }

    /** Where the image of an example begins. */
    private int first(Geometry g, int n) {
        return n * g.inHeight() * g.inWidth() * op.inChannels();
    }

    /** Steps from one channel of a pixel to the next. */
    private int channelStep(Geometry g) {
        return op.channelsLast() ? 1 : g.inHeight() * g.inWidth();
    }

    private int pixelStep() {
        return op.channelsLast() ? op.inChannels() : 1;
    }

    /** The input pixel that each element of a kernel meets at an output position, {@code row * width + column}, or -1 for a zero. */
    private int[] pixels(Geometry g, int position) {
        int kh = op.kernel().height();
        int kw = op.kernel().width();
        int[] pixels = new int[kh * kw];
        for (int ky = 0; ky < kh; ky++) {
            int iy = source(position / g.outWidth(), ky, op.stride().height(), op.dilation().height(), g.padTop(), g.inHeight());
            for (int kx = 0; kx < kw; kx++) {
                int ix = source(position % g.outWidth(), kx, op.stride().width(), op.dilation().width(), g.padLeft(), g.inWidth());
                pixels[ky * kw + kx] = iy < 0 || ix < 0 ? -1 : iy * g.inWidth() + ix;
            }
        }
        return pixels;
    }

    /** The input row (column) that kernel row {@code k} meets at output row {@code o}, or -1 for a zero. */
    private int source(int o, int k, int stride, int dilation, int pad, int size) {
        if (!op.transposed()) {
            int i = o * stride - pad + k * dilation;
            return i < size ? i : -1;
        }
        // Output row o of a deconvolution receives input row i through kernel row k where o = i * stride - pad + k * dilation.
        int scaled = o + pad - k * dilation;
        if (scaled < 0 || scaled % stride != 0) {
            return -1;
        }
        return scaled / stride < size ? scaled / stride : -1;
    }
}
