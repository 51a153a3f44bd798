package org.multipoint.report;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.w3c.dom.Document;
import org.w3c.dom.Element;
import org.w3c.dom.NodeList;
import org.xml.sax.InputSource;

import java.io.StringReader;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import javax.xml.parsers.DocumentBuilderFactory;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

/** The page as text; {@link ReportInBrowserTest} sees what it looks like. */
class ReportHtmlTest {

    @TempDir
    private Path folder;

    private static Document page(MultipointReport report) throws Exception {
        return DocumentBuilderFactory.newInstance().newDocumentBuilder().parse(new InputSource(new StringReader(report.toHtml("A & b"))));
    }

    private static List<Element> all(Document page, String name) {
        NodeList nodes = page.getElementsByTagName(name);
        return IntStream.range(0, nodes.getLength()).mapToObj(i -> (Element) nodes.item(i)).toList();
    }

    @Test
    void namesAreTextWhateverTheyHold() throws Exception {
        Document page = page(ExampleReports.nasty());
        assertEquals("A & b", all(page, "h1").get(0).getTextContent());
        assertEquals(1, all(page, "script").size());
        List<String> headings = all(page, "th").stream().map(Element::getTextContent).toList();
        assertTrue(headings.containsAll(List.of("<script>alert(1)</script>", "dense' onload='x\uFFFD", "</table><b>lstm", "grid")), headings::toString);
        assertTrue(all(page, "td").stream().anyMatch(td -> td.getTextContent().equals("</script><script>broken()</script>")));
    }

    @Test
    void saysWhatWasMeasured() throws Exception {
        Document page = page(ExampleReports.nasty());
        String text = page.getDocumentElement().getTextContent();
        assertTrue(text.contains("3.3 times smaller: parameters take 944\u00a0bytes instead of 3.16\u00a0kB, top-1 on 10,000 <images> is "
                + "91.25\u00a0% instead of 91.40\u00a0%."), text);
        List<String> cells = all(page, "td").stream().map(Element::getTextContent).toList();
        assertTrue(cells.containsAll(List.of("-0.15 points", "6.36 times less", "12.3\u00a0s", "left out as asked")), cells::toString);
    }

    /** What those who do not see it are told. */
    @Test
    void everythingHasAName() throws Exception {
        for (MultipointReport report : List.of(ExampleReports.nasty(), ExampleReports.deep(63), ExampleReports.deep(1), ExampleReports.empty())) {
            Document page = page(report);
            assertEquals("en", page.getDocumentElement().getAttribute("lang"));
            Set<String> ids = new HashSet<>();
            Stream.of("title", "desc").flatMap(name -> all(page, name).stream()).filter(e -> e.hasAttribute("id"))
                    .forEach(e -> assertTrue(ids.add(e.getAttribute("id")) && !e.getTextContent().isBlank(), e.getAttribute("id")));
            all(page, "svg").forEach(svg -> assertTrue(svg.getAttribute("role").equals("img")
                    && ids.containsAll(List.of(svg.getAttribute("aria-labelledby").split(" "))), svg.getAttribute("aria-labelledby")));
            assertEquals(2 * all(page, "svg").size(), ids.size());
            all(page, "table").forEach(table -> assertEquals("caption", table.getFirstChild().getNextSibling().getNodeName()));
            all(page, "th").forEach(th -> assertTrue(Set.of("col", "row").contains(th.getAttribute("scope")), th.getTextContent()));
        }
    }

    @Test
    void chartsShowEachLayer() throws Exception {
        Document page = page(ExampleReports.deep(63));
        List<String> says = all(page, "title").stream().map(Element::getTextContent).toList();
        for (LayerReport layer : ExampleReports.deep(63).layers()) {
            String name = layer.name() + ": ";
            assertTrue(says.contains(name + String.format(Locale.ROOT, "%.2f bits per weight", layer.bitsPerWeight())), name);
            assertTrue(says.contains(name + String.format(Locale.ROOT, "%.2e", layer.outputError())), name);
            assertEquals(3, says.stream().filter(s -> s.startsWith(name)).count(), name);
        }
        assertTrue(says.contains("0: 50 %") || says.stream().anyMatch(s -> s.matches("0: 50\\.\\d+ %")), says::toString);
    }

    @Test
    void packedPointsAreCounted() throws Exception {
        List<String> says = all(page(ExampleReports.nasty()), "title").stream().map(Element::getTextContent).toList();
        assertTrue(says.containsAll(List.of("1: 64.3 %", "2: 14.3 %", "3: 21.4 %", "0: 15.1 %")), says::toString);
        assertTrue(all(page(ExampleReports.deep(3)), "h3").stream().noneMatch(h -> h.getTextContent().equals("Points per output")));
    }

    @Test
    void sameReportGivesTheSameTextInAnyLanguage() {
        String expected = ExampleReports.deep(63).toHtml("model");
        Locale before = Locale.getDefault();
        try {
            Locale.setDefault(Locale.forLanguageTag("ar-EG"));
            assertEquals(expected, ExampleReports.deep(63).toHtml("model"));
        } finally {
            Locale.setDefault(before);
        }
    }

    @Test
    void needsNothingElse() {
        for (MultipointReport report : List.of(ExampleReports.nasty(), ExampleReports.deep(63))) {
            String page = report.toHtml("model");
            assertFalse(page.matches("(?s).*(https?:|src=|href=|@import|url\\().*"), page);
            assertTrue(page.contains("prefers-color-scheme: dark"));
        }
    }

    @Test
    void fileAppearsAsAWholeOrNotAtAll() throws Exception {
        Path file = folder.resolve("report.html");
        Files.writeString(file, "older");
        ExampleReports.nasty().writeHtml(file, "model");
        assertEquals(ExampleReports.nasty().toHtml("model"), Files.readString(file));
        try (Stream<Path> files = Files.list(folder)) {
            assertEquals(List.of(file), files.toList());
        }
        assertThrows(NoSuchFileException.class, () -> ExampleReports.nasty().writeHtml(folder.resolve("missing/report.html"), "model"));
    }
}
