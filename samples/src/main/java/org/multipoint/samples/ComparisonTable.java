package org.multipoint.samples;

import org.multipoint.internal.text.TextTable;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** A network beside what quantization made of it, as a table. */
final class ComparisonTable<J extends Judgement> {

    private final J original;
    private final List<Row<J>> rows = new ArrayList<>();

    private record Row<J extends Judgement>(String name, Measured<J> measured, String bitsPerWeight, String codesPerWeight) {
    }

    ComparisonTable(Measured<J> original, List<QuantizedNetwork<J>> quantized) {
        this.original = original.judgement();
        rows.add(new Row<>("fp32", original, "32", ""));
        quantized.forEach(q -> rows.add(new Row<>(q.name(), q.measured(), format("%.3f", q.report().storedBitsPerWeight()),
                format("%.3f", q.report().codesPerWeight()))));
    }

    /** Whether it has columns that compare classes with those of fp32. */
    boolean hasAgreement() {
        return rows.stream().anyMatch(r -> !Double.isNaN(r.measured.judgement().agreement()));
    }

    /** The table, with lines of at most {@code width} characters where possible. */
    String toText(int width) {
        TextTable<Row<J>> table = new TextTable<Row<J>>().text("network", Row::name);
        Figure first = original.mainFigure();
        for (Figure figure : original.figures().keySet()) {
            table.number(figure + " %", r -> format("%.2f", 100 * r.measured.judgement().figures().get(figure)));
            if (figure != first) {
                table.optional(1);
            } else if (!Double.isNaN(original.low())) {
                table.number("95 % interval", r -> r.measured.judgement().lowToHigh());
            }
        }
        if (hasAgreement()) {
            table.number("KL", r -> Measured.known("%.4f", r.measured.judgement().divergence()))
                    .number("agreement %", r -> Measured.known("%.2f", 100 * r.measured.judgement().agreement()));
        }
        return table.number("stored bits/ weight", Row::bitsPerWeight)
                .number("codes/ weight", Row::codesPerWeight).optional(4)
                .number("file bytes", r -> format("%,d", r.measured.bytes()))
                .number("ms/ image", r -> format("%.2f", r.measured.msPerImage())).optional(3)
                .number("compiled", r -> format("%.2f", r.measured.compiledMsPerImage())).optional(2)
                .toString(rows, width);
    }

    private static String format(String text, Object value) {
        return String.format(Locale.ROOT, text, value);
    }
}
