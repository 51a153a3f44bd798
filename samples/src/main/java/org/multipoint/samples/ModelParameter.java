package org.multipoint.samples;

import picocli.CommandLine.Parameters;

import java.io.IOException;
import java.nio.file.Path;

/** The parameter for the file of a model. */
final class ModelParameter {

    /** What such a file may be. */
    static final String FORMATS = "A model of Deeplearning4j of either kind, in fp32, quantized or compiled (.zip), or one of Keras 2 (.h5).";

    @Parameters(index = "0", paramLabel = "FILE", description = FORMATS)
    private Path file;

    Path file() {
        return file;
    }

    /** Name for reports. */
    String name() {
        return file.getFileName().toString();
    }

    Network read() throws IOException {
        return SavedModel.read(file);
    }

    /**
     * Reads a model that is to be quantized, in a step of its own.
     *
     * @throws IllegalArgumentException where it is quantized or compiled already
     */
    Network readPlain(Notebook notebook) throws IOException {
        notebook.step("A model in fp32");
        Network network = read();
        notebook.say("%s: %s", name(), network);
        if (!network.isPlain()) {
            throw new IllegalArgumentException(file + " is " + network + ": expected a model in fp32, which it was made of");
        }
        return network;
    }
}
