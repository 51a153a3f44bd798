package org.multipoint.linear;

import org.multipoint.linear.LinearOp.PaddingMode;
import org.multipoint.linear.LinearOp.Size;

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
                int total = Math.max((out - 1) * s + effective - in, 0);
                yield new Extent(out, total / 2, total - total / 2);
            }
        };
    }
}
