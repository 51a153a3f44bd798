package org.multipoint.transform;

import org.junit.jupiter.api.Test;
import org.multipoint.internal.ops.InputQuantization;

import java.util.ArrayList;
import java.util.List;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

class ClipSearchTest {

    private static final InputQuantization FIRST = new InputQuantization(0.1f, 3, 4);

    /** Where the error is least at the given scale. */
    private static InputQuantization search(double least) {
        return ClipSearch.from(FIRST, q -> Math.abs(Math.log(q.scale() / least)));
    }

    @Test
    void findsTheLeastErrorAboveAndBelow() {
        for (double least : new double[]{0.06, 0.08, 0.095, 0.1, 0.11, 0.13, 0.2}) {
            InputQuantization found = search(least);
            assertEquals(1, found.scale() / least, 0.06, "scale of " + found);
            assertEquals(3, found.zeroPoint());
            assertEquals(4, found.bits());
        }
    }

    @Test
    void staysNearTheFirstGuess() {
        assertEquals(0.214f, search(1000).scale(), 0.01);
        assertEquals(0.047f, search(1e-6).scale(), 0.01);
    }

    @Test
    void whereNothingIsBetterTheFirstGuessStays() {
        assertSame(FIRST, ClipSearch.from(FIRST, q -> 1));
        assertSame(FIRST, ClipSearch.from(FIRST, q -> Double.NaN));
        assertSame(FIRST, ClipSearch.from(FIRST, q -> q.equals(FIRST) ? 0 : -0.0));
        InputQuantization widest = new InputQuantization(Float.MAX_VALUE / 16, 0, 4);
        assertTrue(Float.isFinite(ClipSearch.from(widest, q -> -q.scale()).scale()));
    }

    @Test
    void stopsWhereTheErrorRises() {
        List<Float> tried = new ArrayList<>();
        ClipSearch.from(FIRST, q -> {
            tried.add(q.scale());
            return Math.abs(q.scale() - 0.112);
        });
        assertEquals(3, tried.size(), "the first, a better and a worse one: " + tried);
    }
}
