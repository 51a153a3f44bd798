package org.multipoint.internal.quantizer;

/**
 * Stored bits of an operation as a function of what a bit is worth, measured at a few prices and interpolated: bits fall nearly in
 * proportion to the logarithm of the price.
 */
public final class RateCurve {

    /** Prices that are measured, from cheap bits to dear ones: relative output error of a row for a bit. */
    private static final double CHEAPEST = Math.scalb(1.0, -26);
    private static final int PRICES = 11;
    private static final double RATIO = 4;

    private final double[] bits = new double[PRICES];

    /** The curve of some weights. */
    public RateCurve(CodedWeights weights) {
        for (int i = 0; i < PRICES; i++) {
            bits[i] = weights.find(CHEAPEST * Math.pow(RATIO, i)).storedBits();
            // Interpolation wants a curve that falls.
            bits[i] = i == 0 ? bits[i] : Math.min(bits[i], bits[i - 1]);
        }
    }

    /** Largest price of a curve, beyond which bits do not fall. */
    static double highest() {
        return CHEAPEST * Math.pow(RATIO, PRICES - 1);
    }

    static double lowest() {
        return CHEAPEST;
    }

    /** Stored bits at the largest price: the fewest that the curve knows. */
    public double least() {
        return bits[PRICES - 1];
    }

    /** Stored bits at a price. */
    double bits(double lambda) {
        double place = Math.log(lambda / CHEAPEST) / Math.log(RATIO);
        int i = (int) Math.max(0, Math.min(PRICES - 2, Math.floor(place)));
        double part = Math.max(0, Math.min(1, place - i));
        return bits[i] + part * (bits[i + 1] - bits[i]);
    }
}
