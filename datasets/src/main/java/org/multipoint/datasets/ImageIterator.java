package org.multipoint.datasets;

import org.deeplearning4j.nn.conf.CNN2DFormat;
import org.nd4j.common.util.ArrayUtil;
import org.nd4j.linalg.api.memory.MemoryWorkspace;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.dataset.api.DataSetPreProcessor;
import org.nd4j.linalg.dataset.api.iterator.DataSetIterator;
import org.nd4j.linalg.factory.Nd4j;

import java.io.IOException;
import java.io.Serializable;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.stream.LongStream;

/**
 * Labelled images as a Deeplearning4j iterator: features [n, 3, size, size] or [n, size, size, 3], labels one-hot [n, classes], unless the
 * subclass says otherwise, both float32. The order is the same in every pass. The images of the next batches are made by background threads while the network runs;
 * an exception there is thrown by {@code hasNext} or {@code next}. For one consumer thread.
 */
public abstract class ImageIterator implements DataSetIterator, AutoCloseable {

    private static final int BATCHES_AHEAD = 2;

    /** 128 MiB, for callers with very large batches. */
    private static final int VALUES_AHEAD = 1 << 25;

    private final List<String> labels;
    private final long[] shape;
    private final int batch;
    private final int examples;
    private final long[] labelShape;
    private DataSetPreProcessor preProcessor;

    private Prefetch<Example> pass;
    private Example pending;
    private boolean closed;

    /**
     * One image as the network gets it.
     *
     * @param features in the iterator's format
     * @param labels   of the iterator's shape; null where it has none
     * @param metaData what else is known of it; null for nothing
     */
    record Example(float[] features, float[] labels, Serializable metaData) {
    }

    /**
     * Images with one-hot labels.
     *
     * @throws IllegalArgumentException where a batch has less than 1 image or would not fit an array, or there are less than 1 in all
     */
    ImageIterator(List<String> labels, int size, CNN2DFormat format, int batch, int examples) {
        this(labels, size, format, batch, examples, labels.size());
    }

    /**
     * Images with labels of another shape.
     *
     * @param labelShape for one image; empty for no labels
     * @throws IllegalArgumentException where a batch has less than 1 image or would not fit an array, or there are less than 1 in all
     */
    ImageIterator(List<String> labels, int size, CNN2DFormat format, int batch, int examples, long... labelShape) {
        this(labels, format == CNN2DFormat.NCHW ? new long[]{RgbImage.CHANNELS, size, size} : new long[]{size, size, RgbImage.CHANNELS},
                batch, examples, labelShape);
    }

    /**
     * Images of any shape.
     *
     * @param shape      of one image
     * @param labelShape for one image; empty for no labels
     * @throws IllegalArgumentException where a batch has less than 1 image or would not fit an array, or there are less than 1 in all
     */
    ImageIterator(List<String> labels, long[] shape, int batch, int examples, long[] labelShape) {
        if (batch < 1 || batch * (double) ArrayUtil.prodLong(shape) > Integer.MAX_VALUE - 8) {
            throw new IllegalArgumentException("A batch of " + batch + " images of the shape " + Arrays.toString(shape)
                    + ": expected at least 1, and at most 2^31 values in all");
        }
        if (examples < 1) {
            throw new IllegalArgumentException("A set of " + examples + " images: expected at least 1");
        }
        this.labels = List.copyOf(labels);
        this.shape = shape.clone();
        this.batch = batch;
        this.examples = examples;
        this.labelShape = labelShape;
    }

    /**
     * One image. Called by several threads at once.
     *
     * @throws IOException where the image cannot be read: it is left out
     */
    abstract Example example(int index) throws IOException;

    /**
     * An image of one class.
     *
     * @param label index of the class
     */
    final Example ofClass(float[] features, int label) {
        float[] oneHot = new float[labels.size()];
        oneHot[label] = 1;
        return new Example(features, oneHot, null);
    }

    /** Called in order for each image that cannot be read. Unless overridden, such an image is an error. */
    void skip(int example, IOException reason) {
        throw new UncheckedIOException("Image " + example + " cannot be read", reason);
    }

