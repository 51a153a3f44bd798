package org.multipoint.samples;

import org.deeplearning4j.nn.api.Model;
import org.multipoint.datasets.ImageIterator;
import org.multipoint.internal.files.AtomicFile;
import org.multipoint.internal.text.TextTable;
import org.multipoint.report.MultipointReport;
import org.multipoint.transform.Multipoint;
import org.multipoint.transform.MultipointResult;
import org.multipoint.transform.MultipointResult.Attempt;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.indexing.NDArrayIndex;
import org.nd4j.shade.jackson.annotation.JsonUnwrapped;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * A trained network beside what quantization makes of it. Each step prints what it found.
 *
 * @param <J> what networks are judged by
 */
final class Comparison<J extends Judgement> {

    private static final int MOST_TIMED = 16;
    /** Values of the images that are timed: Deeplearning4j takes gigabytes for a few large images. */
    private static final long TIMED_VALUES = 1 << 16;

    private final Notebook notebook;
    private final String model;
    private final Network network;
    private final ImageSets images;
    private final Judge<J> judge;
    private final INDArray someImages;
    private final List<Quantized<J>> quantized = new ArrayList<>();
    private Network compiled;
    private Measured<J> original;

    /**
     * What was measured of a network.
     *
     * @param bytes              size of its file
     * @param msPerImage         time of a forward pass, for each image
     * @param compiledMsPerImage the same of the network compiled to segments
     */
    record Measured<J extends Judgement>(J judgement, long bytes, double msPerImage, double compiledMsPerImage) {
    }

