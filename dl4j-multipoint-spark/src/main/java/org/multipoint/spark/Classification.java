package org.multipoint.spark;

import org.apache.spark.api.java.function.FlatMapFunction;
import org.apache.spark.broadcast.Broadcast;
import org.nd4j.evaluation.classification.Evaluation;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;

import java.io.Serializable;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.Map;

/**
 * Evaluates a model on a partition.
 *
 * @param <T> elements of the partition
 */
final class Classification<T> implements FlatMapFunction<Iterator<T>, byte[]> {

    private static final long serialVersionUID = 1;
    private static final int TOP = 5;

    /** How elements of a partition become batches. */
    interface Source<T> extends Serializable {

        /** @param skipped what is left out is added to it, with the reason */
        Iterator<DataSet> batches(Iterator<T> partition, Map<String, String> skipped);
    }

    private final String id;
    private final Broadcast<byte[]> model;
    private final boolean ofLayers;
    private final String[] labels;
    private final Source<T> source;

    /**
     * @param id       of the model in all processes
     * @param model    as {@link CompiledModel#bytes} writes it
     * @param ofLayers whether it is a network of layers
     * @param labels   names of its classes
     */
    Classification(String id, Broadcast<byte[]> model, boolean ofLayers, String[] labels, Source<T> source) {
        this.id = id;
        this.model = model;
        this.ofLayers = ofLayers;
        this.labels = labels;
        this.source = source;
    }

    @Override
    public Iterator<byte[]> call(Iterator<T> partition) {
        CompiledModel compiled = PerExecutor.get(id, () -> new CompiledModel(model.value(), ofLayers));
        ClassifiedImages found = new ClassifiedImages(new Evaluation(Arrays.asList(labels), TOP));
        Iterator<DataSet> batches = source.batches(partition, found.skipped());
        while (batches.hasNext()) {
            DataSet batch = batches.next();
            try (INDArray output = compiled.output(batch.getFeatures())) {
                if (output.rank() != 2 || output.size(1) != labels.length) {
                    throw new IllegalArgumentException("The model's outputs have the shape " + Arrays.toString(output.shape()) + ", expected [images, "
                            + labels.length + "] for as many classes");
                }
                found.evaluation().eval(batch.getLabels(), output);
            }
        }
        return List.of(Wire.bytes(found)).iterator();
    }
}
