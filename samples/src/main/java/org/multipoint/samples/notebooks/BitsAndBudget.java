package org.multipoint.samples.notebooks;

import org.deeplearning4j.nn.conf.CNN2DFormat;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.util.ModelSerializer;
import org.knowm.xchart.BitmapEncoder;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.XYChartBuilder;
import org.knowm.xchart.style.Styler.LegendPosition;
import org.multipoint.datasets.ImageIterator;
import org.multipoint.datasets.SyntheticImages;
import org.multipoint.samples.Samples;
import org.multipoint.segments.Segments;
import org.multipoint.transform.Multipoint;
import org.multipoint.transform.MultipointResult;
import org.nd4j.evaluation.classification.Evaluation;

import java.util.ArrayList;
import java.util.List;
import java.util.function.ToDoubleFunction;

import static org.multipoint.samples.notebooks.Output.display;
import static org.multipoint.samples.notebooks.Output.step;

/** Size against accuracy. */
public final class BitsAndBudget {

    private BitsAndBudget() {
    }

    public static void main(String[] args) throws Exception {
        step("""
                # Bits and budget

                How small may a graph become? There are two ways to ask: by the width of a code (`bits`), or by the size that you can
                afford (`storedBits` for each weight, or `storedBytes`).
                """);

        step("""
                ## 1. A graph, and what it is worth in fp32

                A small ResNet that tells apart ten kinds of shapes, and images of three kinds: to calibrate on, and to judge by.
                """);
        ComputationGraph graph = ModelSerializer.restoreComputationGraph(Samples.class.getResourceAsStream("quickstart.zip"), false);
        ImageIterator calibration = SyntheticImages.train(128, 32, CNN2DFormat.NCHW);
        ImageIterator test = SyntheticImages.test(1000, 50, CNN2DFormat.NCHW);
        ToDoubleFunction<ComputationGraph> top1 = model -> 100 * Segments.compile(model).graph().<Evaluation>evaluate(test).accuracy();
        double fp32 = top1.applyAsDouble(graph);
        System.out.printf("Top-1 in fp32: %.1f %%%n", fp32);

        step("""
                ## 2. By the width of a code

                Weights become packed points: each output channel is a sum of a few vectors of codes. What is stored is a little more than the
                width, because of scales and extra points; the report counts all of it.
                """);
        List<Double> packedBits = new ArrayList<>();
        List<Double> packedTop1 = new ArrayList<>();
        for (int bits = 2; bits <= 4; bits++) {
            MultipointResult<ComputationGraph> result = Multipoint.of(graph).calibrate(calibration).bits(bits).transform();
            packedBits.add(result.report().storedBitsPerWeight());
            packedTop1.add(top1.applyAsDouble(result.model()));
            System.out.printf("bits(%d): %.2f stored bits per weight, top-1 %.1f %%%n", bits, result.report().storedBitsPerWeight(),
                    packedTop1.get(packedTop1.size() - 1));
        }

        step("""
                ## 3. By what you can afford

                If only the size matters, weights are entropy-coded: any number of bits, also broken ones.
                """);
        List<Double> codedBits = new ArrayList<>();
        List<Double> codedTop1 = new ArrayList<>();
        for (double bits : new double[]{1.3, 1.6, 2, 3, 4}) {
            MultipointResult<ComputationGraph> result = Multipoint.of(graph).calibrate(calibration).storedBits(bits).transform();
            codedBits.add(result.report().storedBitsPerWeight());
            codedTop1.add(top1.applyAsDouble(result.model()));
            System.out.printf("storedBits(%.1f): %,d bytes of weights, top-1 %.1f %%%n", bits, result.report().storedBytes(),
                    codedTop1.get(codedTop1.size() - 1));
        }

        step("""
                ## 4. Both beside each other

                With 1,000 images, differences below one point say little: here most sizes are about as good as fp32, and the smallest begins to
                fall. The place where the curve bends is what to look for.
                """);
        XYChart chart = new XYChartBuilder().width(700).height(420).title("What stored bits buy")
                .xAxisTitle("stored bits for each weight").yAxisTitle("top-1, %").build();
        chart.getStyler().setLegendPosition(LegendPosition.InsideSE);
        chart.addSeries("storedBits: entropy-coded", codedBits, codedTop1);
        chart.addSeries("bits: packed points", packedBits, packedTop1);
        chart.addSeries("fp32", new double[]{1.2, 4.6}, new double[]{fp32, fp32});
        display(BitmapEncoder.getBufferedImage(chart));
    }
}
