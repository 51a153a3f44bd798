package org.multipoint.samples;

import org.multipoint.datasets.ImageFiles;
import org.nd4j.linalg.api.ndarray.INDArray;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.Callable;

/** Evaluates a classifier from a file. */
@Command(name = "evaluate", description = "Evaluates a model on images of known classes: top-1 and top-5, how well each class is recognized and "
        + "what it is taken for, and the time that an image takes.")
final class EvaluateCommand implements Callable<Integer> {

    @Spec
    private CommandSpec command;

    @Mixin
    private ModelParameter model;

    @Option(names = "--images", required = true, paramLabel = "DIR", description = "A folder of images for each class.")
    private Path folder;

    @Mixin
    private ImageOptions options;

    @Mixin
    private TestCount test;

    @Mixin
    private JsonOption json;

    @Override
    public Integer call() throws Exception {
        Notebook notebook = new Notebook(command.commandLine().getOut());

        notebook.step("A model");
        Network network = model.read();
        notebook.say("%s: %s", model.name(), network);

        ClassNames classes = options.classes(folder, network, model.file());
        try (ImageFiles images = options.images(folder, network, model.file(), test.get(), classes)) {
            notebook.step("Evaluation on %,d images, as %s", images.totalExamples(), options.view(network, model.file()));
            Network compiled = network.compiled();
            Evaluations.Result found = Evaluations.evaluate(model.name(), compiled, images);
            images.reset();
            INDArray some = Evaluations.someOf(images.next().getFeatures());
            Measured<Evaluations.Result> measured = Measured.of(found, network, compiled, Files.size(model.file()), some);
            notebook.say("%s", measured);

            notebook.step("Classes");
            notebook.say("%s", new ClassTable(found.evaluation(), classes).toText(Terminal.textColumns()));
            images.skipped().forEach((file, why) -> notebook.say("not read: %s (%s)", file, why));
            json.write(() -> EvaluationJson.of(model.name(), measured), notebook);
        }
        if (network.isPlain()) {
            notebook.next("make it smaller and faster", "quantize " + Arguments.quoted(model.file()) + " --images " + Arguments.quoted(folder)
                    + options.asGiven() + " --out small.zip");
        } else {
            notebook.next("see what the model is made of", "inspect " + Arguments.quoted(model.file()));
        }
        return 0;
    }
}
