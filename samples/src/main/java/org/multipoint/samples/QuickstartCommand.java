package org.multipoint.samples;

import org.deeplearning4j.nn.conf.CNN2DFormat;
import org.multipoint.datasets.ImageIterator;
import org.multipoint.datasets.SyntheticImages;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.util.concurrent.Callable;

/** A first example that needs no data: a small trained ResNet and generated images. */
@Command(name = "quickstart", description = "Needs nothing: quantizes a small trained ResNet and evaluates it on generated images, with 4 "
        + "and with 3 bits, calibrated on 256 images and evaluated on 1,000 unless told otherwise.")
final class QuickstartCommand implements Callable<Integer> {

    /** Made by the train command. */
    private static final String MODEL = "quickstart.zip";
    private static final int CALIBRATION_IMAGES = 256;
    private static final int TEST_IMAGES = 1000;
    private static final int BATCH = 32;

    @Spec
    private CommandSpec command;

    @Option(names = "--model", paramLabel = "FILE.zip", description = "Another model, made by the train command or by --out.")
    private Path model;

    @Mixin
    private QuantizationOptions quantization;

    @Mixin
    private CalibrationCount calibrationCount;

    @Mixin
    private RunOptions run;

    @Override
    public Integer call() throws Exception {
        Notebook notebook = new Notebook(command.commandLine().getOut());

        notebook.step("A small ResNet, trained on generated images");
        Network network = network();
        notebook.say("%s%nIt tells apart %s.", network, String.join(", ", SyntheticImages.LABELS));

        notebook.step("Images");
        int tests = run.test().orElse(TEST_IMAGES);
        ImageIterator test = SyntheticImages.test(tests, BATCH, CNN2DFormat.NCHW);
        try (ImageSets images = network.isPlain() ? new ImageSets(
                SyntheticImages.train(calibrationCount.or(CALIBRATION_IMAGES), BATCH, CNN2DFormat.NCHW),
                quantization.maxDrop().isPresent() ? SyntheticImages.validation(tests, BATCH, CNN2DFormat.NCHW) : null, test)
                : ImageSets.forEvaluation(test)) {
            new Comparison(notebook, model == null ? "quickstart" : model.getFileName().toString(), network, images)
                    .show(quantization, quantization.bits(4, 3), run, false);
        }
        return 0;
    }

    private Network network() throws IOException {
        if (model != null) {
            return SavedModel.read(model);
        }
        try (InputStream in = getClass().getResourceAsStream(MODEL)) {
            return SavedModel.read(in, MODEL);
        }
    }
}
