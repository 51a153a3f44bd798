package org.multipoint.samples;

import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

import java.nio.file.Files;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;

/** Tells what is in a model. */
@Command(name = "inspect", description = "Tells what is in a model: its layers and their shapes and sizes, what is quantized or can be, how it is "
        + "stored, how it was made, and what runs on integers.")
final class InspectCommand implements Callable<Integer> {

    @Spec
    private CommandSpec command;

    @Mixin
    private ModelParameter model;

    @Mixin
    private JsonOption json;

    @Override
    public Integer call() throws Exception {
        Notebook notebook = new Notebook(command.commandLine().getOut());
        Network network = model.read();
        notebook.say("%s: %s", model.name(), network);
        notebook.say("It takes %s.", inputs(network));
        Inspection found = Inspection.of(network);
        notebook.say("%s", found.toText(Terminal.textColumns()));
        notebook.say("%,d parameters in %,d bytes of a file of %,d; %.1f %% of them are in layers that %s", found.parameters(), found.bytes(),
                Files.size(model.file()), 100.0 * found.quantizable() / Math.max(1, found.parameters()),
                found.provenance().isPresent() ? "are quantized, or can be" : "can be quantized");
        if (!found.others().isEmpty()) {
            notebook.say("Without parameters: %s", found.others().entrySet().stream().map(e -> e.getValue() + " " + e.getKey())
                    .collect(Collectors.joining(", ")));
        }
        notebook.say("%s", found.outside().isEmpty() ? "Compiled, all of it runs in segments." : "Compiled, all of it runs in segments but:");
        found.outside().forEach((name, why) -> notebook.say("  \"%s\" (%s)", name, why));
        found.provenance().ifPresent(made -> notebook.say("Made by %s", made));
        json.write(() -> found, notebook);
        if (network.isPlain()) {
            notebook.next("make it smaller and faster", "quantize " + Arguments.quoted(model.file()) + " --images DIR --out small.zip");
        } else {
            notebook.next("see what it makes of images", "predict " + Arguments.quoted(model.file()) + " IMAGE...");
        }
        return 0;
    }

    private String inputs(Network network) throws Exception {
        Optional<Pixels> told = SavedModel.imageSize(model.file());
        Optional<Pixels> size = told.isPresent() ? told : network.imageSize().stream().mapToObj(Pixels::square).findFirst();
        return network.inputs().map(Object::toString).orElse("other inputs than images and vectors")
                + (size.isPresent() ? String.format(Locale.ROOT, ", %s pixels, in %s", size.get(), network.format())
                : network.inputs().filter(Network.Inputs::images).isPresent() ? " of any size, in " + network.format() : "");
    }
}
