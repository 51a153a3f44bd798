package org.multipoint.samples;

import org.deeplearning4j.nn.graph.ComputationGraph;
import org.multipoint.datasets.ImageIterator;
import org.multipoint.samples.models.CifarResNet;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

import java.util.concurrent.Callable;

/** Real images and real networks: a ResNet for CIFAR-10 from its published weights. */
@Command(name = "cifar10", description = "Quantizes a ResNet for CIFAR-10 and evaluates it on real images, with 4 bits, calibrated on 512 images "
        + "and evaluated on 10,000 unless told otherwise.")
final class Cifar10Command implements Callable<Integer> {

    private static final int CALIBRATION_IMAGES = 512;
    private static final int TEST_IMAGES = 10_000;

    @Spec
    private CommandSpec command;

    @Mixin
    private Cifar10Data data;

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
        ComputationGraph network = CifarResNet.load(data.weights());
        notebook.say("%s: %d vertices, %,d parameters", data.weights(), network.getVertices().length, network.numParams());

        notebook.step("Images");
        try (ImageIterator calibration = data.images("train", calibrationCount.or(CALIBRATION_IMAGES));
             ImageIterator test = data.images("test", run.test().orElse(TEST_IMAGES))) {
            new Comparison(notebook, data.name(), network, calibration, test)
                    .show(quantization, quantization.bits(4), run, false);
        }
        return 0;
    }
}
