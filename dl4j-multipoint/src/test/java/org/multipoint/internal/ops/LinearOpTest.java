package org.multipoint.internal.ops;

import org.junit.jupiter.api.Test;
import org.multipoint.internal.ops.LinearOp.PaddingMode;
import org.multipoint.internal.ops.LinearOp.Size;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

class LinearOpTest {

    private static LinearOp square(int kernel, int stride, int dilation, int padding, PaddingMode mode, boolean transposed) {
        return new LinearOp(2, 4, 1, new Size(kernel, kernel), new Size(stride, stride), new Size(dilation, dilation),
                new Size(padding, padding), mode, transposed, false);
    }

    private static void sizes(LinearOp op, int in, int out, int before, int after) {
        assertEquals(new Geometry(in, in, out, out, before, before, after, after), op.geometry(in, in));
    }

    @Test
    void explicitPaddingLeavesOutAnIncompleteStep() {
        sizes(square(3, 1, 1, 1, PaddingMode.EXPLICIT, false), 8, 8, 1, 1);
        sizes(square(3, 2, 1, 0, PaddingMode.EXPLICIT, false), 8, 3, 0, 0);
        sizes(square(3, 1, 3, 2, PaddingMode.EXPLICIT, false), 8, 6, 2, 2);
    }

    @Test
    void samePaddingPutsAnOddPixelLast() {
        sizes(square(3, 1, 1, 0, PaddingMode.SAME, false), 8, 8, 1, 1);
        sizes(square(3, 2, 1, 0, PaddingMode.SAME, false), 8, 4, 0, 1);
        sizes(square(2, 1, 1, 0, PaddingMode.SAME, false), 8, 8, 0, 1);
        sizes(square(1, 2, 1, 0, PaddingMode.SAME, false), 7, 4, 0, 0);
    }

    @Test
    void samePaddingLeavesOutPixelsWhereTheStrideIsLargerThanTheKernel() {
        sizes(square(1, 2, 1, 0, PaddingMode.SAME, false), 8, 4, 0, 0);
        sizes(square(2, 4, 1, 0, PaddingMode.SAME, false), 8, 2, -1, 0);
        sizes(square(1, 4, 1, 0, PaddingMode.SAME, false), 8, 2, -1, 0);
        sizes(square(1, 7, 1, 0, PaddingMode.SAME, false), 14, 2, -3, 0);
    }

    @Test
    void causalPaddingIsAllBefore() {
        sizes(square(3, 1, 2, 0, PaddingMode.CAUSAL, false), 8, 8, 4, 0);
        sizes(square(3, 2, 1, 0, PaddingMode.CAUSAL, false), 8, 4, 2, 0);
    }

    @Test
    void deconvolutionCutsItsFullOutput() {
        sizes(square(3, 2, 1, 1, PaddingMode.EXPLICIT, true), 4, 7, 1, 1);
        sizes(square(3, 2, 1, 0, PaddingMode.SAME, true), 4, 8, 0, 1);
        sizes(square(4, 2, 1, 0, PaddingMode.SAME, true), 4, 8, 1, 1);
        // A kernel smaller than the stride leaves rows that nothing reaches.
        sizes(square(1, 2, 1, 0, PaddingMode.SAME, true), 4, 8, 0, -1);
        sizes(square(1, 3, 1, 0, PaddingMode.SAME, true), 4, 12, -1, -1);
        sizes(square(2, 5, 1, 0, PaddingMode.SAME, true), 3, 15, -1, -2);
    }

    @Test
    void outputsHaveTheLayoutOfInputs() {
        for (boolean last : new boolean[]{false, true}) {
            LinearOp op = new LinearOp(3, 5, 1, new Size(3, 3), new Size(2, 1), Size.ONE, Size.ZERO, PaddingMode.SAME, false, last);
            assertArrayEquals(last ? new long[]{2, 4, 6, 5} : new long[]{2, 5, 4, 6},
                    op.outputShape(last ? new long[]{2, 7, 6, 3} : new long[]{2, 3, 7, 6}));
            assertArrayEquals(last ? new long[]{2, 4, 5} : new long[]{2, 5, 4},
                    op.outputShape(last ? new long[]{2, 7, 3} : new long[]{2, 3, 7}));
            assertArrayEquals(new long[]{2, 5}, LinearOp.dense(3, 5, last).outputShape(new long[]{2, 3}));
        }
    }

