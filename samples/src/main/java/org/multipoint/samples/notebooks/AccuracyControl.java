package org.multipoint.samples.notebooks;

import org.deeplearning4j.nn.conf.CNN2DFormat;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.util.ModelSerializer;
import org.knowm.xchart.BitmapEncoder;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.XYChartBuilder;
import org.knowm.xchart.XYSeries.XYSeriesRenderStyle;
import org.knowm.xchart.style.Styler.LegendPosition;
import org.knowm.xchart.style.markers.SeriesMarkers;
import org.multipoint.datasets.ImageIterator;
import org.multipoint.datasets.SyntheticImages;
import org.multipoint.samples.Samples;
import org.multipoint.segments.Segments;
import org.multipoint.transform.Multipoint;
import org.multipoint.transform.MultipointResult;
import org.multipoint.transform.MultipointResult.Attempt;
import org.nd4j.evaluation.classification.Evaluation;

import java.util.List;

import static org.multipoint.samples.notebooks.Output.display;
import static org.multipoint.samples.notebooks.Output.step;

/** The smallest graph that loses no more than you allow. */
public final class AccuracyControl {

    private AccuracyControl() {
    }

    public static void main(String[] args) throws Exception {
        step("""
                # Accuracy control

                Say how much accuracy may be lost, and get the smallest graph that loses no more.
                """);

        step("""
                ## 1. A graph, and three sets of images

                One set to calibrate on, one for the search to look at, and one for the verdict. The last two must differ: a search picks what is
                good on the images it sees.
                """);
        ComputationGraph graph = ModelSerializer.restoreComputationGraph(Samples.class.getResourceAsStream("quickstart.zip"), false);
        ImageIterator calibration = SyntheticImages.train(128, 32, CNN2DFormat.NCHW);
        ImageIterator validation = SyntheticImages.validation(1000, 50, CNN2DFormat.NCHW);
        ImageIterator test = SyntheticImages.test(1000, 50, CNN2DFormat.NCHW);

        step("""
                ## 2. One point of accuracy, and no more

                The metric is yours: accuracy, F1, a negated loss. It sees the graph itself first, then each attempt.
                """);
        double drop = 0.01;
        MultipointResult<ComputationGraph> result = Multipoint.of(graph).calibrate(calibration)
                .maxDrop(drop, model -> Segments.compile(model).graph().<Evaluation>evaluate(validation).accuracy())
                .transform();
        for (Attempt attempt : result.attempts()) {
            System.out.printf("%.2f stored bits per weight: %.1f %%, %s%n", attempt.storedBitsPerWeight(), 100 * attempt.metric(),
                    attempt.holds() ? "holds" : "falls too far");
        }

        step("""
                ## 3. How it searched

                It halves the range of sizes: each attempt goes half way to the smallest size that may still hold. Calibration is done once for all.
                """);
        double fp32 = 100 * result.report().measurements().get(0).before();
        List<Attempt> attempts = result.attempts();
        XYChart chart = new XYChartBuilder().width(700).height(420).title("Attempts").xAxisTitle("stored bits for each weight")
                .yAxisTitle("top-1 on the images of the search, %").build();
        chart.getStyler().setDefaultSeriesRenderStyle(XYSeriesRenderStyle.Scatter).setLegendPosition(LegendPosition.InsideSE);
        chart.addSeries("attempts", attempts.stream().map(Attempt::storedBitsPerWeight).toList(),
                attempts.stream().map(a -> 100 * a.metric()).toList());
        double[] ends = attempts.stream().mapToDouble(Attempt::storedBitsPerWeight).sorted().toArray();
        double[] across = {ends[0], ends[ends.length - 1]};
        chart.addSeries("fp32", across, new double[]{fp32, fp32}).setXYSeriesRenderStyle(XYSeriesRenderStyle.Line).setMarker(SeriesMarkers.NONE);
        double lowest = fp32 - 100 * drop;
        chart.addSeries("lowest allowed", across, new double[]{lowest, lowest}).setXYSeriesRenderStyle(XYSeriesRenderStyle.Line)
                .setMarker(SeriesMarkers.NONE);
        display(BitmapEncoder.getBufferedImage(chart));

        step("""
                ## 4. The verdict

                On images that the search has not seen, the drop may be a little larger or smaller than allowed: each set of images has its own luck.
                """);
        double before = Segments.compile(graph).graph().<Evaluation>evaluate(test).accuracy();
        double after = Segments.compile(result.model()).graph().<Evaluation>evaluate(test).accuracy();
        System.out.printf("Top-1: %.1f %% in fp32, %.1f %% with %.2f stored bits per weight%n", 100 * before, 100 * after,
                result.report().storedBitsPerWeight());
    }
}
