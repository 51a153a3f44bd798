package org.multipoint.internal.ops;

/**
 * Sizes of one application of a {@link LinearOp} or pooling, in pixels. The first window starts {@code padTop} rows above the image
 * and {@code padLeft} columns left of it; it starts inside the image where those are negative. For a deconvolution the padding is what
 * is cut off the full output; it is negative where the kernel is smaller than the stride, and zero rows are added instead.
 */
public record Geometry(int inHeight, int inWidth, int outHeight, int outWidth,
                       int padTop, int padLeft, int padBottom, int padRight) {
}
