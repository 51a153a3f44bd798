package org.multipoint.samples;

import org.deeplearning4j.nn.api.Model;
import org.multipoint.datasets.ImageIterator;
import org.multipoint.internal.text.TextTable;
import org.multipoint.report.MultipointReport;
import org.multipoint.transform.Multipoint;
import org.multipoint.transform.MultipointResult;
import org.multipoint.transform.MultipointResult.Attempt;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.indexing.NDArrayIndex;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** A trained network beside what quantization makes of it. Each step prints what it found. */
final class Comparison {

    private static final int MOST_TIMED = 16;
    /** Values of the images that are timed: Deeplearning4j takes gigabytes for a few large images. */
    private static final long TIMED_VALUES = 1 << 16;

    private static final TextTable<Row> SUMMARY = new TextTable<Row>()
            .text("network", Row::name)
            .number("top-1 %", r -> format("%.2f", 100 * r.measured.evaluation.top1()))
            .number("top-5 %", r -> format("%.2f", 100 * r.measured.evaluation.top5())).optional(1)
            .number("divergence", r -> Double.isNaN(r.measured.evaluation.divergence()) ? ""
                    : format("%.4f", r.measured.evaluation.divergence()))
            .number("stored bits/ weight", Row::bitsPerWeight)
            .number("codes/ weight", Row::codesPerWeight).optional(3)
            .number("file bytes", r -> format("%,d", r.measured.bytes))
            .number("ms/ image", r -> format("%.2f", r.measured.msPerImage)).optional(2)
            .number("compiled", r -> format("%.2f", r.measured.compiledMsPerImage));

    private final Notebook notebook;
    private final String model;
    private final Network network;
    private final ImageSets images;
    private final INDArray someImages;
    private final List<Quantized> quantized = new ArrayList<>();
    private Network compiled;
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
     * @param extraPoints budget, as a share of the codes that one point per row takes
     */
    record Quantized(double extraPoints, MultipointReport report, double calibrationSeconds, double quantizationSeconds, Measured measured) {

        /** Width of a code. */
        int bits() {
            return report.provenance().bits();
        }

        /** Name of the method. */
        String method() {
            return report.provenance().method();
        }

        /** What tells it from others of the same method: the width of its codes, or what they take where they are entropy-coded. */
        String size() {
            return isCoded() ? format("%.2f stored bits", report.storedBitsPerWeight()) : bits() + "-bit";
        }

        String name() {
            return isCoded() ? method() + ", " + size() : size() + " " + method();
        }

        private boolean isCoded() {
            return Network.isCoded(report.provenance());
        }
    }

    /**
     * @param model name for reports
     */
    Comparison(Notebook notebook, String model, Network network, ImageSets images) {
        this.notebook = notebook;
        this.model = model;
        this.network = network;
        this.images = images;
        INDArray batch = images.test().next().getFeatures();
        long timed = Math.max(1, Math.min(MOST_TIMED, TIMED_VALUES / (batch.length() / batch.size(0))));
        this.someImages = batch.get(NDArrayIndex.interval(0, Math.min(timed, batch.size(0)))).dup();
    }

    /**
     * The whole comparison: the network as it is, quantized with each of the given widths, and all results beside each other. A network
     * that is transformed or compiled already is evaluated only.
     *
     * @param byDeeplearning4j whether Deeplearning4j's own layers evaluate it as it is, not the compiled network
     * @throws IllegalArgumentException where what is asked for needs a network in fp32, and it is none
     */
    void show(QuantizationOptions how, List<Integer> widths, RunOptions run, boolean byDeeplearning4j) throws IOException {
        notebook.say("%s", images);
        if (!network.isPlain()) {
            if (how.isGiven() || run.wantsModelOrPlot()) {
                throw new IllegalArgumentException(model + " is " + network + ": it can be evaluated, but not quantized, saved or drawn; "
                        + "leave out --bits, budgets, --out and --plot");
            }
            evaluateOnly(run);
            return;
        }
        evaluateOriginal(byDeeplearning4j);
        quantize(how, widths, run);
        summarize(how, run);
    }

