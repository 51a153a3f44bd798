package org.multipoint.samples;

import org.deeplearning4j.nn.conf.CNN2DFormat;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.multipoint.datasets.ImageIterator;
import org.multipoint.datasets.SyntheticImages;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.Callable;

/** A first look that needs nothing but this program: a small trained ResNet and generated images. */
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

    @Option(names = "--model", paramLabel = "FILE.zip", description = "Another model that the train command has made.")
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
        ComputationGraph network = network();
        notebook.say("%d vertices, %,d parameters; it tells apart %s", network.getVertices().length, network.numParams(),
                String.join(", ", SyntheticImages.LABELS));

        notebook.step("Images");
        try (ImageIterator calibration = SyntheticImages.train(calibrationCount.or(CALIBRATION_IMAGES), BATCH, CNN2DFormat.NCHW);
             ImageIterator test = SyntheticImages.test(run.test().orElse(TEST_IMAGES), BATCH, CNN2DFormat.NCHW)) {
            new Comparison(notebook, "quickstart", network, calibration, test)
                    .show(quantization, quantization.bits(4, 3), run, false);
        }
        return 0;
    }

    private ComputationGraph network() throws IOException {
        try (InputStream in = model != null ? Files.newInputStream(model) : getClass().getResourceAsStream(MODEL)) {
            return SavedModel.read(in, model != null ? model.toString() : MODEL);
        }
    }
}
