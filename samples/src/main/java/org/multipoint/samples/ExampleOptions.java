package org.multipoint.samples;

import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.OptionalInt;

/** The options for what a network from a file is run on. */
final class ExampleOptions {

    /** How vectors are given. */
    static final String VECTORS = "Vectors, one a line with commas between values; columns beyond those of the network's input are left out, "
            + "but for the class that evaluate takes from the next one, its index or its name in --labels.";

    @Spec(Spec.Target.MIXEE)
    private CommandSpec command;

    @ArgGroup(multiplicity = "1")
    private Given given;

    /** One of these. */
    private static final class Given {

        @Option(names = "--images", required = true, paramLabel = "DIR", description = "Images, in one folder or in a folder for each class.")
        private Path images;

        @Option(names = "--csv", required = true, paramLabel = "FILE.csv", description = VECTORS)
        private Path vectors;
    }

    @Mixin
    private ImageOptions options;

    /**
     * Opens the examples for a network.
     *
     * @param model   file of the network
     * @param most    examples, spread evenly
     * @param classes of the network where each example must have one, otherwise empty
     * @throws IllegalArgumentException where they do not fit the network
     */
    Examples open(Network network, Path model, OptionalInt most, Optional<ClassNames> classes) throws IOException {
        return given.vectors != null ? Examples.ofVectors(given.vectors, network, model, most, classes)
                : Examples.ofImages(options.images(given.images, network, model, most, classes), given.images, options.view(network, model));
    }

    /**
     * The classes of a network.
     *
     * @throws IllegalArgumentException where neither folders nor {@code --labels} name as many as the network has
     */
    ClassNames classes(Network network, Path model) throws IOException {
        return given.vectors != null ? options.classes(network) : options.classes(given.images, network, model);
    }

    /** The classes of a network where the examples tell them; otherwise empty. */
    Optional<ClassNames> classesIfTold(Network network, Path model) throws IOException {
        return given.images != null && options.tellsClasses(given.images, network) ? Optional.of(classes(network, model)) : Optional.empty();
    }

    /** The names of a network's classes whether or not the examples tell them. */
    ClassNames names(Network network) throws IOException {
        return options.classes(network);
    }

    /** These options as they were given, for another command line. */
    String asGiven() {
        return Arguments.asGiven(command, "--images", "--csv") + options.asGiven();
    }
}
