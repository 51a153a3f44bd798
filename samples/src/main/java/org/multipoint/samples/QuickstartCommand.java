package org.multipoint.samples;

import org.multipoint.datasets.ImageIterator;
import org.multipoint.datasets.SyntheticImages;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.Callable;

/** A first example that needs no data: a small trained network and generated images. */
@Command(name = "quickstart", description = "Needs nothing: quantizes a small trained network, a ResNet or a detector, and evaluates it on "
        + "generated images, with 4 and with 3 bits, calibrated on 256 images and evaluated on 1,000 unless told otherwise.")
final class QuickstartCommand implements Callable<Integer> {

    private static final int CALIBRATION_IMAGES = 256;
    private static final int TEST_IMAGES = 1000;
    private static final int BATCH = 32;

    @Spec
    private CommandSpec command;

    @Option(names = "--task", defaultValue = "classification", paramLabel = "TASK",
            description = "What the network does: ${COMPLETION-CANDIDATES}; default ${DEFAULT-VALUE}.")
    private GeneratedTask task;

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

        notebook.step("A small %s, trained on generated images", task.network());
        Network network = model == null ? task.trained() : SavedModel.read(model);
        notebook.say("%s%nIt %s %s.", network, task.does(), String.join(", ", SyntheticImages.LABELS));

        notebook.step("Images");
        int tests = run.test().orElse(TEST_IMAGES);
        ImageIterator test = task.test(tests, BATCH);
        try (ImageSets images = network.isPlain() ? new ImageSets(task.train(calibrationCount.or(CALIBRATION_IMAGES), BATCH),
                quantization.maxDrop().isPresent() ? task.validation(tests, BATCH) : null, test) : ImageSets.forEvaluation(test)) {
            compare(notebook, network, images, task.judge());
        }
        notebook.next("see what is in a model of your own", "inspect FILE");
        return 0;
    }

    private <J extends Judgement> void compare(Notebook notebook, Network network, ImageSets images, Judge<J> judge) throws IOException {
        new Comparison<>(notebook, model == null ? task.title() : model.getFileName().toString(), network, images, judge)
                .show(quantization, quantization.bits(4, 3), run, false);
    }
}
