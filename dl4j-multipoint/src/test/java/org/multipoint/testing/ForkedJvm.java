package org.multipoint.testing;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
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

/**
 * Runs part of a test in a process of its own: on the instructions of an older CPU, with other options, on another class path. New memory
 * holds garbage there.
 */
public final class ForkedJvm {

    /** What the C library fills new memory with: large integers and large floating values. */
    private static final String POISON = "128";
    private static final Duration LIMIT = Duration.ofMinutes(5);

    private ForkedJvm() {
    }

    /** Runs a class's {@code main}, which must end without an exception within five minutes. */
    public static String run(Class<?> main, String isa) throws Exception {
        return run(main, isa, LIMIT);
    }

    /**
     * Runs a class's {@code main}, which must end without an exception.
     *
     * @param isa       instruction set that oneDNN may use at most
     * @param limit     time that it may take
     * @param arguments of {@code main}
     * @return what it printed
     */
    public static String run(Class<?> main, String isa, Duration limit, String... arguments) throws Exception {
        assumeTrue(Set.of("amd64", "x86_64").contains(System.getProperty("os.arch")), "needs an x86-64 CPU");
        return run(Map.of("ONEDNN_MAX_CPU_ISA", isa, "MALLOC_PERTURB_", POISON), limit, List.of(), main, arguments);
    }

    /**
     * Runs a class's {@code main}, which must end without an exception.
     *
     * @param environment variables besides those of this process
     * @param limit       time that it may take
     * @param options     of the virtual machine
     * @param arguments   of {@code main}
     * @return what it printed
     */
    public static String run(Map<String, String> environment, Duration limit, List<String> options, Class<?> main, String... arguments)
            throws Exception {
        return run(environment, limit, ofMain(options, main, arguments));
    }

    /** Starts a class's {@code main}, whose output is not read, for a test that ends it. */
    public static Process start(List<String> options, Class<?> main, String... arguments) throws IOException {
        return new ProcessBuilder(command(ofMain(options, main, arguments))).redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.DISCARD).start();
    }

    private static List<String> ofMain(List<String> options, Class<?> main, String... arguments) {
        List<String> all = new ArrayList<>(options);
        all.addAll(List.of("-cp", System.getProperty("java.class.path"), main.getName()));
        all.addAll(List.of(arguments));
        return all;
    }

    private static List<String> command(List<String> arguments) {
        List<String> command = new ArrayList<>(List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString(), "-Xmx512m"));
        command.addAll(arguments);
        return command;
    }

    /** Runs a class's {@code main} without the libraries whose file names match, with options of the virtual machine. */
    public static String runWithout(String libraries, Class<?> main, String... options) throws Exception {
        String separator = System.getProperty("path.separator");
        List<String> command = new ArrayList<>(List.of(options));
        command.addAll(List.of("-cp", Arrays.stream(System.getProperty("java.class.path").split(Pattern.quote(separator)))
                .filter(e -> !Path.of(e).getFileName().toString().matches(libraries)).collect(Collectors.joining(separator)), main.getName()));
        return run(Map.of(), LIMIT, command);
    }

    private static String run(Map<String, String> environment, Duration limit, List<String> arguments) throws Exception {
        Path log = Files.createTempFile("engine", ".log");
        ProcessBuilder builder = new ProcessBuilder(command(arguments)).redirectErrorStream(true).redirectOutput(log.toFile());
        builder.environment().putAll(environment);
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
