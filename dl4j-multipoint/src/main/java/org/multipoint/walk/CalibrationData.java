package org.multipoint.walk;

import org.multipoint.linear.Tensor;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.api.iterator.DataSetIterator;
import org.nd4j.linalg.dataset.api.iterator.MultiDataSetIterator;

import java.util.function.BooleanSupplier;
import java.util.function.Supplier;

/** Batches of network inputs from a DL4J iterator, checked and copied out of it: nothing that the iterator may reuse is kept. */
public final class CalibrationData {

    private final Runnable reset;
    private final BooleanSupplier hasNext;
    private final Supplier<INDArray[]> next;
    private final String description;
    private final int inputs;
    private int batch;

    private CalibrationData(Object iterator, int inputs, Runnable reset, BooleanSupplier hasNext, Supplier<INDArray[]> next) {
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
                () -> new INDArray[]{iterator.next().getFeatures()});
    }

    /**
     * @param inputs number of inputs of the network
     * @throws IllegalArgumentException where the iterator cannot be reset
     */
    public static CalibrationData of(MultiDataSetIterator iterator, int inputs) {
        if (!iterator.resetSupported()) {
            throw notResettable(iterator);
        }
        return new CalibrationData(iterator, inputs, iterator::reset, iterator::hasNext, () -> iterator.next().getFeatures());
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
    }

    public boolean hasNext() {
        return hasNext.getAsBoolean();
    }

    /**
     * The next batch, one tensor for each network input.
     *
     * @throws IllegalArgumentException where inputs are missing or too many, or a value is NaN or infinite; it names the batch
     */
    public Tensor[] next() {
        INDArray[] arrays = next.get();
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
            float[] data = tensors[i].data();
            for (int j = 0; j < data.length; j++) {
                if (!Float.isFinite(data[j])) {
                    long perExample = data.length / tensors[i].shape()[0];
                    throw new IllegalArgumentException("Calibration batch " + batch + ", input " + i + ", example "
                            + j / perExample + ": found " + data[j] + ", expected finite values");
                }
            }
        }
        batch++;
        return tensors;
    }
}