    /**
     * A quantized network.
     *
     * @param extraPoints budget, as a share of the codes that one point per row takes
     */
    record Quantized<J extends Judgement>(double extraPoints, MultipointReport report, double calibrationSeconds, double quantizationSeconds,
                                          Measured<J> measured) {

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
            return report.provenance().entropyCoded();
        }
    }

    /**
     * @param model name for reports
     */
    Comparison(Notebook notebook, String model, Network network, ImageSets images, Judge<J> judge) {
        this.notebook = notebook;
        this.model = model;
        this.network = network;
        this.images = images;
        this.judge = judge;
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
                        + "leave out --bits, budgets, --out, --plot and --html");
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
        original = measure(judge.evaluate(model, compiled, images.test(), null), network, compiled, SavedModel.bytes(network));
        say(original);
        if (run.json().isPresent()) {
            AtomicFile.writeJson(run.json().get(), new EvaluationJson(model, original.judgement.images(),
                    ResultJson.Figures.of(original.judgement), original.bytes, original.msPerImage,
                    ResultJson.Interval.of(original.judgement)));
            notebook.say("Results: %s", run.json().get());
        }
    }

    private void evaluateOriginal(boolean byDeeplearning4j) throws IOException {
        notebook.step("%s in fp32, on %,d test images", model, images.test().totalExamples());
        // Compiled, an fp32 network says the same many times faster.
        compiled = network.compiled();
        INDArray[] plain = network.outputs(someImages);
        INDArray[] fast = compiled.outputs(someImages);
        notebook.say("compiled for speed; outputs differ by at most %.1e", IntStream.range(0, plain.length)
                .mapToDouble(i -> plain[i].sub(fast[i]).amaxNumber().doubleValue()).max().orElseThrow());
        Network.close(plain);
        Network.close(fast);
        original = measure(judge.evaluate("fp32", byDeeplearning4j ? network : compiled, images.test(), null), network, compiled,
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
        images.searched().ifPresent(some -> multipoint.maxDrop(how.maxDrop().orElseThrow(), m -> judged(m, some)));
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
            Measured<J> measured = measure(judge.evaluate("quantized", small, images.test(), original.judgement), small,
                    small.compiled(), Files.size(file));
            SavedModel.check(file, small, someImages);
            say(measured);
            notebook.say("Saved%s, restored: outputs are the same, bit for bit.", temporary != null ? "" : " as " + file);
            quantized.add(new Quantized<>(how.extraPoints(result.report()), result.report(), result.calibrationSeconds(),
                    result.quantizationSeconds(), measured));
        } finally {
            if (temporary != null) {
                Files.delete(temporary);
            }
        }
    }

    /** The metric that {@code --max-drop} holds. */
    private double judged(Model tried, ImageIterator some) {
        return judge.evaluate("attempt", tried == network.model() ? compiled : new Network(tried).compiled(), some, null).mainValue();
    }

    private String attempts(List<Attempt> attempts) {
        return new TextTable<Attempt>()
                .number("bits", a -> String.valueOf(a.bits()))
                .text("budget", Attempt::budget)
                .number("stored bits/weight", a -> format("%.3f", a.storedBitsPerWeight()))
                .number(original.judgement.mainFigure() + " %", a -> format("%.2f", 100 * a.metric()))
                .text("", a -> a.holds() ? "holds" : "falls too far").toString(attempts, Terminal.textColumns());
    }

    private static Path withBits(Path file, int bits) {
        String name = file.getFileName().toString();
        int end = name.lastIndexOf('.') > 0 ? name.lastIndexOf('.') : name.length();
        return file.resolveSibling(name.substring(0, end) + "-" + bits + "bit" + name.substring(end));
    }

    private Measured<J> measure(J judgement, Network some, Network itsCompiled, long bytes) {
        return new Measured<>(judgement, bytes, Evaluations.msPerImage(some, someImages), Evaluations.msPerImage(itsCompiled, someImages));
    }

    private void say(Measured<J> measured) {
        J found = measured.judgement;
        notebook.say("%s%s%s, %,d bytes on disk", found.text(), known(", divergence from fp32 %.4f", found.divergence()),
                known(", agreement with it %.2f %%", 100 * found.agreement()), measured.bytes);
        notebook.say("%.2f ms an image in batches of %d, compiled %.2f ms", measured.msPerImage, someImages.size(0),
                measured.compiledMsPerImage);
    }

    /** Shows all results beside each other, and writes them where asked for. */
    private void summarize(QuantizationOptions how, RunOptions run) throws IOException {
        notebook.step("Side by side");
        List<Row<J>> rows = new ArrayList<>();
        rows.add(new Row<>("fp32", original, "32", ""));
        quantized.forEach(q -> rows.add(new Row<>(q.name(), q.measured, format("%.3f", q.report.storedBitsPerWeight()),
                format("%.3f", q.report.codesPerWeight()))));
        notebook.say("%s", table().toString(rows, Terminal.textColumns()));
        if (!Double.isNaN(quantized.get(0).measured.judgement.agreement())) {
            notebook.say("KL: mean Kullback-Leibler divergence of the class probabilities from those of fp32, in nats. Steadier than "
                    + "top-1. Agreement: share of images whose most likely class is that of fp32.");
        }
        if (images.search() != null) {
            notebook.say("On images that the search has not seen, %s is %.2f points below fp32; it was to be %.2f at most.",
                    original.judgement.mainFigure(),
                    100 * (original.judgement.mainValue() - quantized.get(0).measured.judgement.mainValue()), 100 * how.maxDrop().orElseThrow());
        }
        if (run.json().isPresent()) {
            json().write(run.json().get());
            notebook.say("Results: %s", run.json().get());
        }
        if (run.html().isPresent()) {
            for (Quantized<J> q : quantized) {
                Path file = quantized.size() == 1 ? run.html().get() : withBits(run.html().get(), q.bits());
                MeasuredReport.of(q.report, original, q).writeHtml(file, model + ", " + q.name());
                notebook.say("Report: %s", file);
            }
        }
        if (run.plot().isPresent()) {
            judge.draw(run.plot().get(), model, original, quantized);
            notebook.say("Plot: %s", run.plot().get());
        }
    }

    private TextTable<Row<J>> table() {
        TextTable<Row<J>> table = new TextTable<Row<J>>().text("network", Row::name);
        Figure first = original.judgement.mainFigure();
        for (Figure figure : original.judgement.figures().keySet()) {
            table.number(figure + " %", r -> format("%.2f", 100 * r.measured.judgement.figures().get(figure)));
            if (figure != first) {
                table.optional(1);
            } else if (!Double.isNaN(original.judgement.low())) {
                table.number("95 % interval", r -> r.measured.judgement.lowToHigh());
            }
        }
        if (quantized.stream().anyMatch(q -> !Double.isNaN(q.measured.judgement.agreement()))) {
            table.number("KL", r -> known("%.4f", r.measured.judgement.divergence()))
                    .number("agreement %", r -> known("%.2f", 100 * r.measured.judgement.agreement()));
        }
        return table.number("stored bits/ weight", Row::bitsPerWeight)
                .number("codes/ weight", Row::codesPerWeight).optional(4)
                .number("file bytes", r -> format("%,d", r.measured.bytes))
                .number("ms/ image", r -> format("%.2f", r.measured.msPerImage)).optional(3)
                .number("compiled", r -> format("%.2f", r.measured.compiledMsPerImage)).optional(2);
    }

    private record Row<J extends Judgement>(String name, Measured<J> measured, String bitsPerWeight, String codesPerWeight) {
    }

    /**
     * What was found of a network that was evaluated only, for other programs. Names and meanings of fields stay.
     *
     * @param testImages images that it was evaluated on
     * @param figures    what it is judged by
     * @param bytes      size of the saved model
     * @param msPerImage time of a forward pass in Deeplearning4j, for each image
     * @param interval   of top-1
     */
    record EvaluationJson(String model, long testImages, @JsonUnwrapped ResultJson.Figures figures, long bytes, double msPerImage,
                          @JsonUnwrapped ResultJson.Interval interval) {
    }

    /** A figure, or nothing where it is NaN. */
    private static String known(String text, double value) {
        return Double.isNaN(value) ? "" : format(text, value);
    }

    private static String format(String text, Object value) {
        return String.format(Locale.ROOT, text, value);
    }

    private ResultJson json() {
        List<ResultJson> all = quantized.stream().map(this::json).toList();
        return all.get(0).with(all.subList(1, all.size()));
    }

    private ResultJson json(Quantized<J> q) {
        J before = original.judgement;
        J after = q.measured.judgement;
        Double kl = ResultJson.known(after.divergence());
        return new ResultJson(model, q.method(), q.bits(), q.extraPoints, images.calibration().totalExamples(), after.images(),
                new ResultJson.Fp32(ResultJson.Figures.of(before), original.bytes, original.msPerImage, ResultJson.Interval.of(before)),
                new ResultJson.Quantized(ResultJson.Figures.of(after), q.report.storedBitsPerWeight(), q.report.codesPerWeight(), q.measured.bytes,
                        q.measured.msPerImage, kl, kl, ResultJson.known(after.agreement()), ResultJson.Interval.of(after)),
                new ResultJson.Seconds(q.calibrationSeconds, q.quantizationSeconds, before.seconds() + after.seconds()),
                PeakMemory.megabytes(), List.of());
    }
}