    @Test
    void imagesThatAreTooSmallAreNamed() {
        String message = assertThrows(IllegalArgumentException.class,
                () -> square(5, 1, 1, 0, PaddingMode.EXPLICIT, false).geometry(4, 9)).getMessage();
        assertTrue(message.contains("4x9") && message.contains("kernel of 5x5"), message);
    }

    private static boolean readsOnlyPadding(LinearOp op, int in) {
        return op.window().readsOnlyPaddingSomewhere(op.geometry(in, in));
    }

    @Test
    void windowsThatReadOnlyPaddingAreFound() {
        assertFalse(readsOnlyPadding(square(3, 1, 1, 2, PaddingMode.EXPLICIT, false), 1));
        assertTrue(readsOnlyPadding(square(3, 1, 1, 3, PaddingMode.EXPLICIT, false), 28));
        // The last window of a stride need not be there.
        assertTrue(readsOnlyPadding(square(2, 3, 1, 2, PaddingMode.EXPLICIT, false), 5));
        // Elements on both sides of a narrow image, and one in its middle.
        assertTrue(readsOnlyPadding(square(2, 1, 4, 2, PaddingMode.EXPLICIT, false), 2));
        assertTrue(readsOnlyPadding(square(4, 1, 3, 0, PaddingMode.SAME, false), 1));
        assertFalse(readsOnlyPadding(square(3, 1, 18, 18, PaddingMode.EXPLICIT, false), 14));
        assertFalse(readsOnlyPadding(square(2, 1, 3, 0, PaddingMode.CAUSAL, false), 2));
    }

    @Test
    void elementsInsideTheImageAreCounted() {
        Window window = new Window(new Size(3, 2), new Size(1, 2), Size.ONE, new Size(2, 1), PaddingMode.EXPLICIT, false);
        Geometry g = window.geometry(2, 4);
        assertArrayEquals(new int[]{1, 2, 2, 1}, window.rowsInside(g));
        assertArrayEquals(new int[]{1, 2, 1}, window.columnsInside(g));
    }

    @Test
    void columnsThatNoWindowReachesAreCounted() {
        Window window = new Window(new Size(1, 4), new Size(1, 4), Size.ONE, Size.ZERO, PaddingMode.CAUSAL, false);
        assertEquals(3, window.columnsBeyond(window.geometry(1, 8)));
        assertEquals(0, window.columnsBeyond(window.geometry(1, 9)));
        Window dilated = new Window(new Size(1, 2), new Size(1, 2), new Size(1, 3), Size.ZERO, PaddingMode.EXPLICIT, false);
        assertEquals(1, dilated.columnsBeyond(dilated.geometry(1, 5)));
    }

    @Test
    void channelsMustDivideIntoGroups() {
        assertThrows(IllegalArgumentException.class, () -> grouped(3, 4, 2));
        assertThrows(IllegalArgumentException.class, () -> grouped(4, 3, 2));
        assertThrows(IllegalArgumentException.class, () -> grouped(4, 4, 0));
        assertThrows(IllegalArgumentException.class, () -> grouped(0, 4, 1));
        LinearOp op = grouped(4, 8, 4);
        assertTrue(op.depthwise());
        assertEquals(2, op.rowsPerGroup());
        assertEquals(9, op.columns());
        assertEquals(72, op.weights());
        assertFalse(grouped(4, 8, 2).depthwise());
        assertFalse(grouped(1, 8, 1).depthwise());
    }

    private static LinearOp grouped(int in, int out, int groups) {
        return new LinearOp(in, out, groups, new Size(3, 3), Size.ONE, Size.ONE, Size.ZERO, PaddingMode.EXPLICIT, false, false);
    }
}
