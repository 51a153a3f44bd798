package org.multipoint.samples;

import org.knowm.xchart.BitmapEncoder;
import org.knowm.xchart.BitmapEncoder.BitmapFormat;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.XYChartBuilder;
import org.knowm.xchart.internal.chartpart.Chart;
import org.knowm.xchart.style.Styler.LegendPosition;
import org.knowm.xchart.style.lines.SeriesLines;
import org.knowm.xchart.style.markers.Marker;
import org.knowm.xchart.style.markers.SeriesMarkers;
import org.multipoint.internal.files.AtomicFile;

import java.awt.BasicStroke;
import java.awt.Color;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.DoubleSummaryStatistics;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.ToDoubleFunction;

/** Draws a {@link Curve}: top-1 on the left, divergence from fp32 on the right. */
final class CurvePlot {

    private static final int WIDTH = 600;
    private static final int HEIGHT = 480;
    private static final double MARGIN = 0.1;
    /** Colours that people with a colour vision deficiency tell apart, too (Okabe and Ito, 2008); of packed points, shades of one. */
    private static final Map<String, Style> STYLES = Map.of(
            CurveCommand.CODED, new Style(new Color(0xD55E00), SeriesMarkers.CIRCLE),
            CurveCommand.packed(2), new Style(new Color(0x56B4E9), SeriesMarkers.SQUARE),
            CurveCommand.packed(3), new Style(new Color(0x0072B2), SeriesMarkers.SQUARE),
            CurveCommand.packed(4), new Style(new Color(0x003A5D), SeriesMarkers.SQUARE),
            CurveCommand.MIXED, new Style(new Color(0x009E73), SeriesMarkers.DIAMOND),
            NeighboursCommand.OMPQ, new Style(new Color(0x009E73), SeriesMarkers.TRIANGLE_UP),
            NeighboursCommand.OMPQ_NEAREST, new Style(new Color(0xE69F00), SeriesMarkers.TRIANGLE_UP),
            NeighboursCommand.NEAREST, new Style(Color.GRAY, SeriesMarkers.CROSS),
            NeighboursCommand.BSQ, new Style(new Color(0xCC79A7), SeriesMarkers.DIAMOND),
            NeighboursCommand.BSQ_ONWARDS, new Style(new Color(0xCC79A7), SeriesMarkers.PLUS));
    private static final int MARKER_SIZE = 7;
    /** Networks that have lost more than this do not show: the others would be indistinguishable. */
    private static final double LARGEST_DROP = 0.2;
    /** A legend of more series than this would hide some of them where curves of divergence end; top-1 has room below. */
    private static final int SHORT_LEGEND = 5;

    private record Style(Color color, Marker marker) {
    }

    private CurvePlot() {
    }

    static void write(Path png, Curve curve) throws IOException {
        List<Chart<?, ?>> charts = List.of(top1(curve), divergence(curve));
        AtomicFile.write(png, part -> {
            try (OutputStream out = new BufferedOutputStream(Files.newOutputStream(part))) {
                BitmapEncoder.saveBitmap(charts, 1, charts.size(), out, BitmapFormat.PNG);
            }
        });
    }

    private static XYChart top1(Curve curve) {
        double fp32 = 100 * curve.fp32Top1();
        String lines = curve.trainedTop1() == null ? "" : String.format(Locale.ROOT, "; trained, dotted: %.2f %%", 100 * curve.trainedTop1());
        double least = curve.fp32Top1() - LARGEST_DROP;
        boolean lower = curve.points().stream().anyMatch(p -> p.top1() < least);
        XYChart chart = chart(curve, String.format(Locale.ROOT, "%s: top-1 (fp32, dashed: %.2f %%%s)", curve.model(), fp32, lines),
                lower ? String.format(Locale.ROOT, "top-1, %% (without those below %.0f)", 100 * least) : "top-1, %",
                p -> p.top1() < least ? Double.NaN : 100 * p.top1());
        chart.getStyler().setYAxisDecimalPattern("0.#").setLegendVisible(manySeries(curve)).setLegendPosition(LegendPosition.InsideSE);
        addLine(chart, "fp32", fp32, SeriesLines.DASH_DASH);
        if (curve.trainedTop1() != null) {
            addLine(chart, "trained", 100 * curve.trainedTop1(), SeriesLines.DOT_DOT);
        }
        return chart;
    }

    private static void addLine(XYChart chart, String name, double height, BasicStroke stroke) {
        chart.addSeries(name, new double[]{chart.getStyler().getXAxisMin(), chart.getStyler().getXAxisMax()}, new double[]{height, height})
                .setMarker(SeriesMarkers.NONE).setLineColor(Color.DARK_GRAY).setLineStyle(stroke).setShowInLegend(false);
    }

    private static boolean manySeries(Curve curve) {
        return curve.points().stream().map(Curve.Point::series).distinct().count() > SHORT_LEGEND;
    }

    /** Curves fall: the legend stands where there are none. The axis has whole decades, whose ends are labelled. */
    private static XYChart divergence(Curve curve) {
        XYChart chart = chart(curve, curve.model() + ": divergence from fp32", "mean divergence, nats",
                p -> p.divergence() > 0 ? p.divergence() : Double.NaN);
        chart.getStyler().setYAxisDecimalPattern("0.####").setYAxisLogarithmic(true).setLegendPosition(LegendPosition.InsideNE)
                .setLegendVisible(!manySeries(curve));
        DoubleSummaryStatistics range = curve.points().stream().mapToDouble(Curve.Point::divergence).filter(d -> d > 0).summaryStatistics();
        if (range.getCount() > 0) {
            chart.getStyler().setYAxisMin(Math.pow(10, Math.floor(Math.log10(range.getMin()))))
                    .setYAxisMax(Math.pow(10, Math.ceil(Math.log10(range.getMax()))));
        }
        return chart;
    }

    private static XYChart chart(Curve curve, String title, String axis, ToDoubleFunction<Curve.Point> value) {
        XYChart chart = new XYChartBuilder().width(WIDTH).height(HEIGHT).title(title)
                .xAxisTitle("stored bits for each weight").yAxisTitle(axis).build();
        chart.getStyler().setChartBackgroundColor(Color.WHITE);
        DoubleSummaryStatistics bits = curve.points().stream().mapToDouble(Curve.Point::bits).summaryStatistics();
        chart.getStyler().setXAxisDecimalPattern("0.#").setXAxisMin(bits.getMin() - MARGIN).setXAxisMax(bits.getMax() + MARGIN)
                .setMarkerSize(MARKER_SIZE);
        for (String name : curve.points().stream().map(Curve.Point::series).distinct().toList()) {
            List<Curve.Point> points = curve.points().stream().filter(p -> p.series().equals(name) && Double.isFinite(value.applyAsDouble(p)))
                    .sorted(Comparator.comparingDouble(Curve.Point::bits)).toList();
            if (!points.isEmpty()) {
                chart.addSeries(name, points.stream().map(Curve.Point::bits).toList(), points.stream().map(value::applyAsDouble).toList())
                        .setMarkerColor(STYLES.get(name).color).setMarker(STYLES.get(name).marker).setLineColor(STYLES.get(name).color);
            }
        }
        return chart;
    }
}
