package org.multipoint.datasets;

import org.nd4j.common.util.ArrayUtil;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Images of any shape in memory, spectrograms or vectors for instance, as a Deeplearning4j iterator: features [n, shape...]. */
public final class ImageArrays extends ImageList {

    private final String source;
    private final List<Labelled> images;
    private final long[] shape;

    /**
     * An image.
     *
     * @param values row-major
     * @param label  index of its class; -1 where there are no classes
     */
    public record Labelled(float[] values, int label) {
    }

    private ImageArrays(String source, List<Labelled> images, List<String> labels, int batch, long[] shape) {
        super(labels, shape, batch, images.size(), labels.isEmpty() ? new long[0] : new long[]{labels.size()});
        this.source = source;
        this.images = images;
        this.shape = shape;
    }

    /**
     * Images with classes.
     *
     * @param source where the images come from, for error messages
     * @param images at least one
     * @param labels names of the classes, by index
     * @param batch  images in a batch, at least 1
     * @param shape  of an image
     * @throws IllegalArgumentException where there is no image, one has another number of values or a class that there is not, or the batch
     *                                  size is below 1
     */
    public static ImageArrays of(String source, List<Labelled> images, List<String> labels, int batch, long... shape) {
        for (int i = 0; i < images.size(); i++) {
            Labelled image = images.get(i);
            if (image.label < 0 || image.label >= labels.size()) {
                throw new IllegalArgumentException("Image " + i + " of " + source + " has the class " + image.label + ", expected one of 0 to "
                        + (labels.size() - 1));
            }
        }
        return checked(source, images, labels, batch, shape);
    }

    /**
     * Images without labels.
     *
     * @param source where the images come from, for error messages
     * @param images values of each, row-major; at least one
     * @param batch  images in a batch, at least 1
     * @param shape  of an image
     * @throws IllegalArgumentException where there is no image, one has another number of values, or the batch size is below 1
     */
    public static ImageArrays unlabelled(String source, List<float[]> images, int batch, long... shape) {
        return checked(source, images.stream().map(values -> new Labelled(values, -1)).toList(), List.of(), batch, shape);
    }

    private static ImageArrays checked(String source, List<Labelled> images, List<String> labels, int batch, long... shape) {
        long length = ArrayUtil.prodLong(shape);
        for (int i = 0; i < images.size(); i++) {
            int values = images.get(i).values.length;
            if (values != length) {
                throw new IllegalArgumentException("Image " + i + " of " + source + " has " + values + " values, expected " + length
                        + " for the shape " + Arrays.toString(shape));
            }
        }
        return new ImageArrays(source, List.copyOf(images), labels, batch, shape.clone());
    }

    @Override
    public List<ImageArrays> split(int... counts) {
        List<ImageArrays> parts = new ArrayList<>();
        for (List<Integer> part : parts(counts)) {
            parts.add(new ImageArrays(source, part.stream().map(images::get).toList(), getLabels(), batch(), shape));
        }
        return parts;
    }

    @Override
    String source() {
        return source;
    }

    @Override
    Example example(int index) {
        Labelled image = images.get(index);
        return image.label < 0 ? new Example(image.values, null, null) : ofClass(image.values, image.label);
    }
}
