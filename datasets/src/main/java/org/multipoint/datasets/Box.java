package org.multipoint.datasets;

import java.io.Serializable;

/**
 * An axis-parallel rectangle in an image, in shares of the image's width and height: the corners of the whole image are (0, 0) and (1, 1).
 * It may reach beyond the image.
 *
 * @param left   smallest x
 * @param top    smallest y
 * @param right  largest x
 * @param bottom largest y
 */
public record Box(double left, double top, double right, double bottom) implements Serializable {

    /** @throws IllegalArgumentException where a value is NaN, or a side has a negative length */
    public Box {
        if (!(left <= right && top <= bottom)) {
            throw new IllegalArgumentException("A box from (" + left + ", " + top + ") to (" + right + ", " + bottom
                    + "): expected left <= right and top <= bottom");
        }
    }

    /**
     * The box of a given centre.
     *
     * @throws IllegalArgumentException where a value is NaN, or a side has a negative length
     */
    public static Box centered(double x, double y, double width, double height) {
        return new Box(x - width / 2, y - height / 2, x + width / 2, y + height / 2);
    }

    /** Length of the horizontal sides. */
    public double width() {
        return right - left;
    }

    /** Length of the vertical sides. */
    public double height() {
        return bottom - top;
    }

    /** x of the centre. */
    public double centerX() {
        return (left + right) / 2;
    }

    /** y of the centre. */
    public double centerY() {
        return (top + bottom) / 2;
    }

    /** Intersection over union (Jaccard index) with another box of the same image, 0..1; 0 where both are empty. */
    public double iou(Box other) {
        double width = Math.min(right, other.right) - Math.max(left, other.left);
        double height = Math.min(bottom, other.bottom) - Math.max(top, other.top);
        if (width <= 0 || height <= 0) {
            return 0;
        }
        double common = width * height;
        return common / (width() * height() + other.width() * other.height() - common);
    }
}
