package org.multipoint.samples.notebooks;

import jdk.jshell.JShell;
import jdk.jshell.JShellException;
import jdk.jshell.Snippet;
import jdk.jshell.SnippetEvent;
import jdk.jshell.SourceCodeAnalysis;
import org.multipoint.samples.notebooks.NotebookFile.Executed;

import java.awt.image.RenderedImage;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/**
 * Makes the notebooks and the pages of all programs, or of those whose names are given. Cells are executed one after another by JShell, as
 * kernels do. Its working folder is that of the module.
 */
final class MakeNotebooks {

    static final Path NOTEBOOKS = Path.of("notebooks");
    private static final Path PAGES = Path.of("../docs/notebooks");

    private MakeNotebooks() {
    }

    public static void main(String[] args) {
        int exitCode = 0;
        for (NotebookProgram program : NotebookProgram.ALL) {
            if (args.length == 0 || List.of(args).contains(program.name())) {
                try {
                    List<Executed> cells = executed(program.cells());
                    NotebookFile.write(NOTEBOOKS.resolve(program.name() + ".ipynb"), cells);
                    NotebookFile.writePage(PAGES.resolve(program.name() + ".md"), cells);
                    System.out.println("Made " + program);
                } catch (Exception e) {
                    System.err.println("Not made: " + program);
                    e.printStackTrace();
                    exitCode = 1;
                }
            }
        }
        // Threads of libraries would keep the process alive.
        System.exit(exitCode);
    }

    /**
     * Executes cells.
     *
     * @throws IllegalStateException where one fails, with its text
     */
    static List<Executed> executed(List<Cell> cells) throws Exception {
        List<Executed> executed = new ArrayList<>();
        List<RenderedImage> pictures = new ArrayList<>();
        Output.showBy(pictures::add);
        PrintStream out = System.out;
        ByteArrayOutputStream printed = new ByteArrayOutputStream();
        try (JShell shell = JShell.builder().executionEngine("local")
                .compilerOptions("-classpath", System.getProperty("java.class.path")).build()) {
            evaluate(shell, "import static " + Output.class.getName() + ".display;");
            System.setOut(new PrintStream(printed, true, StandardCharsets.UTF_8));
            for (Cell cell : cells) {
                if (cell.isCode() && !NotebookProgram.isForKernel(cell)) {
                    try {
                        evaluate(shell, cell.text());
                    } catch (JShellException | IllegalStateException e) {
                        throw new IllegalStateException("A cell has failed:\n" + cell.text() + "\nIt has printed:\n"
                                + printed.toString(StandardCharsets.UTF_8), e);
                    }
                }
                executed.add(new Executed(cell, printed.toString(StandardCharsets.UTF_8), List.copyOf(pictures)));
                printed.reset();
                pictures.clear();
            }
        } finally {
            System.setOut(out);
        }
        return executed;
    }

    private static void evaluate(JShell shell, String code) throws JShellException {
        SourceCodeAnalysis analysis = shell.sourceCodeAnalysis();
        for (String rest = code; !rest.isBlank();) {
            SourceCodeAnalysis.CompletionInfo info = analysis.analyzeCompletion(rest);
            String source = info.source() == null ? rest : info.source();
            for (SnippetEvent event : shell.eval(source)) {
                if (event.exception() != null) {
                    throw event.exception();
                }
                if (event.status() != Snippet.Status.VALID) {
                    throw new IllegalStateException(source + "\n" + shell.diagnostics(event.snippet())
                            .map(d -> d.getMessage(null)).collect(Collectors.joining("\n")));
                }
            }
            rest = info.remaining();
        }
    }
}
