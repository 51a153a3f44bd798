package org.multipoint.internal.ops;

import org.junit.jupiter.api.Test;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;

class ScratchTest {

    @Test
    void theSameArrayServesAsLongAsItsLengthFits() {
        Scratch scratch = new Scratch();
        float[] first = scratch.array(5);
        assertSame(first, scratch.array(5));
        assertEquals(3, scratch.array(3).length);
        assertEquals(5, scratch.array(5).length);
    }

    @Test
    void roundingIntoAnArrayLeavesTheValuesAsTheyAre() {
        Tensor x = new Tensor(new float[]{-1, 0.26f, 0.9f, 7}, 2, 2);
        InputQuantization q = new InputQuantization(0.5f, 1, 2);
        float[] out = new float[4];
        assertSame(out, q.round(x, out).data());
        assertArrayEquals(new float[]{-0.5f, 0.5f, 1, 1}, out);
        assertArrayEquals(new float[]{-1, 0.26f, 0.9f, 7}, x.data());
        assertArrayEquals(out, q.round(x).data());
    }
}
