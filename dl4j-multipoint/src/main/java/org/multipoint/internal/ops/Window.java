package org.multipoint.internal.ops;

import org.multipoint.internal.ops.LinearOp.PaddingMode;
import org.multipoint.internal.ops.LinearOp.Size;

import java.util.Arrays;
import java.util.stream.IntStream;

/**
 * The window that a convolution or pooling moves over an image.
 *
 * @param kernel      height and width
 * @param stride      stride over height and width
 * @param dilation    dilation over height and width
 * @param padding     padding at top/bottom and left/right; used by {@link PaddingMode#EXPLICIT} only
 * @param paddingMode how the border is padded
 * @param transposed  true for a deconvolution
 */
public record Window(Size kernel, Size stride, Size dilation, Size padding, PaddingMode paddingMode, boolean transposed) {

    /**
     * Sizes and padding for an image.
     *
     * @throws IllegalArgumentException where the image is too small
     */
    public Geometry geometry(int height, int width) {
        Extent h = extent(height, kernel.height(), stride.height(), dilation.height(), padding.height());
        Extent w = extent(width, kernel.width(), stride.width(), dilation.width(), padding.width());
        if (h.out < 1 || w.out < 1) {
            throw new IllegalArgumentException("An input of " + height + "x" + width + " is too small for a kernel of "
                    + kernel.height() + "x" + kernel.width() + " with stride " + stride.height() + "x" + stride.width()
                    + " and dilation " + dilation.height() + "x" + dilation.width());
        }
        return new Geometry(height, width, h.out, w.out, h.before, w.before, h.after, w.after);
    }

    /** For each row of the output: the number of kernel rows inside the image. Not for deconvolutions. */
    public int[] rowsInside(Geometry g) {
        return inside(g.outHeight(), g.inHeight(), kernel.height(), stride.height(), dilation.height(), g.padTop());
    }

    /** For each column of the output: the number of kernel columns inside the image. Not for deconvolutions. */
    public int[] columnsInside(Geometry g) {
        return inside(g.outWidth(), g.inWidth(), kernel.width(), stride.width(), dilation.width(), g.padLeft());
    }

    /** Whether some output reads nothing but padding. Not for deconvolutions. */
    public boolean readsOnlyPaddingSomewhere(Geometry g) {
        return IntStream.concat(Arrays.stream(rowsInside(g)), Arrays.stream(columnsInside(g))).anyMatch(n -> n == 0);
    }

    /** Number of columns at the right of the image that no window reaches. Not for deconvolutions. */
    public int columnsBeyond(Geometry g) {
        int end = (g.outWidth() - 1) * stride.width() + (kernel.width() - 1) * dilation.width() + 1 - g.padLeft();
        return Math.max(g.inWidth() - end, 0);
    }

    /**
     * The geometry of one column of output in which padding at the right ends with the window, as it does under a stride of one. Not for
     * deconvolutions.
     *
     * @param g without columns {@linkplain #columnsBeyond beyond} the window
     */
    public Geometry asOnlyColumn(Geometry g) {
        int reach = (kernel.width() - 1) * dilation.width() + 1;
        return new Geometry(g.inHeight(), g.inWidth(), g.outHeight(), 1, g.padTop(), g.padLeft(), g.padBottom(), reach - g.padLeft() - g.inWidth());
    }

    private static int[] inside(int out, int in, int k, int s, int d, int before) {
        int[] counts = new int[out];
        for (int o = 0; o < out; o++) {
            for (int i = 0; i < k; i++) {
                int place = o * s + i * d - before;
                counts[o] += place >= 0 && place < in ? 1 : 0;
            }
        }
        return counts;
    }

    private record Extent(int out, int before, int after) {
    }

    private Extent extent(int in, int k, int s, int d, int p) {
        int effective = (k - 1) * d + 1;
        if (transposed) {
            int full = s * (in - 1) + effective;
            int out = paddingMode == PaddingMode.SAME ? in * s : full - 2 * p;
            // For a deconvolution padding is what is cut off the full output, halves rounded towards zero as ND4J does.
            int cut = full - out;
            int before = paddingMode == PaddingMode.SAME ? cut / 2 : p;
            return new Extent(out, before, cut - before);
        }
        return switch (paddingMode) {
            case EXPLICIT -> new Extent(Math.floorDiv(in + 2 * p - effective, s) + 1, p, p);
            case CAUSAL -> new Extent((in - 1) / s + 1, effective - 1, 0);
            case SAME -> {
                int out = (in + s - 1) / s;
                // Negative where the stride leaves out pixels: half of those are left out before the first window, as Deeplearning4j does.
                int total = (out - 1) * s + effective - in;
                yield new Extent(out, total / 2, Math.max(total - total / 2, 0));
            }
        };
    }
}
