package org.multipoint.internal.calibration;

import org.multipoint.internal.ops.Tensor;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.dataset.api.MultiDataSet;
import org.nd4j.linalg.dataset.api.iterator.DataSetIterator;
import org.nd4j.linalg.dataset.api.iterator.MultiDataSetIterator;

import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * Batches of network inputs from a DL4J iterator, checked and copied out of it: nothing that the iterator may reuse is kept. Of each
 * {@link #HELD_OUT} examples in turn one is held out, to measure what is learnt from the others: it comes in another batch than those.
 */
public final class CalibrationData {

    /** One example of so many is held out; of fewer, none. */
    public static final int HELD_OUT = 8;
    /** Fraction of the golden ratio: the place of the one changes, so that no class that comes at regular intervals is always it. */
    private static final double GOLDEN = 0.6180339887498949;

    private final Runnable reset;
    private final BooleanSupplier hasNext;
    private final Supplier<Features> next;
    private final String description;
    private final int inputs;
    private int batch;
    private long examples;
    private Tensor[] pending;
    private boolean heldOut;
    private boolean masked;

    /**
     * What an iterator gives.
     *
     * @param masks for each input, or null; any may be null
     */
    private record Features(INDArray[] arrays, INDArray[] masks) {
        boolean masked() {
            return masks != null && Stream.of(masks).anyMatch(m -> m != null && m.minNumber().doubleValue() < 1);
        }
    }

    private CalibrationData(Object iterator, int inputs, Runnable reset, BooleanSupplier hasNext, Supplier<Features> next) {
        this.description = iterator.getClass().getSimpleName();
        this.inputs = inputs;
        this.reset = reset;
        this.hasNext = hasNext;
        this.next = next;
    }

    /**
     * @param inputs number of inputs of the network
     * @throws IllegalArgumentException where the iterator cannot be reset
     */
    public static CalibrationData of(DataSetIterator iterator, int inputs) {
        if (!iterator.resetSupported()) {
            throw notResettable(iterator);
        }
        return new CalibrationData(iterator, inputs, iterator::reset, iterator::hasNext,
                () -> {
                    DataSet batch = iterator.next();
                    return new Features(new INDArray[]{batch.getFeatures()}, new INDArray[]{batch.getFeaturesMaskArray()});
                });
    }

    /**
     * @param inputs number of inputs of the network
     * @throws IllegalArgumentException where the iterator cannot be reset
     */
    public static CalibrationData of(MultiDataSetIterator iterator, int inputs) {
        if (!iterator.resetSupported()) {
            throw notResettable(iterator);
        }
        return new CalibrationData(iterator, inputs, iterator::reset, iterator::hasNext, () -> {
            MultiDataSet batch = iterator.next();
            return new Features(batch.getFeatures(), batch.getFeaturesMaskArrays());
        });
    }

    private static IllegalArgumentException notResettable(Object iterator) {
        return new IllegalArgumentException("The calibration iterator " + iterator.getClass().getName()
                + " cannot be reset, and calibration reads it more than once");
    }

    /** Class of the iterator, for provenance. */
    public String description() {
        return description;
    }

    /** Goes back to the first batch. */
    public void reset() {
        reset.run();
        batch = 0;
        examples = 0;
        pending = null;
    }

    public boolean hasNext() {
        return pending != null || hasNext.getAsBoolean();
    }

    /** Whether the examples of the last batch are held out: nothing may be learnt from them. */
    public boolean heldOut() {
        return heldOut;
    }

    /** Whether a batch so far had a mask that leaves something out: it is not looked at. */
    public boolean masked() {
        return masked;
    }

    /**
     * The next batch, one tensor for each network input. A batch of the iterator may come in two parts, the second one held out.
     *
     * @throws IllegalArgumentException where inputs are missing or too many, have different numbers of examples, or a value is NaN or
     *                                  infinite; it names the batch
     */
    public Tensor[] next() {
        if (pending != null) {
            Tensor[] rest = pending;
            pending = null;
            heldOut = true;
            return rest;
        }
        Tensor[] all = read();
        int[] own = IntStream.range(0, all[0].examples()).filter(i -> !isHeldOut(examples + i)).toArray();
        int[] rest = IntStream.range(0, all[0].examples()).filter(i -> isHeldOut(examples + i)).toArray();
        examples += all[0].examples();
        heldOut = own.length == 0;
        if (rest.length == 0 || own.length == 0) {
            return all;
        }
        pending = Stream.of(all).map(t -> t.examples(rest)).toArray(Tensor[]::new);
        return Stream.of(all).map(t -> t.examples(own)).toArray(Tensor[]::new);
    }

    private static boolean isHeldOut(long example) {
        int place = (int) (HELD_OUT * (example / HELD_OUT * GOLDEN % 1));
        return example % HELD_OUT == HELD_OUT - 1 - place;
    }

    private Tensor[] read() {
        Features features = next.get();
        INDArray[] arrays = features.arrays;
        masked |= features.masked();
        if (arrays == null || arrays.length != inputs) {
            throw new IllegalArgumentException("Calibration batch " + batch + " has " + (arrays == null ? 0 : arrays.length)
                    + " inputs, the network has " + inputs);
        }
        Tensor[] tensors = new Tensor[inputs];
        for (int i = 0; i < inputs; i++) {
            if (arrays[i] == null) {
                throw new IllegalArgumentException("Calibration batch " + batch + " has no features for input " + i);
            }
            tensors[i] = Tensor.of(arrays[i]);
            if (tensors[i].examples() == 0 || tensors[i].examples() != tensors[0].examples()) {
                throw new IllegalArgumentException("Calibration batch " + batch + " has " + tensors[i].examples() + " examples for input "
                        + i + ", expected " + Math.max(1, tensors[0].examples()));
            }
            float[] data = tensors[i].data();
            int j = Tensor.firstNonFinite(data);
            if (j >= 0) {
                throw new IllegalArgumentException("Calibration batch " + batch + ", input " + i + ", example "
                        + j / (data.length / tensors[i].examples()) + ": found " + data[j] + ", expected finite values");
            }
        }
        batch++;
        return tensors;
    }
}
