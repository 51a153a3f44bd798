package org.multipoint.testing;

import org.junit.jupiter.api.Assumptions;

import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Real models and images, which are not part of the project. The system property {@code multipoint.data} or else the environment variable
 * {@code MULTIPOINT_DATA} names the folder that holds them.
 *
 * <p>The tests of all modules share this source; each module compiles it, so that {@code mvn -pl MODULE} needs no other one.
 */
public final class TestData {

    private static final String FOLDER = System.getProperty("multipoint.data", System.getenv().getOrDefault("MULTIPOINT_DATA", ""));

    private TestData() {
    }

    /** A file or folder of the real data; where it is missing, the test is skipped and says so. */
    public static Path require(String path) {
        Path file = Path.of(FOLDER).resolve(path).toAbsolutePath().normalize();
        boolean there = !FOLDER.isEmpty() && Files.exists(file);
        String missing = FOLDER.isEmpty() ? path + " is needed, and neither -Dmultipoint.data nor MULTIPOINT_DATA names the folder of the real data"
                : file + " is missing from the real data";
        if (!there) {
            System.err.println("SKIPPED: " + missing);
        }
        Assumptions.assumeTrue(there, missing);
        return file;
    }
}
