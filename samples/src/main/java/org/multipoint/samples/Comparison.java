package org.multipoint.samples;

import org.deeplearning4j.nn.graph.ComputationGraph;
import org.multipoint.datasets.ImageIterator;
import org.multipoint.report.MultipointReport;
import org.multipoint.transform.Multipoint;
import org.multipoint.transform.MultipointResult;
import org.multipoint.transform.MultipointResult.Attempt;
import org.multipoint.transform.Segments;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.indexing.NDArrayIndex;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** A trained network beside what quantization makes of it. Each step prints what it found. */
final class Comparison {

    private static final int MOST_TIMED = 16;
    /** Values of the images that are timed: Deeplearning4j takes gigabytes for a few large images. */
    private static final long TIMED_VALUES = 1 << 16;

    private final Notebook notebook;
    private final String model;
    private final ComputationGraph network;
    private final ImageIterator calibration;
    private final ImageIterator test;
    private final INDArray someImages;
    private final List<Quantized> quantized = new ArrayList<>();
    private Measured original;

    /**
     * What was measured of a network.
     *
     * @param bytes              size of its file
     * @param msPerImage         time of a forward pass, for each image
     * @param compiledMsPerImage the same of the network compiled to segments
     */
    record Measured(Evaluations.Result evaluation, long bytes, double msPerImage, double compiledMsPerImage) {
    }

    /**
     * A quantized network.
     *
     * @param bits        width of a code
     * @param extraPoints budget, as a share of the codes that one point per row takes
     */
    record Quantized(int bits, String method, double extraPoints, MultipointReport report, double calibrationSeconds,
                     double quantizationSeconds, Measured measured) {
    }

    /**
     * @param model name for reports
     */
    Comparison(Notebook notebook, String model, ComputationGraph network, ImageIterator calibration, ImageIterator test) {
        this.notebook = notebook;
        this.model = model;
        this.network = network;
        this.calibration = calibration;
        this.test = test;
        INDArray batch = test.next().getFeatures();
        long timed = Math.max(1, Math.min(MOST_TIMED, TIMED_VALUES / (batch.length() / batch.size(0))));
        this.someImages = batch.get(NDArrayIndex.interval(0, Math.min(timed, batch.size(0)))).dup();
    }

    /**
     * The whole comparison: the network as it is, quantized with each of the given widths, and all results beside each other.
     *
     * @param byDeeplearning4j whether Deeplearning4j's own layers evaluate it as it is, not the compiled network
     */
    void show(QuantizationOptions how, List<Integer> widths, RunOptions run, boolean byDeeplearning4j) throws IOException {
        notebook.say("%,d to calibrate on, %,d to evaluate on", calibration.totalExamples(), test.totalExamples());
        evaluateOriginal(byDeeplearning4j);
        quantize(how, widths, run);
        summarize(run);
    }

    private void evaluateOriginal(boolean byDeeplearning4j) throws IOException {
        notebook.step("%s in fp32, on %,d test images", model, test.totalExamples());
        // Compiled, an fp32 network says the same many times faster.
        ComputationGraph compiled = Segments.compile(network).graph();
        try (INDArray plain = network.outputSingle(someImages); INDArray fast = compiled.outputSingle(someImages)) {
            notebook.say("compiled for speed; class probabilities differ by at most %.1e", plain.sub(fast).amaxNumber().doubleValue());
        }
        original = measure(Evaluations.evaluate("fp32", byDeeplearning4j ? network : compiled, test), network, compiled, SavedModel.bytes(network));
        say(original);
    }

    /** Quantizes with each of the given widths, and evaluates, saves and restores the result. */
    private void quantize(QuantizationOptions how, List<Integer> widths, RunOptions run) throws IOException {
        if (widths.isEmpty()) {
            notebook.step("Quantized: %s, codes of any width, calibrated on %,d images", how.method(), calibration.totalExamples());
            quantize(how, Multipoint.of(network), "", run, 1);
        }
        for (int bits : widths) {
            notebook.step("Quantized: %s, %d bits a code, calibrated on %,d images", how.method(), bits, calibration.totalExamples());
            quantize(how, Multipoint.of(network).bits(bits), bits + "-bit ", run, widths.size());
        }
    }

    private void quantize(QuantizationOptions how, Multipoint<ComputationGraph> multipoint, String task, RunOptions run, int results)
            throws IOException {
        how.apply(multipoint.calibrate(calibration));
        how.maxDrop().ifPresent(drop -> multipoint.maxDrop(drop, this::top1));
        MultipointResult<ComputationGraph> result;
        try (Progress.OfTransform progress = new Progress.OfTransform(task,
                (calibration.totalExamples() + calibration.batch() - 1) / calibration.batch())) {
            result = multipoint.listener(progress).transform();
        }
        int bits = Integer.parseInt(result.report().provenance().get("bits"));
        if (!result.attempts().isEmpty()) {
            notebook.say("%s", attempts(result.attempts()));
        }
        notebook.say("%s", result.report());
        Path temporary = run.out().isPresent() ? null : Files.createTempFile("multipoint", ".zip");
        try {
            Path file = temporary != null ? temporary : withBits(run.out().get(), bits, results);
            SavedModel.write(result.model(), file);
            Measured measured = measure(Evaluations.evaluate(bits + "-bit", result.model(), test), result.model(),
                    Segments.compile(result.model()).graph(), Files.size(file));
            SavedModel.check(file, result.model(), someImages);
            say(measured);
            notebook.say("Saved%s, restored: outputs are the same, bit for bit.", temporary != null ? "" : " as " + file);
            quantized.add(new Quantized(bits, how.method(), how.extraPoints(result.report()), result.report(),
                    result.calibrationSeconds(), result.quantizationSeconds(), measured));
        } finally {
            if (temporary != null) {
                Files.delete(temporary);
            }
        }
    }

