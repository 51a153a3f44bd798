package org.multipoint.spark;

import org.apache.spark.api.java.JavaRDD;
import org.multipoint.internal.calibration.CalibrationData;
import org.nd4j.linalg.dataset.api.MultiDataSet;
import org.nd4j.linalg.dataset.api.iterator.MultiDataSetIterator;

import java.io.Serializable;
import java.util.Iterator;
import java.util.List;
import java.util.stream.LongStream;

/** How many batches and examples the partitions of an RDD have: which examples are held out depends on their position among all. */
final class Parts implements Serializable {

    private static final long serialVersionUID = 1;

    private final long[] batches;
    private final long[] examples;

    private Parts(List<long[]> counts) {
        batches = counts.stream().mapToLong(count -> count[0]).toArray();
        examples = counts.stream().mapToLong(count -> count[1]).toArray();
    }

    /** Counts the batches and examples of all partitions. */
    static Parts of(JavaRDD<MultiDataSet> rdd) {
        return new Parts(Job.collect(rdd.mapPartitions(Parts::count)));
    }

    private static Iterator<long[]> count(Iterator<MultiDataSet> partition) {
        long[] counts = new long[2];
        while (partition.hasNext()) {
            counts[0]++;
            counts[1] += partition.next().getFeatures(0).size(0);
        }
        return List.of(counts).iterator();
    }

    /** @throws IllegalArgumentException where no partition has examples */
    void requireAny() {
        if (LongStream.of(examples).sum() == 0) {
            throw new IllegalArgumentException("The calibration RDD gave no examples");
        }
    }

    /** Number of batches of a partition. */
    long batches(int partition) {
        return batches[partition];
    }

    /** Number of partitions. */
    int count() {
        return batches.length;
    }

    /** The examples of a partition, as a part of all. */
    CalibrationData data(int partition, MultiDataSetIterator own, int inputs) {
        return CalibrationData.of(own, inputs).behind((int) before(batches, partition), before(examples, partition), LongStream.of(examples).sum());
    }

    private static long before(long[] counts, int partition) {
        return LongStream.of(counts).limit(partition).sum();
    }
}
