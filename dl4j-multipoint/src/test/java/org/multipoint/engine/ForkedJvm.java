package org.multipoint.engine;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

/** Runs part of a test in a process of its own: on the instructions of an older CPU, with other options, on another class path. */
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
        return run(main, Map.of("ONEDNN_MAX_CPU_ISA", isa), System.getProperty("java.class.path"));
    }

    /** Runs a class's {@code main} without the libraries whose file names match, with options of the virtual machine. */
    static String runWithout(String libraries, Class<?> main, String... options) throws Exception {
        String separator = System.getProperty("path.separator");
        return run(main, Map.of(), Arrays.stream(System.getProperty("java.class.path").split(Pattern.quote(separator)))
                .filter(e -> !Path.of(e).getFileName().toString().matches(libraries))
                .collect(Collectors.joining(separator)), options);
    }

    private static String run(Class<?> main, Map<String, String> environment, String classPath, String... options) throws Exception {
        Path log = Files.createTempFile("engine", ".log");
        try {
            List<String> command = new ArrayList<>(List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString(), "-Xmx512m"));
            command.addAll(List.of(options));
            command.addAll(List.of("-cp", classPath, main.getName()));
            ProcessBuilder builder = new ProcessBuilder(command);
            builder.environment().putAll(environment);
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
