package org.multipoint.samples;

import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

import java.nio.file.Path;
import java.util.Optional;
import java.util.OptionalInt;

/** The options for the number of test images and for the files that a run writes. */
final class RunOptions {

    @Spec(Spec.Target.MIXEE)
    private CommandSpec command;

    @Mixin
    private TestCount test;

    @Mixin
    private JsonOption json;

    @Mixin
    private PlotOption plot;

    @Mixin
    private HtmlOption html;

    private Path out;

    @Option(names = "--out", paramLabel = "FILE.zip",
            description = "Keeps the quantized model; where there are several, the width of a code is added to the name.")
    void setOut(Path file) {
        out = Arguments.writable(command, "--out", file);
    }

    /** Whether a file is asked for that only quantization can make. */
    boolean wantsModelOrPlot() {
        return out != null || plot().isPresent() || html().isPresent();
    }

    /** Images to evaluate on, where a number was given. */
    OptionalInt test() {
        return test.get();
    }

    JsonOption json() {
        return json;
    }

    Optional<Path> out() {
        return Optional.ofNullable(out);
    }

    Optional<Path> html() {
        return html.file();
    }

    Optional<Path> plot() {
        return plot.file();
    }
}
