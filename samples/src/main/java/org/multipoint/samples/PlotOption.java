package org.multipoint.samples;

import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

import java.nio.file.Path;
import java.util.Optional;

/** The option for a picture of the results. */
final class PlotOption {

    @Spec(Spec.Target.MIXEE)
    private CommandSpec command;

    private Path plot;

    @Option(names = "--plot", paramLabel = "FILE.png", description = "Draws the results.")
    void setPlot(Path file) {
        plot = Arguments.writable(command, "--plot", file);
    }

    Optional<Path> file() {
        return Optional.ofNullable(plot);
    }
}
