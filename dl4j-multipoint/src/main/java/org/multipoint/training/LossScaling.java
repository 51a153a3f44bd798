package org.multipoint.training;

import java.util.Collections;
import java.util.NavigableMap;
import java.util.TreeMap;

/**
 * A factor by which the loss is multiplied in the backward pass and gradients are divided behind it, so that they do not vanish in a format
 * of a small range (Micikevicius et al., "Mixed Precision Training", ICLR 2018, section 3.2). Factors are powers of two: scaling itself
 * rounds nothing. Deeplearning4j sums the loss over the examples of a batch, and divides gradients by their number after that; where
 * other programs take the mean, their factors are larger by the size of a batch.
 *
 * @param initial   the first factor
 * @param goodSteps steps without an overflow after which the factor is doubled; 0 for a factor that stays
 * @param skips     whether a step whose gradients are not finite is left out; if the factor can change, it is halved
 * @param floors    the least factor from a number of steps on; there may be none
 */
public record LossScaling(double initial, int goodSteps, boolean skips, NavigableMap<Integer, Double> floors) {

    private static final double FIRST = 1 << 15;
    private static final int GOOD_STEPS = 200;

    /** @throws IllegalArgumentException where a factor is no power of two, or a number of steps is negative */
    public LossScaling {
        floors = Collections.unmodifiableNavigableMap(new TreeMap<>(floors));
        requirePowerOfTwo(initial);
        floors.values().forEach(LossScaling::requirePowerOfTwo);
        if (goodSteps < 0 || !floors.isEmpty() && floors.firstKey() < 0) {
            throw new IllegalArgumentException("Numbers of steps must not be negative, found " + goodSteps + " and " + floors);
        }
    }

    private static void requirePowerOfTwo(double factor) {
        if (!(factor >= Float.MIN_NORMAL && factor <= Float.MAX_VALUE) || Math.scalb(1.0, Math.getExponent(factor)) != factor) {
            throw new IllegalArgumentException("A loss is scaled by a power of two, found " + factor);
        }
    }

    /** The loss as it is; gradients are not looked at. */
    public static LossScaling none() {
        return new LossScaling(1, 0, false, new TreeMap<>());
    }

    /** Always the same factor. */
    public static LossScaling fixed(double factor) {
        return new LossScaling(factor, 0, true, new TreeMap<>());
    }

    /** Dynamic scaling that begins with {@code 2^15} and tries twice as much after 200 good steps. */
    public static LossScaling dynamic() {
        return dynamic(FIRST, GOOD_STEPS);
    }

    /** The largest factor without overflow, which is sought all the time: halved at an overflow, doubled after some good steps. */
    public static LossScaling dynamic(double first, int goodSteps) {
        if (goodSteps < 1) {
            throw new IllegalArgumentException("A factor is doubled after 1 step or more, found " + goodSteps);
        }
        return new LossScaling(first, goodSteps, true, new TreeMap<>());
    }

    /**
     * The same with a least factor from a number of steps on, in addition to those that there are: overflows that come by chance cannot push it
     * below. In 8 bits such a floor rises during training (Mellempudi et al., "Mixed Precision Training With 8-bit Floating Point", 2019).
     */
    public LossScaling withFloor(int fromStep, double least) {
        NavigableMap<Integer, Double> more = new TreeMap<>(floors);
        more.put(fromStep, least);
        return new LossScaling(initial, goodSteps, skips, more);
    }

    /** The least factor at a step. */
    double least(long step) {
        var floor = floors.floorEntry((int) Math.min(step, Integer.MAX_VALUE));
        return floor == null ? Float.MIN_NORMAL : floor.getValue();
    }
}
