package org.multipoint.engine;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

/** Runs part of a test in a process of its own, on the instructions of an older CPU, where new memory holds garbage. */
final class ForkedJvm {

    private ForkedJvm() {
    }

    /** What the C library fills new memory with: large integers and large floating values. */
    private static final String POISON = "128";

    /** Runs a class's {@code main}, which must end without an exception within five minutes. */
    static String run(Class<?> main, String isa) throws Exception {
        return run(main, isa, Duration.ofMinutes(5));
    }

    /**
     * Runs a class's {@code main}, which must end without an exception.
     *
     * @param isa       instruction set that oneDNN may use at most
     * @param limit     time that it may take
     * @param arguments of {@code main}
     * @return what it printed
     */
    static String run(Class<?> main, String isa, Duration limit, String... arguments) throws Exception {
        assumeTrue(Set.of("amd64", "x86_64").contains(System.getProperty("os.arch")), "needs an x86-64 CPU");
        Path log = Files.createTempFile("engine", ".log");
        List<String> command = new ArrayList<>(List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString(), "-Xmx512m",
                "-cp", System.getProperty("java.class.path"), main.getName()));
        command.addAll(List.of(arguments));
        ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(log.toFile());
        builder.environment().put("ONEDNN_MAX_CPU_ISA", isa);
        builder.environment().put("MALLOC_PERTURB_", POISON);
        Process process = builder.start();
        try {
            assertTrue(process.waitFor(limit.toSeconds(), TimeUnit.SECONDS), "still running");
            String output = Files.readString(log);
            assertEquals(0, process.exitValue(), output);
            return output;
        } finally {
            process.destroyForcibly();
            Files.delete(log);
        }
    }
}
