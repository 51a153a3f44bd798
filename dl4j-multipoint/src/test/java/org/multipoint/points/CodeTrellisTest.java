package org.multipoint.points;

import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.FloatRange;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

import java.util.HashSet;
import java.util.Set;
import java.util.TreeSet;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

class CodeTrellisTest {

    private static final CodeTrellis TRELLIS = CodeTrellis.EIGHT_STATES;

    @Property
    void valuesAndIndicesBelongTogether(@ForAll CodeTrellis trellis, @ForAll @IntRange(min = 0, max = 7) int any,
                                        @ForAll @IntRange(min = -127, max = 127) int index) {
        int state = any % trellis.states();
        assertEquals(index, trellis.index(state, trellis.value(state, index)));
        assertEquals(-trellis.value(state, index), trellis.value(state, -index));
        assertTrue(trellis.next(state, index) >= 0 && trellis.next(state, index) < trellis.states());
    }

    @Test
    void valuesOfStates() {
        Set<Integer> even = new TreeSet<>();
        Set<Integer> odd = new TreeSet<>();
        for (int index = -3; index <= 3; index++) {
            even.add(TRELLIS.value(2, index));
            odd.add(TRELLIS.value(5, index));
        }
        assertEquals(Set.of(-6, -4, -2, 0, 2, 4, 6), even);
        assertEquals(Set.of(-5, -3, -1, 0, 1, 3, 5), odd);
        assertEquals(CodeTrellis.NONE, TRELLIS.index(0, 3));
        assertEquals(CodeTrellis.NONE, TRELLIS.index(1, 2));
    }

    /** The parity checks of the code: the set of the next state is that of the state three before, the one before, and a parity. */
    @Test
    void checksHold() {
        for (int bits = 0; bits < 1 << 12; bits++) {
            int[] sets = new int[13];
            int state = 0;
            for (int i = 0; i < 12; i++) {
                sets[i] = state & 1;
                state = TRELLIS.next(state, bits >> i & 1);
            }
            sets[12] = state & 1;
            for (int i = 3; i <= 12; i++) {
                assertEquals(sets[i - 1] ^ sets[i - 3] ^ bits >> i - 2 & 1, sets[i], "input " + bits + ", place " + i);
            }
        }
    }

    /** From each state two others can be reached, and each can be reached from two. */
    @Test
    void everyStateHasTwoSuccessorsAndTwoPredecessors() {
        int[] reached = new int[TRELLIS.states()];
        for (int state = 0; state < TRELLIS.states(); state++) {
            assertNotEquals(TRELLIS.next(state, 0), TRELLIS.next(state, 1));
            assertEquals(TRELLIS.next(state, 1), TRELLIS.next(state, -1));
            reached[TRELLIS.next(state, 0)]++;
            reached[TRELLIS.next(state, 1)]++;
        }
        Set<Integer> counts = new HashSet<>();
        for (int count : reached) {
            counts.add(count);
        }
        assertEquals(Set.of(2), counts);
    }

    @Property
    void nearestIsWithinOneOfTheBestIndex(@ForAll CodeTrellis trellis, @ForAll @IntRange(min = 0, max = 7) int any,
                                          @ForAll @FloatRange(min = 0, max = 150) float value) {
        int state = any % trellis.states();
        int best = 0;
        for (int index = 0; index <= trellis.maxIndex(); index++) {
            best = Math.abs(value - trellis.value(state, index)) < Math.abs(value - trellis.value(state, best)) ? index : best;
        }
        assertEquals(best, trellis.nearest(state, value), 1);
        assertTrue(trellis.nearest(state, value) <= trellis.maxIndex());
    }
}
