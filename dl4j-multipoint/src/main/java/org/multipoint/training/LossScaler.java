package org.multipoint.training;

/** The factor of the loss as a run of training goes on. */
final class LossScaler {

    private final LossScaling scaling;
    private double factor;
    private double lowest;
    private double highest;
    private int good;
    private long steps;
    private long skipped;
    private boolean scaled;

    LossScaler(LossScaling scaling) {
        this.scaling = scaling;
        factor = Math.max(scaling.initial(), scaling.least(0));
        lowest = factor;
        highest = factor;
    }

    double factor() {
        return factor;
    }

    boolean skips() {
        return scaling.skips();
    }

    /** Gradients are scaled from now on. */
    void scaled() {
        scaled = true;
    }

    /** Gradients are those of the loss again. */
    void unscaled() {
        scaled = false;
    }

    /** @throws IllegalStateException where gradients are scaled */
    void requireUnscaled() {
        if (scaled) {
            throw new IllegalStateException("Gradients would be used with the loss scale in them: the listener of LowPrecision has been removed "
                    + "from the network; add listeners with addListeners, which keeps it, not with setListeners");
        }
    }

    /** Ends a step. */
    void done(boolean overflow) {
        steps++;
        good = overflow ? 0 : good + 1;
        skipped += overflow ? 1 : 0;
        if (scaling.goodSteps() > 0) {
            if (overflow) {
                factor /= 2;
            } else if (good == scaling.goodSteps()) {
                factor *= 2;
                good = 0;
            }
        }
        factor = Math.max(factor, scaling.least(steps));
        lowest = Math.min(lowest, factor);
        highest = Math.max(highest, factor);
    }

    LowPrecisionReport.Scale report() {
        return new LowPrecisionReport.Scale(factor, lowest, highest);
    }

    long steps() {
        return steps;
    }

    long skipped() {
        return skipped;
    }
}
