package org.multipoint.samples;

import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Collectors;
import java.util.stream.Stream;

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
        ParseResult given = command.commandLine().getParseResult();
        return Stream.of(options).filter(given::hasMatchedOption).map(name -> asGiven(given.matchedOption(name)))
                .collect(Collectors.joining());
    }

    /** All options as they were given, with a space before each. */
    static String asGiven(CommandSpec command) {
        return command.commandLine().getParseResult().matchedOptionsSet().stream().map(Arguments::asGiven).collect(Collectors.joining());
    }

    private static String asGiven(OptionSpec option) {
        return " " + option.longestName() + (option.arity().max() == 0 ? "" : " " + quoted(String.join(",", option.originalStringValues())));
    }

    /** An argument as a shell takes it. */
    static String quoted(Object argument) {
        String text = argument.toString();
        return text.matches("[\\w./,:=+-]+") ? text : '"' + text + '"';
    }
}
