package org.multipoint.samples;

import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

import java.util.OptionalInt;

/** The option for the number of test images. */
final class TestCount {

    @Spec(Spec.Target.MIXEE)
    private CommandSpec command;

    private OptionalInt images = OptionalInt.empty();

    @Option(names = "--test", paramLabel = "N", description = "Images to evaluate on.")
    void setTest(int count) {
        images = OptionalInt.of(Arguments.positive(command, "--test", count));
    }

    /** Images to evaluate on, where a number was given. */
    OptionalInt get() {
        return images;
    }
}
