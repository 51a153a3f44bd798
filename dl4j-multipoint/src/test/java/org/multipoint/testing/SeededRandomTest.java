package org.multipoint.testing;

import org.junit.jupiter.api.RepeatedTest;
import org.nd4j.linalg.factory.Nd4j;

import static org.junit.jupiter.api.Assertions.assertEquals;

class SeededRandomTest {

    private static Float first;

    /** That the extension is there, too. */
    @RepeatedTest(2)
    void eachTestDrawsTheSameValues() {
        float drawn = Nd4j.rand(1, 1).getFloat(0);
        first = first == null ? (Float) drawn : first;
        assertEquals(first, drawn);
    }
}
