package org.multipoint.report;

import org.multipoint.internal.html.BarChart;
import org.multipoint.internal.html.Element;
import org.multipoint.internal.html.Numbers;
import org.multipoint.internal.html.Page;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Function;

/** A report as an HTML page: what matters first, then charts, then everything layer by layer. */
final class ReportHtml {

    private final MultipointReport report;

    private ReportHtml(MultipointReport report) {
        this.report = report;
    }

    static String of(MultipointReport report, String title) {
        ReportHtml html = new ReportHtml(report);
        List<Object> parts = new ArrayList<>(List.of(Element.of("h1", title), html.lead(), html.tiles()));
        if (!report.warnings().isEmpty()) {
            parts.add(html.warnings());
        }
        if (!report.measurements().isEmpty()) {
            parts.add(html.measurements());
        }
        parts.add(html.size());
        if (!report.layers().isEmpty()) {
            parts.add(Element.of("section", Element.of("h2", "Layers in charts"),
                    Element.of("div", new LayerCharts(report).figures().toArray()).with("class", "charts")));
            parts.add(Element.of("section", Element.of("h2", "Layers in numbers"),
                    Element.of("p", "In the order of the network. A heading sorts by its column, and once more the other way round. Inputs are those in "
                            + "calibration; output error is relative to the variance of the outputs.").with("class", "quiet"), LayerTable.of(report)));
        }
        if (!report.kept().isEmpty()) {
            parts.add(html.kept());
        }
        parts.add(html.provenance());
        return Page.of(title, Element.of("main", parts.toArray()));
    }

    /** What a reader wants to know who reads no further: the size, and the first figure that was measured of both models. */
    private Element lead() {
        return Element.of("p", format("%s times smaller: parameters take %s instead of %s%s. %s",
                Numbers.plain(times(report.fp32Bytes(), report.bytes()), 1), Numbers.bytes(report.bytes()), Numbers.bytes(report.fp32Bytes()),
                report.measurements().stream().filter(Measurement::hasBefore).findFirst()
                        .map(m -> ", " + m.name() + " is " + value(m, m.after()) + " instead of " + value(m, m.before())).orElse(""),
                report.kept().isEmpty() ? "All layers with weights are quantized." : "What stays in fp32 is listed below with the reason."))
                .with("class", "lead");
    }

    private Element tiles() {
        Provenance made = report.provenance();
        return Element.of("dl",
                tile("Size of parameters", Numbers.bytes(report.bytes()), "in fp32 " + Numbers.bytes(report.fp32Bytes())),
                tile("Stored bits per weight", format("%.2f", report.storedBitsPerWeight()), "everything counted, in fp32 32"),
                tile("Quantized weights", Numbers.plain(100 * times(report.weights(), report.weights() + report.floatParameters()), 1) + " %",
                        format("%,d of %,d parameters", report.weights(), report.weights() + report.floatParameters())),
                tile("Quantized operations", String.valueOf(report.layers().size()),
                        report.kept().isEmpty() ? "nothing was left out" : report.kept().size() + " kept in fp32"),
                tile("Method", made.method(), made.entropyCoded() ? made.budget() : format("codes of %d bits, %s", made.bits(), made.budget())))
                .with("class", "tiles");
    }

    private static Element tile(String name, String value, String more) {
        return Element.of("div", Element.of("dt", name), Element.of("dd", value, Element.of("small", more)));
    }

    private Element warnings() {
        return Element.of("section", Element.of("h2", "Warnings"), Element.of("ul",
                report.warnings().entrySet().stream().map(w -> Element.of("li", Element.of("strong", w.getKey()), ": " + w.getValue())).toArray()))
                .with("class", "warnings");
    }

    private Element measurements() {
        return section("Measured", "What was measured of the model before and after.", List.of("figure", "before", "after", "change"),
                report.measurements(), List.of(Measurement::name, m -> value(m, m.before()), m -> value(m, m.after()), ReportHtml::change));
    }

