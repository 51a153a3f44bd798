package org.multipoint.samples;

import org.junit.jupiter.api.Assumptions;

import java.nio.file.Files;
import java.nio.file.Path;

/** Real models and images that are not part of the project: the system property {@code multipoint.data} tells where they are. */
final class TestData {

    private TestData() {
    }

    /** A file or folder of the real data; the test is skipped, and says so, where there is none. */
    static Path require(String path) {
        Path file = Path.of(System.getProperty("multipoint.data", "")).resolve(path).toAbsolutePath().normalize();
        if (!Files.exists(file)) {
            System.err.println("SKIPPED: " + file + " is missing; set -Dmultipoint.data to the folder with the real data");
        }
        Assumptions.assumeTrue(Files.exists(file), () -> file + " is missing");
        return file;
    }
}
