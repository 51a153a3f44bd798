package org.multipoint.samples;

import org.knowm.xchart.BitmapEncoder;
import org.knowm.xchart.BitmapEncoder.BitmapFormat;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.XYChartBuilder;
import org.knowm.xchart.internal.chartpart.Chart;
import org.knowm.xchart.style.Styler.LegendPosition;
import org.knowm.xchart.style.markers.SeriesMarkers;
import org.multipoint.internal.files.AtomicFile;

import java.awt.Color;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/** Draws the losses of {@link LowPrecisionRuns}, a chart for each network. */
final class LowPrecisionPlot {

    private static final int WIDTH = 600;
    private static final int HEIGHT = 480;
    /** Colours that people with a colour vision deficiency tell apart, too (Okabe and Ito, 2008). */
    private static final Map<LowPrecisionSetting, Color> COLORS = new LinkedHashMap<>();

    static {
        COLORS.put(LowPrecisionSetting.FP32, Color.DARK_GRAY);
        COLORS.put(LowPrecisionSetting.FP16, new Color(0x0072B2));
        COLORS.put(LowPrecisionSetting.FP16_UNSCALED, new Color(0xD55E00));
        COLORS.put(LowPrecisionSetting.FP8, new Color(0xE69F00));
        COLORS.put(LowPrecisionSetting.FP8_STOCHASTIC, new Color(0x009E73));
    }

    private LowPrecisionPlot() {
    }

    static void write(Path png, LowPrecisionRuns runs) throws IOException {
        List<Chart<?, ?>> charts = new ArrayList<>();
        for (LowPrecisionNetwork network : LowPrecisionNetwork.values()) {
            if (runs.runs().stream().anyMatch(r -> r.network() == network)) {
                charts.add(chart(network, runs));
            }
        }
        AtomicFile.write(png, part -> {
            try (OutputStream out = new BufferedOutputStream(Files.newOutputStream(part))) {
                BitmapEncoder.saveBitmap(charts, 1, charts.size(), out, BitmapFormat.PNG);
            }
        });
    }

    private static XYChart chart(LowPrecisionNetwork network, LowPrecisionRuns runs) {
        XYChart chart = new XYChartBuilder().width(WIDTH).height(HEIGHT).title(network.title())
                .xAxisTitle("step").yAxisTitle("loss, nats; mean over seeds and 20 steps").build();
        chart.getStyler().setChartBackgroundColor(Color.WHITE).setLegendPosition(LegendPosition.InsideNE);
        chart.getStyler().setYAxisLogarithmic(true).setYAxisDecimalPattern("0.###");
        // The library would label as many of equally spaced steps as fit without a gap: the second one is left out.
        COLORS.forEach((setting, color) -> {
            List<Double> losses = runs.curve(network, setting);
            List<Integer> steps = IntStream.range(0, losses.size()).filter(i -> i != 1 && Double.isFinite(losses.get(i)) && losses.get(i) > 0).boxed().toList();
            if (!steps.isEmpty()) {
                chart.addSeries(setting.title(), steps, steps.stream().map(losses::get).toList()).setMarker(SeriesMarkers.NONE).setLineColor(color);
            }
        });
        return chart;
    }
}
