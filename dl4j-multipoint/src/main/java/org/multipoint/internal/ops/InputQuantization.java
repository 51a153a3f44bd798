package org.multipoint.internal.ops;

import java.io.Serializable;
import java.util.stream.IntStream;

/**
 * Affine quantization of a layer's input to unsigned integers, per tensor:
 * {@code u = clip(round(x * (1 / scale) + zeroPoint), 0, levels)} and {@code x ~= scale * (u - zeroPoint)}, in single
 * precision, rounding half to even. Zero is represented exactly, and so is zero padding.
 *
 * @param scale     size of one step, positive and finite
 * @param zeroPoint the integer that represents zero, in {@code [0, levels]}
 * @param bits      width of the integers, 2..8; {@code levels = 2^bits - 1}
 */
public record InputQuantization(float scale, int zeroPoint, int bits) implements Serializable {

    /** The largest width. */
    public static final int MOST_BITS = 8;
    /** Floats between this and the next power of two are integers. */
    private static final float INTEGERS = 0x1.8p23f;

    public InputQuantization {
        if (bits < 2 || bits > MOST_BITS) {
            throw new IllegalArgumentException("Activation bits must be 2 to 8, found " + bits);
        }
        if (!usable(scale)) {
            throw new IllegalArgumentException("An activation scale and its reciprocal must be positive and finite, found " + scale);
        }
        if (zeroPoint < 0 || zeroPoint > (1 << bits) - 1) {
            throw new IllegalArgumentException(
                    "The zero point must be in [0, " + ((1 << bits) - 1) + "], found " + zeroPoint);
        }
    }

    /**
     * The quantization that covers {@code [min, max]}, widened to hold zero. A range of no width gets a scale of one step per
     * unit.
     */
    public static InputQuantization ofRange(double min, double max, int bits) {
        double low = Math.min(min, 0);
        double high = Math.max(max, 0);
        int levels = (1 << bits) - 1;
        float scale = (float) ((high - low) / levels);
        if (!usable(scale)) {
            return new InputQuantization(1f, 0, bits);
        }
        int zero = (int) Math.max(0, Math.min(levels, Math.rint(-low / scale)));
        return new InputQuantization(scale, zero, bits);
    }

    private static boolean usable(float scale) {
        return scale > 0 && Float.isFinite(scale) && Float.isFinite(1 / scale);
    }

    /** The same integers for a range that is wider by the given factor; this where single precision has no such step. */
    public InputQuantization widened(double factor) {
        float wider = (float) (scale * factor);
        return usable(wider) ? new InputQuantization(wider, zeroPoint, bits) : this;
    }

    /** The largest integer. */
    public int levels() {
        return (1 << bits) - 1;
    }

    /** The integer that represents {@code x}. */
    public int quantize(float x) {
        return (int) Math.max(0, Math.min(levels(), Math.rint(x * (1 / scale) + zeroPoint)));
    }

    /** The value that {@code x} is rounded to. */
    public float round(float x) {
        return scale * (quantize(x) - zeroPoint);
    }

    /** What all values of a tensor are rounded to. */
    public Tensor round(Tensor x) {
        return round(x, new float[x.data().length]);
    }

    /**
     * What all values of a tensor are rounded to.
     *
     * @param out receives them, one for each value
     */
    public Tensor round(Tensor x, float[] out) {
        int per = out.length / x.examples();
        float levels = levels();
        IntStream.range(0, x.examples()).parallel().forEach(n -> {
            float[] values = x.data();
            float perUnit = 1 / scale;
            for (int i = n * per; i < (n + 1) * per; i++) {
                // Adding and subtracting this rounds to the nearest integer, ties to even, as rint does, and is vectorized.
                float clipped = Math.max(0, Math.min(levels, values[i] * perUnit + zeroPoint));
                out[i] = scale * (clipped + INTEGERS - INTEGERS - zeroPoint);
            }
        });
        return new Tensor(out, x.shape());
    }
}