    private void evaluateOnly(RunOptions run) throws IOException {
        notebook.step("%s as it is, on %,d test images", model, images.test().totalExamples());
        compiled = network.compiled();
        original = measure(Evaluations.evaluate(model, compiled, images.test()), network, compiled, SavedModel.bytes(network));
        say(original);
        if (run.json().isPresent()) {
            AtomicFile.writeJson(run.json().get(), new EvaluationJson(model, original.evaluation.images(), original.evaluation.top1(),
                    original.evaluation.top5(), original.bytes, original.msPerImage));
            notebook.say("Results: %s", run.json().get());
        }
    }

    private void evaluateOriginal(boolean byDeeplearning4j) throws IOException {
        notebook.step("%s in fp32, on %,d test images", model, images.test().totalExamples());
        // Compiled, an fp32 network says the same many times faster.
        compiled = network.compiled();
        try (INDArray plain = network.output(someImages); INDArray fast = compiled.output(someImages)) {
            notebook.say("compiled for speed; outputs differ by at most %.1e", plain.sub(fast).amaxNumber().doubleValue());
        }
        original = measure(Evaluations.evaluate("fp32", byDeeplearning4j ? network : compiled, images.test()), network, compiled,
                SavedModel.bytes(network));
        say(original);
    }

    /** Quantizes with each of the given widths, and evaluates, saves and restores the result. */
    private void quantize(QuantizationOptions how, List<Integer> widths, RunOptions run) throws IOException {
        if (widths.isEmpty()) {
            notebook.step("Quantized, calibrated on %,d images", images.calibration().totalExamples());
            quantize(how, network.quantizer(), "", run.out());
        }
        for (int bits : widths) {
            notebook.step("Quantized: %d bits a code, calibrated on %,d images", bits, images.calibration().totalExamples());
            quantize(how, network.quantizer().bits(bits), bits + "-bit ",
                    widths.size() == 1 ? run.out() : run.out().map(file -> withBits(file, bits)));
        }
    }

    private <M extends Model> void quantize(QuantizationOptions how, Multipoint<M> multipoint, String task, Optional<Path> out)
            throws IOException {
        how.apply(multipoint.calibrate(images.calibration()));
        images.searched().ifPresent(some -> multipoint.maxDrop(how.maxDrop().orElseThrow(), m -> top1(m, some)));
        MultipointResult<M> result;
        try (Progress.OfTransform progress = new Progress.OfTransform(task,
                (images.calibration().totalExamples() + images.calibration().batch() - 1) / images.calibration().batch())) {
            result = multipoint.listener(progress).transform();
        }
        Network small = new Network(result.model());
        images.searched().ifPresent(some -> notebook.say("Tried on %,d images, none of them to calibrate or to evaluate on:%n%s",
                some.totalExamples(), attempts(result.attempts())));
        notebook.say("%s", result.report().toText(Terminal.textColumns()));
        Path temporary = out.isPresent() ? null : Files.createTempFile("multipoint", ".zip");
        if (temporary != null) {
            temporary.toFile().deleteOnExit();
        }
        try {
            Path file = out.orElse(temporary);
            SavedModel.write(small, file);
            Measured measured = measure(Evaluations.evaluate("quantized", small, images.test(), original.evaluation.outputs()), small,
                    small.compiled(), Files.size(file));
            SavedModel.check(file, small, someImages);
            say(measured);
            notebook.say("Saved%s, restored: outputs are the same, bit for bit.", temporary != null ? "" : " as " + file);
            quantized.add(new Quantized(how.extraPoints(result.report()), result.report(), result.calibrationSeconds(),
                    result.quantizationSeconds(), measured));
        } finally {
            if (temporary != null) {
                Files.delete(temporary);
            }
        }
    }

