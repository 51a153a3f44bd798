package org.multipoint.internal.ops;

import org.junit.jupiter.api.Test;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;

class TensorTest {

    @Test
    void viewsOrdersAndTypesBecomeTheSameValues() {
        INDArray whole = Nd4j.arange(24).reshape(2, 3, 4).castTo(DataType.FLOAT);
        INDArray view = whole.get(NDArrayIndex.all(), NDArrayIndex.interval(1, 3), NDArrayIndex.all()).permute(0, 2, 1);
        float[] expected = {4, 8, 5, 9, 6, 10, 7, 11, 16, 20, 17, 21, 18, 22, 19, 23};
        for (INDArray array : new INDArray[]{view, view.dup('f'), view.dup('c'), view.castTo(DataType.DOUBLE),
                view.castTo(DataType.INT), view.castTo(DataType.UBYTE), view.castTo(DataType.BFLOAT16)}) {
            Tensor tensor = Tensor.of(array);
            assertArrayEquals(expected, tensor.data());
            assertArrayEquals(new long[]{2, 4, 2}, tensor.shape());
            assertEquals(2, tensor.examples());
        }
    }

    @Test
    void clippingKeepsWhatIsNoNumber() {
        float[] values = new float[200_003];
        for (int i = 0; i < values.length; i++) {
            values[i] = i % 5 == 4 ? Float.NaN : i % 19 - 9;
        }
        float[] clipped = new Tensor(values, 1, values.length).clipped(0, 6).data();
        for (int i = 0; i < values.length; i++) {
            assertEquals(i % 5 == 4 ? Float.NaN : Math.min(6, Math.max(0, i % 19 - 9)), clipped[i], "value " + i);
            assertEquals(i % 5 == 4 ? Float.NaN : i % 19 - 9, values[i], "value " + i);
        }
        Tensor tensor = new Tensor(values, 1, values.length);
        assertSame(tensor, tensor.clip(0, 6));
        assertArrayEquals(clipped, tensor.data());
    }

    @Test
    void tensorIsACopy() {
        INDArray array = Nd4j.ones(2, 2);
        Tensor tensor = Tensor.of(array);
        array.assign(5);
        assertArrayEquals(new float[]{1, 1, 1, 1}, tensor.data());
        try (INDArray back = tensor.toArray()) {
            back.assign(7);
        }
        assertArrayEquals(new float[]{1, 1, 1, 1}, tensor.data());
    }
}
