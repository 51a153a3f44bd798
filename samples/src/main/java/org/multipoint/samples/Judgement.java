package org.multipoint.samples;

import java.util.Locale;
import java.util.SortedMap;

import static java.util.stream.Collectors.joining;

/** What was found of a network on some images. */
interface Judgement {

    /** The figures; the first one is what searches hold. */
    SortedMap<Figure, Double> figures();

    /** How far outputs are from those of a reference; NaN where that was not measured. */
    double divergence();

    /** Number of images. */
    long images();

    /** Wall-clock time, reading images included. */
    double seconds();

    /** The figures as text. */
    default String text() {
        return figures().entrySet().stream().map(f -> String.format(Locale.ROOT, "%s %.2f %%", f.getKey(), 100 * f.getValue()))
                .collect(joining(", "));
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
