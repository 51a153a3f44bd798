package org.multipoint.samples;

import org.deeplearning4j.nn.api.Model;
import org.multipoint.datasets.ImageList;
import org.multipoint.report.MultipointReport;
import org.multipoint.transform.Multipoint;
import org.multipoint.transform.MultipointResult;
import org.multipoint.transform.MultipointResult.Attempt;
import org.nd4j.linalg.api.ndarray.INDArray;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.Callable;

/** Quantizes a model from a file. */
@Command(name = "quantize", description = "Quantizes a model on some of the images or vectors that it is for, without their classes, and saves it. "
        + "With 4 bits and 10 %% extra points unless told otherwise.")
final class QuantizeCommand implements Callable<Integer> {

    private static final int CALIBRATION = 512;

    @Spec
    private CommandSpec command;

    @Mixin
    private ModelParameter model;

    @Mixin
    private ExampleOptions options;

    private Path out;

    @Option(names = "--out", required = true, paramLabel = "FILE.zip", description = "The quantized model.")
    void setOut(Path file) {
        out = Arguments.writable(command, "--out", file);
    }

    @Mixin
    private CalibrationCount count;

    @Mixin
    private QuantizationOptions quantization;

    @Mixin
    private JsonOption json;

    @Mixin
    private HtmlOption html;

    /**
     * What was made, for other programs. Names and meanings of fields stay.
     *
     * @param bytesBefore         size of a file of Deeplearning4j with the model in fp32
     * @param bytes               size of the file of the quantized model
     * @param msBefore            time of a forward pass of the model in fp32 in Deeplearning4j, for each example
     * @param compiledMs          the same of the quantized network compiled to segments
     * @param calibrationSeconds  wall-clock time of the calibration passes
     * @param quantizationSeconds wall-clock time of finding weights, with all attempts
     * @param attempts            what a search for the smallest model tried; empty without one
     * @param report              layer by layer, what was stored
     */
    record Results(String model, String out, long bytesBefore, long bytes, double msBefore, double compiledMs, double calibrationSeconds,
                   double quantizationSeconds, List<Attempt> attempts, MultipointReport report) {
    }

    @Override
    public Integer call() throws Exception {
        List<Integer> widths = quantization.bits(4);
        if (widths.size() > 1) {
            throw new ParameterException(command.commandLine(), "--bits must be one width here, found " + widths);
        }
        Notebook notebook = new Notebook(command.commandLine().getOut());

        Network network = model.readPlain(notebook);
        boolean searches = quantization.maxDrop().isPresent();
        Optional<ClassNames> classes = searches ? options.classesIfTold(network, model.file()) : Optional.empty();
        OptionalInt most = searches ? OptionalInt.empty() : OptionalInt.of(count.or(CALIBRATION));
        try (Examples examples = options.open(network, model.file(), most, classes)) {
            if (!searches) {
                quantize(notebook, network, widths, examples, examples.data(), null);
            } else {
                List<? extends ImageList> parts = examples.split(Math.min(count.or(CALIBRATION), Math.max(1, examples.count() / 3)));
                try (ImageList calibration = parts.get(0); ImageList others = parts.get(1)) {
                    quantize(notebook, network, widths, examples, calibration, search(network, others, classes.isPresent()));
                }
            }
            examples.saySkipped(notebook);
        }
        notebook.next("compare it with the original", "compare " + Arguments.quoted(model.file()) + " " + Arguments.quoted(out)
                + options.asGiven());
        return 0;
    }

    /** By top-1 where classes are known, otherwise by agreement with the original. */
    private static QuantizationRun.Search search(Network network, ImageList others, boolean labelled) {
        Network compiled = network.compiled();
        int count = others.totalExamples();
        return labelled
                ? new QuantizationRun.Search(m -> Evaluations.evaluate("attempt", new Network(m).compiled(), others).top1(), "top-1", count)
                : new QuantizationRun.Search(m -> Differences.of("attempt", compiled, new Network(m).compiled(), others, count).agreement(),
                        "agreement", count);
    }

    private void quantize(Notebook notebook, Network network, List<Integer> widths, Examples examples, ImageList calibration,
                          QuantizationRun.Search search) throws IOException {
        notebook.step("Quantized, calibrated on %,d %s", calibration.totalExamples(), examples.kind());
        if (!examples.seen().isEmpty()) {
            notebook.say("It sees images as %s.", examples.seen());
        }
        Multipoint<? extends Model> multipoint = network.quantizer();
        widths.forEach(multipoint::bits);
        MultipointResult<? extends Model> result = new QuantizationRun(notebook, quantization, calibration, calibration.batches(), search)
                .of(multipoint, "");

        notebook.step("Saved");
        Network small = new Network(result.model());
        SavedModel.write(small, SavedModel.normalizer(model.file()), out);
        INDArray some = examples.some();
        SavedModel.check(out, small, some);
        Cost before = Cost.of(network, network.compiled(), SavedModel.bytes(network), some);
        Cost after = Cost.of(small, small.compiled(), Files.size(out), some);
        notebook.say("%s has %,d bytes; saved in the same way, the model in fp32 has %,d: %.1f times smaller. Restored, its outputs are the "
                + "same, bit for bit.", out, after.bytes(), before.bytes(), (double) before.bytes() / after.bytes());
        notebook.say("In Deeplearning4j one %s takes %.2f ms; compiled (Segments.compile), the quantized model takes %.2f ms: %.1f times "
                + "faster.", examples.one(), before.msPerImage(), after.compiledMsPerImage(), before.msPerImage() / after.compiledMsPerImage());
        json.write(() -> new Results(model.file().toString(), out.toString(), before.bytes(), after.bytes(), before.msPerImage(),
                after.compiledMsPerImage(), result.calibrationSeconds(), result.quantizationSeconds(), result.attempts(), result.report()),
                notebook);
        if (html.file().isPresent()) {
            MeasuredReport.of(result.report(), before, after, result.calibrationSeconds(), result.quantizationSeconds())
                    .writeHtml(html.file().get(), model.name());
            notebook.say("Report: %s", html.file().get());
        }
    }
}
