package org.multipoint.samples;

import java.nio.file.Path;

/** The size of a network's images. */
record Pixels(int height, int width) {

    static Pixels square(int side) {
        return new Pixels(side, side);
    }

    /**
     * Height and width of square images.
     *
     * @param file of the network
     * @throws IllegalArgumentException where they are no squares
     */
    int side(Path file) {
        if (height != width) {
            throw new IllegalArgumentException(file + " takes images of " + this + " pixels (height x width); these commands make squares "
                    + "of images, the library takes any iterator");
        }
        return height;
    }

    @Override
    public String toString() {
        return height + "x" + width;
    }
}
