package org.multipoint.samples.notebooks;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/**
 * A program and the cells of its notebook: each {@code step} is Markdown, what stands between two of them is code, and its imports are
 * the first cell of code.
 *
 * @param main the class, whose {@code main} has nothing but steps and code
 * @param name of its files
 */
record NotebookProgram(Class<?> main, String name) {

    /** All of them, in the order in which to read them. */
    static final List<NotebookProgram> ALL = List.of(
            new NotebookProgram(TenLines.class, "1-ten-lines"),
            new NotebookProgram(BitsAndBudget.class, "2-bits-and-budget"),
            new NotebookProgram(WhichLayersMatter.class, "3-which-layers-matter"),
            new NotebookProgram(AccuracyControl.class, "4-accuracy-control"),
            new NotebookProgram(YourOwnModel.class, "5-your-own-model"));

    private static final String CLASSPATH = """
            // The jars that `mvn -q package -DskipTests` makes, seen from samples/notebooks
            %jars ../target/samples.jar
            %jars ../target/lib/*.jar""";
    private static final String OUTPUT = "import static " + Output.class.getName() + ".";
    private static final String BEGIN = "    public static void main(String[] args) throws Exception {";
    private static final String END = "    }";
    private static final String STEP = "        step(\"\"\"";
    private static final String STEP_END = "                \"\"\");";
    private static final int CODE_INDENT = 8;
    private static final int TEXT_INDENT = 16;

    /** The cells, of which the first is Markdown and the second tells the kernel where classes are. */
    List<Cell> cells() throws IOException {
        List<String> lines = Files.readAllLines(Path.of("src/main/java", main.getName().replace('.', '/') + ".java"));
        String imports = lines.stream().filter(line -> line.startsWith("import ") && !line.startsWith(OUTPUT)).collect(Collectors.joining("\n"));
        List<String> body = lines.subList(lines.indexOf(BEGIN) + 1, lines.size());
        List<Cell> cells = new ArrayList<>();
        List<String> code = new ArrayList<>();
        for (int i = 0; !body.get(i).equals(END); i++) {
            if (!body.get(i).equals(STEP)) {
                code.add(unindented(body.get(i), CODE_INDENT));
                continue;
            }
            addCode(cells, code);
            List<String> text = new ArrayList<>();
            for (i++; !body.get(i).equals(STEP_END); i++) {
                text.add(unindented(body.get(i), TEXT_INDENT));
            }
            cells.add(new Cell(false, String.join("\n", text)));
        }
        addCode(cells, code);
        cells.addAll(1, List.of(new Cell(true, CLASSPATH), new Cell(true, imports)));
        return cells;
    }

    private static void addCode(List<Cell> cells, List<String> code) {
        String text = String.join("\n", code).strip();
        if (!text.isEmpty()) {
            cells.add(new Cell(true, text));
        }
        code.clear();
    }

    private static String unindented(String line, int by) {
        if (!line.isBlank() && !line.startsWith(" ".repeat(by))) {
            throw new IllegalArgumentException("Expected an indentation of " + by + ", found \"" + line + "\"");
        }
        return line.isBlank() ? "" : line.substring(by);
    }

    /** Whether a cell is only for a kernel, not Java. */
    static boolean isForKernel(Cell cell) {
        return cell.isCode() && cell.text().equals(CLASSPATH);
    }

    @Override
    public String toString() {
        return name;
    }
}
