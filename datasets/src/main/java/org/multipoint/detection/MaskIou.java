package org.multipoint.detection;

import java.util.OptionalDouble;
import java.util.stream.IntStream;

/** Intersection over union (Jaccard index) of segmentations, over the pixels of many images. */
public final class MaskIou {

    private final long[] common;
    private final long[] either;

    /** @param classes number of classes, background included if it shall count */
    public MaskIou(int classes) {
        common = new long[classes];
        either = new long[classes];
    }

    /**
     * Adds an image, or the pixels of several.
     *
     * @param expected index of the class of each pixel; pixels of any other value, such as 255 in PASCAL VOC, do not count
     * @param found    index of the class that a network gives each pixel; any other value is none of the classes
     * @throws IllegalArgumentException where the numbers of pixels differ
     */
    public void add(int[] expected, int[] found) {
        if (expected.length != found.length) {
            throw new IllegalArgumentException(found.length + " pixels were found, expected " + expected.length);
        }
        for (int i = 0; i < expected.length; i++) {
            if (!isClass(expected[i])) {
                continue;
            }
            either[expected[i]]++;
            if (expected[i] == found[i]) {
                common[expected[i]]++;
            } else if (isClass(found[i])) {
                either[found[i]]++;
            }
        }
    }

    private boolean isClass(int value) {
        return value >= 0 && value < either.length;
    }

    /** The figure of one class, 0..1; empty where no pixel is or was given the class. */
    public OptionalDouble ofClass(int label) {
        return either[label] == 0 ? OptionalDouble.empty() : OptionalDouble.of((double) common[label] / either[label]);
    }

    /** The mean over all classes that have pixels, 0..1; NaN where there are none. */
    public double mean() {
        return IntStream.range(0, either.length).mapToObj(this::ofClass).flatMapToDouble(OptionalDouble::stream).average().orElse(Double.NaN);
    }
}
