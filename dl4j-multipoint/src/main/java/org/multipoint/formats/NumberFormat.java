package org.multipoint.formats;

import org.nd4j.shade.jackson.annotation.JsonProperty;

import java.util.Map;
import java.util.Objects;

/**
 * A binary floating-point format of no more bits than single precision: a sign, an exponent with the bias of IEEE 754,
 * {@code 2^(exponentBits - 1) - 1}, and a mantissa, with subnormal numbers. Its values are held in single precision, which holds all of
 * them exactly; rounding is exact, too. NaN stays NaN, and signs of zeros stay.
 *
 * @param exponentBits 2 to 8
 * @param mantissaBits 1 to 23, without the leading bit
 * @param maximum      the largest finite value; IEEE 754 leaves the largest exponent to infinity and NaN, other formats do not
 * @param overflow     what becomes of values that are rounded beyond the largest one, as if exponents had no bound
 */
public record NumberFormat(@JsonProperty("exponentBits") int exponentBits, @JsonProperty("mantissaBits") int mantissaBits,
                           @JsonProperty("maximum") float maximum, @JsonProperty("overflow") Overflow overflow) {

    /** What becomes of values beyond the largest one. */
    public enum Overflow {
        /** Infinity, as in IEEE 754. */
        INFINITY,
        /** The largest value, infinity included. */
        SATURATE
    }

    /** Single precision: nothing is rounded. */
    public static final NumberFormat FP32 = ieee(8, 23);
    /** Half precision of IEEE 754: 5 bits of exponent, 10 of mantissa; up to 65,504. */
    public static final NumberFormat FP16 = ieee(5, 10);
    /** The upper half of single precision: 8 bits of exponent, 7 of mantissa. */
    public static final NumberFormat BF16 = ieee(8, 7);
    /**
     * 8 bits: 5 of exponent, 2 of mantissa; up to 57,344 (Mellempudi et al. 2019; Micikevicius et al., "FP8 Formats for Deep Learning",
     * 2022).
     */
    public static final NumberFormat E5M2 = ieee(5, 2);
    /**
     * 8 bits: 4 of exponent, 3 of mantissa; up to 448, since it has no infinity and but one NaN of each sign (Micikevicius et al. 2022). What
     * is larger becomes 448.
     */
    public static final NumberFormat E4M3 = new NumberFormat(4, 3, 448, Overflow.SATURATE);

    private static final Map<NumberFormat, String> NAMES =
            Map.of(FP32, "fp32", FP16, "fp16", BF16, "bf16", E5M2, "fp8 e5m2", E4M3, "fp8 e4m3");

    private static final int SINGLE_MANTISSA = 23;
    private static final int SINGLE_BIAS = 127;
    private static final int DOUBLE_MANTISSA = 52;
    private static final long DOUBLE_BIAS = 1023;
    private static final int MAGNITUDE = Integer.MAX_VALUE;
    private static final int INFINITE = 0x7f800000;
    /** Random bits that decide how subnormal numbers are rounded: as many as a float holds exactly. */
    private static final int RANDOM_BITS = 24;

    /** @throws IllegalArgumentException where bits are out of range, or the format does not hold its largest value */
    public NumberFormat {
        Objects.requireNonNull(overflow, "overflow");
        if (exponentBits < 2 || exponentBits > 8 || mantissaBits < 1 || mantissaBits > SINGLE_MANTISSA) {
            throw new IllegalArgumentException("A format has 2 to 8 bits of exponent and 1 to " + SINGLE_MANTISSA + " of mantissa, found "
                    + exponentBits + " and " + mantissaBits);
        }
        int dropped = (1 << SINGLE_MANTISSA - mantissaBits) - 1;
        if (!(maximum >= smallestNormal(exponentBits)) || Float.isInfinite(maximum) || (Float.floatToRawIntBits(maximum) & dropped) != 0
                || Math.getExponent(maximum) > bias(exponentBits) + 1) {
            throw new IllegalArgumentException("A format of " + exponentBits + " bits of exponent and " + mantissaBits
                    + " of mantissa does not have the largest value " + maximum);
        }
    }

    /** A format whose largest exponent stands for infinity and NaN, as in IEEE 754. */
    public static NumberFormat ieee(int exponentBits, int mantissaBits) {
        float maximum = Math.scalb(2 - Math.scalb(1f, -mantissaBits), bias(exponentBits));
        return new NumberFormat(exponentBits, mantissaBits, maximum, Overflow.INFINITY);
    }

    /** The same format, where values beyond the largest one become that. */
    public NumberFormat saturating() {
        return new NumberFormat(exponentBits, mantissaBits, maximum, Overflow.SATURATE);
    }

    private static int bias(int exponentBits) {
        return (1 << exponentBits - 1) - 1;
    }

    private static float smallestNormal(int exponentBits) {
        return Float.intBitsToFloat(1 + SINGLE_BIAS - bias(exponentBits) << SINGLE_MANTISSA);
    }

    /** Bits of a number. */
    public int bits() {
        return 1 + exponentBits + mantissaBits;
    }

    /** The least positive number of full precision. */
    public float smallestNormal() {
        return smallestNormal(exponentBits);
    }

    /** The least positive number. */
    public float smallest() {
        return (float) power(leastExponent());
    }

    private int leastExponent() {
        return 1 - bias(exponentBits) - mantissaBits;
    }

    /** A power of two, faster than {@link Math#scalb}. */
    private static double power(int exponent) {
        return Double.longBitsToDouble(exponent + DOUBLE_BIAS << DOUBLE_MANTISSA);
    }

    /** The nearest number of this format; of two that are equally near, the one whose last bit is zero. */
    public float nearest(float value) {
        int bits = Float.floatToRawIntBits(value);
        int magnitude = bits & MAGNITUDE;
        if (magnitude >= Float.floatToRawIntBits(smallestNormal())) {
            int dropped = SINGLE_MANTISSA - mantissaBits;
            int mask = (1 << dropped) - 1;
            // Half of the last place less one, and one more where the last place is odd. A carry moves on to the exponent.
            int up = (mask >>> 1) + (magnitude >>> dropped & 1) & mask;
            return bounded(bits, magnitude, magnitude + up & ~mask);
        }
        double places = Math.rint(Math.abs((double) value) * power(-leastExponent()));
        return Math.copySign((float) (places * power(leastExponent())), value);
    }

    /**
     * One of the two numbers of this format around a value, the nearer the more often, so that the mean is the value: {@code P(up) = (value -
     * lower) / (upper - lower)}. What lies between the largest number and the one that would follow it overflows as often as that.
     *
     * @param random 32 bits that are equally likely to be zero and one
     */
    public float stochastic(float value, int random) {
        int bits = Float.floatToRawIntBits(value);
        int magnitude = bits & MAGNITUDE;
        if (magnitude >= Float.floatToRawIntBits(smallestNormal())) {
            int mask = (1 << SINGLE_MANTISSA - mantissaBits) - 1;
            return bounded(bits, magnitude, magnitude + (random & mask) & ~mask);
        }
        double places = Math.abs((double) value) * power(-leastExponent());
        double lower = Math.floor(places);
        boolean up = places - lower > (random >>> Integer.SIZE - RANDOM_BITS) * 0x1p-24;
        return Math.copySign((float) ((up ? lower + 1 : lower) * power(leastExponent())), value);
    }

    /**
     * A value of which the exponent and the first bits of the mantissa are left, where it is not beyond the largest one.
     *
     * @param bits      of the value before
     * @param magnitude bits of its magnitude
     * @param rounded   bits of its rounded magnitude
     */
    private float bounded(int bits, int magnitude, int rounded) {
        if (magnitude > INFINITE) {
            return Float.NaN;
        }
        // The bits of floats of one sign are ordered as the floats are.
        boolean beyond = rounded > Float.floatToRawIntBits(maximum) || magnitude == INFINITE;
        int result = !beyond ? rounded : overflow == Overflow.SATURATE ? Float.floatToRawIntBits(maximum) : INFINITE;
        return Float.intBitsToFloat(result | bits & ~MAGNITUDE);
    }

    /** A short name. */
    @Override
    public String toString() {
        // Constants are made before there are names.
        String name = NAMES == null ? null : NAMES.get(this);
        return name != null ? name
                : "e" + exponentBits + "m" + mantissaBits + " up to " + maximum + (overflow == Overflow.SATURATE ? ", saturating" : "");
    }
}
