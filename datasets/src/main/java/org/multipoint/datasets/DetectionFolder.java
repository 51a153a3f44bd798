package org.multipoint.datasets;

import org.multipoint.datasets.BoxFormat.NamedBox;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * A folder of image files with objects as a Deeplearning4j iterator, sorted by name. The meta data of an example is its {@link Scene}; there
 * are no label arrays.
 *
 * <p>DataVec's ObjectDetectionRecordReader makes label arrays for a Yolo2OutputLayer, from images that are stretched without antialiasing and in BGR;
 * it has no other geometry, and keeps no boxes to evaluate with.
 */
public final class DetectionFolder extends ImageFiles {

    private final Builder builder;
    private final List<Annotated> images;

    /** What becomes of objects whose class is none of those that are asked for. */
    public enum Others {
        /** They are an error. */
        REFUSED,
        /** They are left out. */
        LEFT_OUT,
        /** The whole image is left out. */
        IMAGE_LEFT_OUT
    }

    private record Annotated(Path file, List<LabelledBox> objects) {
    }

    private DetectionFolder(Builder builder, List<Annotated> images) {
        super(builder, images.stream().map(Annotated::file).toList(), Map.of(), List.copyOf(builder.classes.keySet()));
        this.builder = builder;
        this.images = images;
    }

    /**
     * @param root the folder of the image files
     * @param view what the network sees of each image
     */
    public static Builder of(Path root, ImageView view) {
        return new Builder(root, view);
    }

    @Override
    public List<DetectionFolder> split(int... counts) {
        return parts(counts).stream().map(part -> new DetectionFolder(builder, part.stream().map(images::get).toList())).toList();
    }

    @Override
    Example example(int index, RgbImage image) {
        Annotated annotated = images.get(index);
        return new Example(input(image), null, Scene.of(annotated.file.getFileName().toString(),
                builder.view.framing(image.width(), image.height()), annotated.objects));
    }

    /** Format NCHW, 8 images a batch, all images, none with objects, unless told otherwise. */
    public static final class Builder extends ImageFiles.Builder<Builder> {

        private static final int BATCH = 8;

        private Map<String, Integer> classes = Map.of();
        private Others others = Others.REFUSED;
        private Path labels;
        private BoxFormat boxes;

        private Builder(Path root, ImageView view) {
            super(root, view, BATCH);
        }

        @Override
        Builder self() {
            return this;
        }

        /**
         * Reads the objects of each image from a file of its name in a folder.
         *
         * @param classes names of the classes in the order of the network's outputs, as the files have them: names in VOC's format, indices in
         *                YOLO's
         * @throws IllegalArgumentException where a class occurs twice
         */
        public Builder labels(Path folder, BoxFormat format, List<String> classes, Others others) {
            this.labels = folder;
            this.boxes = Objects.requireNonNull(format, "format");
            this.classes = indices(classes);
            this.others = Objects.requireNonNull(others, "others");
            return this;
        }

        /**
         * Lists the images and reads their labels; images are read while the iterator runs.
         *
         * @throws IllegalArgumentException where the folder is missing or has no image, an object is of none of the classes and others are
         *                                  refused, or the batch size is below 1
         * @throws UncheckedIOException     where the folder or a label file cannot be read
         */
        public DetectionFolder build() {
            requireFolder();
            List<Annotated> images = new ArrayList<>();
            for (Path file : ClassFiles.images(root)) {
                List<LabelledBox> objects = labels == null ? List.of() : objects(file);
                if (objects != null) {
                    images.add(new Annotated(file, objects));
                }
            }
            if (images.isEmpty()) {
                throw new IllegalArgumentException("The image folder " + root + " has no image"
                        + (others == Others.IMAGE_LEFT_OUT ? " with objects of the classes " + classes.keySet() + " only" : ""));
            }
            return new DetectionFolder(this, spread(images));
        }

        /** The objects of the classes; null where the image is left out. */
        private List<LabelledBox> objects(Path file) {
            List<LabelledBox> objects = new ArrayList<>();
            try {
                for (NamedBox found : boxes.read(labels, file)) {
                    if (classes.containsKey(found.name())) {
                        objects.add(new LabelledBox(found.box(), classes.get(found.name()), found.difficult()));
                    } else if (others == Others.IMAGE_LEFT_OUT) {
                        return null;
                    } else if (others == Others.REFUSED) {
                        throw new IllegalArgumentException(file + ": the class " + found.name() + " of an object is none of " + classes.keySet());
                    }
                }
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
            return objects;
        }

        private List<Annotated> spread(List<Annotated> images) {
            List<Annotated> chosen = new ArrayList<>();
            int count = Math.min(limit(), images.size());
            for (int i = 0; i < count; i++) {
                chosen.add(images.get((int) ((long) i * images.size() / count)));
            }
            return chosen;
        }
    }
}
