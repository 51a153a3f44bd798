package org.multipoint.samples.notebooks;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.FieldSource;
import org.junit.jupiter.params.provider.ValueSource;

import java.awt.image.RenderedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

/** The programs run, and notebooks and pages are those of the programs. */
class NotebooksTest {

    static final List<NotebookProgram> PROGRAMS = NotebookProgram.ALL;

    @ParameterizedTest
    @FieldSource("PROGRAMS")
    void programsRunAndShowAPicture(NotebookProgram program) throws Exception {
        PrintStream out = System.out;
        ByteArrayOutputStream printed = new ByteArrayOutputStream();
        List<RenderedImage> pictures = new ArrayList<>();
        Output.showBy(pictures::add);
        System.setOut(new PrintStream(printed, true, StandardCharsets.UTF_8));
        try {
            program.main().getMethod("main", String[].class).invoke(null, (Object) new String[0]);
        } finally {
            System.setOut(out);
        }
        String text = printed.toString(StandardCharsets.UTF_8);
        for (Cell cell : program.cells()) {
            assertTrue(cell.isCode() || text.contains(cell.text().strip()), cell::text);
        }
        assertEquals(1, pictures.size());
        assertTrue(pictures.get(0).getWidth() >= 600);
        assertFalse(text.contains("NaN"), text);
    }

    @ParameterizedTest
    @FieldSource("PROGRAMS")
    void notebooksAreThePrograms(NotebookProgram program) throws IOException {
        assertEquals(program.cells(), NotebookFile.read(MakeNotebooks.NOTEBOOKS.resolve(program.name() + ".ipynb")),
                () -> program + " differs from its program: make it again, see CONTRIBUTING.md");
    }

    @ParameterizedTest
    @FieldSource("PROGRAMS")
    void pagesHaveAllCells(NotebookProgram program) throws IOException {
        Path page = Path.of("../docs/notebooks", program.name() + ".md");
        String text = Files.readString(page);
        int from = 0;
        for (Cell cell : program.cells()) {
            if (!NotebookProgram.isForKernel(cell)) {
                from = text.indexOf(cell.text(), from);
                assertTrue(from >= 0, cell::text);
            }
        }
        assertTrue(Files.size(page.resolveSibling(program.name() + ".png")) > 0);
    }

    /** Steps are numbered one after another. */
    @ParameterizedTest
    @FieldSource("PROGRAMS")
    void stepsAreNumbered(NotebookProgram program) throws IOException {
        List<String> steps = program.cells().stream().filter(c -> !c.isCode()).map(Cell::text).toList();
        assertTrue(steps.get(0).startsWith("# "), steps.get(0));
        for (int i = 1; i < steps.size(); i++) {
            assertTrue(Pattern.matches("(?s)## " + i + "\\. .*", steps.get(i)), steps.get(i));
        }
    }

    /** A cell that throws, one that throws within a method, and one that is no Java. */
    @ParameterizedTest
    @ValueSource(strings = {"Object none = null; none.hashCode();", "void fail() { throw new IllegalArgumentException(\"none\"); }\nfail();",
        "int none = \"none\";", "none.hashCode();"})
    void aCellThatFailsIsToldOf(String code) {
        PrintStream out = System.out;
        String message = assertThrows(IllegalStateException.class, () -> MakeNotebooks.executed(List.of(new Cell(false, "# Fails"),
                new Cell(true, "System.out.println(\"before\");"), new Cell(true, code)))).getMessage();
        assertTrue(message.contains(code), message);
        assertSame(out, System.out);
    }

    @Test
    void thereIsANotebookForEachProgramAndNoOther() throws IOException {
        try (var files = Files.list(MakeNotebooks.NOTEBOOKS)) {
            assertEquals(PROGRAMS.stream().map(p -> p.name() + ".ipynb").toList(),
                    files.map(f -> f.getFileName().toString()).filter(f -> f.endsWith(".ipynb")).sorted().toList());
        }
    }
}
