package org.multipoint.datasets;

import java.util.Arrays;

/**
 * Separable resampling with antialiasing, bit for bit what PIL's {@code Image.resize} computes for 8-bit images: when an image shrinks,
 * the kernel is stretched by the scale; weights are rounded to 22 fractional bits; rows are resampled first and rounded to 8 bits, then
 * columns. Where an image is stretched more in one direction than in the other, PIL 13 sometimes begins with the columns, and a value may then
 * differ by one.
 */
public enum Resampling {

    /** Triangle kernel. */
    BILINEAR(1) {
        @Override
        double kernel(double x) {
            double distance = Math.abs(x);
            return distance < 1 ? 1 - distance : 0;
        }
    },

    /** Cubic convolution with a = -0.5 (R. G. Keys, Cubic convolution interpolation for digital image processing, 1981, eq. 15). */
    BICUBIC(2) {
        @Override
        double kernel(double x) {
            double distance = Math.abs(x);
            if (distance < 1) {
                return ((A + 2) * distance - (A + 3)) * distance * distance + 1;
            }
            return distance < 2 ? (((distance - 5) * distance + 8) * distance - 4) * A : 0;
        }
    };

    private static final double A = -0.5;

    /** An int holds 8 bits of the pixel and 2 for overshoot and sign; the rest is for the weight. */
    private static final int FRACTION_BITS = 32 - 8 - 2;

    private static final int HALF = 1 << FRACTION_BITS - 1;

    private final double radius;

    Resampling(double radius) {
        this.radius = radius;
    }

    abstract double kernel(double x);

    /**
     * Resizes an image.
     *
     * @param width  of the result, at least 1
     * @param height of the result, at least 1
     */
    public RgbImage resize(RgbImage image, int width, int height) {
        return columns(rows(image, width), height);
    }

    private RgbImage rows(RgbImage image, int width) {
        if (width == image.width()) {
            return image;
        }
        Weights weights = weights(image.width(), width);
        byte[] in = image.pixels();
        byte[] out = new byte[Math.multiplyExact(image.height(), width * RgbImage.CHANNELS)];
        for (int y = 0, o = 0; y < image.height(); y++) {
            for (int x = 0; x < width; x++) {
                int red = HALF;
                int green = HALF;
                int blue = HALF;
                int i = (y * image.width() + weights.first[x]) * RgbImage.CHANNELS;
                for (int weight : weights.of[x]) {
                    red += weight * (in[i++] & 0xFF);
                    green += weight * (in[i++] & 0xFF);
                    blue += weight * (in[i++] & 0xFF);
                }
                out[o++] = toByte(red);
                out[o++] = toByte(green);
                out[o++] = toByte(blue);
            }
        }
        return new RgbImage(width, image.height(), out);
    }

    private RgbImage columns(RgbImage image, int height) {
        if (height == image.height()) {
            return image;
        }
        Weights weights = weights(image.height(), height);
        byte[] in = image.pixels();
        int stride = image.width() * RgbImage.CHANNELS;
        byte[] out = new byte[Math.multiplyExact(height, stride)];
        int[] sums = new int[stride];
        for (int y = 0; y < height; y++) {
            Arrays.fill(sums, HALF);
            int i = weights.first[y] * stride;
            for (int weight : weights.of[y]) {
                for (int x = 0; x < stride; x++) {
                    sums[x] += weight * (in[i++] & 0xFF);
                }
            }
            for (int x = 0; x < stride; x++) {
                out[y * stride + x] = toByte(sums[x]);
            }
        }
        return new RgbImage(image.width(), height, out);
    }

    private static byte toByte(int fixed) {
        return (byte) Math.max(0, Math.min(255, fixed >> FRACTION_BITS));
    }

    /** The inputs of each output, and their weights. */
    private static final class Weights {

        private final int[] first;
        private final int[][] of;

        /**
         * @param first index of the first input, for each output
         * @param of    fixed-point weights of the inputs from the first on, for each output
         */
        Weights(int[] first, int[][] of) {
            this.first = first;
            this.of = of;
        }
    }

    private Weights weights(int in, int out) {
        int[] first = new int[out];
        int[][] of = new int[out][];
        double scale = (double) in / out;
        double stretch = Math.max(scale, 1);
        double reach = radius * stretch;
        for (int o = 0; o < out; o++) {
            double center = (o + 0.5) * scale;
            first[o] = Math.max(0, (int) (center - reach + 0.5));
            int end = Math.min(in, (int) (center + reach + 0.5));
            double[] weights = new double[end - first[o]];
            double sum = 0;
            for (int i = 0; i < weights.length; i++) {
                weights[i] = kernel((i + first[o] - center + 0.5) * (1 / stretch));
                sum += weights[i];
            }
            of[o] = new int[weights.length];
            for (int i = 0; i < weights.length; i++) {
                double fixed = weights[i] * (1 / sum) * (1 << FRACTION_BITS);
                of[o][i] = (int) (fixed < 0 ? fixed - 0.5 : fixed + 0.5);
            }
        }
        return new Weights(first, of);
    }
}