    /** The metric that {@code --max-drop} holds. */
    private double top1(Model tried, ImageIterator some) {
        return Evaluations.evaluate("attempt", tried == network.model() ? compiled : new Network(tried).compiled(), some).top1();
    }

    private static String attempts(List<Attempt> attempts) {
        return new TextTable<Attempt>()
                .number("bits", a -> String.valueOf(a.bits()))
                .text("budget", Attempt::budget)
                .number("stored bits/weight", a -> format("%.3f", a.storedBitsPerWeight()))
                .number("top-1 %", a -> format("%.2f", 100 * a.metric()))
                .text("", a -> a.holds() ? "holds" : "falls too far").toString(attempts, Terminal.textColumns());
    }

    private static Path withBits(Path file, int bits) {
        String name = file.getFileName().toString();
        int end = name.endsWith(".zip") ? name.length() - ".zip".length() : name.length();
        return file.resolveSibling(name.substring(0, end) + "-" + bits + "bit" + name.substring(end));
    }

    private Measured measure(Evaluations.Result evaluation, Network some, Network itsCompiled, long bytes) {
        return new Measured(evaluation, bytes, Evaluations.msPerImage(some, someImages), Evaluations.msPerImage(itsCompiled, someImages));
    }

    private void say(Measured measured) {
        Evaluations.Result found = measured.evaluation;
        notebook.say("top-1 %.2f %%, top-5 %.2f %%%s, %,d bytes on disk", 100 * found.top1(), 100 * found.top5(),
                Double.isNaN(found.divergence()) ? "" : format(", divergence from fp32 %.4f", found.divergence()), measured.bytes);
        notebook.say("%.2f ms an image in batches of %d, compiled %.2f ms", measured.msPerImage, someImages.size(0),
                measured.compiledMsPerImage);
    }

    /** Shows all results beside each other, and writes them where asked for. */
    private void summarize(QuantizationOptions how, RunOptions run) throws IOException {
        notebook.step("Side by side");
        List<Row> rows = new ArrayList<>();
        rows.add(new Row("fp32", original, "32", ""));
        quantized.forEach(q -> rows.add(new Row(q.name(), q.measured, format("%.3f", q.report.storedBitsPerWeight()),
                format("%.3f", q.report.codesPerWeight()))));
        notebook.say("%s", SUMMARY.toString(rows, Terminal.textColumns()));
        notebook.say("Divergence: mean Kullback-Leibler divergence of the class probabilities from those of fp32, in nats. Steadier than "
                + "top-1.");
        if (images.search() != null) {
            notebook.say("On images that the search has not seen, top-1 is %.2f points below fp32; it was to be %.2f at most.",
                    100 * (original.evaluation.top1() - quantized.get(0).measured.evaluation.top1()), 100 * how.maxDrop().orElseThrow());
        }
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

    /**
     * What was found of a network that was evaluated only, for other programs. Names and meanings of fields stay.
     *
     * @param testImages images that it was evaluated on
     * @param top1       share of images whose most likely class is right
     * @param top5       share of images whose class is among the five most likely ones
     * @param bytes      size of the saved model
     * @param msPerImage time of a forward pass in Deeplearning4j, for each image
     */
    record EvaluationJson(String model, long testImages, double top1, double top5, long bytes, double msPerImage) {
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
        return new ResultJson(model, q.method(), q.bits(), q.extraPoints, images.calibration().totalExamples(), after.images(),
                new ResultJson.Fp32(original.evaluation.top1(), original.evaluation.top5(), original.bytes, original.msPerImage),
                new ResultJson.Quantized(after.top1(), after.top5(), q.report.storedBitsPerWeight(), q.report.codesPerWeight(), q.measured.bytes,
                        q.measured.msPerImage, Double.isNaN(after.divergence()) ? null : after.divergence()),
                new ResultJson.Seconds(q.calibrationSeconds, q.quantizationSeconds, original.evaluation.seconds() + after.seconds()),
                PeakMemory.megabytes(), List.of());
    }
}
