package org.multipoint.spark;

import org.apache.spark.api.java.function.Function2;
import org.apache.spark.broadcast.Broadcast;
import org.multipoint.internal.examples.Place;
import org.multipoint.internal.examples.Step;
import org.multipoint.internal.examples.Task;
import org.multipoint.internal.graph.ReferenceNetwork;
import org.nd4j.linalg.dataset.api.MultiDataSet;

import java.io.Serializable;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;

/**
 * A task on one partition: brings the activations of the partition to where they are to be, whatever executor runs it and however often, then
 * computes the sums.
 */
final class PartTask implements Function2<Integer, Iterator<MultiDataSet>, Iterator<byte[]>> {

    private static final long serialVersionUID = 1;

    /** Work that is sent: in the task itself where it is small, otherwise by a broadcast of its own. */
    record Sent(byte[] small, Broadcast<byte[]> large) implements Serializable {

        Object work() {
            return Wire.object(large == null ? small : large.value());
        }
    }

    private final String id;
    private final Broadcast<byte[]> network;
    private final long memory;
    private final Parts parts;
    private final long run;
    private final ArrayList<Sent> steps;
    private final Sent task;
    private final boolean changes;

    /**
     * @param id      of what executors hold
     * @param network as {@link Wire#model} writes it
     * @param run     number of the run whose steps these are
     * @param steps   all that made the activations of the run, from the first one on
     * @param changes whether the task changes activations, too, and is the next step therefore
     */
    PartTask(String id, Broadcast<byte[]> network, long memory, Parts parts, long run, List<Sent> steps, Sent task, boolean changes) {
        this.id = id;
        this.network = network;
        this.memory = memory;
        this.parts = parts;
        this.run = run;
        this.steps = new ArrayList<>(steps);
        this.task = task;
        this.changes = changes;
    }

    @Override
    public Iterator<byte[]> call(Integer partition, Iterator<MultiDataSet> batches) {
        ExamplesHost host = PerExecutor.get(id, () -> new ExamplesHost(network.value(), memory));
        return List.of(host.work(partition, (reference, replay) -> sums(partition, batches, reference, replay))).iterator();
    }

    private byte[] sums(int partition, Iterator<MultiDataSet> batches, ReferenceNetwork reference, ExamplesHost.Replay replay) {
        int first = replay.first(run, steps.size());
        Place place = replay.place().with(reference, parts.data(partition, PartitionBatches.once(batches),
                reference.topology().networkInputs().size()), () -> { });
        for (Sent step : steps.subList(first, steps.size())) {
            run(step.work(), place);
            replay.done();
        }
        Object sums = ((Task<?>) task.work()).at(place);
        if (changes) {
            replay.done();
        }
        return Wire.bytes(sums);
    }

    private static void run(Object work, Place place) {
        if (work instanceof Step step) {
            step.at(place);
        } else {
            ((Task<?>) work).at(place);
        }
    }
}
