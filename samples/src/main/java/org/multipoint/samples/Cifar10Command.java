package org.multipoint.samples;

import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

import java.util.Optional;
import java.util.concurrent.Callable;

/** Quantizes a ResNet for CIFAR-10, from its published weights, and evaluates it on real images. */
@Command(name = "cifar10", description = "Quantizes a network for CIFAR-10 and evaluates it on real images, with 4 bits, calibrated on 512 images "
        + "and evaluated on 10,000 unless told otherwise. A model that is quantized or compiled already is evaluated.")
final class Cifar10Command implements Callable<Integer> {

    private static final int WIDTH = 4;
    private static final int CALIBRATION_IMAGES = 512;
    private static final int TEST_IMAGES = 10_000;

    @Spec
    private CommandSpec command;

    @Mixin
    private Cifar10Data data;

    @Mixin
    private CalibrationCount calibrationCount;

    @Mixin
    private ComparisonOptions comparison;

    @Override
    public Integer call() throws Exception {
        Notebook notebook = new Notebook(command.commandLine().getOut());

        notebook.step("A trained network");
        Network network = data.network();
        notebook.say("%s: %s", data.name(), network);

        notebook.step("Images");
        ImageSets images = comparison.images(network, network.isPlain()
                        ? Optional.of(data.images("train", network.format(), calibrationCount.or(CALIBRATION_IMAGES))) : Optional.empty(),
                most -> data.images("test", network.format(), most.orElse(TEST_IMAGES)));
        comparison.compare(notebook, data.name(), network, images, Evaluations.ofClasses(), false, WIDTH);
        if (network.isPlain()) {
            notebook.next("see what stored bits buy", "curve" + Arguments.asGiven(command, "--data", "--model"));
        } else {
            comparison.sayNext(notebook, network, WIDTH);
        }
        return 0;
    }
}
