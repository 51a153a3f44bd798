package org.multipoint.samples.notebooks;

import org.nd4j.shade.jackson.databind.JsonNode;
import org.nd4j.shade.jackson.databind.ObjectMapper;
import org.nd4j.shade.jackson.databind.SerializationFeature;
import org.nd4j.shade.jackson.databind.node.ArrayNode;
import org.nd4j.shade.jackson.databind.node.ObjectNode;

import java.awt.image.RenderedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import javax.imageio.ImageIO;

/** Notebooks as files of Jupyter (nbformat 4.5), and the same as pages in Markdown. */
final class NotebookFile {

    private static final ObjectMapper JSON = new ObjectMapper().enable(SerializationFeature.INDENT_OUTPUT);

    private NotebookFile() {
    }

    /**
     * A cell and what came of it.
     *
     * @param printed  what it printed
     * @param pictures what it displayed
     */
    record Executed(Cell cell, String printed, List<RenderedImage> pictures) {
    }

    static void write(Path file, List<Executed> cells) throws IOException {
        ObjectNode root = JSON.createObjectNode();
        ArrayNode all = root.putArray("cells");
        int code = 0;
        for (Executed executed : cells) {
            ObjectNode node = all.addObject().put("cell_type", executed.cell.isCode() ? "code" : "markdown").put("id", "cell-" + all.size());
            node.putObject("metadata");
            if (executed.cell.isCode()) {
                node.put("execution_count", ++code);
                outputs(node.putArray("outputs"), executed);
            }
            lines(node.putArray("source"), executed.cell.text());
        }
        ObjectNode metadata = root.putObject("metadata");
        metadata.putObject("kernelspec").put("display_name", "Java").put("language", "java").put("name", "java");
        metadata.putObject("language_info").put("file_extension", ".java").put("mimetype", "text/x-java-source").put("name", "java");
        root.put("nbformat", 4).put("nbformat_minor", 5);
        Files.writeString(file, JSON.writeValueAsString(root) + "\n");
    }

    private static void outputs(ArrayNode outputs, Executed executed) {
        if (!executed.printed.isEmpty()) {
            lines(outputs.addObject().put("output_type", "stream").put("name", "stdout").putArray("text"), executed.printed);
        }
        for (RenderedImage picture : executed.pictures) {
            ObjectNode output = outputs.addObject().put("output_type", "display_data");
            output.putObject("metadata");
            output.putObject("data").put("image/png", Base64.getEncoder().encodeToString(png(picture)));
        }
    }

    private static void lines(ArrayNode array, String text) {
        for (String line : text.split("(?<=\n)")) {
            array.add(line);
        }
    }

    private static byte[] png(RenderedImage picture) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try {
            ImageIO.write(picture, "png", bytes);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return bytes.toByteArray();
    }

    /** The cells of a file, without what came of them. */
    static List<Cell> read(Path file) throws IOException {
        List<Cell> cells = new ArrayList<>();
        for (JsonNode node : JSON.readTree(Files.readString(file)).get("cells")) {
            StringBuilder text = new StringBuilder();
            node.get("source").forEach(line -> text.append(line.asText()));
            cells.add(new Cell(node.get("cell_type").asText().equals("code"), text.toString()));
        }
        return cells;
    }

    /** Writes a page, and its pictures beside it. */
    static void writePage(Path page, List<Executed> cells) throws IOException {
        StringBuilder text = new StringBuilder();
        int pictures = 0;
        for (Executed executed : cells) {
            if (NotebookProgram.isForKernel(executed.cell)) {
                continue;
            }
            text.append(executed.cell.isCode() ? "```java\n" + executed.cell.text() + "\n```\n\n" : executed.cell.text() + "\n\n");
            if (!executed.printed.isEmpty()) {
                text.append("```\n").append(executed.printed.stripTrailing()).append("\n```\n\n");
            }
            for (RenderedImage picture : executed.pictures) {
                String name = page.getFileName().toString().replace(".md", "") + (++pictures == 1 ? "" : "-" + pictures) + ".png";
                Files.write(page.resolveSibling(name), png(picture));
                text.append("![What the last cell shows](").append(name).append(")\n\n");
            }
        }
        Files.writeString(page, text.toString().stripTrailing() + "\n");
    }
}
