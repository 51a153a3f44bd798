package org.multipoint.datasets;

import java.util.function.DoubleSupplier;

/** A square picture to draw on, with linear mixing and antialiased edges. Its arithmetic gives the same result on every machine. */
final class Canvas {

    /** Samples of a pixel in each direction. */
    private static final int SAMPLES = 3;

    static final double EXTENT = 1.2;

    private final int size;
    /** [size, size, 3], 0..255. */
    private final double[] values;

    /** A set of points of the plane, none further from the origin than {@link #EXTENT}. */
    interface Region {
        boolean contains(double x, double y);
    }

    /**
     * Where a region lies: its unit circle becomes an ellipse.
     *
     * @param x        of the centre, in pixels
     * @param y        of the centre, in pixels
     * @param radius   in pixels
     * @param flatness share of the radius across it, in (0, 1]
     * @param angle    in radians
     */
    record Placement(double x, double y, double radius, double flatness, double angle) {
    }

    /** Triangle waves between two colours. */
    static final class Paint {

        private final double[] crest;
        private final double[] trough;
        private final double fx;
        private final double fy;
        private final double phase;

        /**
         * @param crest  red, green, blue, 0..255
         * @param trough likewise
         * @param fx     waves a pixel
         * @param fy     waves a pixel
         * @param phase  in waves
         */
        Paint(double[] crest, double[] trough, double fx, double fy, double phase) {
            this.crest = crest;
            this.trough = trough;
            this.fx = fx;
            this.fy = fy;
            this.phase = phase;
        }

        double[] crest() {
            return crest;
        }

        double[] trough() {
            return trough;
        }

        double fx() {
            return fx;
        }

        double fy() {
            return fy;
        }

        double phase() {
            return phase;
        }

        private double[] at(int x, int y) {
            double waves = fx * x + fy * y + phase;
            return mix(crest, trough, Math.abs(2 * (waves - Math.floor(waves)) - 1));
        }
    }

    Canvas(int size, Paint background) {
        this.size = size;
        values = new double[size * size * RgbImage.CHANNELS];
        for (int y = 0; y < size; y++) {
            for (int x = 0; x < size; x++) {
                blend(x, y, background, 1);
            }
        }
    }

    static double[] mix(double[] a, double[] b, double shareOfB) {
        double[] mixed = new double[a.length];
        for (int i = 0; i < a.length; i++) {
            mixed[i] = a[i] + shareOfB * (b[i] - a[i]);
        }
        return mixed;
    }

    /** @return the box of the pixels that the region covers; null where there are none */
    Box draw(Region region, Placement placement, Paint paint) {
        double cos = StrictMath.cos(placement.angle) / placement.radius;
        double sin = StrictMath.sin(placement.angle) / placement.radius;
        double reach = EXTENT * placement.radius;
        int left = size;
        int top = size;
        int right = -1;
        int bottom = -1;
        for (int y = pixel(placement.y - reach); y <= pixel(placement.y + reach); y++) {
            for (int x = pixel(placement.x - reach); x <= pixel(placement.x + reach); x++) {
                int covered = 0;
                for (int sample = 0; sample < SAMPLES * SAMPLES; sample++) {
                    double dx = x + (sample % SAMPLES + 0.5) / SAMPLES - placement.x;
                    double dy = y + (sample / SAMPLES + 0.5) / SAMPLES - placement.y;
                    if (region.contains(dx * cos + dy * sin, (dy * cos - dx * sin) / placement.flatness)) {
                        covered++;
                    }
                }
                if (covered > 0) {
                    blend(x, y, paint, (double) covered / (SAMPLES * SAMPLES));
                    left = Math.min(left, x);
                    top = Math.min(top, y);
                    right = Math.max(right, x);
                    bottom = Math.max(bottom, y);
                }
            }
        }
        return right < 0 ? null : new Box((double) left / size, (double) top / size, (right + 1.0) / size, (bottom + 1.0) / size);
    }

    private int pixel(double coordinate) {
        return Math.max(0, Math.min(size - 1, (int) Math.floor(coordinate)));
    }

    private void blend(int x, int y, Paint paint, double share) {
        double[] color = paint.at(x, y);
        int at = (y * size + x) * RgbImage.CHANNELS;
        for (int channel = 0; channel < RgbImage.CHANNELS; channel++) {
            values[at + channel] += share * (color[channel] - values[at + channel]);
        }
    }

    /**
     * The picture in 8 bits.
     *
     * @param noise is added to each value, in units of 0..255
     */
    RgbImage develop(DoubleSupplier noise) {
        byte[] pixels = new byte[values.length];
        for (int i = 0; i < pixels.length; i++) {
            pixels[i] = (byte) Math.max(0, Math.min(255, Math.round(values[i] + noise.getAsDouble())));
        }
        return new RgbImage(size, size, pixels);
    }
}
