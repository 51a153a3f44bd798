package org.multipoint.project;

import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

/** Projects that have the dependencies of the README pasted beside those of Deeplearning4j, built by Maven and run. */
class FirstProjectTest {

    private static final String CORE = dependency("org.deeplearning4j", "deeplearning4j-core", null);
    private static final String PLUGIN_ALONE = """
            <dependency>
                <groupId>org.multipoint</groupId>
                <artifactId>dl4j-multipoint</artifactId>
                <version>%s</version>
            </dependency>
            """.formatted(System.getProperty("multipoint.version"));

    /** What Deeplearning4j's users have. */
    private enum Backend {
        PLATFORM(CORE + dependency("org.nd4j", "nd4j-native-platform", null)),
        CLASSIFIER(CORE + dependency("org.nd4j", "nd4j-native", null)
                + dependency("org.nd4j", "nd4j-native", System.getProperty("native.platform")));

        private final String dependencies;

        Backend(String dependencies) {
            this.dependencies = dependencies;
        }
    }

    private static String readme;

    @BeforeAll
    static void readReadme() throws IOException {
        String text = Files.readString(Path.of("..", "README.md"));
        Matcher block = Pattern.compile("```xml\\R(.*?dl4j-multipoint-platform.*?)```", Pattern.DOTALL).matcher(text);
        assertTrue(block.find(), "the README has no dependencies to paste");
        readme = block.group(1);
        assertTrue(readme.contains("<version>" + System.getProperty("multipoint.version") + "<"), readme);
        assertTrue(text.contains("'org.multipoint:dl4j-multipoint-platform:" + System.getProperty("multipoint.version") + "'"), "Gradle's");
    }

    @ParameterizedTest
    @EnumSource
    void runsOnOneDnnWithTheDependenciesAfterThoseOfDeeplearning4j(Backend backend) throws Exception {
        assertRunsOnOneDnn(backend + "-first", backend.dependencies + readme);
    }

    @ParameterizedTest
    @EnumSource
    void runsOnOneDnnWithTheDependenciesBeforeThoseOfDeeplearning4j(Backend backend) throws Exception {
        assertRunsOnOneDnn(backend + "-last", readme + backend.dependencies);
    }

    @Test
    void thePluginAloneLeavesJavaCppToNd4jAndTellsWhatItCosts() throws Exception {
        Project project = Project.create("alone", PLUGIN_ALONE + Backend.PLATFORM.dependencies);
        String classPath = project.compile();
        assertEquals(Set.of("1.5.7"), javaCppVersions(classPath));
        String output = assertRuns(project, classPath, "nd4j");
        List<String> warnings = output.lines().filter(l -> l.contains("oneDNN")).toList();
        assertEquals(1, warnings.size(), output);
        assertTrue(warnings.get(0).contains("dl4j-multipoint-platform"), output);
        assertFalse(output.contains("\tat "), output);
    }

    @Test
    void allPlatformsHaveOneJavaCpp() throws Exception {
        Project project = Project.create("all-platforms", Backend.CLASSIFIER.dependencies + readme);
        String tree = project.tree();
        for (String platform : List.of("", "linux-x86_64:", "linux-arm64:", "macosx-x86_64:", "macosx-arm64:", "windows-x86_64:")) {
            assertTrue(tree.contains("org.bytedeco:javacpp:jar:" + platform + System.getProperty("javacpp.version") + ":"), tree);
        }
    }

    private static void assertRunsOnOneDnn(String name, String dependencies) throws Exception {
        Project project = Project.create(name, dependencies);
        String classPath = project.compile();
        assertEquals(Set.of(System.getProperty("javacpp.version")), javaCppVersions(classPath));
        assertRuns(project, classPath, "onednn");
    }

    private static String assertRuns(Project project, String classPath, String engine) throws Exception {
        Project.Outcome outcome = project.run(classPath);
        assertEquals(0, outcome.exitCode(), outcome.output());
        assertTrue(outcome.output().contains("engine " + engine), outcome.output());
        return outcome.output();
    }

    /** Versions of JavaCPP's classes, and of its native libraries for this machine, on a class path. */
    private static Set<String> javaCppVersions(String classPath) {
        List<String> names = Arrays.stream(classPath.split(Pattern.quote(System.getProperty("path.separator"))))
                .map(e -> Path.of(e).getFileName().toString())
                .filter(n -> n.matches("javacpp-[0-9].*"))
                .toList();
        assertEquals(2, names.size(), names::toString);
        return names.stream().map(n -> n.replaceFirst("javacpp-([0-9.]+)[.-].*", "$1")).collect(Collectors.toSet());
    }

    private static String dependency(String group, String artifact, String classifier) {
        return "<dependency><groupId>%s</groupId><artifactId>%s</artifactId><version>%s</version>%s</dependency>%n".formatted(group, artifact,
                System.getProperty("dl4j.version"), classifier == null ? "" : "<classifier>" + classifier + "</classifier>");
    }
}
