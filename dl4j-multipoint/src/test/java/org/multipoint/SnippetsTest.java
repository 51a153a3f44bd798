package org.multipoint;

import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

import java.io.IOException;
import java.io.InputStream;
import java.io.StringWriter;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import javax.tools.JavaCompiler;
import javax.tools.SimpleJavaFileObject;
import javax.tools.ToolProvider;

import static org.junit.jupiter.api.Assertions.assertTrue;

/** The Java snippets of the documentation, in Markdown and in Javadoc, compile against the plugin. */
class SnippetsTest {

    private static final Path ROOT = Path.of("..");
    private static final Path CLASSES = Path.of("target", "snippets");
    private static final Pattern MARKDOWN = Pattern.compile("^```java\\R(.*?)^```", Pattern.DOTALL | Pattern.MULTILINE);
    private static final Pattern JAVADOC = Pattern.compile("<pre>\\{@code\\R(.*?)^\\s*\\* \\}</pre>", Pattern.DOTALL | Pattern.MULTILINE);
    private static final Pattern MARGIN = Pattern.compile("^\\s*\\* ?", Pattern.MULTILINE);

    private static String template;

    /** A snippet and where it stands. */
    private record Snippet(Path file, int line, String code) {
        /** Calls that follow on from the start of the fluent interface, and expressions, are made whole. */
        String statements() {
            String whole = code.strip();
            whole = whole.startsWith(".") ? "Multipoint.of(graph)" + whole : whole;
            return whole.endsWith(";") || whole.endsWith("}") ? whole : whole + ";";
        }
    }

    @BeforeAll
    static void readTemplate() throws IOException {
        Files.createDirectories(CLASSES);
        try (InputStream in = SnippetsTest.class.getResourceAsStream("/snippets/Snippet.java.txt")) {
            template = new String(in.readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    @TestFactory
    Stream<DynamicTest> snippetsCompile() throws IOException {
        List<Snippet> snippets = new ArrayList<>();
        for (Path file : files(ROOT, 1, ".md")) {
            addSnippets(file, MARKDOWN, snippets);
        }
        for (Path file : files(ROOT.resolve("docs"), Integer.MAX_VALUE, ".md")) {
            addSnippets(file, MARKDOWN, snippets);
        }
        for (Path file : files(Path.of("src", "main", "java"), Integer.MAX_VALUE, ".java")) {
            addSnippets(file, JAVADOC, snippets);
        }
        assertTrue(snippets.stream().anyMatch(s -> s.file.endsWith("README.md")), "the README has no snippets");
        assertTrue(snippets.stream().anyMatch(s -> s.file.endsWith("Multipoint.java")), "the Javadoc has no snippets");
        return snippets.stream().map(s -> DynamicTest.dynamicTest(s.file.getFileName() + ", line " + s.line, () -> assertCompiles(s)));
    }

    private static List<Path> files(Path folder, int depth, String ending) throws IOException {
        try (Stream<Path> files = Files.walk(folder, depth)) {
            return files.filter(f -> f.toString().endsWith(ending)).sorted().toList();
        }
    }

    private static void addSnippets(Path file, Pattern pattern, List<Snippet> snippets) throws IOException {
        String text = Files.readString(file);
        Matcher blocks = pattern.matcher(text);
        while (blocks.find()) {
            String code = pattern == JAVADOC ? MARGIN.matcher(blocks.group(1)).replaceAll("") : blocks.group(1);
            snippets.add(new Snippet(file, 1 + (int) text.substring(0, blocks.start(1)).lines().count(), code));
        }
    }

    private static void assertCompiles(Snippet snippet) {
        String source = template.replace("// SNIPPET", snippet.statements());
        SimpleJavaFileObject unit = new SimpleJavaFileObject(URI.create("string:///Snippet.java"), SimpleJavaFileObject.Kind.SOURCE) {
            @Override
            public CharSequence getCharContent(boolean ignoreEncodingErrors) {
                return source;
            }
        };
        StringWriter messages = new StringWriter();
        JavaCompiler.CompilationTask task = ToolProvider.getSystemJavaCompiler().getTask(messages, null, null,
                List.of("-proc:none", "-implicit:none", "-d", CLASSES.toString(), "-classpath", System.getProperty("java.class.path")), null, List.of(unit));
        assertTrue(task.call(), () -> messages + source);
    }
}
