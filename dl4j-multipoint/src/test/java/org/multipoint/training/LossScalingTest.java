package org.multipoint.training;

import org.junit.jupiter.api.Test;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

class LossScalingTest {

    private static LossScaler run(LossScaling scaling, boolean... overflows) {
        LossScaler scaler = new LossScaler(scaling);
        for (boolean overflow : overflows) {
            scaler.done(overflow);
        }
        return scaler;
    }

    @Test
    void dynamicScalesAreHalvedAtAnOverflowAndDoubledAfterGoodSteps() {
        LossScaling scaling = LossScaling.dynamic(64, 2);
        assertEquals(64, run(scaling, false).factor());
        assertEquals(128, run(scaling, false, false).factor());
        assertEquals(32, run(scaling, false, true).factor());
        assertEquals(32, run(scaling, false, true, false).factor(), "good steps are counted anew");
        assertEquals(64, run(scaling, false, true, false, false).factor());
        assertEquals(256, run(scaling, false, false, false, false).factor());
        LossScaler scaler = run(scaling, true, true, false, false, false, false, false, false);
        assertEquals(new LowPrecisionReport.Scale(128, 16, 128), scaler.report());
        assertEquals(8, scaler.steps());
        assertEquals(2, scaler.skipped());
    }

    @Test
    void floorsRise() {
        LossScaling scaling = LossScaling.dynamic(64, 100).withFloor(0, 32).withFloor(4, 256);
        assertEquals(32, run(scaling, true, true, true).factor());
        assertEquals(256, run(scaling, true, true, true, true).factor());
        assertEquals(256, run(scaling, true, true, true, true, true).factor());
        assertEquals(2, new LossScaler(LossScaling.dynamic(1, 1).withFloor(0, 2)).factor());
    }

    @Test
    void fixedScalesStay() {
        assertEquals(1024, run(LossScaling.fixed(1024), true, false, true).factor());
        assertEquals(2, run(LossScaling.fixed(1024), true, false, true).skipped());
        assertEquals(1, run(LossScaling.none(), false, false).factor());
    }

    @Test
    void scalesArePowersOfTwo() {
        for (double factor : new double[]{0, -2, 3, 1000, Double.NaN, Double.POSITIVE_INFINITY, 0x1p200}) {
            assertThrows(IllegalArgumentException.class, () -> LossScaling.fixed(factor));
            assertThrows(IllegalArgumentException.class, () -> LossScaling.dynamic(factor, 10));
            assertThrows(IllegalArgumentException.class, () -> LossScaling.dynamic().withFloor(10, factor));
        }
        assertThrows(IllegalArgumentException.class, () -> LossScaling.dynamic(2, 0));
        assertThrows(IllegalArgumentException.class, () -> LossScaling.dynamic().withFloor(-1, 2));
        assertDoesNotThrow(() -> LossScaling.fixed(0x1p-10));
    }
}
