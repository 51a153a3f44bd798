package org.multipoint.samples;

import org.multipoint.samples.PublishedClassifier.Part;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

import java.nio.file.Path;
import java.util.concurrent.Callable;

/** Quantizes published classifiers of images and sounds and evaluates them. */
@Command(name = "classify", description = "Quantizes a published classifier of images or sounds, 8, 4 and 3 bits unless told otherwise, "
        + "and evaluates it.")
final class ClassifyCommand implements Callable<Integer> {

    private static final Integer[] WIDTHS = {8, 4, 3};

    @Spec
    private CommandSpec command;

    @Option(names = "--net", required = true, paramLabel = "NET", description = "The classifier: ${COMPLETION-CANDIDATES}.")
    private PublishedClassifier net;

    @Option(names = "--data", required = true, paramLabel = "DIR", description = "Its model and examples, as docs/DATA.md lays them out.")
    private Path data;

    @Option(names = "--dl4j", description = "Evaluates fp32 by Deeplearning4j's own layers, which takes many times longer.")
    private boolean byDeeplearning4j;

    @Mixin
    private ComparisonOptions comparison;

    @Override
    public Integer call() throws Exception {
        Notebook notebook = new Notebook(command.commandLine().getOut());

        notebook.step("A trained network");
        Network network = net.network(data);
        notebook.say("%s: %s; images in %s", net, network, network.format());

        notebook.step("Images");
        ImageSets images = comparison.images(network, net.calibration(data, network.format()),
                most -> ImageSets.limited(net.examples(data, Part.TEST, network.format()), most));
        comparison.compare(notebook, net.toString(), network, images, Evaluations.ofClasses(), byDeeplearning4j, WIDTHS);
        comparison.sayNext(notebook, network, WIDTHS);
        return 0;
    }
}
