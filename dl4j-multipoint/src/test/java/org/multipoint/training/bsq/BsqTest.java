package org.multipoint.training.bsq;

import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.ActivationLayer;
import org.deeplearning4j.nn.conf.layers.BatchNormalization;
import org.deeplearning4j.nn.conf.layers.ConvolutionLayer;
import org.deeplearning4j.nn.conf.layers.DropoutLayer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.conf.layers.SeparableConvolution2D;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.junit.jupiter.api.Test;
import org.multipoint.internal.ops.Tensor;
import org.multipoint.layers.MultipointWeights;
import org.multipoint.points.MultipointMatrix;
import org.multipoint.testing.TestNets;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.api.iterator.DataSetIterator;
import org.nd4j.linalg.learning.config.AdaDelta;
import org.nd4j.linalg.learning.config.IUpdater;
import org.nd4j.linalg.learning.config.Nesterovs;
import org.nd4j.linalg.learning.config.Sgd;

import java.util.List;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

class BsqTest {

    private static ComputationGraph graph(IUpdater updater) {
        return TestNets.chain(InputType.convolutional(6, 6, 2),
                new ConvolutionLayer.Builder(3, 3).nOut(5).hasBias(false).activation(Activation.IDENTITY).updater(updater).build(),
                new BatchNormalization.Builder().updater(updater).build(), new ActivationLayer(Activation.RELU),
                new SeparableConvolution2D.Builder(2, 2).nOut(4).activation(Activation.RELU).updater(updater).build(),
                new OutputLayer.Builder().nOut(3).activation(Activation.SOFTMAX).updater(updater).build());
    }

    private static DataSetIterator data() {
        return TestNets.iterator(1, 4, 3, 8, 2, 6, 6);
    }

    private static Bsq trained(double alpha, int epochs) {
        Bsq bsq = new Bsq(graph(new Nesterovs(0.05, 0.9)), alpha);
        bsq.train(data(), epochs);
        return bsq;
    }

    /** The largest difference of the outputs, relative to the largest output. */
    private static double difference(ComputationGraph a, ComputationGraph b) {
        INDArray x = TestNets.random(9, 16, 2, 6, 6);
        return a.outputSingle(x).sub(b.outputSingle(x)).amaxNumber().doubleValue();
    }

    @Test
    void beginsWithEightPlanesInEachMatrixOfEachLayer() {
        Bsq bsq = new Bsq(graph(new Sgd(0.01)), 1);
        assertEquals(List.of("l0", "l3", "l3", "l4"), bsq.widths().stream().map(Bsq.Width::layer).toList());
        assertEquals(8, bsq.averagePlanes());
        assertEquals(5 * 2 * 3 * 3, bsq.widths().get(0).count());
    }

    @Test
    void moreAlphaLeavesFewerPlanesAndNoneLeavesThem() {
        double without = trained(0, 2).averagePlanes();
        double some = trained(8, 2).averagePlanes();
        double more = trained(30, 2).averagePlanes();
        assertTrue(without > 6.5 && some < without && more < some, () -> without + ", " + some + ", " + more);
    }

    @Test
    void theStoredNetworkIsTheTrainedOne() {
        Bsq bsq = trained(2, 2);
        bsq.tune(data(), 1);
        ComputationGraph stored = bsq.stored(data());
        int operation = 0;
        for (String layer : List.of("l0", "l3", "l4")) {
            for (MultipointMatrix matrix : MultipointWeights.matrices(stored.getLayer(layer).conf().getLayer())) {
                Bsq.Width width = bsq.widths().get(operation++);
                assertEquals(Math.max(2, width.planes() + 1), matrix.bits(), layer);
                assertEquals(matrix.rows(), matrix.totalPoints());
            }
        }
        assertEquals(4, operation);
        // Activations of 8 bits, and steps with 11 bits.
        assertTrue(difference(bsq.network(), stored) < 0.02, () -> "" + difference(bsq.network(), stored));
    }

    @Test
    void tuningChangesWeightsAndKeepsThemMultiplesOfTheirStep() {
        Bsq bsq = trained(2, 1);
        List<Bsq.Width> widths = bsq.widths();
        float[] before = Tensor.of(bsq.network().getLayer("l0").getParam("W")).data();
        bsq.tune(data(), 3);
        float[] after = Tensor.of(bsq.network().getLayer("l0").getParam("W")).data();
        assertEquals(widths, bsq.widths());
        float step = Float.POSITIVE_INFINITY;
        boolean changed = false;
        for (int i = 0; i < before.length; i++) {
            changed |= before[i] != after[i];
            step = before[i] == 0 ? step : Math.min(step, Math.abs(before[i]));
        }
        assertTrue(changed);
        // The lowest plane is in use, so that the step is that of the differences; the smallest weight is a multiple of it.
        long levels = 1L << widths.get(0).planes();
        for (float weight : after) {
            assertTrue(Math.abs(weight) / step < levels + 1, () -> "" + weight);
        }
        // One matrix has a code for each weight, or the network could not be stored.
        assertTrue(difference(bsq.network(), bsq.stored(data())) < 0.02);
    }

