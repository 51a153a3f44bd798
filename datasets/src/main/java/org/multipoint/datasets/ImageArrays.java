package org.multipoint.datasets;

import org.nd4j.common.util.ArrayUtil;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Labelled images of any shape in memory, spectrograms for instance, as a Deeplearning4j iterator: features [n, shape...]. */
public final class ImageArrays extends ImageList {

    private final String source;
    private final List<Labelled> images;
    private final long[] shape;

    /**
     * An image.
     *
     * @param values row-major
     * @param label  index of its class
     */
    public record Labelled(float[] values, int label) {
    }

    private ImageArrays(String source, List<Labelled> images, List<String> labels, int batch, long[] shape) {
        super(labels, shape, batch, images.size(), new long[]{labels.size()});
        this.source = source;
        this.images = images;
        this.shape = shape;
    }

    /**
     * @param source where the images come from, for error messages
     * @param images at least one
     * @param labels names of the classes, by index
     * @param batch  images in a batch, at least 1
     * @param shape  of an image
     * @throws IllegalArgumentException where there is no image, one has another number of values or a class that there is not, or the batch
     *                                  size is below 1
     */
    public static ImageArrays of(String source, List<Labelled> images, List<String> labels, int batch, long... shape) {
        long length = ArrayUtil.prodLong(shape);
        for (int i = 0; i < images.size(); i++) {
            Labelled image = images.get(i);
            if (image.values.length != length) {
                throw new IllegalArgumentException("Image " + i + " of " + source + " has " + image.values.length + " values, expected " + length
                        + " for the shape " + Arrays.toString(shape));
            }
            if (image.label < 0 || image.label >= labels.size()) {
                throw new IllegalArgumentException("Image " + i + " of " + source + " has the class " + image.label + ", expected one of 0 to "
                        + (labels.size() - 1));
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
        return ofClass(images.get(index).values, images.get(index).label);
    }
}
