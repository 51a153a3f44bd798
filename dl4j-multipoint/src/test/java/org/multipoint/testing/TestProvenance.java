package org.multipoint.testing;

import org.multipoint.report.Provenance;

import java.util.Map;

/** What made weights that no transformation made. */
public final class TestProvenance {

    public static final Provenance PROVENANCE = new Provenance("1.2", "ComputationGraph", "calibrated", 4, "10 % extra points", 32,
            "Images", Map.of("grid", "odd"));

    private TestProvenance() {
    }
}