    /** Number of images of a pass, those that cannot be read included. */
    public final int totalExamples() {
        return examples;
    }

    /** Number of batches of a pass, where all images can be read. */
    public final int batches() {
        return (examples + batch - 1) / batch;
    }

    @Override
    public final boolean hasNext() {
        if (closed) {
            throw new IllegalStateException("The iterator is closed");
        }
        if (pass == null) {
            int ahead = (int) Math.min((long) BATCHES_AHEAD * batch, Math.max(1, VALUES_AHEAD / inputColumns()));
            pass = new Prefetch<>(getClass().getSimpleName(), examples, ahead, this::example);
        }
        while (pending == null && pass.hasNext()) {
            int example = pass.index();
            try {
                pending = pass.next();
            } catch (IOException e) {
                skip(example, e);
            }
        }
        return pending != null;
    }

    @Override
    public final DataSet next() {
        return next(batch);
    }

    /** @param count at most so many images, at least 1 */
    @Override
    @SuppressWarnings("try")
    public final DataSet next(int count) {
        if (count < 1) {
            throw new IllegalArgumentException("A batch of " + count + " images: expected at least 1");
        }
        if (!hasNext()) {
            throw new NoSuchElementException("No more images: reset the iterator");
        }
        int length = inputColumns();
        float[] features = new float[Math.multiplyExact(count, length)];
        int labelLength = labelShape.length == 0 ? 0 : Math.toIntExact(ArrayUtil.prodLong(labelShape));
        float[] expected = new float[Math.multiplyExact(count, labelLength)];
        List<Serializable> metaData = new ArrayList<>();
        int n = 0;
        while (n < count && hasNext()) {
            System.arraycopy(pending.features, 0, features, n * length, length);
            if (pending.labels != null) {
                System.arraycopy(pending.labels, 0, expected, n * labelLength, labelLength);
            }
            metaData.add(pending.metaData);
            pending = null;
            n++;
        }
        // The caller may hold a batch for longer than the workspace it is in.
        try (MemoryWorkspace ignored = Nd4j.getMemoryManager().scopeOutOfWorkspaces()) {
            DataSet dataSet = new DataSet(array(features, n, shape), labelLength == 0 ? null : array(expected, n, labelShape));
            dataSet.setLabelNames(labels);
            if (metaData.get(0) != null) {
                dataSet.setExampleMetaData(metaData);
            }
            if (preProcessor != null) {
                preProcessor.preProcess(dataSet);
            }
            return dataSet;
        }
    }

    /** Of the first values: the last batch may be smaller than the array that was made for it. */
    private static INDArray array(float[] values, int n, long... shapeOfOne) {
        long[] shape = LongStream.concat(LongStream.of(n), LongStream.of(shapeOfOne)).toArray();
        int length = (int) ArrayUtil.prodLong(shape);
        return Nd4j.createFromArray(length == values.length ? values : Arrays.copyOf(values, length)).reshape(shape);
    }

    @Override
    public final void reset() {
        if (pass != null) {
            pass.close();
        }
        pass = null;
        pending = null;
    }

    /** Ends the background threads. The iterator cannot be used afterwards. */
    @Override
    public final void close() {
        reset();
        closed = true;
    }

    /** Values of an image. */
    @Override
    public final int inputColumns() {
        return (int) ArrayUtil.prodLong(shape);
    }

    @Override
    public final int totalOutcomes() {
        return labels.size();
    }

    @Override
    public final boolean resetSupported() {
        return true;
    }

    /** False: the iterator has background threads of its own. */
    @Override
    public final boolean asyncSupported() {
        return false;
    }

    @Override
    public final int batch() {
        return batch;
    }

    @Override
    public final void setPreProcessor(DataSetPreProcessor preProcessor) {
        this.preProcessor = preProcessor;
    }

    @Override
    public final DataSetPreProcessor getPreProcessor() {
        return preProcessor;
    }

    /** Names of the classes, by index. */
    @Override
    public final List<String> getLabels() {
        return labels;
    }
}
