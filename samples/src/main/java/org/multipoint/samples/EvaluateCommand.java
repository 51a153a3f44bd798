package org.multipoint.samples;

import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

import java.nio.file.Files;
import java.util.Optional;
import java.util.concurrent.Callable;

/** Evaluates a classifier from a file. */
@Command(name = "evaluate", description = "Evaluates a model on images or vectors of known classes: top-1 and top-5, how well each class is "
        + "recognized and what it is taken for, and the time that one takes.")
final class EvaluateCommand implements Callable<Integer> {

    @Spec
    private CommandSpec command;

    @Mixin
    private ModelParameter model;

    @Mixin
    private ExampleOptions options;

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

        ClassNames classes = options.classes(network, model.file());
        try (Examples examples = options.open(network, model.file(), test.get(), Optional.of(classes))) {
            notebook.step("Evaluation on %s", examples);
            Network compiled = network.compiled();
            Evaluations.Result found = Evaluations.evaluate(model.name(), compiled, examples.data());
            Measured<Evaluations.Result> measured = Measured.of(found, network, compiled, Files.size(model.file()), examples.some());
            notebook.say("%s", measured);

            notebook.step("Classes");
            notebook.say("%s", new ClassTable(found.evaluation(), classes).toText(Terminal.textColumns()));
            examples.saySkipped(notebook);
            json.write(() -> EvaluationJson.of(model.name(), measured), notebook);
        }
        if (network.isPlain()) {
            notebook.next("make it smaller and faster", "quantize " + Arguments.quoted(model.file()) + options.asGiven() + " --out small.zip");
        } else {
            notebook.next("see what the model is made of", "inspect " + Arguments.quoted(model.file()));
        }
        return 0;
    }
}
