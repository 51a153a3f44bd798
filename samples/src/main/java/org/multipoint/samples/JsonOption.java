package org.multipoint.samples;

import org.multipoint.internal.files.AtomicFile;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.function.Supplier;

/** The option for results in a form for other programs. */
final class JsonOption {

    @Spec(Spec.Target.MIXEE)
    private CommandSpec command;

    private Path json;

    @Option(names = "--json", paramLabel = "FILE", description = "Writes the results as a JSON object.")
    void setJson(Path file) {
        json = Arguments.writable(command, "--json", file);
    }

    Optional<Path> file() {
        return Optional.ofNullable(json);
    }

    /**
     * Checks that there is a file of an earlier run where that is to be continued.
     *
     * @param resume whether it is
     * @throws ParameterException where no file is given then
     */
    void requireFor(boolean resume) {
        if (resume && json == null) {
            throw new ParameterException(command.commandLine(), "--resume needs --json, the file to continue");
        }
    }

    /** Writes a record of results where that was asked for. */
    void write(Supplier<?> results, Notebook notebook) throws IOException {
        if (json != null) {
            AtomicFile.writeJson(json, results.get());
            notebook.say("Results: %s", json);
        }
    }
}
