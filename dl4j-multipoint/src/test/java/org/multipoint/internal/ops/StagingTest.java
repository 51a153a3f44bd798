package org.multipoint.internal.ops;

import org.junit.jupiter.api.Test;
import org.nd4j.linalg.api.ndarray.INDArray;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

class StagingTest {

    @Test
    void arraysOfAnyShapeAreInTheSameMemory() {
        try (Staging staging = new Staging()) {
            Tensor large = new Tensor(new float[]{1, 2, 3, 4, 5, 6}, 2, 3);
            INDArray first = staging.array(large);
            long address = first.data().address();
            assertArrayEquals(large.data(), Tensor.values(first));
            assertArrayEquals(large.shape(), first.shape());
            Tensor small = new Tensor(new float[]{7, 8, 9, 10}, 2, 1, 2, 1);
            INDArray second = staging.array(small);
            assertEquals(address, second.data().address());
            assertArrayEquals(small.data(), Tensor.values(second));
            assertArrayEquals(small.data(), Tensor.of(second).data());
            assertEquals('c', second.ordering());
            INDArray third = staging.array(5, 5);
            assertNotEquals(address, third.data().address());
            assertEquals(25, third.length());
        }
    }

    @Test
    void isEmptyAfterItWasClosed() {
        Staging staging = new Staging();
        staging.close();
        INDArray array = staging.array(new Tensor(new float[]{1}, 1));
        assertFalse(array.wasClosed());
        staging.close();
        assertArrayEquals(new float[]{2}, Tensor.values(staging.array(new Tensor(new float[]{2}, 1))));
        staging.close();
    }
}
