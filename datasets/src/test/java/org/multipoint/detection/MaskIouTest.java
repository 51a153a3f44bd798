package org.multipoint.detection;

import org.junit.jupiter.api.Test;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

class MaskIouTest {

    @Test
    void countsPixelsOverAllImages() {
        MaskIou iou = new MaskIou(3);
        iou.add(new int[]{0, 0, 1, 1, 255}, new int[]{0, 1, 1, 1, 0});
        iou.add(new int[]{1, 0}, new int[]{7, 0});
        assertEquals(2 / 3.0, iou.ofClass(0).orElseThrow(), 1e-12);
        assertEquals(2 / 4.0, iou.ofClass(1).orElseThrow(), 1e-12);
        assertTrue(iou.ofClass(2).isEmpty());
        assertEquals((2 / 3.0 + 0.5) / 2, iou.mean(), 1e-12);
    }

    @Test
    void refusesMasksOfDifferentSizes() {
        assertThrows(IllegalArgumentException.class, () -> new MaskIou(2).add(new int[3], new int[4]));
    }

    @Test
    void withoutPixelsThereIsNoFigure() {
        assertTrue(Double.isNaN(new MaskIou(2).mean()));
    }
}
