package org.multipoint.samples;

import org.multipoint.segments.Additions;
import org.multipoint.segments.CompiledGraph;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.Callable;

/** Writes a saved model as a compiled graph. */
@Command(name = "compile", description = "Writes a model as the compiled graph that runs it several times faster, and tells of which segments that consists "
        + "and where they end. Programs that read it need no call of Segments.compile.")
final class CompileCommand implements Callable<Integer> {

    @Spec
    private CommandSpec command;

    @Mixin
    private ModelParameter model;

    @Option(names = "--integer-additions", description = "Adds shortcuts of residual networks as the integers that quantized layers read: quicker, above all "
            + "on CPUs with VNNI, and rounded more. Without it a compiled graph computes what its layers do.")
    private boolean integerAdditions;

    private Path out;

    @Option(names = "--out", required = true, paramLabel = "OUT", description = "The compiled graph (.zip).")
    void setOut(Path file) {
        out = Arguments.writable(command, "--out", file);
    }

    @Override
    public Integer call() throws Exception {
        Notebook notebook = new Notebook(command.commandLine().getOut());
        Network network = model.read();
        notebook.say("%s: %s", model.name(), network);
        if (network.isCompiled()) {
            throw new IllegalArgumentException(model.file() + " is compiled already: expected the model that it was made of");
        }
        CompiledGraph compiled = network.compile(integerAdditions ? Additions.INTEGER : Additions.FLOATING);
        notebook.say("%s", compiled.report());
        SavedModel.write(new Network(compiled.graph()), SavedModel.normalizer(model.file()), out);
        notebook.say("Written: %s, %,d bytes", out, Files.size(out));
        notebook.next("see how it differs", "compare " + Arguments.quoted(model.file()) + " " + Arguments.quoted(out) + " --images DIR");
        return 0;
    }
}
