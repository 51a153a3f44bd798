package org.multipoint.samples;

import org.multipoint.internal.text.TextTable;
import org.nd4j.shade.jackson.annotation.JsonCreator;
import org.nd4j.shade.jackson.annotation.JsonProperty;

import java.util.ArrayList;
import java.util.DoubleSummaryStatistics;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.ToDoubleFunction;
import java.util.stream.Stream;

/**
 * Runs of training in formats of few bits, for other programs and for a later run that continues them. Names and meanings of fields stay.
 *
 * @param images     images in each run
 * @param epochs     how often each was seen
 * @param testImages images that networks were evaluated on
 * @param width      channels of the first convolution
 * @param runs       in the order in which they were made
 */
record LowPrecisionRuns(@JsonProperty("images") int images, @JsonProperty("epochs") int epochs, @JsonProperty("testImages") int testImages,
                        @JsonProperty("width") int width, @JsonProperty("runs") List<Run> runs) {

    private static final int SMOOTHED = 20;

    @JsonCreator
    LowPrecisionRuns {
        runs = List.copyOf(runs);
    }

    /**
     * A run.
     *
     * @param network    what was trained
     * @param setting    how
     * @param seed       of the first weights and of stochastic rounding
     * @param top1       share of images whose most likely class is right, as the network computes with its few bits
     * @param skipped    steps left out because of overflows
     * @param scale      of the loss at the end
     * @param underflows share of errors that became zero; 0 where errors are not rounded
     * @param overflows  numbers of all kinds beyond the largest one of their format
     * @param losses     after each step, in nats
     */
    record Run(@JsonProperty("network") LowPrecisionNetwork network, @JsonProperty("setting") LowPrecisionSetting setting,
               @JsonProperty("seed") int seed, @JsonProperty("top1") double top1, @JsonProperty("skipped") long skipped,
               @JsonProperty("scale") double scale, @JsonProperty("underflows") double underflows, @JsonProperty("overflows") long overflows,
               @JsonProperty("losses") List<Double> losses) {

        @JsonCreator
        Run {
            losses = List.copyOf(losses);
        }

        private double lastLoss() {
            return losses.subList(Math.max(0, losses.size() - SMOOTHED), losses.size()).stream().mapToDouble(d -> d).average().orElse(Double.NaN);
        }
    }

    private record Row(LowPrecisionSetting setting, List<Run> runs) {

        DoubleSummaryStatistics of(ToDoubleFunction<Run> figure) {
            return runs.stream().mapToDouble(figure).summaryStatistics();
        }
    }

    Optional<Run> find(LowPrecisionNetwork network, LowPrecisionSetting setting, int seed) {
        return runs.stream().filter(r -> r.network == network && r.setting == setting && r.seed == seed).findFirst();
    }

    LowPrecisionRuns with(Run run) {
        return new LowPrecisionRuns(images, epochs, testImages, width, Stream.concat(runs.stream(), Stream.of(run)).toList());
    }

    /** Whether runs of others belong to these. */
    boolean continues(LowPrecisionRuns other) {
        return images == other.images && epochs == other.epochs && testImages == other.testImages && width == other.width;
    }

    /** The runs of a network by setting. */
    String table(LowPrecisionNetwork network, int width) {
        List<Row> rows = new ArrayList<>();
        for (LowPrecisionSetting setting : LowPrecisionSetting.values()) {
            List<Run> those = runs.stream().filter(r -> r.network == network && r.setting == setting).toList();
            if (!those.isEmpty()) {
                rows.add(new Row(setting, those));
            }
        }
        double fp32 = runs.stream().filter(r -> r.network == network && r.setting == LowPrecisionSetting.FP32).mapToDouble(Run::top1).average()
                .orElse(Double.NaN);
        return new TextTable<Row>()
                .text("setting", r -> r.setting.title())
                .number("top-1 %", r -> format("%.2f", 100 * r.of(Run::top1).getAverage()))
                .number("lowest to highest", r -> format("%.2f", 100 * r.of(Run::top1).getMin()) + " to "
                        + format("%.2f", 100 * r.of(Run::top1).getMax()))
                .number("points from fp32", r -> format("%+.2f", 100 * (r.of(Run::top1).getAverage() - fp32)))
                .number("last loss", r -> format("%.4f", r.of(Run::lastLoss).getAverage()))
                .number("steps skipped", r -> format("%.1f", r.of(Run::skipped).getAverage()))
                .number("last scale", r -> "2^" + Math.getExponent(r.of(Run::scale).getMin()))
                .number("errors to zero %", r -> format("%.2f", 100 * r.of(Run::underflows).getAverage()))
                .number("overflows", r -> format("%,.0f", r.of(Run::overflows).getAverage()))
                .toString(rows, width);
    }

    /** Losses of a setting, as the mean over seeds and over some steps around. */
    List<Double> curve(LowPrecisionNetwork network, LowPrecisionSetting setting) {
        List<Run> those = runs.stream().filter(r -> r.network == network && r.setting == setting).toList();
        int steps = those.stream().mapToInt(r -> r.losses.size()).min().orElse(0);
        List<Double> curve = new ArrayList<>();
        for (int step = 0; step < steps; step++) {
            int from = Math.max(0, step - SMOOTHED / 2);
            int to = Math.min(steps, step + SMOOTHED / 2 + 1);
            curve.add(those.stream().flatMap(r -> r.losses.subList(from, to).stream()).mapToDouble(d -> d).average().orElse(Double.NaN));
        }
        return curve;
    }

    private static String format(String text, Object value) {
        return String.format(Locale.ROOT, text, value);
    }
}
