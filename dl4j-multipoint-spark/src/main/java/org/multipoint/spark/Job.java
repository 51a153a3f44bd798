package org.multipoint.spark;

import org.apache.spark.HashPartitioner;
import org.apache.spark.SparkException;
import org.apache.spark.api.java.JavaFutureAction;
import org.apache.spark.api.java.JavaRDD;
import org.multipoint.internal.calibration.Mergeable;
import org.multipoint.internal.ops.Interruption;
import scala.Tuple2;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.ExecutionException;

/** Runs Spark jobs for what partitions give. */
final class Job {

    /** Sums that are merged in one place at a time. */
    static final int AT_ONCE = 8;

    private Job() {
    }

    /**
     * All elements, in the order of their partitions.
     *
     * @throws java.util.concurrent.CancellationException where the thread is interrupted, which it remains; the job is cancelled
     * @throws RuntimeException                           what a task has thrown in all its attempts
     * @throws IllegalStateException                      where the job fails for another reason
     */
    static <T> List<T> collect(JavaRDD<T> rdd) {
        Interruption.check();
        JavaFutureAction<List<T>> job = rdd.collectAsync();
        try {
            return job.get();
        } catch (InterruptedException e) {
            job.cancel(true);
            Thread.currentThread().interrupt();
            throw Interruption.interrupted(e);
        } catch (ExecutionException e) {
            Throwable failure = e.getCause();
            if (failure instanceof SparkException && failure.getCause() instanceof RuntimeException own) {
                throw own;
            }
            throw new IllegalStateException("A Spark job failed: " + failure.getMessage(), failure);
        }
    }

    /** Releases something by calls to Spark, which fail where the thread is interrupted: it is not meanwhile. */
    static void uninterrupted(Runnable release) {
        boolean interrupted = Thread.interrupted();
        try {
            release.run();
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    /**
     * The sums of all partitions, merged in the order of the partitions whatever the order in which their tasks end: neighbours by executors where
     * there are many, the rest here. The result depends on the partitions and their number alone.
     *
     * @param parts one element for each partition, as {@link Wire} writes sums
     */
    static <S extends Mergeable<S>> S sum(JavaRDD<byte[]> parts) {
        JavaRDD<byte[]> level = parts;
        while (level.getNumPartitions() > AT_ONCE) {
            int groups = (level.getNumPartitions() + AT_ONCE - 1) / AT_ONCE;
            level = level.mapPartitionsWithIndex(Job::numbered, false).mapToPair(part -> new Tuple2<>(part._1 / AT_ONCE, part))
                    .partitionBy(new HashPartitioner(groups)).values().mapPartitions(Job::merged);
        }
        return merged(collect(level));
    }

    private static Iterator<Tuple2<Integer, byte[]>> numbered(int partition, Iterator<byte[]> parts) {
        return List.of(new Tuple2<>(partition, parts.next())).iterator();
    }

    private static Iterator<byte[]> merged(Iterator<Tuple2<Integer, byte[]>> parts) {
        List<Tuple2<Integer, byte[]>> sorted = new ArrayList<>();
        parts.forEachRemaining(sorted::add);
        sorted.sort(Comparator.comparing(Tuple2::_1));
        return List.of(Wire.bytes(merged(sorted.stream().map(Tuple2::_2).toList()))).iterator();
    }

    private static <S extends Mergeable<S>> S merged(List<byte[]> parts) {
        S sum = Wire.object(parts.get(0));
        for (byte[] part : parts.subList(1, parts.size())) {
            sum.merge(Wire.object(part));
        }
        return sum;
    }
}
