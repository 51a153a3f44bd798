package org.multipoint.datasets;

import org.deeplearning4j.nn.conf.CNN2DFormat;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;

/** Images that can be split into parts. */
public abstract class ImageList extends ImageIterator {

    private static final long SPLIT_SEED = 1;

    ImageList(List<String> labels, int size, CNN2DFormat format, int batch, int examples, long... labelShape) {
        super(labels, size, format, batch, examples, labelShape);
    }

    ImageList(List<String> labels, long[] shape, int batch, int examples, long[] labelShape) {
        super(labels, shape, batch, examples, labelShape);
    }

    /**
     * Disjoint parts of these images, drawn at random with a fixed seed: one part for each given number of images, and one more with the
     * rest. Each keeps the order of this iterator, which does not change.
     *
     * @throws IllegalArgumentException where nothing would be left for the rest, or a number is below 1
     */
    public abstract List<? extends ImageList> split(int... counts);

    /** What is split, for error messages. */
    abstract String source();

    /**
     * Indices of disjoint parts of the images, drawn at random with a fixed seed: one part for each given number, and one more with the
     * rest.
     *
     * @throws IllegalArgumentException where nothing would be left for the rest, or a number is below 1
     */
    final List<List<Integer>> parts(int... counts) {
        int all = totalExamples();
        if (IntStream.of(counts).anyMatch(n -> n < 1) || IntStream.of(counts).asLongStream().sum() >= all) {
            throw new IllegalArgumentException("The " + all + " images of " + source() + " cannot be split into " + Arrays.toString(counts)
                    + " and a rest");
        }
        List<Integer> drawn = new ArrayList<>(IntStream.range(0, all).boxed().toList());
        Collections.shuffle(drawn, new Random(SPLIT_SEED));
        List<List<Integer>> parts = new ArrayList<>();
        int from = 0;
        for (int i = 0; i <= counts.length; i++) {
            int to = i < counts.length ? from + counts[i] : all;
            parts.add(drawn.subList(from, to).stream().sorted().toList());
            from = to;
        }
        return parts;
    }
}
