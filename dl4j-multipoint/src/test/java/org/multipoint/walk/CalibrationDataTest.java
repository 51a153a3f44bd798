package org.multipoint.walk;

import org.deeplearning4j.datasets.iterator.AsyncDataSetIterator;
import org.deeplearning4j.datasets.iterator.utilty.ListDataSetIterator;
import org.junit.jupiter.api.Test;
import org.multipoint.linear.Tensor;
import org.multipoint.testing.TestNets;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.dataset.api.iterator.DataSetIterator;
import org.nd4j.linalg.dataset.api.preprocessor.ImagePreProcessingScaler;
import org.nd4j.linalg.factory.Nd4j;

import java.util.ArrayList;
import java.util.List;

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

        CalibrationData ahead = CalibrationData.of(new AsyncDataSetIterator(TestNets.iterator(1, 6, 1, 4, 50)), 1);
        List<Tensor> kept = new ArrayList<>();
        ahead.reset();
        while (ahead.hasNext()) {
            kept.add(ahead.next()[0]);
        }
        for (int b = 0; b < 6; b++) {
            assertArrayEquals(TestNets.random(1 + b, 4, 50).data().asFloat(), kept.get(b).data());
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
