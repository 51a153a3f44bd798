package org.multipoint.spark;

import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.storage.StorageLevel;
import org.multipoint.internal.calibration.CalibrationData;
import org.multipoint.internal.calibration.Mergeable;
import org.multipoint.internal.examples.Examples;
import org.multipoint.internal.examples.Step;
import org.multipoint.internal.examples.Task;
import org.multipoint.internal.graph.ReferenceNetwork;
import org.nd4j.linalg.dataset.api.MultiDataSet;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.stream.IntStream;
import java.util.stream.LongStream;

/**
 * Examples that are the partitions of an RDD. Executors keep the activations of the partitions that they have computed. The driver keeps the steps
 * that made them: a partition whose executor is lost, or whose task is tried again, repeats them from its examples on.
 */
final class SparkExamples implements Examples {

    /** Work of more bytes is broadcast. */
    private static final int SMALL = 1 << 14;

    private final String id = UUID.randomUUID().toString();
    private final JavaSparkContext context;
    private final Optional<JavaRDD<byte[]>> kept;
    private final JavaRDD<MultiDataSet> batches;
    private final Parts parts;
    private final long memory;
    private final int inputs;
    private final Broadcast<byte[]> network;
    private final List<PartTask.Sent> steps = new ArrayList<>();
    private long run;

    /**
     * @param source are read several times
     * @param keep   whether Spark is to keep them meanwhile, as bytes: their number is known, and any serializer can write them
     * @param memory bytes that activations may take on the heap of an executor
     * @throws IllegalArgumentException where there are none
     */
    SparkExamples(JavaRDD<MultiDataSet> source, boolean keep, ReferenceNetwork network, long memory) {
        this.context = JavaSparkContext.fromSparkContext(source.context());
        this.kept = keep ? Optional.of(source.map(Wire::bytes).persist(StorageLevel.MEMORY_AND_DISK())) : Optional.empty();
        this.batches = kept.map(bytes -> bytes.<MultiDataSet>map(Wire::object)).orElse(source);
        this.memory = memory;
        this.inputs = network.topology().networkInputs().size();
        this.network = context.broadcast(Wire.model(network.graph()));
        try {
            this.parts = Parts.of(batches);
            parts.requireAny();
        } catch (RuntimeException e) {
            close();
            throw e;
        }
    }

    @Override
    public String description() {
        return "JavaRDD";
    }

    @Override
    public CalibrationData first() {
        return CalibrationData.of(new PartitionBatches(() -> IntStream.range(0, parts.count()).boxed()
                .flatMap(p -> LongStream.range(0, parts.batches(p)).mapToObj(b -> batch(p, b))).iterator()), inputs);
    }

    private MultiDataSet batch(int partition, long batch) {
        return Wire.object(batches.mapPartitions(all -> only(all, batch)).collectPartitions(new int[]{partition})[0].get(0));
    }

    private static Iterator<byte[]> only(Iterator<MultiDataSet> batches, long which) {
        for (long b = 0; b < which; b++) {
            batches.next();
        }
        return List.of(Wire.bytes(batches.next())).iterator();
    }

    @Override
    public <S extends Mergeable<S>> S sum(Task<S> task, Runnable afterBatch) {
        PartTask.Sent sent = sent(task);
        try {
            return run(sent, false);
        } finally {
            Job.uninterrupted(() -> destroy(sent));
        }
    }

    @Override
    public <S extends Mergeable<S>> S advance(Task<S> task) {
        PartTask.Sent sent = sent(task);
        S sums = run(sent, true);
        steps.add(sent);
        return sums;
    }

    @Override
    public void defer(Step step) {
        steps.add(sent(step));
    }

    private <S extends Mergeable<S>> S run(PartTask.Sent task, boolean changes) {
        return Job.sum(batches.mapPartitionsWithIndex(new PartTask(id, network, memory, parts, run, steps, task, changes), false));
    }

    private PartTask.Sent sent(Object work) {
        byte[] bytes = Wire.bytes(work);
        return bytes.length <= SMALL ? new PartTask.Sent(bytes, null) : new PartTask.Sent(null, context.broadcast(bytes));
    }

    private static void destroy(PartTask.Sent sent) {
        if (sent.large() != null) {
            sent.large().destroy();
        }
    }

    /** What executors keep of a run is forgotten with the first task of the next one. */
    @Override
    public void clear() {
        Job.uninterrupted(() -> steps.forEach(SparkExamples::destroy));
        steps.clear();
        run++;
    }

    @Override
    public void close() {
        clear();
        Job.uninterrupted(() -> {
            PerExecutor.closeAll(id, context);
            network.destroy();
            kept.ifPresent(JavaRDD::unpersist);
        });
    }
}
