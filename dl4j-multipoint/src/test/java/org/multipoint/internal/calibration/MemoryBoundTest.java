package org.multipoint.internal.calibration;

import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;
import org.multipoint.internal.ops.LinearOp;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

class MemoryBoundTest {

    /** What a layer takes is within the bound, or the layer is refused. */
    @Property
    void boundsHold(@ForAll @IntRange(min = 1, max = 200_000) int columns, @ForAll @IntRange(min = 1, max = 10_000) int rows,
                    @ForAll @IntRange(min = 10, max = 34) int log, @ForAll boolean targets) {
        MemoryBound bound = new MemoryBound(1L << log);
        LinearOp op = LinearOp.dense(columns, rows, false);
        if (bound.admits(op, targets)) {
            assertTrue(bound.most(op, targets) <= bound.bytes());
            assertTrue(bound.sums(op, targets) <= bound.most(op, targets));
            int rowsAtOnce = bound.rowsAtOnce(op, targets);
            assertTrue(rowsAtOnce >= Math.min(rows, 32) && rowsAtOnce <= rows);
            int side = (columns - 1) / bound.splits(op, targets) + 1;
            assertTrue(side >= Math.min(columns, 9) && side <= MemoryBound.MAX_BLOCK, () -> "blocks of " + side);
        } else {
            assertThrows(IllegalArgumentException.class, () -> bound.require("dense", op, targets));
        }
    }

    /** Layers that published networks have stay whole under the default of 1 GiB. */
    @Test
    void usualLayersAreNotSplit() {
        MemoryBound gigabyte = new MemoryBound(1 << 30);
        for (int columns : new int[]{1, 576, 2048, 4096, 4608}) {
            LinearOp op = LinearOp.dense(columns, 512, false);
            assertEquals(1, gigabyte.splits(op, true));
            assertEquals(512, gigabyte.rowsAtOnce(op, true));
        }
    }

    @Test
    void largeLayersAreSplitAsTheBoundAsks() {
        LinearOp wide = LinearOp.dense(62_500, 500, false);
        MemoryBound half = new MemoryBound(512 << 20);
        int splits = half.splits(wide, true);
        int side = (62_500 - 1) / splits + 1;
        // Sums and factors of all blocks and products with 500 outputs, beside 32 rows with 40 bytes for each weight.
        assertTrue(16L * 62_500 * side + 8L * 62_500 * 500 + 40L * 62_500 * 32 <= half.bytes());
        int wider = (62_500 - 1) / (splits - 1) + 1;
        assertFalse(16L * 62_500 * wider + 8L * 62_500 * 500 + 40L * 62_500 * 32 <= half.bytes());
        assertEquals(11, MemoryBound.NONE.splits(wide, true));
        LinearOp vgg = LinearOp.dense(25_088, 4096, false);
        assertTrue(new MemoryBound(1 << 30).admits(vgg, true));
    }

    @Test
    void layersThatDoNotFitAreNamed() {
        LinearOp op = LinearOp.dense(62_500, 500, false);
        String message = assertThrows(IllegalArgumentException.class, () -> new MemoryBound(1_000_000).require("fc", op, true)).getMessage();
        assertEquals("Layer \"fc\": second moments of its 62,500 input columns need at least 346,000,000 bytes of memory, found a bound of "
                + "1,000,000 bytes", message);
        new MemoryBound(346_000_000).require("fc", op, true);
        assertThrows(IllegalArgumentException.class, () -> new MemoryBound(0));
    }
}
