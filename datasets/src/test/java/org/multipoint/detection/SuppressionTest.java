package org.multipoint.detection;

import org.junit.jupiter.api.Test;
import org.multipoint.datasets.Box;

import java.util.List;

import static org.junit.jupiter.api.Assertions.assertEquals;

class SuppressionTest {

    private static final Detection FIRST = new Detection(new Box(0, 0, 1, 1), 0, 0.9);
    private static final Detection NEXT = new Detection(new Box(0.3, 0, 1.3, 1), 0, 0.8);
    private static final Detection THIRD = new Detection(new Box(0.6, 0, 1.6, 1), 0, 0.7);

    /** The second one is suppressed by the first, and suppresses nothing any more, in whatever order they come. */
    @Test
    void whatIsSuppressedDoesNotSuppress() {
        assertEquals(List.of(FIRST, THIRD), Suppression.suppress(List.of(FIRST, NEXT, THIRD), 0.5));
        assertEquals(List.of(FIRST, THIRD), Suppression.suppress(List.of(THIRD, NEXT, FIRST), 0.5));
    }

    @Test
    void theOverlapDecides() {
        assertEquals(List.of(FIRST, NEXT, THIRD), Suppression.suppress(List.of(THIRD, NEXT, FIRST), 0.7 / 1.3 + 1e-9));
        assertEquals(List.of(FIRST), Suppression.suppress(List.of(THIRD, NEXT, FIRST), 0.2));
    }

    @Test
    void classesDoNotSuppressEachOther() {
        Detection other = new Detection(FIRST.box(), 1, 0.1);
        assertEquals(List.of(FIRST, other), Suppression.suppress(List.of(other, FIRST), 0.5));
    }
}
