package org.multipoint.transform;

import org.deeplearning4j.datasets.iterator.utilty.ListDataSetIterator;
import org.deeplearning4j.nn.conf.ConvolutionMode;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.ConvolutionLayer;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.junit.jupiter.api.Test;
import org.multipoint.report.InputReport;
import org.multipoint.testing.TestNets;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.dataset.api.iterator.DataSetIterator;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;
import org.nd4j.linalg.lossfunctions.LossFunctions;

import java.util.ArrayList;
import java.util.List;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

/** Iterators that fail, or give other batches than before. Values that are not finite and iterators of nothing: {@link MultipointTest}. */
class CalibrationFailuresTest {

    private static final long[] SHAPE = {8, 2, 6, 6};

    private static ComputationGraph graph() {
        return TestNets.chain(InputType.convolutional(6, 6, 2),
                new ConvolutionLayer.Builder(3, 3).convolutionMode(ConvolutionMode.Same).nOut(6).activation(Activation.RELU).build(),
                new DenseLayer.Builder().nOut(9).activation(Activation.RELU).build(),
                new OutputLayer.Builder(LossFunctions.LossFunction.MCXENT).nOut(3).activation(Activation.SOFTMAX).build());
    }

    private static List<DataSet> batches(int... sizes) {
        INDArray all = TestNets.random(4, 48, 2, 6, 6);
        List<DataSet> batches = new ArrayList<>();
        int from = 0;
        for (int size : sizes) {
            batches.add(new DataSet(all.get(NDArrayIndex.interval(from, from + size)).dup(), Nd4j.zeros(size, 3)));
            from += size;
        }
        assertEquals(48, from);
        return batches;
    }

    /** An iterator of three batches that fails at the given one, counted over all passes, which are three. */
    private static final class Failing extends ListDataSetIterator<DataSet> {
        private final RuntimeException failure;
        private int left;

        Failing(int batch, RuntimeException failure) {
            super(batches(16, 16, 16), 1);
            this.left = batch;
            this.failure = failure;
        }

        @Override
        public DataSet next() {
            if (left-- == 0) {
                throw failure;
            }
            return super.next();
        }
    }

    @Test
    void exceptionsOfIteratorsPassInEachPass() {
        ComputationGraph source = graph();
        INDArray before = source.params().dup();
        for (int batch = 0; batch < 9; batch++) {
            IllegalStateException failure = new IllegalStateException("the disk is gone");
            DataSetIterator failing = new Failing(batch, failure);
            assertSame(failure, assertThrows(IllegalStateException.class, () -> Multipoint.of(source).calibrate(failing).transform()), "batch " + batch);
        }
        assertEquals(before, source.params());
        Multipoint.of(source).calibrate(new Failing(9, new IllegalStateException())).transform();
    }

    /** Statistics are sums over examples. They are added up batch by batch in single precision, so that a few codes may differ. */
    @Test
    void howExamplesAreSplitIntoBatchesHardlyMatters() {
        ComputationGraph source = graph();
        INDArray x = TestNets.random(8, 16, 2, 6, 6);
        INDArray expected = Multipoint.of(source).calibrate(new ListDataSetIterator<>(batches(16, 16, 16), 1)).transform().model().outputSingle(x);
        for (int[] sizes : new int[][]{{48}, {1, 2, 3, 42}, {9, 30, 9}}) {
            MultipointResult<ComputationGraph> result = Multipoint.of(source).calibrate(new ListDataSetIterator<>(batches(sizes), 1)).transform();
            assertEquals(0, expected.sub(result.model().outputSingle(x)).amaxNumber().doubleValue(), 0.02);
            assertEquals(48, result.report().provenance().examples());
        }
    }

    /** Images of 0 to 255 where training had 0 to 1 cannot be told from others: the report tells the range of what the first layer was given. */
    @Test
    void theReportTellsTheRangeOfTheNetworksInputs() {
        for (double scale : new double[]{1, 255}) {
            DataSetIterator data = TestNets.iterator(1, 2, 3, SHAPE);
            double low = Double.POSITIVE_INFINITY;
            double high = Double.NEGATIVE_INFINITY;
            while (data.hasNext()) {
                INDArray features = data.next().getFeatures().muli(scale);
                low = Math.min(low, features.minNumber().doubleValue());
                high = Math.max(high, features.maxNumber().doubleValue());
            }
            MultipointResult<ComputationGraph> result = Multipoint.of(graph()).calibrate(data).transform();
            InputReport first = result.report().layers().get(0).input();
            assertTrue(first.min() >= low && first.min() < 0.6 * low && first.max() <= high && first.max() > 0.6 * high,
                    first + " of " + low + " to " + high);
        }
    }
}
