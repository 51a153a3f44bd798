package org.multipoint.report;

import org.multipoint.internal.html.Element;
import org.multipoint.internal.html.Numbers;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.Function;
import java.util.function.ToDoubleFunction;

/** The layers of a report as a table of HTML that can be sorted. */
final class LayerTable {

    private record Column(String name, boolean isNumber, Function<LayerReport, String> text, ToDoubleFunction<LayerReport> value) {
    }

    private final List<Column> columns = new ArrayList<>();

    private LayerTable(MultipointReport report) {
        List<LayerReport> layers = report.layers();
        boolean coded = report.provenance().entropyCoded();
        number("#", l -> String.valueOf(layers.indexOf(l) + 1), l -> layers.indexOf(l) + 1);
        text("layer", LayerReport::name);
        text("kind", l -> l.kind().replace('_', ' '));
        number("outputs × fan-in", l -> l.rows() + " × " + l.columns(), LayerReport::weights);
        number("in fp32", l -> Numbers.bytes(l.fp32Bytes()), LayerReport::fp32Bytes);
        number("stored", l -> Numbers.bytes(l.storedBits() / Byte.SIZE), LayerReport::storedBits);
        number("bits per weight", l -> format("%.2f", l.bitsPerWeight()), LayerReport::bitsPerWeight);
        if (coded) {
            number("zeros", l -> format("%.1f %%", 100 * l.share(0)), l -> l.share(0));
            number("largest code", l -> String.valueOf(l.largestMagnitude()), LayerReport::largestMagnitude);
        } else {
            number("code bits", l -> String.valueOf(l.bits()), LayerReport::bits);
            number("points", l -> format("%.2f", (double) l.codes() / l.weights()), l -> (double) l.codes() / l.weights());
        }
        number("output error", l -> format("%.2e", l.outputError()), LayerReport::outputError);
        number("inputs", l -> l.input().isFloating() ? "fp32" : Numbers.three(l.input().min()) + " to " + Numbers.three(l.input().max()),
                l -> Math.max(-l.input().min(), l.input().max()));
        number("clipped", l -> l.input().isFloating() ? "–" : Numbers.three(100 * l.input().clipped()) + " %", l -> l.input().clipped());
    }

    private void text(String name, Function<LayerReport, String> text) {
        columns.add(new Column(name, false, text, l -> 0));
    }

    private void number(String name, Function<LayerReport, String> text, ToDoubleFunction<LayerReport> value) {
        columns.add(new Column(name, true, text, value));
    }

    static Element of(MultipointReport report) {
        List<Column> columns = new LayerTable(report).columns;
        Element head = Element.of("tr");
        columns.forEach(c -> head.add(classed(Element.of("th", c.name).with("scope", "col"), c)));
        Element body = Element.of("tbody");
        for (LayerReport layer : report.layers()) {
            Element row = Element.of("tr");
            columns.forEach(c -> row.add(cell(c, layer)));
            body.add(row);
        }
        return ReportHtml.scrolling("Layers in numbers", Element.of("table", Element.of("caption", "Quantized operations"),
                Element.of("thead", head), body).with("class", "layers sortable"));
    }

    private static Element cell(Column column, LayerReport layer) {
        String text = column.text.apply(layer);
        if (!column.isNumber) {
            return column.name.equals("layer") ? Element.of("th", text).with("scope", "row") : Element.of("td", text);
        }
        return classed(Element.of("td", text).with("data-value", column.value.applyAsDouble(layer)), column);
    }

    private static Element classed(Element element, Column column) {
        return column.isNumber ? element.with("class", "number") : element;
    }

    private static String format(String pattern, Object... values) {
        return String.format(Locale.ROOT, pattern, values);
    }
}
