package org.multipoint.samples;

import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;

import java.nio.file.Files;
import java.nio.file.Path;

/** Checks the values of command-line options. */
final class Arguments {

    private Arguments() {
    }

    /**
     * The value of an option.
     *
     * @param expected the values that are allowed, for the error message
     * @throws ParameterException where it is not valid
     */
    static <T> T checked(CommandSpec command, String option, T value, boolean valid, String expected) {
        if (!valid) {
            throw new ParameterException(command.commandLine(), option + " must be " + expected + ", found " + value);
        }
        return value;
    }

    /** A count, at least 1. */
    static int positive(CommandSpec command, String option, int count) {
        return checked(command, option, count, count > 0, "1 or more");
    }

    /** A file that results can be written to. */
    static Path writable(CommandSpec command, String option, Path file) {
        Path folder = file.toAbsolutePath().getParent();
        return checked(command, option, file, folder != null && Files.isDirectory(folder) && Files.isWritable(folder)
                && !Files.isDirectory(file), "a file in a folder that can be written to");
    }
}
