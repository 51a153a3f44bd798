package org.multipoint.spark;

import org.nd4j.linalg.dataset.api.MultiDataSet;
import org.nd4j.linalg.dataset.api.MultiDataSetPreProcessor;
import org.nd4j.linalg.dataset.api.iterator.MultiDataSetIterator;

import java.util.Iterator;
import java.util.function.Supplier;

/** Batches as a Deeplearning4j iterator. */
final class PartitionBatches implements MultiDataSetIterator {

    private static final long serialVersionUID = 1;

    private final transient Supplier<Iterator<MultiDataSet>> source;
    private transient Iterator<MultiDataSet> batches;

    /** @param source gives all batches from the first one on */
    PartitionBatches(Supplier<Iterator<MultiDataSet>> source) {
        this.source = source;
        this.batches = source.get();
    }

    /** Batches that can be read once. */
    static PartitionBatches once(Iterator<MultiDataSet> batches) {
        boolean[] read = {false};
        return new PartitionBatches(() -> {
            if (read[0]) {
                throw new IllegalStateException("A task reads the examples of its partition twice");
            }
            return new Iterator<>() {
                @Override
                public boolean hasNext() {
                    return batches.hasNext();
                }

                @Override
                public MultiDataSet next() {
                    read[0] = true;
                    return batches.next();
                }
            };
        });
    }

    @Override
    public boolean hasNext() {
        return batches.hasNext();
    }

    @Override
    public MultiDataSet next() {
        return batches.next();
    }

    @Override
    public void reset() {
        batches = source.get();
    }

    @Override
    public boolean resetSupported() {
        return true;
    }

    @Override
    public boolean asyncSupported() {
        return false;
    }

    @Override
    public MultiDataSet next(int examples) {
        throw new UnsupportedOperationException("Batches come as they are");
    }

    @Override
    public void setPreProcessor(MultiDataSetPreProcessor preProcessor) {
        throw new UnsupportedOperationException("Batches come as they are");
    }

    @Override
    public MultiDataSetPreProcessor getPreProcessor() {
        return null;
    }
}
