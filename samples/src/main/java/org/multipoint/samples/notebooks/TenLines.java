package org.multipoint.samples.notebooks;

import org.deeplearning4j.nn.conf.CNN2DFormat;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.util.ModelSerializer;
import org.knowm.xchart.BitmapEncoder;
import org.knowm.xchart.CategoryChart;
import org.knowm.xchart.CategoryChartBuilder;
import org.multipoint.datasets.ImageIterator;
import org.multipoint.datasets.SyntheticImages;
import org.multipoint.samples.Samples;
import org.multipoint.segments.Segments;
import org.multipoint.transform.Multipoint;
import org.multipoint.transform.MultipointResult;
import org.nd4j.evaluation.classification.Evaluation;

import java.io.File;
import java.util.List;

import static org.multipoint.samples.notebooks.Output.display;
import static org.multipoint.samples.notebooks.Output.step;

/** From a trained graph to a quantized one. */
public final class TenLines {

    private TenLines() {
    }

    public static void main(String[] args) throws Exception {
        step("""
                # Ten lines to a quantized graph

                A trained Deeplearning4j graph becomes several times smaller, without training. These are all steps, from a saved graph to a
                saved quantized one.
                """);

        step("""
                ## 1. A trained graph

                A small ResNet that tells apart ten kinds of shapes. It is part of the samples; yours comes from
                `ModelSerializer` or the Keras import, or is in memory already.
                """);
        ComputationGraph graph = ModelSerializer.restoreComputationGraph(Samples.class.getResourceAsStream("quickstart.zip"), false);
        System.out.printf("%,d parameters in %d layers%n", graph.numParams(), graph.getNumLayers());

        step("""
                ## 2. Images to calibrate on

                A few hundred images that look like those to come. Labels are not needed.
                """);
        ImageIterator calibration = SyntheticImages.train(128, 32, CNN2DFormat.NCHW);

        step("""
                ## 3. Quantize

                Codes of 4 bits, and 10 % more of them where the error asks for it. The graph itself is not changed. The report tells
                what became of each layer.
                """);
        MultipointResult<ComputationGraph> result = Multipoint.of(graph).calibrate(calibration).bits(4).extraPoints(0.10).transform();
        System.out.println(result.report());

        step("""
                ## 4. Compare

                Both graphs on images that nobody has seen before. For that they are compiled, which makes them much faster and
                does not change what they compute beyond rounding.
                """);
        ImageIterator test = SyntheticImages.test(1000, 50, CNN2DFormat.NCHW);
        double before = Segments.compile(graph).graph().<Evaluation>evaluate(test).accuracy();
        double after = Segments.compile(result.model()).graph().<Evaluation>evaluate(test).accuracy();
        System.out.printf("Top-1: %.1f %% in fp32, %.1f %% quantized%n", 100 * before, 100 * after);

        step("""
                ## 5. Save

                The result is a Deeplearning4j graph like any other: `ModelSerializer` saves and restores it. The report is also a page with
                charts, for people who have not seen this notebook: `result.report().writeHtml(path, "Shapes")`.
                """);
        File large = File.createTempFile("shapes", ".zip");
        File small = File.createTempFile("shapes-4bit", ".zip");
        ModelSerializer.writeModel(graph, large, false);
        ModelSerializer.writeModel(result.model(), small, false);
        System.out.printf("%,d bytes become %,d%n", large.length(), small.length());

        CategoryChart chart = new CategoryChartBuilder().width(600).height(360).title("Size of the file").yAxisTitle("kB").build();
        chart.getStyler().setLabelsVisible(true).setYAxisMin(0.0).setLegendVisible(false);
        chart.addSeries("kB", List.of("fp32", "4 bits"), List.of(large.length() / 1000, small.length() / 1000));
        display(BitmapEncoder.getBufferedImage(chart));
        large.delete();
        small.delete();
    }
}
