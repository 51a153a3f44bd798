package org.multipoint.report;

import org.multipoint.testing.TestProvenance;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.IntStream;

/** Reports as transformations may give them. */
final class ExampleReports {

    private ExampleReports() {
    }

    /** A few layers with packed points; names, reasons and settings that would be markup where they are not escaped. */
    static MultipointReport nasty() {
        Map<String, String> kept = new LinkedHashMap<>();
        kept.put("</table><b>lstm", "LSTM & \"others\" are not supported");
        kept.put("head", "left out as asked");
        Provenance provenance = new Provenance("1.2", "ComputationGraph", "calibrated", 4, "10 % <i>extra</i> points", 32, "Images",
                Map.of("grid", "</script><script>broken()</script>"));
        return new MultipointReport(List.of(
                new LayerReport("<script>alert(1)</script>", "separable_convolution", 10, 27, 4, List.of(8, 2), List.of(200, 100, 24), 1500, 1500,
                        0.00123, 10, 0, new InputReport(8, 0.02f, 128, -3.1, 2.5, 0.01)),
                new LayerReport("dense' onload='x\u0007", "dense", 4, 100, 2, List.of(1, 0, 3), List.of(0, 1000), 2212, 2212, 0, 1, 0.0039,
                        InputReport.FLOATING)), kept, Map.of("dense", "few <samples>"), 120, provenance)
                .with(new Measurement("top-1 on 10,000 <images>", "%", 91.4, 91.25))
                .with(new Measurement("file", "bytes", 1_102_334, 173_223))
                .with(new Measurement("quantization", "s", Double.NaN, 12.34));
    }

    /** Entropy-coded layers, as many as a deep network has. */
    static MultipointReport deep(int operations) {
        Random random = new Random(1);
        List<LayerReport> layers = new ArrayList<>();
        for (int i = 0; i < operations; i++) {
            int rows = 16 << Math.min(4, i / 12);
            int columns = i % 3 == 0 ? 9 : 9 * rows;
            long weights = (long) rows * columns;
            double bits = 1.5 + 4 * random.nextDouble();
            int largest = 2 + random.nextInt(30);
            List<Integer> magnitudes = IntStream.rangeClosed(0, largest).mapToObj(k -> (int) (weights * Math.pow(0.5, k + 1.0))).toList();
            double max = 6 * random.nextDouble();
            double min = i % 2 == 0 ? 0 : -max * random.nextDouble();
            float scale = (float) ((max - min) * (1 - 0.6 * random.nextDouble()) / 255);
            layers.add(new LayerReport("block" + i / 3 + "/expanded_conv_" + i % 3, i % 3 == 0 ? "depthwise_convolution" : "convolution", rows,
                    columns, 8, List.of(rows), magnitudes, (long) (bits * weights), (long) (bits * weights),
                    Math.pow(10, -4 + 3 * random.nextDouble()), rows, 0,
                    new InputReport(8, scale, (int) (255 * -min / (max - min)), min, max, 0.03 * random.nextDouble())));
        }
        return new MultipointReport(layers, Map.of("predictions", "left out as asked"), Map.of(), 54_321,
                new Provenance("1.2", "ComputationGraph", "coded", 8, "3 stored bits per weight", 512, "ImageIterator",
                        Map.of("activations", "8 bits", "clipping", "output_error", "foldBatchNormalization", "true")))
                .with(new Measurement("top-1 on 10,000 test images", "%", 74.56, 74.31))
                .with(new Measurement("agreement with fp32", "%", Double.NaN, 96.2))
                .with(new Measurement("file", "bytes", 18_602_334, 2_473_223))
                .with(new Measurement("time per image", "ms", 41.2, 2.21));
    }

    /** Nothing that could be quantized. */
    static MultipointReport empty() {
        return new MultipointReport(List.of(), Map.of(), Map.of(), 0, TestProvenance.PROVENANCE);
    }
}