    /** The metric that {@code --max-drop} holds. */
    private double top1(ComputationGraph graph) {
        return graph == network ? original.evaluation.top1() : Evaluations.evaluate("attempt", Segments.compile(graph).graph(), test).top1();
    }

    private static String attempts(List<Attempt> attempts) {
        return Tables.of(attempts, List.of(
                Tables.number("bits", a -> String.valueOf(a.bits())),
                Tables.number("extra points %", a -> format("%.1f", 100 * a.extraPoints())),
                Tables.number("stored bits/weight", a -> format("%.3f", a.storedBitsPerWeight())),
                Tables.number("top-1 %", a -> format("%.2f", 100 * a.metric())),
                Tables.text("", a -> a.holds() ? "holds" : "falls too far")));
    }

    private static Path withBits(Path file, int bits, int widths) {
        String name = file.getFileName().toString();
        int end = name.endsWith(".zip") ? name.length() - ".zip".length() : name.length();
        return widths == 1 ? file : file.resolveSibling(name.substring(0, end) + "-" + bits + "bit" + name.substring(end));
    }

    private Measured measure(Evaluations.Result evaluation, ComputationGraph graph, ComputationGraph compiled, long bytes) {
        return new Measured(evaluation, bytes, Evaluations.msPerImage(graph, someImages), Evaluations.msPerImage(compiled, someImages));
    }

    private void say(Measured measured) {
        notebook.say("top-1 %.2f %%, top-5 %.2f %%, %,d bytes on disk, %.2f ms an image in batches of %d, compiled %.2f ms",
                100 * measured.evaluation.top1(), 100 * measured.evaluation.top5(), measured.bytes, measured.msPerImage, someImages.size(0), measured.compiledMsPerImage);
    }

    /** Shows all results beside each other, and writes them where asked for. */
    private void summarize(RunOptions run) throws IOException {
        notebook.step("Side by side");
        List<Row> rows = new ArrayList<>();
        rows.add(new Row("fp32", original, "32", ""));
        quantized.forEach(q -> rows.add(new Row(q.bits + "-bit " + q.method, q.measured, format("%.3f", q.report.storedBitsPerWeight()),
                format("%.3f", q.report.codesPerWeight()))));
        notebook.say("%s", Tables.of(rows, List.of(
                Tables.text("network", Row::name),
                Tables.number("top-1 %", r -> format("%.2f", 100 * r.measured.evaluation.top1())),
                Tables.number("top-5 %", r -> format("%.2f", 100 * r.measured.evaluation.top5())),
                Tables.number("stored bits/weight", Row::bitsPerWeight),
                Tables.number("codes/weight", Row::codesPerWeight),
                Tables.number("file bytes", r -> format("%,d", r.measured.bytes)),
                Tables.number("of fp32 %", r -> format("%.1f", 100.0 * r.measured.bytes / original.bytes)),
                Tables.number("ms/image", r -> format("%.2f", r.measured.msPerImage)),
                Tables.number("compiled", r -> format("%.2f", r.measured.compiledMsPerImage)))));
        if (run.json().isPresent()) {
            json().write(run.json().get());
            notebook.say("Results: %s", run.json().get());
        }
        if (run.plot().isPresent()) {
            ComparisonPlot.write(run.plot().get(), model, original, quantized);
            notebook.say("Plot: %s", run.plot().get());
        }
    }

    private record Row(String name, Measured measured, String bitsPerWeight, String codesPerWeight) {
    }

    private static String format(String text, Object value) {
        return String.format(Locale.ROOT, text, value);
    }

    private ResultJson json() {
        List<ResultJson> all = quantized.stream().map(this::json).toList();
        return all.get(0).with(all.subList(1, all.size()));
    }

    private ResultJson json(Quantized q) {
        Evaluations.Result after = q.measured.evaluation;
        return new ResultJson(model, q.method, q.bits, q.extraPoints, calibration.totalExamples(), after.images(),
                new ResultJson.Fp32(original.evaluation.top1(), original.evaluation.top5(), original.bytes, original.msPerImage),
                new ResultJson.Quantized(after.top1(), after.top5(), q.report.storedBitsPerWeight(), q.report.codesPerWeight(), q.measured.bytes,
                        q.measured.msPerImage),
                new ResultJson.Seconds(q.calibrationSeconds, q.quantizationSeconds, original.evaluation.seconds() + after.seconds()),
                PeakMemory.megabytes(), List.of());
    }
}
