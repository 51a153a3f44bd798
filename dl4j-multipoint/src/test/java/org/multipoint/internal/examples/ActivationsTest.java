package org.multipoint.internal.examples;

import org.junit.jupiter.api.Test;
import org.multipoint.internal.ops.Tensor;
import org.multipoint.testing.TestOps;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertSame;

class ActivationsTest {

    @Test
    void whatIsAddedIsGotInAnyOrderOnHeapAndBeyondTheBudget() {
        Tensor[] batches = {TestOps.normal(1, 3, 4), TestOps.normal(2, 3, 4), TestOps.normal(3, 1, 4), TestOps.normal(4, 2, 4)};
        // Room for the first and the third.
        Activations.Budget budget = new Activations.Budget(4 * (12 + 4));
        try (Activations activations = new Activations(budget)) {
            for (Tensor batch : batches) {
                activations.add(batch);
            }
            assertEquals(4, activations.batches());
            for (int b : new int[]{3, 0, 1, 2, 1, 0}) {
                assertArrayEquals(batches[b].data(), activations.get(b).data());
                assertArrayEquals(batches[b].shape(), activations.get(b).shape());
            }
            assertSame(batches[0], activations.get(0));
            assertSame(batches[2], activations.get(2));
            assertNotSame(batches[1], activations.get(1));
        }
    }

    @Test
    void whatIsClosedGivesItsShareBack() {
        Activations.Budget budget = new Activations.Budget(4 * 12);
        Tensor first = TestOps.normal(1, 3, 4);
        Activations one = new Activations(budget);
        one.add(first);
        Activations two = new Activations(budget);
        two.add(first);
        assertNotSame(first, two.get(0));
        one.close();
        two.add(first);
        assertSame(first, two.get(1));
        two.close();
    }

    @Test
    void bitsSurviveTheFile() {
        float[] special = {Float.MIN_VALUE, -0f, Float.MAX_VALUE, 1e-40f};
        try (Activations activations = new Activations(new Activations.Budget(0))) {
            activations.add(new Tensor(special, new long[]{1, 4}));
            assertArrayEquals(special, activations.get(0).data());
        }
    }

    @Test
    void largeTensorsPassInPieces() {
        Tensor large = TestOps.normal(5, 2, 300_001);
        Tensor small = TestOps.normal(6, 1, 3);
        try (Activations activations = new Activations(new Activations.Budget(0))) {
            activations.add(large);
            activations.add(small);
            assertArrayEquals(large.data(), activations.get(0).data());
            assertArrayEquals(small.data(), activations.get(1).data());
        }
    }
}
