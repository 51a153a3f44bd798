package org.multipoint.samples;

import org.deeplearning4j.nn.api.Model;
import org.multipoint.datasets.ImageIterator;
import org.multipoint.transform.Multipoint;
import org.multipoint.transform.MultipointResult;
import org.nd4j.linalg.api.ndarray.INDArray;

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

    private final Notebook notebook;
    private final String model;
    private final Network network;
    private final ImageSets images;
    private final Judge<J> judge;
    private final INDArray someImages;
    private final List<QuantizedNetwork<J>> quantized = new ArrayList<>();
    private Network compiled;
    private Measured<J> original;

    /**
     * @param model name for reports
     */
    Comparison(Notebook notebook, String model, Network network, ImageSets images, Judge<J> judge) {
        this.notebook = notebook;
        this.model = model;
        this.network = network;
        this.images = images;
        this.judge = judge;
        this.someImages = Evaluations.someOf(images.test().next().getFeatures());
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
        notebook.say("%s", original);
        run.json().write(() -> EvaluationJson.of(model, original), notebook);
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
        notebook.say("%s", original);
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
        MultipointResult<M> result = new QuantizationRun(notebook, how, images.calibration(), images.calibration().batches(),
                images.searched().map(this::search).orElse(null)).of(multipoint, task);
        Network small = new Network(result.model());
        Path temporary = out.isPresent() ? null : Files.createTempFile("multipoint", ".zip");
        if (temporary != null) {
            temporary.toFile().deleteOnExit();
        }
        try {
            Path file = out.orElse(temporary);
            SavedModel.write(small, file);
            Measured<J> measured = measure(judge.evaluate("quantized", small, images.test(), original.judgement()), small,
                    small.compiled(), Files.size(file));
            SavedModel.check(file, small, someImages);
            notebook.say("%s", measured);
            notebook.say("Saved%s, restored: outputs are the same, bit for bit.", temporary != null ? "" : " as " + file);
            quantized.add(QuantizedNetwork.of(how.extraPoints(result.report()), result, measured));
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

    private QuantizationRun.Search search(ImageIterator some) {
        return new QuantizationRun.Search(m -> judged(m, some), original.judgement().mainFigure().toString(), some.totalExamples());
    }

    /** A file beside another one, with the width of a code in its name. */
    static Path withBits(Path file, int bits) {
        String name = file.getFileName().toString();
        int end = name.lastIndexOf('.') > 0 ? name.lastIndexOf('.') : name.length();
        return file.resolveSibling(name.substring(0, end) + "-" + bits + "bit" + name.substring(end));
    }

    private Measured<J> measure(J judgement, Network some, Network itsCompiled, long bytes) {
        return Measured.of(judgement, some, itsCompiled, bytes, someImages);
    }

    /** Shows all results beside each other, and writes them where asked for. */
    private void summarize(QuantizationOptions how, RunOptions run) throws IOException {
        notebook.step("Side by side");
        ComparisonTable<J> table = new ComparisonTable<>(original, quantized);
        notebook.say("%s", table.toText(Terminal.textColumns()));
        quantized.forEach(q -> notebook.say("%s", inShort(q)));
        if (table.hasAgreement()) {
            notebook.say("KL: mean Kullback-Leibler divergence of the class probabilities from those of fp32, in nats. Steadier than "
                    + "top-1. Agreement: share of images whose most likely class is that of fp32.");
        }
        if (images.search() != null) {
            notebook.say("On images that the search has not seen, %s is %.2f points below fp32; it was to be %.2f at most.",
                    original.judgement().mainFigure(),
                    100 * (original.judgement().mainValue() - quantized.get(0).measured().judgement().mainValue()), 100 * how.maxDrop().orElseThrow());
        }
        if (run.html().isPresent()) {
            for (QuantizedNetwork<J> q : quantized) {
                Path file = quantized.size() == 1 ? run.html().get() : withBits(run.html().get(), q.bits());
                MeasuredReport.of(q.report(), original, q).writeHtml(file, model + ", " + q.name());
                notebook.say("Report: %s", file);
            }
        }
        run.json().write(this::json, notebook);
        if (run.plot().isPresent()) {
            judge.draw(run.plot().get(), model, original, quantized);
            notebook.say("Plot: %s", run.plot().get());
        }
    }

    /** What a network has become, in one sentence. */
    private String inShort(QuantizedNetwork<J> q) {
        double lost = 100 * (original.judgement().mainValue() - q.measured().judgement().mainValue());
        return String.format(Locale.ROOT, "%s: %.1f times smaller, %.1f points of %s %s, %.1f times faster compiled than fp32 in Deeplearning4j.",
                q.name(), (double) original.bytes() / q.measured().bytes(), Math.abs(lost), original.judgement().mainFigure(),
                lost >= 0 ? "lost" : "gained", original.msPerImage() / q.measured().compiledMsPerImage());
    }

    private ResultJson json() {
        List<ResultJson> all = quantized.stream().map(q -> ResultJson.of(model, images.calibration().totalExamples(), original, q)).toList();
        return all.get(0).with(all.subList(1, all.size()));
    }
}
