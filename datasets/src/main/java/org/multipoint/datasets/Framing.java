package org.multipoint.datasets;

import java.io.Serializable;

/**
 * How an image of one size becomes the square of a view: a window of the image is resized and placed on the square. The window may reach
 * beyond the image, and what is placed beyond the square.
 */
public final class Framing implements Serializable {

    private static final long serialVersionUID = 1;

    private final int imageWidth;
    private final int imageHeight;
    private final Area window;
    private final Area placed;
    private final int size;
    private final Resampling resampling;
    private final int fill;

    /** In pixels. */
    record Area(int left, int top, int width, int height) implements Serializable {

        /** An area with a corner at the origin. */
        static Area of(int width, int height) {
            return new Area(0, 0, width, height);
        }
    }

    /**
     * @param window of the image
     * @param placed where it comes to lie in the square
     * @param size   side of the square
     * @param fill   value of the pixels that show nothing of the image
     */
    Framing(int imageWidth, int imageHeight, Area window, Area placed, int size, Resampling resampling, int fill) {
        this.imageWidth = imageWidth;
        this.imageHeight = imageHeight;
        this.window = window;
        this.placed = placed;
        this.size = size;
        this.resampling = resampling;
        this.fill = fill;
    }

    /** What the network sees, before pixels are normalized. */
    RgbImage apply(RgbImage image) {
        RgbImage shown = image.window(window.left, window.top, window.width, window.height, fill);
        return resampling.resize(shown, placed.width, placed.height).window(-placed.left, -placed.top, size, size, fill);
    }

    /** Where a box of the image is in the square. */
    public Box toView(Box box) {
        Axis x = x();
        Axis y = y();
        return new Box(x.toView(box.left()), y.toView(box.top()), x.toView(box.right()), y.toView(box.bottom()));
    }

    /** Where a box of the square is in the image. */
    public Box toImage(Box box) {
        Axis x = x();
        Axis y = y();
        return new Box(x.toImage(box.left()), y.toImage(box.top()), x.toImage(box.right()), y.toImage(box.bottom()));
    }

    private Axis x() {
        return new Axis(imageWidth, window.left, placed.left, size, (double) placed.width / window.width);
    }

    private Axis y() {
        return new Axis(imageHeight, window.top, placed.top, size, (double) placed.height / window.height);
    }

    /**
     * One direction.
     *
     * @param length pixels of the image
     * @param from   where the window begins in the image
     * @param to     where it begins in the square
     * @param size   pixels of the square
     * @param scale  pixels of the square for each pixel of the image
     */
    private record Axis(int length, int from, int to, int size, double scale) {

        double toView(double share) {
            return ((share * length - from) * scale + to) / size;
        }

        double toImage(double share) {
            return ((share * size - to) / scale + from) / length;
        }
    }
}
