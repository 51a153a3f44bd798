package org.multipoint.internal.examples;

import org.multipoint.internal.calibration.CalibrationData;
import org.multipoint.internal.graph.BatchShape;
import org.multipoint.internal.graph.ReferenceNetwork;
import org.multipoint.internal.ops.Tensor;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BiFunction;

/**
 * The examples of one place, what evaluates the network there, and the activations that are kept of them, by name. Not thread-safe.
 */
public final class Place implements AutoCloseable {

    private final Activations.Budget budget;
    private boolean anyHeldOut;
    private final Map<String, Streams> kept = new HashMap<>();
    private final List<BatchShape> batches = new ArrayList<>();
    /** Batches whose examples are held out. */
    private final BitSet heldOut = new BitSet();
    private long fittedBefore;
    private ReferenceNetwork network;
    private CalibrationData data;
    private Runnable afterBatch = () -> { };

    /** @param budget for all activations; what is taken of it is given back when they are released */
    public Place(Activations.Budget budget) {
        this.budget = budget;
    }

    /**
     * Gives what the next tasks use.
     *
     * @param afterBatch called for each batch that a task has passed
     */
    public Place with(ReferenceNetwork network, CalibrationData data, Runnable afterBatch) {
        this.network = network;
        this.data = data;
        this.afterBatch = afterBatch;
        return this;
    }

    /** Evaluates the network. */
    public ReferenceNetwork network() {
        return network;
    }

    /** The examples themselves. */
    public CalibrationData data() {
        return data;
    }

    /** Tells that a task has passed a batch of the examples. */
    public void passed() {
        afterBatch.run();
    }

    /** Reads the examples and keeps the network inputs of all batches, by their names in the network. */
    public void read() {
        close();
        List<String> names = network.topology().networkInputs();
        names.forEach(name -> open(name, true));
        fittedBefore = data.fittedBefore();
        data.reset();
        while (data.hasNext()) {
            Tensor[] batch = data.next();
            heldOut.set(batches.size(), data.heldOut());
            batches.add(BatchShape.of(batch, data.masks()));
            for (int i = 0; i < batch.length; i++) {
                kept.get(names.get(i)).reference().add(batch[i]);
            }
        }
        data.requireAny();
        anyHeldOut = data.anyHeldOut();
    }

    /** Number of batches that were read; examples that are held out are in batches of their own. */
    public int batches() {
        return batches.size();
    }

    /** Shapes and masks of the network inputs of a batch. */
    public BatchShape shape(int batch) {
        return batches.get(batch);
    }

    /** Number of examples before the first one of this place that are not held out. */
    public long fittedBefore() {
        return fittedBefore;
    }

    /** Whether anything is fitted to a batch. */
    public boolean isFitted(int batch) {
        return !heldOut.get(batch);
    }

    /** Whether errors are measured on a batch: on those held out where there are any, otherwise on all. */
    public boolean isMeasured(int batch) {
        return !anyHeldOut || heldOut.get(batch);
    }

    /** The activations that are kept under a name. */
    public Streams get(String name) {
        return kept.get(name);
    }

    /**
     * Begins to keep activations under a name; none are there yet.
     *
     * @param same whether they are the same in both networks
     */
    public Streams open(String name, boolean same) {
        Activations reference = new Activations(budget);
        Streams streams = new Streams(reference, same ? reference : new Activations(budget));
        kept.put(name, streams);
        return streams;
    }

    /** Keeps the results of a function for each batch in both networks; it is computed once where their inputs are the same. */
    public void map(String to, List<String> from, BiFunction<List<Tensor>, BatchShape, Tensor> function) {
        List<Streams> inputs = from.stream().map(kept::get).toList();
        Streams out = open(to, inputs.stream().allMatch(Streams::same));
        for (int b = 0; b < batches.size(); b++) {
            int batch = b;
            out.reference().add(function.apply(inputs.stream().map(s -> s.reference().get(batch)).toList(), batches.get(b)));
            if (!out.same()) {
                out.quantized().add(function.apply(inputs.stream().map(s -> s.quantized().get(batch)).toList(), batches.get(b)));
            }
        }
    }

    /** Releases the activations that are kept under a name. */
    public void release(String name) {
        kept.remove(name).close();
    }

    /** Forgets the batches and all activations. */
    @Override
    public void close() {
        batches.clear();
        heldOut.clear();
        try {
            kept.values().forEach(Streams::close);
        } finally {
            kept.clear();
        }
    }
}
