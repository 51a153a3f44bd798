package org.multipoint.report;

import org.multipoint.internal.text.TextTable;

import java.util.Locale;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** Reports as text. */
final class ReportText {

    private ReportText() {
    }

    /**
     * @param width characters of a line of the table; columns are left out where it is too wide
     */
    static String of(MultipointReport report, int width) {
        boolean notional = report.layers().stream().anyMatch(l -> l.notionalBits() != l.storedBits());
        boolean coded = report.provenance().entropyCoded();
        StringBuilder text = new StringBuilder(table(notional, coded).toString(report.layers(), width));
        text.append('\n').append(format("%,d weights in %,d bytes: %.3f bits and %.3f codes per weight", report.weights(),
                report.storedBytes(), report.storedBitsPerWeight(), report.codesPerWeight()));
        if (notional) {
            text.append(format("\n%.3f notional bits per weight, in a format made for the method", report.notionalBitsPerWeight()));
        }
        text.append(format("\n%,d parameters in fp32", report.floatParameters()));
        report.kept().forEach((name, why) -> text.append('\n').append("kept in fp32: ").append(name).append(" (").append(why).append(')'));
        report.warnings().forEach((name, what) -> text.append('\n').append("warning: ").append(name).append(" (").append(what).append(')'));
        text.append('\n').append("made by ").append(report.provenance());
        return text.toString();
    }

    private static TextTable<LayerReport> table(boolean notional, boolean coded) {
        TextTable<LayerReport> table = new TextTable<LayerReport>()
                .text("layer", LayerReport::name)
                .text("kind", LayerReport::kind).optional(2)
                .number("rows", l -> String.valueOf(l.rows()))
                .number("fan-in", l -> String.valueOf(l.columns()))
                .number("bits", l -> String.valueOf(l.bits()))
                .text("points: rows", ReportText::points)
                .number("bits/ weight", l -> format("%.2f", l.bitsPerWeight()));
        if (notional) {
            table.number("notional bits/ weight", l -> format("%.2f", l.notionalBitsPerWeight()));
        }
        if (coded) {
            table.number("zeros %", l -> format("%.1f", 100 * l.share(0))).optional(3)
                    .number("ones %", l -> format("%.1f", 100 * l.share(1))).optional(4)
                    .number("mean code", l -> format("%.2f", l.meanMagnitude())).optional(5)
                    .number("largest code", l -> String.valueOf(l.largestMagnitude())).optional(3);
        }
        return table.number("output error", l -> format("%.2e", l.outputError()))
                .text("fused exactly", ReportText::fused).optional(1);
    }

    static String of(CompilationReport report) {
        StringBuilder text = new StringBuilder(report.segments().stream().map(ReportText::segment).collect(Collectors.joining("\n")));
        report.outside().forEach((name, why) -> text.append("\noutside: \"").append(name).append("\" (").append(why).append(')'));
        report.warnings().forEach((name, what) -> text.append("\nwarning: ").append(name).append(" (").append(what).append(')'));
        return text.toString();
    }

    private static String segment(CompilationReport.CompiledSegment segment) {
        StringBuilder text = new StringBuilder("segment \"" + segment.name() + "\" (" + (segment.integer() ? "int8" : "fp32") + "): "
                + String.join(", ", segment.vertices()));
        segment.ends().forEach((name, why) -> text.append("\n  ends at \"").append(name).append("\": ").append(why));
        return text.toString();
    }

    private static String points(LayerReport layer) {
        return IntStream.range(0, layer.pointsPerRow().size()).filter(i -> layer.pointsPerRow().get(i) > 0)
                .mapToObj(i -> (i + 1) + ": " + layer.pointsPerRow().get(i)).collect(Collectors.joining("  "));
    }

    private static String fused(LayerReport layer) {
        return layer.fusedExactly() == layer.rows() ? "all"
                : format("%d, else to %.2f %%", layer.fusedExactly(), 100 * layer.fusingError());
    }

    private static String format(String pattern, Object... values) {
        return String.format(Locale.ROOT, pattern, values);
    }
}
