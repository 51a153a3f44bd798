package org.multipoint.report;

import org.multipoint.internal.text.TextTable;
import org.multipoint.report.SensitivityReport.LayerSensitivity;

import java.util.Comparator;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** Reports as text. */
final class ReportText {

    /** Characters of a line where nothing else is asked for. */
    static final int WIDTH = 100;

    private ReportText() {
    }

    /**
     * @param width characters of a line of the table; columns are left out where it is too wide
     */
    static String of(MultipointReport report, int width) {
        boolean notional = report.layers().stream().anyMatch(l -> l.notionalBits() != l.storedBits());
        boolean coded = report.provenance().entropyCoded();
        StringBuilder text = new StringBuilder(summary(report)).append('\n').append(table(notional, coded).toString(report.layers(), width));
        text.append('\n').append(format("%,d weights in %,d bytes: %.3f bits and %.3f codes per weight", report.weights(),
                report.storedBytes(), report.storedBitsPerWeight(), report.codesPerWeight()));
        if (notional) {
            text.append(format("\n%.3f notional bits per weight, in a format made for the method", report.notionalBitsPerWeight()));
        }
        text.append(format("\n%,d parameters in fp32", report.floatParameters()));
        report.kept().forEach((name, why) -> text.append('\n').append("kept in fp32: ").append(name).append(" (").append(why).append(')'));
        report.warnings().forEach((name, what) -> text.append('\n').append("warning: ").append(name).append(" (").append(what).append(')'));
        if (report.layers().stream().anyMatch(l -> l.pointsPerRow().size() > 1)) {
            text.append('\n').append(points(report));
        }
        text.append('\n').append(fused(report));
        return text.append('\n').append(made(report.provenance())).toString();
    }

    /** What it comes to, in one sentence. */
    private static String summary(MultipointReport report) {
        double before = Float.BYTES * (double) (report.weights() + report.floatParameters());
        double after = report.storedBytes() + Float.BYTES * (double) report.floatParameters();
        return format("%.1f times smaller: %,.1f kB of parameters instead of %,.1f kB.", before / after, after / 1e3, before / 1e3)
                + report.layers().stream().max(Comparator.comparingDouble(LayerReport::outputError))
                        .map(l -> format(" The largest error of an output is %.2g of its variance, in \"%s\".", l.outputError(), l.name()))
                        .orElse("");
    }

    /** Rows by their numbers of points. */
    private static String points(MultipointReport report) {
        int most = report.layers().stream().mapToInt(l -> l.pointsPerRow().size()).max().orElse(0);
        return "rows by their points: " + IntStream.range(0, most).mapToObj(i -> (i + 1) + ": " + report.layers().stream()
                .mapToInt(l -> i < l.pointsPerRow().size() ? l.pointsPerRow().get(i) : 0).sum()).filter(rows -> !rows.endsWith(": 0"))
                .collect(Collectors.joining("  "));
    }

    private static String fused(MultipointReport report) {
        int rows = report.layers().stream().mapToInt(LayerReport::rows).sum();
        int exact = report.layers().stream().mapToInt(LayerReport::fusedExactly).sum();
        double error = report.layers().stream().mapToDouble(LayerReport::fusingError).max().orElse(0);
        return "added up to int8 rows when it runs: "
                + (exact == rows ? "exactly" : format("%,d of %,d exactly, the others to %.2f %%", exact, rows, 100 * error));
    }

    private static String made(Provenance p) {
        String settings = p.settings().entrySet().stream().map(s -> s.getKey() + " " + s.getValue()).collect(Collectors.joining(", "));
        return "made by " + new Provenance(p.version(), p.model(), p.method(), p.bits(), p.budget(), p.examples(), p.iterator(), Map.of())
                + (settings.isEmpty() ? "" : "\nwith " + settings);
    }

    private static TextTable<LayerReport> table(boolean notional, boolean coded) {
        TextTable<LayerReport> table = new TextTable<LayerReport>()
                .text("layer", LayerReport::name)
                .text("kind", LayerReport::kind).optional(2)
                .number("rows", l -> String.valueOf(l.rows()))
                .number("fan-in", l -> String.valueOf(l.columns()));
        if (!coded) {
            table.number("bits", l -> String.valueOf(l.bits()));
        }
        table.number("kB before", l -> format("%,.1f", l.weights() * Float.BYTES / 1e3))
                .number("kB", l -> format("%,.1f", l.storedBits() / 8e3))
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
        return table.number("output error", l -> format("%.2e", l.outputError()));
    }

    static String of(SensitivityReport report, int width) {
        return new TextTable<LayerSensitivity>()
                .text("layer", LayerSensitivity::name)
                .number("weights", l -> format("%,d", l.weights()))
                .number("bits/ weight", l -> format("%.2f", (double) l.storedBits() / l.weights())).optional(2)
                .number("divergence, this layer alone", l -> format("%.5f", l.alone()))
                .number("all but this", l -> format("%.5f", l.allButOne()))
                .number("gain of fp32", l -> format("%.5f", report.gain(l)))
                .number("which takes kB", l -> format("%+.1f", l.bytesInFp32() / 1e3)).optional(1)
                .toString(report.byGain(), width)
                + format("\nall layers: divergence %.5f from fp32, on %,d examples", report.all(), report.examples());
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

    private static String format(String pattern, Object... values) {
        return String.format(Locale.ROOT, pattern, values);
    }
}
