package org.multipoint;

import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import javax.tools.Diagnostic;
import javax.tools.DiagnosticCollector;
import javax.tools.JavaFileObject;
import javax.tools.SimpleJavaFileObject;
import javax.tools.ToolProvider;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

/** The Java snippets of the documentation, in Markdown and in Javadoc, compile against the plugin. */
class SnippetsTest {

    private static final Path ROOT = Path.of("..");
    private static final Pattern MARKDOWN = Pattern.compile("^```java\\R(.*?)^```", Pattern.DOTALL | Pattern.MULTILINE);
    private static final Pattern JAVADOC = Pattern.compile("<pre>\\{@code\\R(.*?)^\\s*\\* \\}</pre>", Pattern.DOTALL | Pattern.MULTILINE);
    private static final Pattern MARGIN = Pattern.compile("^\\s*\\* ?", Pattern.MULTILINE);

    /** A snippet, where it stands, and the class that is made of it. */
    private static final class Snippet extends SimpleJavaFileObject {
        private final Path file;
        private final int line;
        private final String source;

        Snippet(Path file, int line, String name, String source) {
            super(URI.create("string:///" + name + ".java"), Kind.SOURCE);
            this.file = file;
            this.line = line;
            this.source = source;
        }

        @Override
        public CharSequence getCharContent(boolean ignoreEncodingErrors) {
            return source;
        }

        String title() {
            return file.getFileName() + ", line " + line;
        }
    }

    @TestFactory
    Stream<DynamicTest> snippetsCompile() throws IOException {
        List<Snippet> snippets = new ArrayList<>();
        addSnippets(files(ROOT, 1, ".md"), MARKDOWN, snippets);
        // Notebooks are made of programs, which are compiled and run by themselves; the module for Spark has a test of its own.
        addSnippets(files(ROOT.resolve("docs"), Integer.MAX_VALUE, ".md").stream()
                .filter(file -> !file.startsWith(ROOT.resolve("docs").resolve("notebooks")) && !file.endsWith("SPARK.md")).toList(), MARKDOWN, snippets);
        addSnippets(files(Path.of("src", "main", "java"), Integer.MAX_VALUE, ".java"), JAVADOC, snippets);
        assertTrue(snippets.stream().anyMatch(s -> s.file.endsWith("README.md")), "the README has no snippets");
        assertTrue(snippets.stream().anyMatch(s -> s.file.endsWith("Multipoint.java")), "the Javadoc has no snippets");
        Map<Snippet, List<String>> errors = compile(snippets);
        return snippets.stream().map(s -> DynamicTest.dynamicTest(s.title(),
                () -> assertEquals(List.of(), errors.getOrDefault(s, List.of()), () -> s.title() + " was compiled as\n" + s.source)));
    }

    private static List<Path> files(Path folder, int depth, String ending) throws IOException {
        try (Stream<Path> files = Files.walk(folder, depth)) {
            return files.filter(f -> f.toString().endsWith(ending)).sorted().toList();
        }
    }

    private static void addSnippets(List<Path> files, Pattern pattern, List<Snippet> snippets) throws IOException {
        String template;
        try (InputStream in = SnippetsTest.class.getResourceAsStream("/snippets/Snippet.java.txt")) {
            template = new String(in.readAllBytes(), StandardCharsets.UTF_8);
        }
        for (Path file : files) {
            String text = Files.readString(file);
            Matcher blocks = pattern.matcher(text);
            while (blocks.find()) {
                String name = "Snippet" + snippets.size();
                snippets.add(new Snippet(file, 1 + (int) text.substring(0, blocks.start(1)).lines().count(), name,
                        template.replace("class Snippet", "class " + name).replace("// SNIPPET", statements(blocks.group(1), pattern))));
            }
        }
    }

    /** Without Javadoc's margin; calls that go on from the start of the fluent interface, and expressions, are made whole. */
    private static String statements(String block, Pattern pattern) {
        String code = (pattern == JAVADOC ? MARGIN.matcher(block).replaceAll("") : block).strip();
        String whole = code.startsWith(".") ? "Multipoint.of(graph)" + code : code;
        return whole.endsWith(";") || whole.endsWith("}") ? whole : whole + ";";
    }

    /** Compiles all snippets at once; gives the errors of each that has some. */
    private static Map<Snippet, List<String>> compile(List<Snippet> snippets) throws IOException {
        Path classes = Files.createDirectories(Path.of("target", "snippets"));
        DiagnosticCollector<JavaFileObject> diagnostics = new DiagnosticCollector<>();
        ToolProvider.getSystemJavaCompiler().getTask(null, null, diagnostics, List.of("-proc:none", "-d", classes.toString(), "-classpath",
                System.getProperty("java.class.path")), null, snippets).call();
        return diagnostics.getDiagnostics().stream().filter(d -> d.getKind() == Diagnostic.Kind.ERROR)
                .collect(Collectors.groupingBy(d -> (Snippet) d.getSource(), Collectors.mapping(Object::toString, Collectors.toList())));
    }
}
