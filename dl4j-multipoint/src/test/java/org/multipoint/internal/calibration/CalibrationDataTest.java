package org.multipoint.internal.calibration;

import org.deeplearning4j.datasets.iterator.AsyncDataSetIterator;
import org.deeplearning4j.datasets.iterator.utilty.ListDataSetIterator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.multipoint.internal.ops.Tensor;
import org.multipoint.testing.TestNets;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.dataset.api.iterator.DataSetIterator;
import org.nd4j.linalg.dataset.api.preprocessor.ImagePreProcessingScaler;
import org.nd4j.linalg.factory.Nd4j;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

class CalibrationDataTest {

    @Test
    void batchesComeInOrderEachTimeAnew() {
        CalibrationData data = CalibrationData.of(TestNets.iterator(1, 3, 1, 2, 4), 1);
        for (int pass = 0; pass < 2; pass++) {
            data.reset();
            for (int b = 0; b < 3; b++) {
                assertTrue(data.hasNext());
                Tensor[] batch = data.next();
                assertEquals(1, batch.length);
                assertArrayEquals(TestNets.random(1 + b, 2, 4).data().asFloat(), batch[0].data());
                assertArrayEquals(new long[]{2, 4}, batch[0].shape());
            }
            assertFalse(data.hasNext());
        }
        assertEquals("ListDataSetIterator", data.description());
    }

    /** One of each eight examples is held out, whatever the batches, never the same one of eight for long, and none is lost. */
    @ParameterizedTest
    @ValueSource(ints = {1, 3, 8, 20, 64})
    void someExamplesAreHeldOut(int batchSize) {
        INDArray features = Nd4j.arange(64).reshape(64, 1).castTo(DataType.FLOAT);
        List<DataSet> batches = new DataSet(features, Nd4j.zeros(64, 1)).batchBy(batchSize);
        CalibrationData data = CalibrationData.of(new ListDataSetIterator<>(flat(batches), batchSize), 1);
        for (int pass = 0; pass < 2; pass++) {
            List<Integer> learnt = new ArrayList<>();
            List<Integer> measured = new ArrayList<>();
            data.reset();
            while (data.hasNext()) {
                for (float value : data.next()[0].data()) {
                    (data.heldOut() ? measured : learnt).add((int) value);
                }
            }
            assertEquals(List.of(7, 11, 22, 25, 36, 47, 50, 61), measured);
            assertEquals(56, learnt.size());
            learnt.addAll(measured);
            assertEquals(IntStream.range(0, 64).boxed().toList(), learnt.stream().sorted().toList());
        }
    }

    /** Parts hold out what the whole does, wherever they are cut. */
    @ParameterizedTest
    @ValueSource(ints = {0, 1, 5, 8, 13, 30})
    void partsHoldOutWhatTheWholeDoes(int cut) {
        List<Float> heldOut = new ArrayList<>();
        for (int[] part : new int[][]{{0, cut}, {cut, 30}}) {
            List<DataSet> examples = new ArrayList<>();
            for (int i = part[0]; i < part[1]; i++) {
                examples.add(new DataSet(Nd4j.create(new float[]{i}, new long[]{1, 1}, 'c'), Nd4j.zeros(1, 1)));
            }
            CalibrationData data = CalibrationData.of(new ListDataSetIterator<>(examples, 3), 1).behind(part[0], part[0], 30);
            assertEquals(IntStream.range(0, part[0]).filter(i -> !List.of(7, 11, 22, 25).contains(i)).count(), data.fittedBefore());
            data.reset();
            while (data.hasNext()) {
                Tensor[] batch = data.next();
                if (data.heldOut()) {
                    for (float value : batch[0].data()) {
                        heldOut.add(value);
                    }
                }
            }
            assertTrue(data.anyHeldOut());
            data.requireAny();
        }
        assertEquals(List.of(7f, 11f, 22f, 25f), heldOut);
    }

    /** Masks go with the examples that they belong to, held out or not; masks that leave out nothing are none. */
    @Test
    void masksFollowTheirExamples() {
        INDArray features = Nd4j.arange(20).reshape(20, 1, 1).castTo(DataType.FLOAT).repeat(2, 3);
        INDArray mask = Nd4j.arange(20).reshape(20, 1).castTo(DataType.FLOAT).repeat(1, 3).div(100);
        INDArray none = Nd4j.zeros(20, 1);
        List<DataSet> batches = List.of(new DataSet(features, none, mask, null), new DataSet(features, none, Nd4j.ones(20, 3), null),
                new DataSet(features, none));
        CalibrationData data = CalibrationData.of(new ListDataSetIterator<>(batches, 1), 1);
        int heldOut = 0;
        for (int part = 0; data.hasNext(); part++) {
            Tensor[] batch = data.next();
            assertEquals(part < 2 ? 1 : 0, data.masks().length);
            for (int i = 0; part < 2 && i < batch[0].data().length; i++) {
                assertEquals(batch[0].data()[i] / 100, data.masks()[0].data()[i], 1e-6f);
            }
            heldOut += data.heldOut() ? batch[0].examples() : 0;
        }
        assertTrue(data.masked());
        assertEquals(7, heldOut);
    }

