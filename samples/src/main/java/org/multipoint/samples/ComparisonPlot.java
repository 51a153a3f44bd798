package org.multipoint.samples;

import org.knowm.xchart.BitmapEncoder;
import org.knowm.xchart.BitmapEncoder.BitmapFormat;
import org.knowm.xchart.CategoryChart;
import org.knowm.xchart.CategoryChartBuilder;
import org.knowm.xchart.CategorySeries.CategorySeriesRenderStyle;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.XYChartBuilder;
import org.knowm.xchart.internal.chartpart.Chart;
import org.knowm.xchart.style.Styler.LegendPosition;
import org.multipoint.internal.files.AtomicFile;
import org.multipoint.report.LayerReport;

import java.awt.Color;
import java.awt.Font;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.DoubleSummaryStatistics;
import java.util.List;
import java.util.Map;
import java.util.function.ToDoubleFunction;

/** Charts of a comparison: accuracy and size of each network, output error and codes of each layer. */
final class ComparisonPlot {

    private static final int WIDTH = 900;
    private static final int HEIGHT = 450;
    /** Size from which files are given in megabytes. */
    private static final long LARGE = 10_000_000;
    private static final Font LABELS = new Font(Font.SANS_SERIF, Font.BOLD, 14);

    /** A network on a curve: its stored bits for each weight, and the share of images whose most likely class is right. */
    record Place(double bits, double top1) {
    }

    private ComparisonPlot() {
    }

    static <J extends Judgement> void write(Path png, String model, Comparison.Measured<J> original, List<Comparison.Quantized<J>> quantized)
            throws IOException {
        List<String> names = new ArrayList<>(List.of("fp32"));
        List<Comparison.Measured<J>> networks = new ArrayList<>(List.of(original));
        quantized.forEach(q -> {
            names.add(q.size());
            networks.add(q.measured());
        });
        // Short, so that labels fit their bars.
        double unit = original.bytes() < LARGE ? 1e3 : 1e6;
        // Two rows of two: XChart lays out full rows only.
        List<Chart<?, ?>> charts = List.of(
                quantized.size() > 2 ? overStoredBits(model, original, quantized)
                        : networks(model + ": " + original.judgement().mainFigure(), "%", 100, names, networks,
                                m -> 100 * m.judgement().mainValue()),
                networks(model + ": file", unit == 1e3 ? "kB" : "MB", original.bytes() / unit, names, networks, m -> m.bytes() / unit),
                layers("Output error of each layer, relative to its outputs' variance", "error", quantized, LayerReport::outputError,
                        true),
                layers("Codes for each weight: what is over 1 are extra points", "codes / weight", quantized,
                        l -> (double) l.codes() / l.weights(), false));
        AtomicFile.write(png, part -> {
            try (OutputStream out = new BufferedOutputStream(Files.newOutputStream(part))) {
                BitmapEncoder.saveBitmap(charts, charts.size() / 2, 2, out, BitmapFormat.PNG);
            }
        });
    }

    private static <M> CategoryChart networks(String title, String unit, double most, List<String> names, List<M> networks,
                                              ToDoubleFunction<M> value) {
        CategoryChart chart = chart(title, unit);
        chart.getStyler().setLabelsVisible(true).setLabelsFont(LABELS).setAvailableSpaceFill(0.5)
                .setYAxisMin(0.0).setYAxisMax(most).setLegendVisible(false);
        chart.addSeries(unit, names, networks.stream().map(m -> Math.round(100 * value.applyAsDouble(m)) / 100.0).toList());
        return chart;
    }

    private static <J extends Judgement> CategoryChart layers(String title, String unit, List<Comparison.Quantized<J>> quantized,
                                                              ToDoubleFunction<LayerReport> value, boolean logarithmic) {
        CategoryChart chart = chart(title, unit);
        chart.getStyler().setDefaultSeriesRenderStyle(CategorySeriesRenderStyle.Line).setOverlapped(true)
                .setXAxisLabelRotation(90).setYAxisLogarithmic(logarithmic).setLegendPosition(LegendPosition.OutsideE);
        for (Comparison.Quantized<J> q : quantized) {
            List<LayerReport> layers = q.report().layers();
            chart.addSeries(q.size(), layers.stream().map(LayerReport::name).toList(),
                    layers.stream().map(value::applyAsDouble).toList());
        }
        return chart;
    }

    private static <J extends Judgement> XYChart overStoredBits(String model, Comparison.Measured<J> original,
                                                                List<Comparison.Quantized<J>> quantized) {
        return overStoredBits(model, original.judgement().mainValue(), Map.of(quantized.get(0).method(), quantized.stream()
                .sorted(Comparator.comparingDouble(q -> q.report().storedBitsPerWeight()))
                .map(q -> new Place(q.report().storedBitsPerWeight(), q.measured().judgement().mainValue())).toList()));
    }

    /**
     * Accuracy over stored bits.
     *
     * @param model  name for the title
     * @param fp32   share of images whose most likely class is right before
     * @param curves by name, each from few bits to many
     */
    static XYChart overStoredBits(String model, double fp32, Map<String, List<Place>> curves) {
        XYChart chart = new XYChartBuilder().width(WIDTH).height(HEIGHT).title(model + ": what stored bits buy")
                .xAxisTitle("stored bits for each weight").yAxisTitle("top-1, %").build();
        List<Place> all = curves.values().stream().flatMap(List::stream).toList();
        DoubleSummaryStatistics top1 = all.stream().mapToDouble(p -> 100 * p.top1).summaryStatistics();
        DoubleSummaryStatistics bits = all.stream().mapToDouble(Place::bits).summaryStatistics();
        // Whole percents around the curves: by default the axis may have a single tick.
        chart.getStyler().setYAxisDecimalPattern("0.#").setLegendPosition(LegendPosition.InsideSE).setChartBackgroundColor(Color.WHITE);
        chart.getStyler().setYAxisMin(Math.floor(top1.getMin()) - 1).setYAxisMax(Math.ceil(Math.max(top1.getMax(), 100 * fp32)) + 1);
        curves.forEach((name, places) -> chart.addSeries(name, places.stream().map(Place::bits).toList(),
                places.stream().map(p -> 100 * p.top1).toList()));
        chart.addSeries("fp32", new double[]{bits.getMin(), bits.getMax()}, new double[]{100 * fp32, 100 * fp32});
        return chart;
    }

    private static CategoryChart chart(String title, String unit) {
        CategoryChart chart = new CategoryChartBuilder().width(WIDTH).height(HEIGHT).title(title).yAxisTitle(unit).build();
        chart.getStyler().setChartBackgroundColor(Color.WHITE);
        return chart;
    }
}
