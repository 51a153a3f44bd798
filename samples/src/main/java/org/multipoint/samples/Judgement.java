package org.multipoint.samples;

import java.util.Locale;
import java.util.SortedMap;

import static java.util.stream.Collectors.joining;

/** What was found of a network on some images. */
interface Judgement {

    /** The figures; the first one is what searches hold. */
    SortedMap<Figure, Double> figures();

    /** Lower end of the 95 % interval of the first figure; NaN where it is not known. */
    default double low() {
        return Double.NaN;
    }

    /** Upper end of that interval. */
    default double high() {
        return Double.NaN;
    }

    /** Mean Kullback-Leibler divergence of probabilities from those of a reference, in nats; NaN where there are none. */
    default double divergence() {
        return Double.NaN;
    }

    /** Share of images that are taken for what a reference takes them for; NaN where that was not measured. */
    default double agreement() {
        return Double.NaN;
    }

    /** Number of images. */
    long images();

    /** Wall-clock time, reading images included. */
    double seconds();

    /** The figures as text. */
    default String text() {
        return figures().entrySet().stream().map(f -> String.format(Locale.ROOT, "%s %.2f %%", f.getKey(), 100 * f.getValue())
                + (f.getKey() == mainFigure() && !Double.isNaN(low()) ? " (95 % interval " + lowToHigh() + ")" : "")).collect(joining(", "));
    }

    /** The 95 % interval of the first figure as text. */
    default String lowToHigh() {
        return String.format(Locale.ROOT, "%.1f-%.1f", 100 * low(), 100 * high());
    }

    /** All that is known, as text. */
    default String details() {
        return text();
    }

    /** The figure that searches hold. */
    default Figure mainFigure() {
        return figures().firstKey();
    }

    /** Its value. */
    default double mainValue() {
        return figures().get(mainFigure());
    }
}