    private static String value(Measurement m, double value) {
        if (Double.isNaN(value)) {
            return "–";
        }
        return switch (m.unit()) {
            case "bytes" -> Numbers.bytes(Math.round(value));
            case "%" -> format("%.2f", value) + Numbers.NO_BREAK + "%";
            default -> Numbers.three(value) + (m.unit().isEmpty() ? "" : Numbers.NO_BREAK + m.unit());
        };
    }

    /** Shares and scores differ, sizes and times are so many times smaller. */
    private static String change(Measurement m) {
        if (!m.hasBefore()) {
            return "–";
        }
        if (m.unit().equals("%")) {
            return format("%+.2f points", m.after() - m.before());
        }
        if (m.unit().isEmpty() || !(m.before() > 0 && m.after() > 0)) {
            return (m.after() > m.before() ? "+" : "") + Numbers.three(m.after() - m.before());
        }
        return m.after() > m.before() ? Numbers.three(times(m.after(), m.before())) + " times more"
                : Numbers.three(times(m.before(), m.after())) + " times less";
    }

    private Element size() {
        long kept = report.floatParameters() * Float.BYTES;
        long before = report.fp32Bytes() - kept;
        return Element.of("section", Element.of("h2", "Size"), new BarChart("size", "Parameters before and after")
                .bar("before: " + Numbers.bytes(report.fp32Bytes()), List.of(new BarChart.Part(before, "pale"), new BarChart.Part(kept, "other")))
                .bar("after: " + Numbers.bytes(report.bytes()),
                        List.of(new BarChart.Part(report.storedBytes(), "strong"), new BarChart.Part(kept, "other")))
                .legend("pale", "weights in fp32").legend("strong", "the same weights, quantized").legend("other", "what stays in fp32")
                .figure(format("%s of weights become %s; %s of biases and other parameters stay as they are. Batch normalization is part of "
                        + "the weights in both.", Numbers.bytes(before), Numbers.bytes(report.storedBytes()), Numbers.bytes(kept))));
    }

    private Element kept() {
        return section("Kept in fp32", "Layers whose weights are not quantized, or that are not folded into others.", List.of("layer", "reason"),
                List.copyOf(report.kept().entrySet()), List.of(Map.Entry::getKey, Map.Entry::getValue));
    }

    private Element provenance() {
        Provenance made = report.provenance();
        List<Map.Entry<String, String>> all = new ArrayList<>(List.of(
                Map.entry("program", "dl4j-multipoint " + made.version()), Map.entry("source model", made.model()),
                Map.entry("method", made.method()), Map.entry("bits of a code", String.valueOf(made.bits())), Map.entry("budget", made.budget()),
                Map.entry("calibration", format("%,d examples from %s", made.examples(), made.iterator()))));
        all.addAll(made.settings().entrySet());
        return section("Provenance", "How the model was made. The same settings and data give the same model.", List.of("setting", "value"), all,
                List.of(Map.Entry::getKey, Map.Entry::getValue));
    }

    /** A heading and a table of texts, whose first column names the row. */
    private static <T> Element section(String heading, String caption, List<String> columns, List<T> rows,
                                       List<Function<T, String>> cells) {
        Element table = Element.of("table", Element.of("caption", caption),
                Element.of("thead", Element.of("tr", columns.stream().map(c -> Element.of("th", c).with("scope", "col")).toArray())),
                Element.of("tbody", rows.stream().map(row -> Element.of("tr", Element.of("th", cells.get(0).apply(row)).with("scope", "row"))
                        .add(cells.stream().skip(1).map(cell -> Element.of("td", cell.apply(row))).toArray())).toArray()));
        return Element.of("section", Element.of("h2", heading), scrolling(heading, table));
    }

    /** A wide table scrolls by itself, also by keyboard. */
    static Element scrolling(String name, Element table) {
        return Element.of("div", table).with("class", "scroll").with("role", "region").with("aria-label", name).with("tabindex", 0);
    }

    private static double times(double large, double small) {
        return small == 0 ? 1 : large / small;
    }

    private static String format(String pattern, Object... values) {
        return String.format(Locale.ROOT, pattern, values);
    }
}
