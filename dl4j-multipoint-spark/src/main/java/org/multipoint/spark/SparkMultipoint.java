package org.multipoint.spark;

import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.storage.StorageLevel;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.multipoint.internal.examples.Examples;
import org.multipoint.internal.graph.ReferenceNetwork;
import org.multipoint.transform.ExampleSource;
import org.multipoint.transform.Multipoint;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.dataset.api.MultiDataSet;

import java.util.Objects;

/**
 * Transforms a trained model with calibration examples that are spread over a Spark cluster. What these methods return is an ordinary
 * {@link Multipoint}, with all its settings: examples are passed through the network by the executors that have them, where their activations stay;
 * the driver gets sums, quantizes, and sends each quantized layer back.
 *
 * <pre>{@code
 * MultipointResult<ComputationGraph> result = SparkMultipoint.of(graph, batches)
 *         .bits(4)
 *         .extraPoints(0.10)
 *         .transform();
 * }</pre>
 *
 * <p>Each element of the RDD is a batch. Partitions must give the same batches in the same order each time they are computed, and be read several
 * times: an RDD that is not persisted is kept by Spark while a transformation runs, in memory and on disk, serialized.
 *
 * <p>The result is the same for the same partitions, whatever the number of executors, the order in which tasks end, and tasks that are tried
 * again. One partition gives the bytes that {@link Multipoint#calibrate(org.nd4j.linalg.dataset.api.iterator.DataSetIterator)} gives for the same
 * batches; with several, sums of double precision are added up in another order, which may change a code whose rounding is a tie but for
 * the last bits.
 *
 * <p>{@link Multipoint#memory} bounds what each executor, and the driver, holds; {@link Multipoint#listener} hears of layers, but not of batches.
 */
public final class SparkMultipoint {

    private SparkMultipoint() {
    }

    /** Transforms a graph of one input. */
    public static Multipoint<ComputationGraph> of(ComputationGraph graph, JavaRDD<DataSet> batches) {
        return Multipoint.of(graph).calibrate(source(batches, multi(batches)));
    }

    /** Transforms a network of layers. */
    public static Multipoint<MultiLayerNetwork> of(MultiLayerNetwork network, JavaRDD<DataSet> batches) {
        return Multipoint.of(network).calibrate(source(batches, multi(batches)));
    }

    /** Transforms a graph of any number of inputs. */
    public static Multipoint<ComputationGraph> ofInputs(ComputationGraph graph, JavaRDD<MultiDataSet> batches) {
        return Multipoint.of(graph).calibrate(source(batches, Objects.requireNonNull(batches, "batches")));
    }

    private static JavaRDD<MultiDataSet> multi(JavaRDD<DataSet> batches) {
        return Objects.requireNonNull(batches, "batches").map(DataSet::toMultiDataSet);
    }

    private static ExampleSource source(JavaRDD<?> given, JavaRDD<MultiDataSet> batches) {
        return new ExampleSource() {
            @Override
            protected Examples open(ReferenceNetwork network, long memory) {
                return new SparkExamples(batches, given.getStorageLevel().equals(StorageLevel.NONE()), network, memory);
            }
        };
    }
}
