package org.multipoint.linear;

/**
 * Sizes of one application of a {@link LinearOp}, in pixels. For a deconvolution the padding is what is cut off the
 * full output; it is negative where the kernel is smaller than the stride, and zero rows are added instead.
 */
public record Geometry(int inHeight, int inWidth, int outHeight, int outWidth,
                       int padTop, int padLeft, int padBottom, int padRight) {
}
