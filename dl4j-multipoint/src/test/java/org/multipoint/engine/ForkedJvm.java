package org.multipoint.engine;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.concurrent.TimeUnit;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

/** Runs part of a test in a process of its own, on the instructions of an older CPU. */
final class ForkedJvm {

    private ForkedJvm() {
    }

    /**
     * Runs a class's {@code main}, which must end without an exception.
     *
     * @param isa instruction set that oneDNN may use at most
     * @return what it printed
     */
    static String run(Class<?> main, String isa) throws Exception {
        assumeTrue(Set.of("amd64", "x86_64").contains(System.getProperty("os.arch")), "needs an x86-64 CPU");
        Path log = Files.createTempFile("engine", ".log");
        try {
            ProcessBuilder builder = new ProcessBuilder(Path.of(System.getProperty("java.home"), "bin", "java").toString(), "-Xmx512m",
                    "-cp", System.getProperty("java.class.path"), main.getName());
            builder.environment().put("ONEDNN_MAX_CPU_ISA", isa);
            Process process = builder.redirectErrorStream(true).redirectOutput(log.toFile()).start();
            assertTrue(process.waitFor(5, TimeUnit.MINUTES), "still running");
            String output = Files.readString(log);
            assertEquals(0, process.exitValue(), output);
            return output;
        } finally {
            Files.delete(log);
        }
    }
}
