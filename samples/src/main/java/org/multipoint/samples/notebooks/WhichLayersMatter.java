package org.multipoint.samples.notebooks;

import org.deeplearning4j.nn.conf.CNN2DFormat;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.util.ModelSerializer;
import org.knowm.xchart.BitmapEncoder;
import org.knowm.xchart.CategoryChart;
import org.knowm.xchart.CategoryChartBuilder;
import org.multipoint.datasets.ImageIterator;
import org.multipoint.datasets.SyntheticImages;
import org.multipoint.options.Method;
import org.multipoint.report.LayerReport;
import org.multipoint.samples.Samples;
import org.multipoint.segments.Segments;
import org.multipoint.transform.Multipoint;
import org.multipoint.transform.MultipointResult;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.ops.transforms.Transforms;

import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.ToDoubleFunction;

import static org.multipoint.samples.notebooks.Output.display;
import static org.multipoint.samples.notebooks.Output.step;

/** Each layer alone, and what to do about those that hurt. */
public final class WhichLayersMatter {

    private WhichLayersMatter() {
    }

    public static void main(String[] args) throws Exception {
        step("""
                # Which layers matter

                Some layers hardly notice that their weights are rounded, others spoil the whole network. A layer that hurts can be left in fp32
                or be given more bits.
                """);

        step("""
                ## 1. A graph, and a measure of harm

                A small ResNet that tells apart ten kinds of shapes. Harm is the mean Kullback-Leibler divergence of the class probabilities from
                those of the graph in fp32: it is finer than top-1, and needs no labels.
                """);
        ComputationGraph graph = ModelSerializer.restoreComputationGraph(Samples.class.getResourceAsStream("quickstart.zip"), false);
        ImageIterator calibration = SyntheticImages.train(64, 32, CNN2DFormat.NCHW);
        INDArray images = SyntheticImages.validation(256, 256, CNN2DFormat.NCHW).next().getFeatures();
        INDArray expected = Segments.compile(graph).graph().outputSingle(images).add(1e-7);
        ToDoubleFunction<ComputationGraph> harm = model -> {
            INDArray found = Segments.compile(model).graph().outputSingle(images).add(1e-7);
            return expected.mul(Transforms.log(expected).sub(Transforms.log(found))).sum(1).meanNumber().doubleValue();
        };

        step("""
                ## 2. All layers with 2 bits

                The report names the layers that can be quantized.
                """);
        MultipointResult<ComputationGraph> all = Multipoint.of(graph).calibrate(calibration).bits(2).points(1).transform();
        List<String> layers = all.report().layers().stream().map(LayerReport::name).toList();
        System.out.printf("%d layers, %.2f stored bits per weight, harm %.4f%n", layers.size(), all.report().storedBitsPerWeight(),
                harm.applyAsDouble(all.model()));

        step("""
                ## 3. Each layer alone

                All others stay in fp32. Rounding to the nearest code takes no time, and shows the layer's own sensitivity, before any method makes
                up for it.
                """);
        Map<String, Double> alone = new LinkedHashMap<>();
        for (String layer : layers) {
            String[] others = layers.stream().filter(name -> !name.equals(layer)).toArray(String[]::new);
            ComputationGraph model = Multipoint.of(graph).calibrate(calibration).method(Method.NEAREST).bits(3).leaveOut(others).transform().model();
            alone.put(layer, harm.applyAsDouble(model));
        }
        alone.forEach((layer, value) -> System.out.printf("%-12s %.4f%n", layer, value));

        CategoryChart chart = new CategoryChartBuilder().width(800).height(420).title("Harm of each layer alone, rounded to 3 bits")
                .yAxisTitle("divergence from fp32, nats").build();
        chart.getStyler().setXAxisLabelRotation(90).setLegendVisible(false);
        chart.addSeries("harm", List.copyOf(alone.keySet()), List.copyOf(alone.values()));
        display(BitmapEncoder.getBufferedImage(chart));

        step("""
                ## 4. More bits where it matters

                The three layers that hurt most get 4 bits, all others keep 2.
                """);
        List<String> worst = layers.stream().sorted(Comparator.comparing(alone::get).reversed()).limit(3).toList();
        Multipoint<ComputationGraph> multipoint = Multipoint.of(graph).calibrate(calibration).bits(2).points(1);
        worst.forEach(layer -> multipoint.bits(layer, 4));
        MultipointResult<ComputationGraph> better = multipoint.transform();
        System.out.printf("4 bits for %s: %.2f stored bits per weight, harm %.4f%n", worst, better.report().storedBitsPerWeight(),
                harm.applyAsDouble(better.model()));

        step("""
                ## 5. Or let the budget decide

                The same stored bits as a budget: entropy-coded weights, spread over the layers by what they do to the outputs. This
                measures the sensitivity of layers by itself.
                """);
        MultipointResult<ComputationGraph> spread = Multipoint.of(graph).calibrate(calibration)
                .storedBits(better.report().storedBitsPerWeight()).transform();
        System.out.printf("%.2f stored bits per weight, harm %.4f%n", spread.report().storedBitsPerWeight(), harm.applyAsDouble(spread.model()));
    }
}
