package org.multipoint.report;

import java.util.Objects;

/**
 * A figure that was measured of a model, such as its accuracy, the size of its file or the time that an image takes.
 *
 * @param name   what was measured: {@code top-1 on 10,000 test images}
 * @param unit   {@code %}, {@code ms}; {@code bytes} are written in the unit that suits them, and an empty one where there is none
 * @param before of the source model, NaN where there is no such figure
 * @param after  of the transformed model, or of the transformation itself
 */
public record Measurement(String name, String unit, double before, double after) {

    public Measurement {
        Objects.requireNonNull(name, "name");
        Objects.requireNonNull(unit, "unit");
    }

    /** Whether there is a figure of the source model. */
    public boolean hasBefore() {
        return !Double.isNaN(before);
    }
}
