package org.multipoint.spark;

import org.apache.spark.api.java.JavaPairRDD;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.conf.CNN2DFormat;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.multipoint.datasets.ImageView;
import org.nd4j.evaluation.classification.Evaluation;
import org.nd4j.linalg.dataset.DataSet;

import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.UUID;

/**
 * Evaluates a classifier on images or vectors that are spread over a Spark cluster. Each executor has one compiled copy of the model, which its tasks
 * share: while one of them computes, the others read images.
 *
 * <pre>{@code
 * try (SparkEvaluation evaluation = new SparkEvaluation(context, model, labels)) {
 *     SparkEvaluation.Result result = evaluation.evaluate(files, ImageView.keras(224), CNN2DFormat.NHWC, 32);
 *     System.out.println(result.evaluation().stats());
 * }
 * }</pre>
 *
 * <p>Results are counts of images: they are the same whatever the number of executors and partitions, and whatever tasks are tried again.
 */
public final class SparkEvaluation implements AutoCloseable {

    private static final String NOTHING = "There is nothing to evaluate on";

    private final String id = UUID.randomUUID().toString();
    private final JavaSparkContext context;
    private final Broadcast<byte[]> model;
    private final boolean ofLayers;
    private final String[] labels;

    /**
     * What was found of image files.
     *
     * @param evaluation Deeplearning4j's figures, top-5 accuracy included
     * @param skipped    files that were left out because they could not be read or decoded, each with the reason
     */
    public record Result(Evaluation evaluation, Map<String, String> skipped) {
    }

    /**
     * Sends a model to the executors; they compile it when they need it.
     *
     * @param model  a {@code MultiLayerNetwork}, or a {@code ComputationGraph} with one input and one output: plain, transformed or compiled
     * @param labels names of its classes
     * @throws IllegalArgumentException where the model is another one
     */
    public SparkEvaluation(JavaSparkContext context, Model model, List<String> labels) {
        this.context = Objects.requireNonNull(context, "context");
        this.ofLayers = model instanceof MultiLayerNetwork;
        this.labels = labels.toArray(String[]::new);
        this.model = context.broadcast(CompiledModel.bytes(model));
    }

    /**
     * Evaluates the model on batches.
     *
     * @throws IllegalArgumentException where the outputs of the model are not one for each class
     * @throws IllegalStateException    where there are no batches
     */
    public Evaluation evaluate(JavaRDD<DataSet> batches) {
        return result(batches, (partition, skipped) -> partition).evaluation();
    }

    /**
     * Evaluates the model on image files.
     *
     * @param files     paths that each executor can read, or URIs of a file system that Hadoop knows, with the indices of their classes
     * @param view      what the network sees of an image
     * @param format    layout of its input
     * @param batchSize images that pass at a time, at least 1
     * @throws IllegalArgumentException where a class is not among the labels, the view does not take an image, or the outputs of the model are not
     *                                  one for each class
     * @throws IllegalStateException    where none of the files can be read
     */
    public Result evaluate(JavaPairRDD<String, Integer> files, ImageView view, CNN2DFormat format, int batchSize) {
        if (batchSize < 1) {
            throw new IllegalArgumentException("A batch has at least 1 image, found " + batchSize);
        }
        int classes = labels.length;
        return result(JavaRDD.fromRDD(files.rdd(), files.classTag()),
                (partition, skipped) -> new ImageBatches(partition, view, format, classes, batchSize, skipped));
    }

    private <T> Result result(JavaRDD<T> examples, Classification.Source<T> source) {
        if (examples.getNumPartitions() == 0) {
            throw new IllegalStateException(NOTHING);
        }
        ClassifiedImages found = Job.sum(examples.mapPartitions(new Classification<>(id, model, ofLayers, labels, source)));
        if (found.evaluation().getNumRowCounter() == 0) {
            throw new IllegalStateException(found.skipped().isEmpty() ? NOTHING : "None of the "
                    + found.skipped().size() + " images can be read; " + found.skipped().firstKey() + ": "
                    + found.skipped().get(found.skipped().firstKey()));
        }
        return new Result(found.evaluation(), found.skipped());
    }

    /** Releases the model here and on the executors. */
    @Override
    public void close() {
        Job.uninterrupted(() -> {
            PerExecutor.closeAll(id, context);
            model.destroy();
        });
    }
}
