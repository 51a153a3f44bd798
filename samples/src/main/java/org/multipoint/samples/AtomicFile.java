package org.multipoint.samples;

import org.nd4j.shade.jackson.databind.ObjectMapper;
import org.nd4j.shade.jackson.databind.SerializationFeature;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

import static java.nio.file.StandardCopyOption.ATOMIC_MOVE;
import static java.nio.file.StandardCopyOption.REPLACE_EXISTING;

/** Files that are there as a whole or not at all. */
final class AtomicFile {

    /** Writes content to a file. */
    @FunctionalInterface
    interface Content {
        void writeTo(Path file) throws IOException;
    }

    private AtomicFile() {
    }

    /** Writes an object as JSON, by its components. */
    static void writeJson(Path file, Object value) throws IOException {
        write(file, part -> new ObjectMapper().enable(SerializationFeature.INDENT_OUTPUT).writeValue(part.toFile(), value));
    }

    /** Writes a file beside its destination, then moves it there, over an older one. */
    static void write(Path file, Content content) throws IOException {
        Path whole = file.toAbsolutePath();
        Path part = whole.resolveSibling(whole.getFileName() + ".part");
        part.toFile().deleteOnExit();
        try {
            content.writeTo(part);
            Files.move(part, whole, ATOMIC_MOVE, REPLACE_EXISTING);
        } finally {
            Files.deleteIfExists(part);
        }
    }
}
