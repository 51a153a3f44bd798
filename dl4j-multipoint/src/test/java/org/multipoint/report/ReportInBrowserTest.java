package org.multipoint.report;

import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.nd4j.shade.jackson.databind.JsonNode;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.abort;

/** The page as a browser shows it: its widths, its contrast, its sorting. */
class ReportInBrowserTest {

    /** Least contrast of text by WCAG 2.1, level AA. */
    private static final double CONTRAST = 4.5;

    @TempDir
    private Path folder;

    @ParameterizedTest
    @CsvSource({"nasty, false", "nasty, true", "deep, false", "deep, true", "empty, false"})
    void pageIsReadable(String name, boolean dark) throws Exception {
        Browser browser = browser();
        JsonNode found = browser.open(dark, folder, Map.of("index", examiner(), "report", example(name).toHtml("A <b>model</b>")));
        assertTrue(found.path("failed").isMissingNode(), found::toString);
        assertEquals("[]", found.get("elements").toString());
        if (browser.prefersAsAsked()) {
            assertEquals(dark, found.get("dark").asBoolean());
        }
        for (JsonNode width : found.get("widths")) {
            assertEquals("[]", width.get("wide").toString());
            assertTrue(width.get("scrolls").asInt() <= width.get("width").asInt(), width::toString);
            assertTrue(width.get("least").get("contrast").asDouble() >= CONTRAST, width::toString);
            assertTrue(width.get("smallest").asDouble() >= 12, width::toString);
        }
    }

    /** Each heading is a button that sorts, up and then down, and says so; ties keep their order. */
    @ParameterizedTest
    @CsvSource({"nasty", "deep"})
    void headingsSort(String name) throws Exception {
        MultipointReport report = example(name);
        JsonNode table = browser().open(false, folder, Map.of("index", examiner(), "report", report.toHtml(name))).get("table");
        List<String> numbers = IntStream.rangeClosed(1, report.layers().size()).mapToObj(String::valueOf).toList();
        assertEquals(numbers, texts(table.get("start").get("order")));
        assertEquals("ascending", table.get("start").get("says").get(0).asText());
        int sorted = 0;
        for (int c = 0; c < table.get("columns").size(); c++) {
            JsonNode column = table.get("columns").get(c);
            assertTrue(column.get("focused").asBoolean(), "a keyboard does not reach " + column.get("name"));
            String says = c == 0 ? "descending" : "ascending";
            // All columns but the first are clicked when others are sorted, and so go up first.
            assertEquals(says, column.get("once").get("says").get(c).asText());
            assertEquals(c == 0 ? "ascending" : "descending", column.get("twice").get("says").get(c).asText());
            assertEquals(1, texts(column.get("once").get("says")).stream().filter(s -> !s.equals("none")).count());
            List<String> once = texts(column.get("once").get("order"));
            assertEquals(numbers, once.stream().sorted((a, b) -> Integer.compare(Integer.parseInt(a), Integer.parseInt(b))).toList());
            if (column.get("name").asText().equals("bits per weight")) {
                List<LayerReport> layers = report.layers();
                List<Double> bits = new ArrayList<>(once.stream().map(n -> layers.get(Integer.parseInt(n) - 1).bitsPerWeight()).toList());
                assertEquals(bits.stream().sorted().toList(), bits);
                Collections.reverse(bits);
                assertEquals(bits, texts(column.get("twice").get("order")).stream()
                        .map(n -> layers.get(Integer.parseInt(n) - 1).bitsPerWeight()).toList());
                sorted++;
            }
        }
        assertEquals(1, sorted);
    }

    private static MultipointReport example(String name) {
        return switch (name) {
            case "nasty" -> ExampleReports.nasty();
            case "deep" -> ExampleReports.deep(63);
            default -> ExampleReports.empty();
        };
    }

    private static Browser browser() {
        Optional<Browser> browser = Browser.installed();
        if (browser.isEmpty()) {
            System.err.println("Skipped: there is no chromium, google-chrome or firefox on the path to look at reports with");
            abort("no browser");
        }
        return browser.get();
    }

    private static String examiner() throws Exception {
        return new String(ReportInBrowserTest.class.getResourceAsStream("examine.html").readAllBytes(), StandardCharsets.UTF_8);
    }

    private static List<String> texts(JsonNode array) {
        List<String> texts = new ArrayList<>();
        array.forEach(node -> texts.add(node.asText()));
        return texts;
    }
}
