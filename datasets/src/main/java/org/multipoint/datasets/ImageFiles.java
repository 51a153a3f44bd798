package org.multipoint.datasets;

import org.deeplearning4j.nn.conf.CNN2DFormat;

import java.io.IOException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Image files as an iterator. A file that cannot be decoded is left out and listed by {@link #skipped}. */
public abstract class ImageFiles extends ImageList {

    private final Builder<?> settings;
    private final List<Path> files;
    private final int absent;
    private final Map<Path, String> skipped;

    /**
     * @param absent     files that are not there, with the reason
     * @param labels     names of the classes
     * @param labelShape for one image; empty for no labels
     */
    ImageFiles(Builder<?> settings, List<Path> files, Map<Path, String> absent, List<String> labels, long... labelShape) {
        super(labels, settings.view.size(), settings.format, settings.batchSize, files.size(), labelShape);
        this.settings = settings;
        this.files = files;
        this.absent = absent.size();
        this.skipped = new LinkedHashMap<>(absent);
    }

    @Override
    public abstract List<? extends ImageFiles> split(int... counts);

    /**
     * Files that were left out so far, each with the reason: those that should be in the folder and are not, and those that could not
     * be decoded in the passes so far.
     */
    public final Map<Path, String> skipped() {
        return Collections.unmodifiableMap(skipped);
    }

    @Override
    final String source() {
        return settings.root.toString();
    }

    /** The files of a pass in order, those that cannot be decoded included. */
    public final List<Path> files() {
        return Collections.unmodifiableList(files);
    }

    /** An image that has been read. */
    abstract Example example(int index, RgbImage image);

    /** What the network gets of an image. */
    final float[] input(RgbImage image) {
        return settings.view.apply(image, settings.format);
    }

    @Override
    final Example example(int index) throws IOException {
        Path file = files.get(index);
        RgbImage image = RgbImage.decode(Files.readAllBytes(file));
        try {
            return example(index, image);
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException(file + ": " + e.getMessage(), e);
        }
    }

    @Override
    final void skip(int example, IOException reason) {
        Path file = files.get(example);
        // The message of a file system exception is the path alone.
        skipped.put(file, reason instanceof FileSystemException ? reason.getClass().getSimpleName() : reason.getMessage());
        if (skipped.size() == absent + files.size()) {
            throw new IllegalStateException("None of the " + files.size() + " images of " + settings.root + " can be read; " + file + ": "
                    + skipped.get(file));
        }
    }

    /**
     * Settings of a folder of images.
     *
     * @param <B> the builder itself
     */
    public abstract static class Builder<B extends Builder<B>> {

        final Path root;
        final ImageView view;
        private CNN2DFormat format = CNN2DFormat.NCHW;
        private int batchSize;
        private int limit = Integer.MAX_VALUE;

        Builder(Path root, ImageView view, int batchSize) {
            this.root = root;
            this.view = view;
            this.batchSize = batchSize;
        }

        abstract B self();

        /** Layout of the features. */
        public final B format(CNN2DFormat format) {
            this.format = format;
            return self();
        }

        /** Images in a batch, at least 1. */
        public final B batchSize(int batchSize) {
            this.batchSize = batchSize;
            return self();
        }

        /**
         * At most so many images, spread evenly over all, or over the classes that have images where each has one class.
         *
         * @throws IllegalArgumentException where it is below 1
         */
        public final B limit(int limit) {
            if (limit < 1) {
                throw new IllegalArgumentException("A limit of " + limit + " images: expected at least 1");
            }
            this.limit = limit;
            return self();
        }

        final int limit() {
            return limit;
        }

        /** @throws IllegalArgumentException where the folder is none */
        final void requireFolder() {
            if (!Files.isDirectory(root)) {
                throw new IllegalArgumentException("The image folder " + root + (Files.exists(root) ? " is not a folder" : " does not exist"));
            }
        }

        /** Names of classes with their indices. */
        static Map<String, Integer> indices(List<String> labels) {
            Map<String, Integer> indices = new LinkedHashMap<>();
            for (String label : labels) {
                if (indices.put(label, indices.size()) != null) {
                    throw new IllegalArgumentException("The class " + label + " occurs twice in the labels");
                }
            }
            return indices;
        }
    }
}
