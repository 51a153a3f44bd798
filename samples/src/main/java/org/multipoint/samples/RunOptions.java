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

    private Path out;
    private Path plot;
    private Path html;

    @Option(names = "--out", paramLabel = "FILE.zip",
            description = "Keeps the quantized model; where there are several, the width of a code is added to the name.")
    void setOut(Path file) {
        out = Arguments.writable(command, "--out", file);
    }

    @Option(names = "--plot", paramLabel = "FILE.png", description = "Draws the results.")
    void setPlot(Path file) {
        plot = Arguments.writable(command, "--plot", file);
    }

    @Option(names = "--html", paramLabel = "FILE.html",
            description = "Writes the report as a page with charts; where there are several, the width of a code is added to the name.")
    void setHtml(Path file) {
        html = Arguments.writable(command, "--html", file);
    }

    /** Whether a file is asked for that only quantization can make. */
    boolean wantsModelOrPlot() {
        return out != null || plot != null || html != null;
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
        return Optional.ofNullable(html);
    }

    Optional<Path> plot() {
        return Optional.ofNullable(plot);
    }
}
