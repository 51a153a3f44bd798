package org.multipoint.internal.quantizer;

import org.multipoint.points.MultipointMatrix;

import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Spends a budget of stored bits on operations that are coded one after another: one price of a bit for the whole network, which is
 * corrected after each operation by what it really took. Not thread-safe.
 */
public final class RateControl {

    private static final int HALVINGS = 40;
    /** Steps of the price of the last operation, until it fits what is left. */
    private static final int LAST_STEPS = 60;
    private static final double LAST_STEP = 1.06;

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
        double lambda = price();
        RateCurve curve = open.remove(operation);
        MultipointMatrix matrix = weights.find(curve.price(lambda));
        for (int i = 0; open.isEmpty() && i < LAST_STEPS && spent + matrix.storedBits() > budget; i++) {
            lambda *= LAST_STEP;
            matrix = weights.find(curve.price(lambda));
        }
        spent += matrix.storedBits();
        predicted += curve.bits(lambda);
        return matrix;
    }

    /** The price at which all open operations take what is left, if they deviate from their curves as those before did. */
    private double price() {
        double correction = predicted > 0 ? spent / predicted : 1;
        double left = (budget - spent) / correction;
        double low = Math.log(RateCurve.lowest());
        double high = Math.log(RateCurve.highest());
        for (int i = 0; i < HALVINGS; i++) {
            double middle = (low + high) / 2;
            double lambda = Math.exp(middle);
            if (open.values().stream().mapToDouble(c -> c.bits(lambda)).sum() > left) {
                low = middle;
            } else {
                high = middle;
            }
        }
        return Math.exp(high);
    }
}
