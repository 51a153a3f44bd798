package org.multipoint.samples;

import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

import java.nio.file.Path;
import java.util.Optional;

/** The option for a report as a page. */
final class HtmlOption {

    @Spec(Spec.Target.MIXEE)
    private CommandSpec command;

    private Path html;

    @Option(names = "--html", paramLabel = "FILE.html",
            description = "Writes the report as a page with charts; where there are several, the width of a code is added to the name.")
    void setHtml(Path file) {
        html = Arguments.writable(command, "--html", file);
    }

    Optional<Path> file() {
        return Optional.ofNullable(html);
    }
}
