package org.multipoint.samples;

import org.deeplearning4j.nn.conf.CNN2DFormat;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.multipoint.datasets.ImageFolder;
import org.multipoint.datasets.ImageIterator;
import org.multipoint.datasets.ImageView;
import org.multipoint.samples.models.CifarResNet;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;

/** Real images and real networks: a ResNet for CIFAR-10 from its published weights. */
@Command(name = "cifar10", description = "Quantizes a ResNet for CIFAR-10 and evaluates it on real images, with 4 bits, calibrated on 512 images "
        + "and evaluated on 10,000 unless told otherwise.")
final class Cifar10Command implements Callable<Integer> {

    private static final List<String> LABELS = List.of("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship",
            "truck");
    private static final int CALIBRATION_IMAGES = 512;
    private static final int TEST_IMAGES = 10_000;
    private static final int BATCH = 32;

    @Spec
    private CommandSpec command;

    @Option(names = "--data", required = true, paramLabel = "DIR",
            description = "Folder that holds cifar10/train, cifar10/test (a folder for each class) and models; or cifar10 itself.")
    private Path data;

    @Option(names = "--model", defaultValue = "resnet20", paramLabel = "NAME|FILE.npz",
            description = "NAME for models/NAME-cifar10.npz in the data folder, as in resnet20 and resnet56, or weights in a file; "
                    + "default ${DEFAULT-VALUE}.")
    private String model;

    @Mixin
    private QuantizationOptions quantization;

    @Mixin
    private CalibrationCount calibrationCount;

    @Mixin
    private RunOptions run;

    @Override
    public Integer call() throws Exception {
        Notebook notebook = new Notebook(command.commandLine().getOut());

        notebook.step("A trained network");
        Path weights = weights();
        ComputationGraph network = CifarResNet.load(weights);
        notebook.say("%s: %d vertices, %,d parameters", weights, network.getVertices().length, network.numParams());

        notebook.step("Images");
        try (ImageIterator calibration = images("train", calibrationCount.or(CALIBRATION_IMAGES));
             ImageIterator test = images("test", run.test().orElse(TEST_IMAGES))) {
            notebook.say("%,d to calibrate on, %,d others to evaluate on", calibration.totalExamples(), test.totalExamples());

            Comparison comparison = new Comparison(notebook, name(), network, calibration, test);
            comparison.evaluateOriginal();
            comparison.quantize(quantization, quantization.bits(4), run);
            comparison.summarize(run);
        }
        return 0;
    }

    private boolean isFile() {
        return model.endsWith(".npz");
    }

    private String name() {
        return isFile() ? Path.of(model).getFileName().toString() : model;
    }

    private Path weights() {
        return isFile() ? Path.of(model) : data.resolve("models").resolve(model + "-cifar10.npz");
    }

    private ImageIterator images(String part, int limit) {
        Path inside = data.resolve("cifar10");
        return ImageFolder.of((Files.isDirectory(inside) ? inside : data).resolve(part), ImageView.cifar10())
                .format(CNN2DFormat.NCHW).labels(LABELS).batchSize(BATCH).limit(limit).build();
    }
}
