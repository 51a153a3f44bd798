package org.multipoint.samples;

import org.deeplearning4j.nn.conf.CNN2DFormat;
import org.multipoint.internal.calibration.Divergence;
import org.multipoint.internal.ops.Tensor;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.dataset.api.iterator.DataSetIterator;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;

/**
 * How the outputs of two classifiers differ, example by example.
 *
 * @param examples in the order of the data
 */
record Differences(List<Example> examples) {

    /**
     * What two networks make of an example.
     *
     * @param first           its class by the first network
     * @param second          its class by the second network
     * @param firstConfidence value of the first network's output for its class
     * @param secondConfidence value of the second network's output for its class
     * @param actual          its class, or -1 where that is not known
     * @param divergence      Kullback-Leibler divergence of the second network's probabilities from the first one's, in nats; NaN where
     *                        outputs are no probabilities
     * @param largest         largest difference of an output
     */
    record Example(int first, int second, float firstConfidence, float secondConfidence, int actual, double divergence, float largest) {

        boolean agrees() {
            return first == second;
        }
    }

    /**
     * Runs both networks on all examples.
     *
     * @param count number of examples, for the progress
     * @throws IllegalArgumentException where outputs of the networks have different shapes, or there is not one for each class
     */
    static Differences of(String task, Network first, Network second, DataSetIterator data, int count) {
        List<Example> examples = new ArrayList<>();
        data.reset();
        try (Progress progress = Progress.of(task, count)) {
            while (data.hasNext()) {
                DataSet batch = data.next();
                try (INDArray p = first.output(batch.getFeatures()); INDArray q = second.output(inFormat(batch.getFeatures(), first, second))) {
                    if (p.rank() != 2 || !Arrays.equals(p.shape(), q.shape())) {
                        throw new IllegalArgumentException("Outputs have the shapes " + Arrays.toString(p.shape()) + " and "
                                + Arrays.toString(q.shape()) + ": expected [images, classes] of both networks");
                    }
                    INDArray labels = batch.getLabels();
                    // Folders of images that are not one for each class of the networks do not tell which class is right.
                    boolean known = labels != null && Arrays.equals(labels.shape(), p.shape());
                    add(Tensor.of(p).data(), Tensor.of(q).data(), known ? Tensor.of(labels).data() : null, (int) p.size(1), examples);
                }
                progress.stepBy(batch.numExamples());
            }
        }
        return new Differences(List.copyOf(examples));
    }

    private static INDArray inFormat(INDArray images, Network from, Network to) {
        return images.rank() != 4 || from.format() == to.format() ? images
                : to.format() == CNN2DFormat.NHWC ? images.permute(0, 2, 3, 1).dup('c') : images.permute(0, 3, 1, 2).dup('c');
    }

    private static void add(float[] p, float[] q, float[] labels, int classes, List<Example> examples) {
        for (int from = 0; from < p.length; from += classes) {
            float[] one = Arrays.copyOfRange(p, from, from + classes);
            float[] other = Arrays.copyOfRange(q, from, from + classes);
            int first = Evaluations.largest(one, 0, classes);
            int second = Evaluations.largest(other, 0, classes);
            float largest = 0;
            for (int i = 0; i < classes; i++) {
                largest = Math.max(largest, Math.abs(one[i] - other[i]));
            }
            examples.add(new Example(first, second, one[first], other[second],
                    labels == null ? -1 : Evaluations.largest(labels, from / classes, classes),
                    Divergence.kullbackLeibler(one, other, classes), largest));
        }
    }

    /** Share of examples of which both networks think the same class most likely. */
    double agreement() {
        return examples.stream().mapToInt(e -> e.agrees() ? 1 : 0).average().orElse(Double.NaN);
    }

    /** Mean Kullback-Leibler divergence, in nats; NaN where outputs are no probabilities. */
    double divergence() {
        return examples.stream().mapToDouble(Example::divergence).average().orElse(Double.NaN);
    }

    /** Largest difference of an output. */
    double largest() {
        return examples.stream().mapToDouble(Example::largest).max().orElse(Double.NaN);
    }

    /** Share of examples whose class a network tells; NaN where classes are not known. */
    double top1(boolean ofFirst) {
        return examples.stream().anyMatch(e -> e.actual < 0) ? Double.NaN
                : examples.stream().mapToInt(e -> (ofFirst ? e.first : e.second) == e.actual ? 1 : 0).average().orElse(Double.NaN);
    }

    /** Indices of the examples of which the networks think different classes most likely, those that differ most first. */
    List<Integer> changed() {
        List<Integer> indices = new ArrayList<>();
        for (int i = 0; i < examples.size(); i++) {
            if (!examples.get(i).agrees()) {
                indices.add(i);
            }
        }
        indices.sort(Comparator.comparingDouble(i -> -examples.get(i).largest));
        return indices;
    }
}
