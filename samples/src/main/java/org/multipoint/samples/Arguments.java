package org.multipoint.samples;

import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;

/** Checks of options. */
final class Arguments {

    private Arguments() {
    }

    /**
     * The value of an option.
     *
     * @param expected what values are allowed, for the complaint
     * @throws ParameterException where it is not valid
     */
    static <T> T checked(CommandSpec command, String option, T value, boolean valid, String expected) {
        if (!valid) {
            throw new ParameterException(command.commandLine(), option + " must be " + expected + ", found " + value);
        }
        return value;
    }

    /** A count of 1 or more. */
    static int positive(CommandSpec command, String option, int count) {
        return checked(command, option, count, count > 0, "1 or more");
    }
}
