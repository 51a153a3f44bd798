package org.multipoint.points;

import org.bytedeco.javacpp.indexer.HalfIndexer;

/**
 * Scales as 16-bit floats times a power of two common to a matrix, chosen so that the largest is stored in {@code [1, 2)}: without it,
 * scales of layers with small weights would be subnormal half-precision numbers and lose precision.
 */
final class HalfScales {

    /** Largest scale: sums of points with such scales are still finite floats. */
    private static final float MAX = Math.scalb(1f, 100);

    private HalfScales() {
    }

    /** Whether a scale can be stored: neither negative, nor NaN, nor so large that weights could overflow. */
    static boolean storable(float scale) {
        return scale >= 0 && scale <= MAX;
    }

    /**
     * The exponent for the given scales: -127, where all are subnormal, to 100, so that it fits a byte; 0 where all are zero.
     *
     * @throws IllegalArgumentException where one is not {@link #storable}
     */
    static int exponent(float[] scales) {
        float max = 0;
        for (int i = 0; i < scales.length; i++) {
            if (!storable(scales[i])) {
                throw new IllegalArgumentException("Scale " + i + " is " + scales[i] + ", expected 0 to " + MAX);
            }
            max = Math.max(max, scales[i]);
        }
        // Of the largest as it is stored: it may round up to the next power of two.
        return max > 0 ? Math.getExponent(nearest(max)) : 0;
    }

    /** The nearest scales that can be stored. */
    static float[] round(float[] scales) {
        int exponent = exponent(scales);
        float[] rounded = new float[scales.length];
        for (int i = 0; i < scales.length; i++) {
            rounded[i] = decode(encode(scales[i], exponent), exponent);
        }
        return rounded;
    }

    /** {@link ScaleLayout#nearestScale}. */
    static float nearest(float scale) {
        int exponent = Math.getExponent(scale);
        return scale > 0 ? decode(encode(scale, exponent), exponent) : 0;
    }

    static short encode(float scale, int exponent) {
        return (short) HalfIndexer.fromFloat(Math.scalb(scale, -exponent));
    }

    static float decode(short half, int exponent) {
        return Math.scalb(HalfIndexer.toFloat(half & 0xffff), exponent);
    }
}
