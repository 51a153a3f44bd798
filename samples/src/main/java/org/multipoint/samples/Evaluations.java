package org.multipoint.samples;

import org.apache.commons.math3.stat.interval.ConfidenceInterval;
import org.apache.commons.math3.stat.interval.IntervalUtils;
import org.multipoint.datasets.ImageIterator;
import org.multipoint.internal.calibration.Divergence;
import org.multipoint.internal.ops.Tensor;
import org.nd4j.evaluation.classification.Evaluation;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.indexing.NDArrayIndex;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.IntStream;

/** Measures the accuracy and the speed of a network. */
final class Evaluations {

    private static final int TOP = 5;
    private static final int LEAST_RUNS = 2;
    private static final int MOST_RUNS = 20;
    private static final double ENOUGH_SECONDS = 3;
    private static final double CONFIDENCE = 0.95;
    private static final int MOST_TIMED = 16;
    /** Values of the images that are timed: Deeplearning4j takes gigabytes for a few large images. */
    private static final long TIMED_VALUES = 1 << 16;

    /**
     * @param evaluation Deeplearning4j's figures
     * @param outputs    the outputs for each batch, row by row; none where the network was compared with a reference
     * @param agreement  share of images whose most likely class is that of a reference; NaN without a reference
     * @param divergence mean Kullback-Leibler divergence of the class probabilities from a reference, in nats; NaN without a reference, or
     *                   where outputs are no probabilities
     * @param seconds    wall-clock time, reading images included
     */
    record Result(Evaluation evaluation, List<float[]> outputs, double agreement, double divergence, double seconds) implements Judgement {

        /** Share of images whose most likely class is right. */
        double top1() {
            return evaluation.accuracy();
        }

        /** Lower end of the 95 % interval of the share that top-1 would be on all such images, by Wilson's score. */
        @Override
        public double low() {
            return Math.max(0, interval().getLowerBound());
        }

        /** Upper end of that interval. */
        @Override
        public double high() {
            return Math.min(1, interval().getUpperBound());
        }

        private ConfidenceInterval interval() {
            return IntervalUtils.getWilsonScoreInterval((int) images(), (int) Math.round(top1() * images()), CONFIDENCE);
        }

        /** Share of images whose class is among the five most likely ones. */
        double top5() {
            return evaluation.topNAccuracy();
        }

        @Override
        public SortedMap<Figure, Double> figures() {
            return new TreeMap<>(Map.of(Figure.TOP_1, top1(), Figure.TOP_5, top5()));
        }

        @Override
        public String details() {
            return evaluation.stats();
        }

        @Override
        public long images() {
            return evaluation.getNumRowCounter();
        }
    }

    private Evaluations() {
    }

    /** Judges classifiers by the classes of their images. */
    static Judge<Result> ofClasses() {
        return (name, network, images, reference) -> evaluate(name, network, images, reference == null ? List.of() : reference.outputs());
    }

    /** Evaluates a network on all images of an iterator. */
    static Result evaluate(String name, Network network, ImageIterator images) {
        return evaluate(name, network, images, List.of());
    }

    /**
     * Evaluates a network on all images of an iterator.
     *
     * @param reference outputs of another network for the same batches, to compare with; empty for none
     * @throws IllegalArgumentException where the network has not one output for each class
     */
    static Result evaluate(String name, Network network, ImageIterator images, List<float[]> reference) {
        long start = System.nanoTime();
        int classes = images.totalOutcomes();
        Evaluation evaluation = new Evaluation(images.getLabels(), TOP);
        List<float[]> outputs = new ArrayList<>();
        double divergence = 0;
        long agreeing = 0;
        Iterator<float[]> expected = reference.iterator();
        images.reset();
        try (Progress progress = Progress.of(name + " evaluation", images.totalExamples())) {
            while (images.hasNext()) {
                DataSet batch = images.next();
                try (INDArray output = network.output(batch.getFeatures())) {
                    if (output.rank() != 2 || output.size(1) != classes) {
                        throw new IllegalArgumentException("The network's outputs have the shape " + Arrays.toString(output.shape())
                                + ", the images have " + classes + " classes: expected [images, " + classes + "]");
                    }
                    evaluation.eval(batch.getLabels(), output);
                    if (expected.hasNext()) {
                        float[] p = expected.next();
                        float[] q = Tensor.of(output).data();
                        divergence += Divergence.kullbackLeibler(p, q, classes);
                        agreeing += agreeing(p, q, classes);
                    } else {
                        outputs.add(Tensor.of(output).data());
                    }
                }
                progress.stepBy(batch.numExamples());
            }
        }
        double compared = outputs.isEmpty() ? evaluation.getNumRowCounter() : Double.NaN;
        return new Result(evaluation, outputs, agreeing / compared, divergence / compared, seconds(start));
    }

    /**
     * How many rows have their largest value at the same place.
     *
     * @param classes length of a row
     */
    static long agreeing(float[] p, float[] q, int classes) {
        return IntStream.range(0, p.length / classes).filter(row -> largest(p, row, classes) == largest(q, row, classes)).count();
    }

    /** Place of the largest value of a row. */
    static int largest(float[] values, int row, int classes) {
        int place = 0;
        for (int i = 1; i < classes; i++) {
            place = values[row * classes + i] > values[row * classes + place] ? i : place;
        }
        return place;
    }

    /** A copy of the first images of a batch, as many as are timed together. */
    static INDArray someOf(INDArray batch) {
        long timed = Math.max(1, Math.min(MOST_TIMED, TIMED_VALUES / (batch.length() / batch.size(0))));
        return batch.get(NDArrayIndex.interval(0, Math.min(timed, batch.size(0)))).dup();
    }

    /**
     * Milliseconds of a forward pass for each image of a batch: the shortest of several runs, because other load on the machine only
     * ever adds time.
     *
     * @param features a batch of inputs
     */
    static double msPerImage(Network network, INDArray features) {
        double best = Double.POSITIVE_INFINITY;
        long start = System.nanoTime();
        try (Progress progress = Progress.of("time of a forward pass", MOST_RUNS)) {
            for (int run = 0; run < LEAST_RUNS || run < MOST_RUNS && seconds(start) < ENOUGH_SECONDS; run++) {
                long begin = System.nanoTime();
                Network.close(network.outputs(features));
                best = Math.min(best, seconds(begin));
                progress.stepBy(1);
            }
        }
        return 1e3 * best / features.size(0);
    }

    private static double seconds(long since) {
        return (System.nanoTime() - since) / 1e9;
    }
}
