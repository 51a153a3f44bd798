package org.multipoint.training;

import org.junit.jupiter.api.Test;
import org.multipoint.formats.NumberFormat;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

class RounderTest {

    private static INDArray values(char order, long... shape) {
        return Nd4j.rand(DataType.FLOAT, shape).muli(0.001).dup(order);
    }

    private static void check(INDArray array) {
        INDArray expected = array.dup();
        for (long i = 0; i < expected.length(); i++) {
            expected.putScalar(i, NumberFormat.E5M2.nearest(expected.getFloat(i)));
        }
        new Rounder(NumberFormat.E5M2, false, 1).round(array, true);
        assertEquals(expected, array);
    }

    @Test
    void arraysOfAnyOrderAndViewAreRounded() {
        check(values('c', 3, 5));
        check(values('f', 3, 5));
        check(values('c', 100, 301));
        check(values('c', 2, 3, 4, 5).permute(0, 3, 1, 2));
        check(values('c', 7, 9).get(NDArrayIndex.all(), NDArrayIndex.interval(2, 5)));
        check(values('c', 7, 9).get(NDArrayIndex.interval(2, 5), NDArrayIndex.all()));
        check(values('f', 7, 9).getColumn(3));
        check(Nd4j.scalar(0.3f));
        check(Nd4j.empty(DataType.FLOAT));
    }

    @Test
    void nothingButTheViewIsRounded() {
        INDArray all = values('c', 40);
        INDArray before = all.dup();
        new Rounder(NumberFormat.E5M2, false, 1).round(all.get(NDArrayIndex.interval(10, 20)), true);
        assertArrayEquals(before.get(NDArrayIndex.interval(0, 10)).toFloatVector(), all.get(NDArrayIndex.interval(0, 10)).toFloatVector());
        assertArrayEquals(before.get(NDArrayIndex.interval(20, 40)).toFloatVector(), all.get(NDArrayIndex.interval(20, 40)).toFloatVector());
    }

    @Test
    void whatBecomesOfNumbersIsCounted() {
        Rounder rounder = new Rounder(NumberFormat.E5M2, false, 1);
        INDArray array = Nd4j.createFromArray(0f, 1e-9f, -1e-9f, 1f, 1e6f, -1e6f, 1e5f, Float.POSITIVE_INFINITY, Float.NaN);
        rounder.round(array.dup(), false);
        assertEquals(new LowPrecisionReport.Row(TensorKind.ERRORS, NumberFormat.E5M2, false, 0, 0, 0), rounder.report(TensorKind.ERRORS));
        rounder.round(array, true);
        assertEquals(new LowPrecisionReport.Row(TensorKind.ERRORS, NumberFormat.E5M2, false, 9, 2, 3), rounder.report(TensorKind.ERRORS));
    }

    @Test
    void chanceIsThatOfTheSeedAndNotUsedOutsideOfTraining() {
        INDArray values = values('c', 1000);
        INDArray first = values.dup();
        INDArray again = values.dup();
        INDArray other = values.dup();
        INDArray evaluated = values.dup();
        INDArray nearest = values.dup();
        new Rounder(NumberFormat.E5M2, true, 5).round(first, true);
        new Rounder(NumberFormat.E5M2, true, 5).round(again, true);
        new Rounder(NumberFormat.E5M2, true, 6).round(other, true);
        new Rounder(NumberFormat.E5M2, true, 5).round(evaluated, false);
        new Rounder(NumberFormat.E5M2, false, 5).round(nearest, true);
        assertEquals(first, again);
        assertEquals(nearest, evaluated);
        assertEquals(false, first.equals(other));
        assertEquals(false, first.equals(nearest));
    }

    @Test
    void otherTypesAreRefused() {
        assertThrows(IllegalStateException.class, () -> new Rounder(NumberFormat.FP16, false, 1).round(Nd4j.ones(DataType.DOUBLE, 3), true));
    }
}
