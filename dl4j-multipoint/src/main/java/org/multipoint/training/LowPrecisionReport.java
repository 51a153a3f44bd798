package org.multipoint.training;

import org.multipoint.formats.NumberFormat;
import org.multipoint.internal.text.TextTable;

import java.util.List;
import java.util.Locale;

/**
 * What has become of numbers in a run of training.
 *
 * @param steps   batches trained on
 * @param skipped those whose gradients were not finite, and which changed nothing
 * @param scale   of the loss
 * @param rows    what was rounded
 */
public record LowPrecisionReport(long steps, long skipped, Scale scale, List<Row> rows) {

    private static final int WIDTH = 120;

    /**
     * Factors of the loss.
     *
     * @param last    at the end
     * @param lowest  the least
     * @param highest the largest
     */
    public record Scale(double last, double lowest, double highest) {
    }

    /**
     * What has been rounded of one kind.
     *
     * @param kind       what it is
     * @param format     what it was rounded to
     * @param stochastic whether by chance, not to nearest
     * @param values     numbers that were rounded
     * @param underflows those that were not zero and became zero
     * @param overflows  those that were finite and beyond the largest number of the format
     */
    public record Row(TensorKind kind, NumberFormat format, boolean stochastic, long values, long underflows, long overflows) {

        /** Share of numbers that became zero. */
        public double underflowShare() {
            return values == 0 ? 0 : (double) underflows / values;
        }
    }

    /** Copies the list. */
    public LowPrecisionReport {
        rows = List.copyOf(rows);
    }

    /** A table. */
    @Override
    public String toString() {
        String text = String.format(Locale.ROOT, "%,d steps, %,d skipped; loss scale %s at the end, from %s to %s%n", steps, skipped,
                power(scale.last), power(scale.lowest), power(scale.highest));
        return text + new TextTable<Row>()
                .text("what", r -> r.kind.name().toLowerCase(Locale.ROOT))
                .text("format", r -> r.format.toString())
                .text("rounding", r -> r.stochastic ? "stochastic" : "nearest")
                .number("numbers", r -> String.format(Locale.ROOT, "%,d", r.values))
                .number("underflows", r -> String.format(Locale.ROOT, "%,d", r.underflows))
                .number("%", r -> String.format(Locale.ROOT, "%.3f", 100 * r.underflowShare()))
                .number("overflows", r -> String.format(Locale.ROOT, "%,d", r.overflows))
                .toString(rows, WIDTH);
    }

    private static String power(double factor) {
        return "2^" + Math.getExponent(factor);
    }
}
