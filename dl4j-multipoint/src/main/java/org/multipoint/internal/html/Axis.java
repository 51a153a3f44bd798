package org.multipoint.internal.html;

import java.util.List;
import java.util.Locale;
import java.util.stream.DoubleStream;
import java.util.stream.IntStream;

/** The axis of a chart: where values stand between its ends, and which of them are labelled. */
public final class Axis {

    /** Ticks of a linear axis, at most. */
    private static final int TICKS = 5;
    /** Powers of ten of a logarithmic axis, at most: outliers below are drawn at its end. */
    private static final int DECADES = 12;

    private final double from;
    private final double to;
    private final boolean logarithmic;
    private final List<Double> ticks;
    private final String unit;

    private Axis(double from, double to, boolean logarithmic, List<Double> ticks, String unit) {
        this.from = from;
        this.to = to;
        this.logarithmic = logarithmic;
        this.ticks = ticks;
        this.unit = unit;
    }

    /**
     * From round value to round value, with zero.
     *
     * @param unit stands behind each label
     */
    public static Axis linear(double least, double most, String unit) {
        double low = Math.min(0, least);
        double high = Math.max(most, low == 0 ? Double.MIN_NORMAL : 0);
        double step = roundStep((high - low) / TICKS);
        long first = (long) Math.floor(low / step);
        long last = (long) Math.ceil(high / step);
        return new Axis(first * step, last * step, false,
                IntStream.rangeClosed((int) first, (int) last).mapToObj(i -> i * step).toList(), unit);
    }

    /** From a power of ten to another, around the values that are positive. */
    public static Axis logarithmic(double[] values) {
        double[] positive = DoubleStream.of(values).filter(v -> v > 0 && v < Double.POSITIVE_INFINITY).map(Math::log10).toArray();
        int high = (int) Math.ceil(DoubleStream.of(positive).max().orElse(0));
        int low = Math.max(high - DECADES, Math.min(high - 1, (int) Math.floor(DoubleStream.of(positive).min().orElse(-1))));
        int step = (high - low + TICKS - 1) / TICKS;
        return new Axis(Math.pow(10, low), Math.pow(10, high), true,
                IntStream.rangeClosed(low, high).filter(e -> (high - e) % step == 0).mapToObj(e -> Math.pow(10, e)).toList(), "");
    }

    /** 1, 2 or 5 times a power of ten, not below what is asked for. */
    static double roundStep(double least) {
        double decade = Math.pow(10, Math.floor(Math.log10(least)));
        return DoubleStream.of(1, 2, 5, 10).map(f -> f * decade).filter(step -> step >= least * (1 - 1e-9)).findFirst().orElseThrow();
    }

    /** The place of a value, from 0 at the lower end to 1 at the upper one; values beyond the ends stand at them. */
    double place(double value) {
        double place = logarithmic ? (Math.log10(value) - Math.log10(from)) / (Math.log10(to) - Math.log10(from))
                : (value - from) / (to - from);
        return Double.isNaN(place) ? 0 : Math.max(0, Math.min(1, place));
    }

    /** The value at the lower end. */
    public double from() {
        return from;
    }

    List<Double> ticks() {
        return ticks;
    }

    String label(double tick) {
        if (logarithmic) {
            return tick >= 0.01 && tick <= 100 ? Numbers.plain(tick, 4) : String.format(Locale.ROOT, "1e%d", Math.round(Math.log10(tick)));
        }
        return Numbers.plain(tick, 4) + unit;
    }
}
