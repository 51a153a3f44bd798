package org.multipoint.samples;

import org.deeplearning4j.nn.api.Model;
import org.multipoint.datasets.ImageFiles;
import org.multipoint.report.MultipointReport;
import org.multipoint.samples.Network.Inputs;
import org.multipoint.transform.Multipoint;
import org.multipoint.transform.MultipointResult;
import org.multipoint.transform.MultipointResult.Attempt;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.api.iterator.DataSetIterator;
import picocli.CommandLine.ArgGroup;
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
import java.util.OptionalInt;
import java.util.concurrent.Callable;

/** Quantizes a model from a file. */
@Command(name = "quantize", description = "Quantizes a model on some of the images or vectors that it is for, without their classes, and saves it. "
        + "With 4 bits and 10 % extra points unless told otherwise.")
final class QuantizeCommand implements Callable<Integer> {

    private static final int CALIBRATION = 512;

    @Spec
    private CommandSpec command;

    @Mixin
    private ModelParameter model;

    @ArgGroup(multiplicity = "1")
    private Examples examples;

    /** One of these. */
    private static final class Examples {

        @Option(names = "--images", required = true, paramLabel = "DIR",
                description = "Images to calibrate on, in one folder or in a folder for each class.")
        private Path images;

        @Option(names = "--csv", required = true, paramLabel = "FILE.csv", description = "Vectors to calibrate on, one a line, with commas between "
                + "values; columns beyond those of the network's input are left out.")
        private Path csv;
    }

    private Path out;

    @Option(names = "--out", required = true, paramLabel = "FILE.zip", description = "The quantized model.")
    void setOut(Path file) {
        out = Arguments.writable(command, "--out", file);
    }

    @Mixin
    private ImageOptions options;

    @Mixin
    private CalibrationCount count;

    @Mixin
    private QuantizationOptions quantization;

    @Mixin
    private JsonOption json;

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

        notebook.step("A model in fp32");
        Network network = model.read();
        notebook.say("%s: %s", model.name(), network);
        if (!network.isPlain()) {
            throw new IllegalArgumentException(model.file() + " is " + network + ": expected a model in fp32, which it was made of");
        }
        if (examples.csv != null) {
            quantizeOnVectors(notebook, network, widths);
        } else {
            quantizeOnImages(notebook, network, widths);
        }
        return 0;
    }

    private void quantizeOnVectors(Notebook notebook, Network network, List<Integer> widths) throws IOException {
        Inputs inputs = network.inputs().filter(i -> !i.images()).orElseThrow(() -> new IllegalArgumentException(model.file()
                + " does not take vectors: give --images DIR"));
        List<float[]> rows = CsvRows.read(examples.csv, inputs.values());
        boolean searches = quantization.maxDrop().isPresent();
        if (searches && rows.size() < 3) {
            throw new IllegalArgumentException(examples.csv + " has " + rows.size() + " rows, expected 3 or more for a search");
        }
        int calibration = Math.min(count.or(CALIBRATION), searches ? rows.size() / 3 : rows.size());
        DataSetIterator searched = searches ? vectors(rows.subList(calibration, rows.size())) : null;
        quantize(notebook, network, widths, vectors(rows.subList(0, calibration)), calibration, 1,
                searches ? agreement(network, searched, rows.size() - calibration) : null);
        notebook.next("see what the model is made of", "inspect " + Arguments.quoted(out));
    }

    private DataSetIterator vectors(List<float[]> rows) throws IOException {
        DataSetIterator iterator = CsvRows.iterator(rows);
        SavedModel.normalizer(model.file()).ifPresent(iterator::setPreProcessor);
        return iterator;
    }

    private void quantizeOnImages(Notebook notebook, Network network, List<Integer> widths) throws IOException {
        Path folder = examples.images;
        boolean searches = quantization.maxDrop().isPresent();
        boolean labelled = searches && options.tellsClasses(folder, network);
        OptionalInt most = searches ? OptionalInt.empty() : OptionalInt.of(count.or(CALIBRATION));
        notebook.say("It sees images as %s.", options.view(network, model.file()));
        ImageFiles all = labelled ? options.images(folder, network, model.file(), most, options.classes(folder, network, model.file()))
                : options.images(folder, network, model.file(), most);
        try (ImageFiles images = all) {
            if (!searches) {
                quantize(notebook, network, widths, images, images.totalExamples(), images.batches(), null);
                images.skipped().forEach((file, why) -> notebook.say("not read: %s (%s)", file, why));
            } else {
                List<? extends ImageFiles> parts = images.split(Math.min(count.or(CALIBRATION), Math.max(1, images.totalExamples() / 3)));
                try (ImageFiles calibration = parts.get(0); ImageFiles others = parts.get(1)) {
                    calibration.setPreProcessor(images.getPreProcessor());
                    others.setPreProcessor(images.getPreProcessor());
                    quantize(notebook, network, widths, calibration, calibration.totalExamples(), calibration.batches(), labelled
                            ? new QuantizationRun.Search(m -> Evaluations.evaluate("attempt", new Network(m).compiled(), others).top1(), "top-1",
                                    others.totalExamples())
                            : agreement(network, others, others.totalExamples()));
                }
            }
        }
        notebook.next("compare it with the original", "compare " + Arguments.quoted(model.file()) + " " + Arguments.quoted(out) + " --images "
                + Arguments.quoted(folder) + options.asGiven());
    }

    private static QuantizationRun.Search agreement(Network network, DataSetIterator data, int count) {
        Network compiled = network.compiled();
        return new QuantizationRun.Search(m -> Differences.of("attempt", compiled, new Network(m).compiled(), data, count).agreement(),
                "agreement", count);
    }

    private void quantize(Notebook notebook, Network network, List<Integer> widths, DataSetIterator calibration, int count, int batches,
                          QuantizationRun.Search search) throws IOException {
        notebook.step("Quantized, calibrated on %,d %s", count, examples.csv != null ? "vectors" : "images");
        Multipoint<? extends Model> multipoint = network.quantizer();
        widths.forEach(multipoint::bits);
        MultipointResult<? extends Model> result = new QuantizationRun(notebook, quantization, calibration, batches, search).of(multipoint, "");

        notebook.step("Saved");
        Network small = new Network(result.model());
        SavedModel.write(small, SavedModel.normalizer(model.file()), out);
        calibration.reset();
        INDArray some = Evaluations.someOf(calibration.next().getFeatures());
        SavedModel.check(out, small, some);
        long before = SavedModel.bytes(network);
        long after = Files.size(out);
        notebook.say("%s has %,d bytes; saved in the same way, the model in fp32 has %,d: %.1f times smaller. Restored, its outputs are the "
                + "same, bit for bit.", out, after, before, (double) before / after);
        double plain = Evaluations.msPerImage(network, some);
        double fast = Evaluations.msPerImage(small.compiled(), some);
        notebook.say("In Deeplearning4j %s takes %.2f ms; compiled (Segments.compile), the quantized model takes %.2f ms: %.1f times faster.",
                examples.csv != null ? "a vector" : "an image", plain, fast, plain / fast);
        json.write(() -> new Results(model.file().toString(), out.toString(), before, after, plain, fast, result.calibrationSeconds(),
                result.quantizationSeconds(), result.attempts(), result.report()), notebook);
    }
}
