package org.multipoint.samples;

import java.io.IOException;
import java.io.PrintWriter;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/** A second Java process like this one, for what must be in the environment before native libraries load. */
final class ChildJvm {

    private ChildJvm() {
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
        command.add("-cp");
        command.add(System.getProperty("java.class.path"));
        command.add(main.getName());
        command.addAll(arguments);
        // A file keeps the command line short: some native libraries cannot bear a long one.
        Path file = Files.createTempFile("multipoint", ".args");
        try {
            Files.writeString(file, command.stream().map(ChildJvm::quoted).collect(Collectors.joining("\n")));
            ProcessBuilder builder = new ProcessBuilder(Path.of(System.getProperty("java.home"), "bin", "java").toString(), "@" + file);
            builder.environment().putAll(environment);
            Process process = (out == null ? builder.inheritIO() : builder.redirectError(ProcessBuilder.Redirect.INHERIT)).start();
            if (out != null) {
                process.inputReader().transferTo(out);
                out.flush();
            }
            return process.waitFor();
        } finally {
            Files.delete(file);
        }
    }

    private static String quoted(String argument) {
        return '"' + argument.replace("\\", "\\\\").replace("\"", "\\\"") + '"';
    }
}
