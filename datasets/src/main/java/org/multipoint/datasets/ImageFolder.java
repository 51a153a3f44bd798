package org.multipoint.datasets;

import org.datavec.image.loader.NativeImageLoader;
import org.multipoint.datasets.ClassFiles.Labelled;

import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/**
 * A folder of image files as a Deeplearning4j iterator, in one of two layouts: a folder for each class, named by the class, or all files in
 * one folder with the classes in a text file or told by a function.
 *
 * <p>Images come interleaved over the classes: the first file (by name) of each class, then the second of each, and so on. A file that
 * cannot be decoded is left out and listed by {@link #skipped}.
 *
 * <p>DataVec's ImageRecordReader gives BGR, resizes without antialiasing and ends a whole batch for one corrupt file; its codecs and
 * list of formats are used here, nothing else.
 */
public final class ImageFolder extends ImageFiles {

    private final Builder builder;
    private final List<Labelled> files;

    private ImageFolder(Builder builder, List<String> labels, List<Labelled> files, Map<Path, String> absent) {
        super(builder, files.stream().map(Labelled::file).toList(), absent, labels, labels.size());
        this.builder = builder;
        this.files = files;
    }

    /**
     * @param root the folder of the class folders, or of the image files (see {@link Builder#groundTruth})
     * @param view what the network sees of each image
     */
    public static Builder of(Path root, ImageView view) {
        return new Builder(root, view);
    }

    @Override
    public List<ImageFolder> split(int... counts) {
        return parts(counts).stream()
                .map(part -> new ImageFolder(builder, getLabels(), part.stream().map(files::get).toList(), Map.of())).toList();
    }

    /** The index of the class of one of the {@link #files()}. */
    public int label(int index) {
        return files.get(index).label();
    }

    @Override
    Example example(int index, RgbImage image) {
        return ofClass(input(image), files.get(index).label());
    }

    /** Format NCHW, 32 images a batch, all images, and classes by sorted folder name, unless told otherwise. */
    public static final class Builder extends ImageFiles.Builder<Builder> {

        private static final int BATCH = 32;

        private List<String> labels;
        private Path groundTruth;
        private Function<Path, String> classOf;

        private Builder(Path root, ImageView view) {
            super(root, view, BATCH);
        }

        @Override
        Builder self() {
            return this;
        }

        /**
         * Names of the classes in the order of the network's outputs. Classes without images are allowed, images without a class are not.
         *
         * @throws IllegalArgumentException where a name occurs twice
         */
        public Builder labels(List<String> labels) {
            this.labels = List.copyOf(indices(labels).keySet());
            return this;
        }

        /**
         * The folder holds image files, and this text file the class of each: lines of a file name (relative to the folder) and a class,
         * which is a name or else an index, with a tab or the last white space of the line between them. Empty lines do not count.
         * Without {@link #labels}, the classes are the sorted names of the file, or 0..n where all are indices.
         */
        public Builder groundTruth(Path file) {
            this.groundTruth = file;
            return this;
        }

        /**
         * The folder holds image files, and this function tells the name of the class of each.
         */
        public Builder classOf(Function<Path, String> classOf) {
            this.classOf = classOf;
            return this;
        }

        /**
         * Lists the images; they are read while the iterator runs.
         *
         * @throws IllegalArgumentException where the folder or the ground truth is missing, is not what it should be, has no image, or
         *                                  has an image of a class that the labels do not have; or the batch size is below 1
         * @throws UncheckedIOException     where the folder or the ground truth cannot be read
         */
        public ImageFolder build() {
            requireFolder();
            ClassFiles found = classOf != null ? ClassFiles.told(root, classOf)
                    : groundTruth == null ? ClassFiles.inFolders(root) : ClassFiles.named(groundTruth, root);
            List<String> names = labels == null ? found.labels() : labels;
            List<Labelled> files = found.interleaved(names, limit());
            if (files.isEmpty()) {
                throw new IllegalArgumentException("The image folder " + root + " has no image: expected "
                        + (groundTruth == null ? "a folder for each class with files of the formats "
                        + String.join(", ", NativeImageLoader.ALLOWED_FORMATS) : "the files that " + groundTruth + " names"));
            }
            return new ImageFolder(this, names, files, found.absent());
        }
    }
}