    private static List<DataSet> flat(List<DataSet> batches) {
        return batches.stream().flatMap(b -> b.asList().stream()).toList();
    }

    @Test
    void fewExamplesAreAllLearntFrom() {
        CalibrationData data = CalibrationData.of(TestNets.iterator(1, 1, 1, 7, 4), 1);
        data.reset();
        assertEquals(7, data.next()[0].examples());
        assertFalse(data.heldOut() || data.hasNext());
    }

    @Test
    void inputsOfDifferentNumbersAreRefused() {
        CalibrationData data = CalibrationData.of(TestNets.iterator(1, 1, new long[]{2, 4}, new long[]{3, 4}), 2);
        data.reset();
        assertEquals("Calibration batch 0 has 3 examples for input 1, expected 2",
                assertThrows(IllegalArgumentException.class, data::next).getMessage());
    }

    @Test
    void masksThatLeaveSomethingOutAreNoticed() {
        for (float last : new float[]{1, 0}) {
            INDArray mask = Nd4j.ones(2, 5);
            mask.putScalar(1, 4, last);
            DataSet sequences = new DataSet(TestNets.random(1, 2, 3, 5), TestNets.random(2, 2, 3, 5), mask, null);
            CalibrationData data = CalibrationData.of(new ListDataSetIterator<>(List.of(sequences), 1), 1);
            data.reset();
            data.next();
            assertEquals(last == 0, data.masked());
        }
    }

    @Test
    void severalInputs() {
        CalibrationData data = CalibrationData.of(TestNets.iterator(1, 1, new long[]{2, 4}, new long[]{2, 3, 5, 5}), 2);
        data.reset();
        Tensor[] batch = data.next();
        assertArrayEquals(new long[]{2, 4}, batch[0].shape());
        assertArrayEquals(new long[]{2, 3, 5, 5}, batch[1].shape());
    }

    /** Iterators that work ahead reuse the memory of a batch. */
    @Test
    void nothingThatTheIteratorMayReuseIsKept() {
        INDArray reused = Nd4j.ones(2, 3);
        DataSetIterator iterator = new ListDataSetIterator<>(List.of(new DataSet(reused, Nd4j.ones(2, 1))), 1);
        CalibrationData data = CalibrationData.of(iterator, 1);
        data.reset();
        Tensor tensor = data.next()[0];
        reused.assign(5);
        assertArrayEquals(new float[]{1, 1, 1, 1, 1, 1}, tensor.data());

        CalibrationData ahead = CalibrationData.of(new AsyncDataSetIterator(TestNets.iterator(1, 6, 1, 1, 50)), 1);
        List<Tensor> kept = new ArrayList<>();
        ahead.reset();
        while (ahead.hasNext()) {
            kept.add(ahead.next()[0]);
        }
        for (int b = 0; b < 6; b++) {
            assertArrayEquals(TestNets.random(1 + b, 1, 50).data().asFloat(), kept.get(b).data());
        }
    }

    @Test
    void preprocessorsOfTheIteratorAreApplied() {
        DataSetIterator iterator = new ListDataSetIterator<>(List.of(new DataSet(Nd4j.valueArrayOf(new long[]{1, 1, 2, 2}, 255f), Nd4j.ones(1, 1))), 1);
        iterator.setPreProcessor(new ImagePreProcessingScaler(0, 1));
        CalibrationData data = CalibrationData.of(iterator, 1);
        data.reset();
        assertArrayEquals(new float[]{1, 1, 1, 1}, data.next()[0].data());
    }

    @Test
    void examplesThatAreNotFiniteAreNamed() {
        DataSetIterator iterator = TestNets.iterator(1, 2, 1, 3, 4);
        iterator.next();
        iterator.next().getFeatures().putScalar(2, 1, Float.NaN);
        CalibrationData data = CalibrationData.of(iterator, 1);
        data.reset();
        data.next();
        String message = assertThrows(IllegalArgumentException.class, data::next).getMessage();
        assertEquals("Calibration batch 1, input 0, example 2: found NaN, expected finite values", message);
    }
}
