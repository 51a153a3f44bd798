package org.multipoint.internal.quantizer;

import org.multipoint.points.MultipointMatrix;

/**
 * Stored bits of an operation as a function of what a bit is worth, measured at a few prices and interpolated: bits fall nearly in
 * proportion to the logarithm of the price.
 */
public final class RateCurve {

    /** Prices that are measured, from cheap bits to dear ones: relative output error of a row for a bit. */
    private static final double CHEAPEST = Math.scalb(1.0, -26);
    private static final int PRICES = 8;
    private static final double RATIO = 8;

    /** The price whose codes are {@link #typical}. */
    private static final int TYPICAL = 4;

    private final double[] bits;
    private final MultipointMatrix typical;
    private final double weight;

    /** The curve of some weights. */
    public RateCurve(CodedWeights weights) {
        bits = new double[PRICES];
        weight = 1;
        typical = weights.estimate(measured(TYPICAL));
        for (int i = 0; i < PRICES; i++) {
            double found = i == TYPICAL ? typical.storedBits() : weights.bits(measured(i));
            // Interpolation wants a curve that falls.
            bits[i] = i == 0 ? found : Math.min(found, bits[i - 1]);
        }
    }

    private static double measured(int i) {
        return CHEAPEST * Math.pow(RATIO, i);
    }

    private RateCurve(RateCurve curve, double weight) {
        bits = curve.bits;
        typical = curve.typical;
        this.weight = weight;
    }

    /** The same curve where output errors count {@code weight} times as much: it is at a {@code weight}-th of the price. */
    public RateCurve weighted(double weight) {
        return new RateCurve(this, this.weight * weight);
    }

    /** The weights at a price in the middle, at which layers take about two bits. */
    public MultipointMatrix typical() {
        return typical;
    }

    /** What a bit costs an operation, given what it costs where output errors count as they are. */
    double price(double lambda) {
        return lambda / weight;
    }

    /** Largest price of a curve, beyond which bits do not fall. */
    static double highest() {
        return measured(PRICES - 1);
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
        double place = Math.log(price(lambda) / CHEAPEST) / Math.log(RATIO);
        int i = (int) Math.max(0, Math.min(PRICES - 2, Math.floor(place)));
        double part = Math.max(0, Math.min(1, place - i));
        return bits[i] + part * (bits[i + 1] - bits[i]);
    }
}
