package org.multipoint.internal.calibration;

import org.multipoint.internal.ops.Interruption;
import org.multipoint.internal.ops.Tensor;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.dataset.api.MultiDataSet;
import org.nd4j.linalg.dataset.api.iterator.DataSetIterator;
import org.nd4j.linalg.dataset.api.iterator.MultiDataSetIterator;

import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import java.util.stream.Stream;

/**
 * Batches of network inputs from a Deeplearning4j iterator, checked for finite values and copied, so that the iterator may reuse its
 * arrays. One of every {@link #HELD_OUT} examples is held out for measuring errors; held-out examples come in batches of their own.
 */
public final class CalibrationData {

    /** One of this many examples is held out; where there are fewer, none is. */
    public static final int HELD_OUT = 8;
    /**
     * Fractional part of the golden ratio. The position of the held-out example varies from one group of examples to the next, so that
     * classes that alternate regularly are all represented.
     */
    private static final double GOLDEN = 0.6180339887498949;

    private final Runnable reset;
    private final BooleanSupplier hasNext;
    private final Supplier<Features> next;
    private final String description;
    private final int inputs;
    /** Position of the first batch and example among all, where these are a part of all. */
    private int firstBatch;
    private long firstExample;
    private long all;
    private int batch;
    private long examples;
    private Tensor[] pending;
    private Tensor[] masks = {};
    private Tensor[] pendingMasks;
    private boolean heldOut;
    private boolean masked;

    /** Features of one batch of the iterator. */
    private static final class Features {

        private final INDArray[] arrays;
        private final INDArray[] masks;

        /**
         * @param masks for each input, or null; any may be null
         */
        Features(INDArray[] arrays, INDArray[] masks) {
            this.arrays = arrays;
            this.masks = masks;
        }

        boolean masked() {
            return masks != null && Stream.of(masks).anyMatch(m -> m != null && m.minNumber().doubleValue() < 1);
        }

        Tensor[] maskTensors() {
            return masked() ? Stream.of(masks).map(m -> m == null ? null : Tensor.of(m)).toArray(Tensor[]::new) : new Tensor[0];
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

    /**
     * Tells that these are a part of all examples: which are held out depends on their position among all.
     *
     * @param batches  number of batches before the first one of these
     * @param examples number of examples before the first one of these
     * @param of       number of all examples
     */
    public CalibrationData behind(int batches, long examples, long of) {
        firstBatch = batches;
        firstExample = examples;
        all = of;
        return this;
    }

    /** @throws IllegalArgumentException where no examples were read, and these are not a part of all */
    public void requireAny() {
        if (Math.max(all, examples) == 0) {
            throw new IllegalArgumentException("The calibration iterator gave no examples");
        }
    }

    /** Whether any of all examples are held out, as far as they were read. */
    public boolean anyHeldOut() {
        return Math.max(all, examples) >= HELD_OUT;
    }

    /** Number of examples before the first one of these that are not held out. */
    public long fittedBefore() {
        return LongStream.range(0, firstExample).filter(i -> !isHeldOut(i)).count();
    }

    /** Name of the iterator's class, for the provenance. */
    public String description() {
        return description;
    }

    /** Goes back to the first batch. */
    public void reset() {
        reset.run();
        batch = firstBatch;
        examples = firstExample;
        pending = null;
    }

    public boolean hasNext() {
        return pending != null || hasNext.getAsBoolean();
    }

    /** Whether the examples of the last batch are held out: nothing may be fitted to them. */
    public boolean heldOut() {
        return heldOut;
    }

    /**
     * Masks of the last batch, {@code [examples, steps]}, one for each network input: null for an input without, no array at all where no
     * mask excludes anything.
     */
    public Tensor[] masks() {
        return masks;
    }

    /** Whether any batch so far had a mask that excludes values. */
    public boolean masked() {
        return masked;
    }

    /**
     * The next batch, one tensor for each network input. A batch of the iterator may be split in two, of which the second is held out.
     *
     * @throws IllegalArgumentException where inputs are missing or too many, have different numbers of examples, or a value is NaN or
     *                                  infinite; it names the batch
     */
    public Tensor[] next() {
        Interruption.check();
        if (pending != null) {
            Tensor[] rest = pending;
            pending = null;
            masks = pendingMasks;
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
        pending = examples(all, rest);
        pendingMasks = examples(masks, rest);
        masks = examples(masks, own);
        return examples(all, own);
    }

    private static Tensor[] examples(Tensor[] of, int[] which) {
        return Stream.of(of).map(t -> t == null ? null : t.examples(which)).toArray(Tensor[]::new);
    }

    private static boolean isHeldOut(long example) {
        int place = (int) (HELD_OUT * (example / HELD_OUT * GOLDEN % 1));
        return example % HELD_OUT == HELD_OUT - 1 - place;
    }

    private Tensor[] read() {
        Features features = next.get();
        INDArray[] arrays = features.arrays;
        masks = features.maskTensors();
        masked |= masks.length > 0;
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
