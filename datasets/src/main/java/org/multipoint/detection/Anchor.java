package org.multipoint.detection;

/**
 * A size that a detector's box is predicted relative to, in the unit of its head.
 *
 * @param width  positive
 * @param height positive
 */
public record Anchor(double width, double height) {

    /** @throws IllegalArgumentException where one is not positive and finite */
    public Anchor {
        if (!(width > 0 && height > 0 && width < Double.POSITIVE_INFINITY && height < Double.POSITIVE_INFINITY)) {
            throw new IllegalArgumentException("An anchor of " + width + "x" + height + ": expected positive, finite sides");
        }
    }
}