    /** Updates are scaled by what weights were before the group lasso: where it has taken nothing, they are those of fp32. */
    @Test
    void tuningFineWeightsIsTrainingThemInFp32() {
        for (float size : new float[]{1, 0.5f}) {
            ComputationGraph plain = graph(new Nesterovs(0.05, 0.9));
            ((BatchNormalization) plain.getLayer("l1").conf().getLayer()).setEps(0);
            plain.getLayer("l0").getParam("W").muli(size);
            Bsq bsq = new Bsq(plain, 0);
            INDArray before = plain.getLayer("l0").getParam("W").dup();
            bsq.tune(data(), 1);
            plain.fit(data(), 1);
            INDArray trained = plain.getLayer("l0").getParam("W");
            double change = trained.sub(before).norm2Number().doubleValue();
            assertTrue(change > 0.01 * before.norm2Number().doubleValue(), "a change of " + change);
            INDArray tuned = bsq.network().getLayer("l0").getParam("W");
            assertEquals(0, tuned.sub(trained).norm2Number().doubleValue(), 0.3 * change, "weights of size " + size);
        }
    }

    @Test
    void rewindingKeepsWidthsAndTakesTheParametersOfTheSource() {
        ComputationGraph source = graph(new Nesterovs(0.05, 0.9));
        Bsq bsq = new Bsq(source, 30);
        bsq.train(data(), 2);
        List<Bsq.Width> widths = bsq.widths();
        bsq.rewind();
        assertEquals(widths, bsq.widths());
        assertTrue(bsq.averagePlanes() < 6, () -> "" + bsq.averagePlanes());
        // What has no planes is the source's: the BatchNormalization.
        for (String parameter : List.of("gamma", "beta", "mean", "var")) {
            assertEquals(source.getLayer("l1").getParam(parameter), bsq.network().getLayer("l1").getParam(parameter), parameter);
        }
        float[] weights = Tensor.of(source.getLayer("l0").getParam("W")).data();
        assertArrayEquals(BitPlanes.nearest(weights, widths.get(0).planes()).weights(), Tensor.of(bsq.network().getLayer("l0").getParam("W")).data(), 1e-6f);
        assertEquals(0, bsq.network().getUpdater().getStateViewArray().amaxNumber().floatValue());
        assertTrue(difference(bsq.network(), bsq.stored(data())) < 0.02);
    }

    /** Weights in full precision are kept between rounded ones: two calls are one with as many epochs. */
    @Test
    void tuningGoesOnWhereItEnded() {
        Bsq once = trained(2, 1);
        once.tune(data(), 3);
        Bsq thrice = trained(2, 1);
        for (int i = 0; i < 3; i++) {
            thrice.tune(data(), 1);
        }
        assertEquals(once.network().params(), thrice.network().params());
    }

    @Test
    void isTheSameForTheSameDataAndLeavesTheSourceAlone() {
        ComputationGraph source = graph(new Nesterovs(0.05, 0.9));
        INDArray before = source.params().dup();
        Bsq first = new Bsq(source, 3);
        first.train(data(), 2);
        first.rewind();
        first.tune(data(), 1);
        Bsq second = new Bsq(source, 3);
        second.train(data(), 2);
        second.rewind();
        second.tune(data(), 1);
        assertEquals(before, source.params());
        assertEquals(first.network().params(), second.network().params());
        assertEquals(first.stored(data()).getConfiguration(), second.stored(data()).getConfiguration());
        assertNotEquals(before, first.network().params());
    }

    @Test
    void refusesWhatItCannotTrainOrStore() {
        assertEquals("Alpha must be finite and not negative, found -1.0",
                assertThrows(IllegalArgumentException.class, () -> new Bsq(graph(new Sgd(0.01)), -1)).getMessage());
        assertEquals("Layer \"l0\": its updater has no learning rate, by which the group lasso is scaled",
                assertThrows(IllegalArgumentException.class, () -> new Bsq(graph(new AdaDelta()), 1)).getMessage());
        ComputationGraph none = TestNets.chain(InputType.feedForward(3), new DropoutLayer(0.5));
        assertThrows(IllegalArgumentException.class, () -> new Bsq(none, 1));
        Bsq untrained = new Bsq(graph(new Sgd(0.01)), 1);
        assertEquals("Layer \"l0\" has 8 planes and a sign, more than codes of 8 bits hold: train first",
                assertThrows(IllegalStateException.class, () -> untrained.stored(data())).getMessage());
    }
}
