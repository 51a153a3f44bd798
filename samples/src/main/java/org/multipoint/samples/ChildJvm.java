package org.multipoint.samples;

import java.io.IOException;
import java.io.PrintWriter;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * A second JVM with this one's settings, for environment variables that must be set before native libraries load, and a garbage collector that suits programs
 * which work through large arrays.
 */
final class ChildJvm {

    /** Time that the other process is given to clean up. */
    private static final int GRACE_SECONDS = 5;
    private static final Pattern COLLECTOR = Pattern.compile("-XX:\\+Use\\w+GC");
    /** The default collector gives the memory of large arrays back to the operating system, and gets it again page by page. */
    private static final String THROUGHPUT = "-XX:+UseParallelGC";

    private final TemporaryFolder folder;
    private Process process;
    private boolean ended;

    private ChildJvm(TemporaryFolder folder) {
        this.folder = folder;
    }

    /**
     * Runs a main class on this process's class path, with its options, and waits.
     *
     * @param environment variables to be set
     * @param out         where its standard output goes, null for this process's; its errors are this process's
     * @return the exit code
     */
    static int run(Map<String, String> environment, Class<?> main, List<String> arguments, PrintWriter out)
            throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(ManagementFactory.getRuntimeMXBean().getInputArguments());
        if (command.stream().noneMatch(COLLECTOR.asMatchPredicate())) {
            command.add(THROUGHPUT);
        }
        try (TemporaryFolder folder = TemporaryFolder.create()) {
            // Some libraries unpack files there and leave them.
            command.add("-Djava.io.tmpdir=" + folder.path());
            command.add("-cp");
            command.add(System.getProperty("java.class.path"));
            command.add(main.getName());
            command.addAll(arguments);
            // An argument file keeps the command line short: some native libraries crash on a long one.
            Path file = Files.writeString(folder.path().resolve("arguments"),
                    command.stream().map(ChildJvm::quoted).collect(Collectors.joining("\n")));
            ProcessBuilder builder = new ProcessBuilder(Path.of(System.getProperty("java.home"), "bin", "java").toString(), "@" + file);
            builder.environment().putAll(environment);
            ChildJvm child = new ChildJvm(folder);
            // A signal to end this process is meant for both.
            Runtime.getRuntime().addShutdownHook(new Thread(child::end));
            Process process = child.start(out == null ? builder.inheritIO() : builder.redirectError(ProcessBuilder.Redirect.INHERIT));
            if (out != null) {
                process.inputReader().transferTo(out);
                out.flush();
            }
            return process.waitFor();
        }
    }

    private synchronized Process start(ProcessBuilder builder) throws IOException {
        if (ended) {
            throw new IOException("This program is being ended");
        }
        process = builder.start();
        return process;
    }

    private synchronized void end() {
        ended = true;
        try (folder) {
            if (process != null) {
                process.destroy();
                if (!process.waitFor(GRACE_SECONDS, TimeUnit.SECONDS)) {
                    process.destroyForcibly().waitFor();
                }
            }
        } catch (InterruptedException | IOException e) {
            // This process is about to end.
        }
    }

    private static String quoted(String argument) {
        return '"' + argument.replace("\\", "\\\\").replace("\"", "\\\"") + '"';
    }
}
