package org.multipoint.report;

import org.multipoint.internal.html.Element;
import org.multipoint.internal.html.Numbers;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.Function;
import java.util.function.ToDoubleFunction;

/** The layers of a report as a table of HTML that can be sorted: place, name and kind of each, then numbers. */
final class LayerTable {

    private record Column(String name, Function<LayerReport, String> text, ToDoubleFunction<LayerReport> value) {
    }

    private final List<Column> columns = new ArrayList<>();

    private LayerTable(boolean coded) {
        column("outputs × fan-in", l -> l.rows() + " × " + l.columns(), LayerReport::weights);
        column("in fp32", l -> Numbers.bytes(l.fp32Bytes()), LayerReport::fp32Bytes);
        column("stored", l -> Numbers.bytes(l.storedBits() / Byte.SIZE), LayerReport::storedBits);
        column("bits per weight", l -> format("%.2f", l.bitsPerWeight()), LayerReport::bitsPerWeight);
        if (coded) {
            column("zeros", l -> format("%.1f %%", 100 * l.share(0)), l -> l.share(0));
            column("largest code", l -> String.valueOf(l.largestMagnitude()), LayerReport::largestMagnitude);
        } else {
            column("code bits", l -> String.valueOf(l.bits()), LayerReport::bits);
            column("points", l -> format("%.2f", (double) l.codes() / l.weights()), l -> (double) l.codes() / l.weights());
        }
        column("output error", l -> format("%.2e", l.outputError()), LayerReport::outputError);
        column("inputs", l -> l.input().staysFloating() ? "fp32" : Numbers.three(l.input().min()) + " to " + Numbers.three(l.input().max()),
                l -> Math.max(-l.input().min(), l.input().max()));
        column("clipped", l -> l.input().staysFloating() ? "–" : Numbers.three(100 * l.input().clipped()) + " %", l -> l.input().clipped());
    }

    private void column(String name, Function<LayerReport, String> text, ToDoubleFunction<LayerReport> value) {
        columns.add(new Column(name, text, value));
    }

    static Element of(MultipointReport report) {
        List<Column> columns = new LayerTable(report.provenance().entropyCoded()).columns;
        Element head = Element.of("tr", number(heading("#")), heading("layer"), heading("kind"));
        columns.forEach(c -> head.add(number(heading(c.name))));
        Element body = Element.of("tbody");
        for (int i = 0; i < report.layers().size(); i++) {
            LayerReport layer = report.layers().get(i);
            Element row = Element.of("tr", cell(String.valueOf(i + 1), i + 1), Element.of("th", layer.name()).with("scope", "row"),
                    Element.of("td", layer.kind().replace('_', ' ')));
            columns.forEach(c -> row.add(cell(c.text.apply(layer), c.value.applyAsDouble(layer))));
            body.add(row);
        }
        return ReportHtml.scrolling("Layers in numbers", Element.of("table", Element.of("caption", "Quantized operations"),
                Element.of("thead", head), body).with("class", "layers sortable"));
    }

    private static Element heading(String name) {
        return Element.of("th", name).with("scope", "col");
    }

    /**
     * @param value what the script sorts by
     */
    private static Element cell(String text, double value) {
        return number(Element.of("td", text).with("data-value", value));
    }

    private static Element number(Element cell) {
        return cell.with("class", "number");
    }

    private static String format(String pattern, Object... values) {
        return String.format(Locale.ROOT, pattern, values);
    }
}
