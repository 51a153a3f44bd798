package org.multipoint.project;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** A Maven project on disk, of the template in {@code src/test/project}. */
record Project(Path folder) {

    private static final Path TEMPLATE = Path.of("src", "test", "project");
    private static final Path SOURCE = Path.of("src", "main", "java", "com", "example", "FirstProject.java");
    private static final boolean WINDOWS = System.getProperty("os.name").startsWith("Windows");

    record Outcome(int exitCode, String output) {
    }

    static Project create(String name, String dependencies) throws IOException {
        Path folder = Path.of("target", "projects", name).toAbsolutePath();
        // Maven would else find the settings of the build around it.
        Files.createDirectories(folder.resolve(".mvn"));
        Files.createDirectories(folder.resolve(SOURCE).getParent());
        Files.writeString(folder.resolve(SOURCE), Files.readString(TEMPLATE.resolve(SOURCE)));
        Files.writeString(folder.resolve("pom.xml"), Files.readString(TEMPLATE.resolve("pom.xml"))
                .replace("@cache@", Path.of(System.getProperty("maven.cache")).toUri().toString())
                .replace("@dependencies@", dependencies));
        return new Project(folder);
    }

    /** Compiles the project for this machine; gives the class path of its dependencies. */
    String compile() throws IOException, InterruptedException {
        Path file = folder.resolve("classpath.txt");
        maven("-Djavacpp.platform.host", "compile", "dependency:build-classpath", "-Dmdep.outputFile=" + file);
        return Files.readString(file).strip();
    }

    /** The dependencies of a project for all platforms. */
    String tree() throws IOException, InterruptedException {
        Path file = folder.resolve("tree.txt");
        maven("dependency:tree", "-DoutputFile=" + file);
        return Files.readString(file);
    }

    /** Runs the project's program on its own classes and a class path. */
    Outcome run(String classPath) throws IOException, InterruptedException {
        return execute(List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString(), "-Xmx1g", "-cp",
                folder.resolve("target").resolve("classes") + System.getProperty("path.separator") + classPath, "com.example.FirstProject"));
    }

    private void maven(String... arguments) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("maven.home"), "bin", WINDOWS ? "mvn.cmd" : "mvn").toString(),
                "-B", "--no-transfer-progress", "-Dmaven.repo.local=" + System.getProperty("maven.repository")));
        Path settings = Path.of(System.getProperty("maven.settings"));
        if (Files.exists(settings)) {
            command.addAll(List.of("-s", settings.toString()));
        }
        command.addAll(List.of(arguments));
        Outcome outcome = execute(command);
        if (outcome.exitCode() != 0) {
            throw new IllegalStateException(String.join(" ", command) + ": " + outcome.output());
        }
    }

    private Outcome execute(List<String> command) throws IOException, InterruptedException {
        Process process = new ProcessBuilder(command).directory(folder.toFile()).redirectErrorStream(true).start();
        process.getOutputStream().close();
        String output = new String(process.getInputStream().readAllBytes());
        return new Outcome(process.waitFor(), output);
    }
}
