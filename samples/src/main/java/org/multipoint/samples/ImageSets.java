package org.multipoint.samples;

import org.multipoint.datasets.ImageFiles;
import org.multipoint.datasets.ImageIterator;
import org.multipoint.datasets.ImageList;
import org.multipoint.samples.ReportedHalf.Half;

import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * The images of a run, each for one purpose.
 *
 * @param calibration what a network is calibrated on; null where it is evaluated only
 * @param search      what {@code --max-drop} evaluates its attempts on; null where there is no search
 * @param test        what results are reported on
 */
record ImageSets(ImageIterator calibration, ImageIterator search, ImageIterator test) implements AutoCloseable {

    /** The largest number of calibration images that are taken from the images to evaluate on. */
    private static final int MOST_CALIBRATION = 256;

    /** Images to evaluate a network on. */
    static ImageSets forEvaluation(ImageIterator test) {
        return new ImageSets(null, null, test);
    }

    /**
     * Images of a folder, and others to calibrate on.
     *
     * @param calibration null where a network is evaluated only
     * @param reported    the half to evaluate on; where empty, all images, or the second half if there is a search
     * @param searches    whether the other half is searched on
     * @throws IllegalArgumentException where there are not enough images
     */
    static ImageSets of(ImageIterator calibration, ImageList images, Optional<Half> reported, boolean searches) {
        if (reported.isEmpty() && !searches) {
            return new ImageSets(calibration, null, images);
        }
        try (images) {
            List<? extends ImageList> halves = images.split(images.totalExamples() / 2);
            int test = reported.orElse(Half.SECOND).ordinal();
            return new ImageSets(calibration, searches ? halves.get(1 - test) : null, halves.get(test));
        }
    }

    /**
     * All from one folder: a third of its images, {@value #MOST_CALIBRATION} at most, to calibrate on.
     *
     * @param most     images to evaluate on
     * @param reported half of the other images to evaluate on
     * @param searches whether half of the other images are set aside for a search
     * @throws IllegalArgumentException where there are not enough images
     */
    static ImageSets of(ImageList images, OptionalInt most, Optional<Half> reported, boolean searches) {
        try (images) {
            int calibration = Math.min(MOST_CALIBRATION, images.totalExamples() / 3);
            List<? extends ImageList> parts = images.split(calibration);
            return of(parts.get(0), limited(parts.get(1), most), reported, searches);
        }
    }

    /** At most so many of the images. */
    static ImageList limited(ImageList images, OptionalInt most) {
        return most.isPresent() && most.getAsInt() < images.totalExamples() ? images.split(most.getAsInt()).get(0) : images;
    }

    /** A description: how many images there are for each purpose. */
    @Override
    public String toString() {
        return (calibration == null ? "" : String.format("%,d to calibrate on, ", calibration.totalExamples()))
                + (search == null ? "" : String.format("%,d to search on, ", search.totalExamples()))
                + String.format("%,d %sto evaluate on", test.totalExamples(), calibration == null ? "" : "others ");
    }

    /** Says which of the files to evaluate on could not be read. */
    void saySkipped(Notebook notebook) {
        saySkipped(test, notebook);
    }

    /** Says which files could not be read. */
    static void saySkipped(ImageIterator images, Notebook notebook) {
        if (images instanceof ImageFiles files) {
            files.skipped().forEach((file, why) -> notebook.say("not read: %s (%s)", file, why));
        }
    }

    Optional<ImageIterator> searched() {
        return Optional.ofNullable(search);
    }

    @Override
    public void close() {
        for (ImageIterator images : new ImageIterator[]{calibration, search, test}) {
            if (images != null) {
                images.close();
            }
        }
    }
}
