package org.multipoint.report;

import org.multipoint.internal.html.Axis;
import org.multipoint.internal.html.ColumnChart;
import org.multipoint.internal.html.ColumnChart.Column;
import org.multipoint.internal.html.ColumnChart.Part;
import org.multipoint.internal.html.Element;
import org.multipoint.internal.html.Numbers;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.function.Function;
import java.util.function.ToDoubleFunction;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** The layers of a report as charts of HTML. */
final class LayerCharts {

    /** Magnitudes of codes from this on are one column. */
    private static final int MAGNITUDES = 12;
    private static final String ORDER = "quantized operations in the order of the network";

    private final MultipointReport report;
    private final List<LayerReport> layers;

    LayerCharts(MultipointReport report) {
        this.report = report;
        this.layers = report.layers();
    }

    List<Element> figures() {
        List<Element> figures = new ArrayList<>(List.of(bits(), errors()));
        if (!report.provenance().entropyCoded()) {
            figures.add(points());
        }
        figures.add(codes());
        if (layers.stream().anyMatch(l -> !l.input().staysFloating())) {
            figures.add(ranges());
        }
        return figures;
    }

    private Element bits() {
        double mean = report.storedBitsPerWeight();
        Axis axis = Axis.linear(0, largest(LayerReport::bitsPerWeight), "");
        return layers("bits", "Stored bits per weight", axis, l -> List.of(new Part(0, l.bitsPerWeight(), "strong")),
                l -> format("%.2f bits per weight", l.bitsPerWeight())).line(mean)
                .figure(ORDER, format("The dashed line is the mean over all weights, %.2f. %s", mean,
                        extremes(LayerReport::bitsPerWeight, l -> format("%.2f", l.bitsPerWeight()))));
    }

    private Element errors() {
        Axis axis = Axis.logarithmic(layers.stream().mapToDouble(LayerReport::outputError).toArray());
        return layers("errors", "Output error", axis, l -> List.of(new Part(axis.from(), l.outputError(), "strong")),
                l -> format("%.2e", l.outputError()))
                .figure(ORDER, "Mean squared error of an output, relative to the variance of the outputs, on a logarithmic axis. "
                        + extremes(LayerReport::outputError, l -> format("%.1e", l.outputError())));
    }

    /** How many outputs are sums of how many points. */
    private Element points() {
        int most = layers.stream().mapToInt(l -> l.pointsPerRow().size()).max().orElseThrow();
        long[] counts = new long[most];
        layers.forEach(l -> IntStream.range(0, l.pointsPerRow().size()).forEach(i -> counts[i] += l.pointsPerRow().get(i)));
        return histogram("points", "Points per output", IntStream.rangeClosed(1, most).mapToObj(String::valueOf).toList(), counts)
                .figure("points", format("Each output channel is a sum of points, more where the error requires it. Of all channels, %s.",
                        IntStream.range(0, most).filter(i -> counts[i] > 0)
                                .mapToObj(i -> format("%s have %d", share(counts, i), i + 1)).collect(Collectors.joining(", "))));
    }

    private Element codes() {
        long[] counts = new long[Math.min(MAGNITUDES, (int) largest(LayerReport::largestMagnitude)) + 1];
        for (LayerReport layer : layers) {
            for (int k = 0; k < layer.magnitudes().size(); k++) {
                counts[Math.min(k, MAGNITUDES)] += layer.magnitudes().get(k);
            }
        }
        List<String> names = IntStream.range(0, counts.length).mapToObj(k -> k + (k == MAGNITUDES ? "+" : "")).toList();
        return histogram("codes", "Magnitudes of codes", names, counts)
                .figure("magnitude", format("Weights are stored as small integers, the codes. %s of them are zero.", share(counts, 0)));
    }

    /** Each layer on a scale of its own: only what is lost can be compared. */
    private Element ranges() {
        LayerReport most = layers.stream().max(Comparator.comparingDouble(l -> l.input().clipped())).orElseThrow();
        return layers("ranges", "Ranges of inputs", Axis.linear(-100, 100, " %"), LayerCharts::range,
                l -> l.input().staysFloating() ? "fp32" : format("%s to %s, kept %s to %s, clipped %s %%", Numbers.three(l.input().min()),
                        Numbers.three(l.input().max()), Numbers.three(l.input().low()), Numbers.three(l.input().high()),
                        Numbers.three(100 * l.input().clipped())))
                .legend("strong", "kept").legend("pale", "clipped")
                .figure(ORDER, "Inputs in calibration, in percent of the largest one of each operation. "
                        + (most.input().clipped() == 0 ? "None is clipped." : format("Most are clipped before \"%s\": %s %%.", most.name(),
                                Numbers.three(100 * most.input().clipped()))));
    }

    private static List<Part> range(LayerReport layer) {
        InputReport input = layer.input();
        double percent = 100 / Math.max(Math.max(Math.abs(input.min()), Math.abs(input.max())), Double.MIN_NORMAL);
        return input.staysFloating() ? List.of() : List.of(new Part(percent * input.min(), percent * input.max(), "pale"),
                new Part(percent * Math.max(input.min(), input.low()), percent * Math.min(input.max(), input.high()), "strong"));
    }

    private ColumnChart layers(String id, String title, Axis axis, Function<LayerReport, List<Part>> parts,
                               Function<LayerReport, String> says) {
        ColumnChart chart = new ColumnChart(id, title, axis);
        for (int i = 0; i < layers.size(); i++) {
            LayerReport layer = layers.get(i);
            chart.column(new Column(String.valueOf(i + 1), layer.name() + ": " + says.apply(layer), parts.apply(layer)));
        }
        return chart;
    }

    private static ColumnChart histogram(String id, String title, List<String> names, long[] counts) {
        double most = IntStream.range(0, counts.length).mapToDouble(i -> 100 * portion(counts, i)).max().orElse(0);
        ColumnChart chart = new ColumnChart(id, title, Axis.linear(0, most, " %"));
        for (int i = 0; i < counts.length; i++) {
            chart.column(new Column(names.get(i), names.get(i) + ": " + share(counts, i),
                    List.of(new Part(0, 100 * portion(counts, i), "strong"))));
        }
        return chart;
    }

    private static double portion(long[] counts, int i) {
        return (double) counts[i] / Math.max(1, IntStream.range(0, counts.length).mapToLong(k -> counts[k]).sum());
    }

    private static String share(long[] counts, int i) {
        return Numbers.three(100 * portion(counts, i)) + " %";
    }

    private String extremes(ToDoubleFunction<LayerReport> value, Function<LayerReport, String> text) {
        LayerReport least = layers.stream().min(Comparator.comparingDouble(value)).orElseThrow();
        LayerReport most = layers.stream().max(Comparator.comparingDouble(value)).orElseThrow();
        return format("From %s (\"%s\") to %s (\"%s\").", text.apply(least), least.name(), text.apply(most), most.name());
    }

    private double largest(ToDoubleFunction<LayerReport> value) {
        return layers.stream().mapToDouble(value).max().orElse(0);
    }

    private static String format(String pattern, Object... values) {
        return String.format(Locale.ROOT, pattern, values);
    }
}
