package org.multipoint.samples;

import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
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

    /** Options as they were given, with a space before each; empty where none of them was. */
    static String asGiven(CommandSpec command, String... options) {
        StringBuilder text = new StringBuilder();
        for (String name : options) {
            OptionSpec option = command.commandLine().getParseResult().matchedOption(name);
            if (option != null) {
                text.append(' ').append(name);
                if (option.arity().max() > 0) {
                    text.append(' ').append(quoted(String.join(",", option.originalStringValues())));
                }
            }
        }
        return text.toString();
    }

    /** An argument as a shell takes it. */
    static String quoted(Object argument) {
        String text = argument.toString();
        return text.matches("[\\w./,:=+-]+") ? text : '"' + text + '"';
    }
}
