package org.multipoint.testing;

import org.junit.jupiter.api.extension.BeforeEachCallback;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.nd4j.linalg.factory.Nd4j;

/** Gives ND4J's own random numbers the same seed before each test, so that a test draws the same values whenever it runs. */
public final class SeededRandom implements BeforeEachCallback {

    private static final long SEED = 7;

    @Override
    public void beforeEach(ExtensionContext context) {
        Nd4j.getRandom().setSeed(SEED);
    }
}
