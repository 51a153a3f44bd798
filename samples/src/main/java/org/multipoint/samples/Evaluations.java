package org.multipoint.samples;

import me.tongfei.progressbar.ProgressBar;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.multipoint.datasets.ImageIterator;
import org.nd4j.evaluation.classification.Evaluation;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;

import java.util.function.LongConsumer;

/** How good and how fast a network is. */
final class Evaluations {

    private static final int TOP = 5;
    private static final int LEAST_RUNS = 2;
    private static final int MOST_RUNS = 20;
    private static final double ENOUGH_SECONDS = 3;

    /**
     * @param evaluation Deeplearning4j's figures
     * @param seconds    wall-clock time, reading images included
     */
    record Result(Evaluation evaluation, double seconds) {

        /** Share of images whose most likely class is right. */
        double top1() {
            return evaluation.accuracy();
        }

        /** Share of images whose class is among the five most likely ones. */
        double top5() {
            return evaluation.topNAccuracy();
        }

        /** Number of images. */
        long images() {
            return evaluation.getNumRowCounter();
        }
    }

    private Evaluations() {
    }

    /** Evaluates a network on all images of an iterator. */
    static Result evaluate(String name, ComputationGraph graph, ImageIterator images) {
        try (ProgressBar bar = Progress.bar(name + " evaluation", images.totalExamples())) {
            return evaluate(graph, images, bar::stepBy);
        }
    }

    /** Share of images whose most likely class is right, found in silence. */
    static double top1(ComputationGraph graph, ImageIterator images) {
        return evaluate(graph, images, done -> { }).top1();
    }

    private static Result evaluate(ComputationGraph graph, ImageIterator images, LongConsumer progress) {
        long start = System.nanoTime();
        Evaluation evaluation = new Evaluation(images.getLabels(), TOP);
        images.reset();
        while (images.hasNext()) {
            DataSet batch = images.next();
            try (INDArray output = graph.outputSingle(batch.getFeatures())) {
                evaluation.eval(batch.getLabels(), output);
            }
            progress.accept(batch.numExamples());
        }
        return new Result(evaluation, seconds(start));
    }

    /**
     * Milliseconds of a forward pass for each image of a batch: the shortest of some runs, as whatever else a machine does only adds.
     *
     * @param features a batch of inputs
     */
    static double msPerImage(ComputationGraph graph, INDArray features) {
        double best = Double.POSITIVE_INFINITY;
        long start = System.nanoTime();
        for (int run = 0; run < LEAST_RUNS || run < MOST_RUNS && seconds(start) < ENOUGH_SECONDS; run++) {
            long begin = System.nanoTime();
            graph.outputSingle(features).close();
            best = Math.min(best, seconds(begin));
        }
        return 1e3 * best / features.size(0);
    }

    private static double seconds(long since) {
        return (System.nanoTime() - since) / 1e9;
    }
}
