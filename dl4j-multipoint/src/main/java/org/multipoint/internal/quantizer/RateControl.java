package org.multipoint.internal.quantizer;

import org.multipoint.points.MultipointMatrix;

import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Spends a budget of stored bits on operations that are coded one after another: one price of a bit for the whole network, which is
 * corrected after each operation by what it really took. The operations at the end, which have few others behind them to make up for what
 * they take, are coded at several prices until they take what they should. Not thread-safe.
 */
public final class RateControl {

    private static final int HALVINGS = 40;
    /** An operation is at the end where those behind it take at most this share of what is left. */
    private static final double END = 0.1;
    /** An operation at the end, and the last one, take what they should within these shares of it. */
    private static final double END_TOLERANCE = 0.003;
    private static final double LAST_TOLERANCE = 0.001;
    /** Prices that are tried for an operation that may take a little more, and for the last one. */
    private static final int END_TRIALS = 4;
    private static final int LAST_TRIALS = 30;
    /** Least steps of the price of the last operation while it takes too much. */
    private static final double LEAST_STEP = 1.01;

    private final Map<String, RateCurve> open;
    private final double budget;
    private double spent;
    private double predicted;

    /**
     * @param curves of all operations, in the order in which they will be coded
     * @param budget stored bits of all of them; where even the dearest bits exceed it, it is exceeded
     */
    public RateControl(Map<String, RateCurve> curves, double budget) {
        this.open = new LinkedHashMap<>(curves);
        this.budget = budget;
    }

    /**
     * Codes the next operation.
     *
     * @throws IllegalArgumentException where it has no curve, or was coded before
     */
    public MultipointMatrix next(String operation, CodedWeights weights) {
        if (!open.containsKey(operation)) {
            throw new IllegalArgumentException("Operation \"" + operation + "\" is not among those to be coded: " + open.keySet());
        }
        double left = budget - spent;
        double lambda = price(open, left / correction());
        RateCurve curve = open.remove(operation);
        double behind = bits(open, lambda) * correction();
        MultipointMatrix matrix;
        if (open.isEmpty()) {
            matrix = last(curve, weights, lambda, left);
        } else if (behind <= END * left) {
            matrix = near(curve, weights, lambda, left - behind);
        } else {
            matrix = weights.find(curve.price(lambda));
        }
        spent += matrix.storedBits();
        predicted += curve.bits(lambda);
        return matrix;
    }

    /** How operations so far deviate from their curves, as a factor of bits. */
    private double correction() {
        return predicted > 0 ? spent / predicted : 1;
    }

    /** Weights that take about some bits. */
    private static MultipointMatrix near(RateCurve curve, CodedWeights weights, double lambda, double bits) {
        double price = lambda;
        MultipointMatrix nearest = null;
        for (int i = 0; i < END_TRIALS; i++) {
            MultipointMatrix found = weights.find(curve.price(price));
            if (nearest == null || Math.abs(found.storedBits() - bits) < Math.abs(nearest.storedBits() - bits)) {
                nearest = found;
            }
            if (Math.abs(found.storedBits() - bits) <= END_TOLERANCE * bits) {
                break;
            }
            price = next(curve, price, found, bits);
        }
        return nearest;
    }

    /** Weights that take at most some bits, and nearly as many; where that is not found, those of the trials that take the fewest. */
    private static MultipointMatrix last(RateCurve curve, CodedWeights weights, double lambda, double bits) {
        double aim = (1 - LAST_TOLERANCE / 2) * bits;
        double price = lambda;
        MultipointMatrix best = null;
        for (int i = 0; i < LAST_TRIALS; i++) {
            MultipointMatrix found = weights.find(curve.price(price));
            boolean fits = found.storedBits() <= bits;
            if (best == null || (fits ? best.storedBits() > bits || best.storedBits() < found.storedBits()
                    : best.storedBits() > found.storedBits())) {
                best = found;
            }
            if (fits && (found.storedBits() >= (1 - LAST_TOLERANCE) * bits || i >= END_TRIALS)) {
                break;
            }
            double next = next(curve, price, found, aim);
            price = fits ? next : Math.max(next, price * LEAST_STEP);
        }
        return best;
    }

    /** The price at which an operation takes some bits, if it deviates from its curve as what was found at another price does. */
    private static double next(RateCurve curve, double price, MultipointMatrix found, double bits) {
        return price(Map.of("", curve), bits * curve.bits(price) / found.storedBits());
    }

    /** The price at which operations take some bits by their curves. */
    private static double price(Map<String, RateCurve> curves, double bits) {
        double low = Math.log(RateCurve.lowest());
        double high = Math.log(RateCurve.highest());
        for (int i = 0; i < HALVINGS; i++) {
            double middle = (low + high) / 2;
            if (bits(curves, Math.exp(middle)) > bits) {
                low = middle;
            } else {
                high = middle;
            }
        }
        return Math.exp(high);
    }

    private static double bits(Map<String, RateCurve> curves, double lambda) {
        return curves.values().stream().mapToDouble(c -> c.bits(lambda)).sum();
    }
}
