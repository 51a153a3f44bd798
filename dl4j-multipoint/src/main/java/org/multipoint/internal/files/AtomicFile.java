package org.multipoint.internal.files;

import org.nd4j.shade.jackson.databind.ObjectMapper;
import org.nd4j.shade.jackson.databind.SerializationFeature;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicLong;

import static java.nio.file.StandardCopyOption.ATOMIC_MOVE;
import static java.nio.file.StandardCopyOption.REPLACE_EXISTING;

/** Writes files atomically: they appear as a whole or not at all. */
public final class AtomicFile {

    /** Writes content to a file. */
    @FunctionalInterface
    public interface Content {
        void writeTo(Path file) throws IOException;
    }

    /** Distinguishes the temporary files of this process, so that several threads can write the same file. */
    private static final AtomicLong NUMBER = new AtomicLong();

    private AtomicFile() {
    }

    /** Writes a record as a JSON object of its components. */
    public static void writeJson(Path file, Object value) throws IOException {
        write(file, part -> new ObjectMapper().enable(SerializationFeature.INDENT_OUTPUT).writeValue(part.toFile(), value));
    }

    /** Writes a temporary file beside the destination, then moves it there and replaces an older one. */
    public static void write(Path file, Content content) throws IOException {
        Path whole = file.toAbsolutePath();
        Path part = whole.resolveSibling(whole.getFileName() + "." + ProcessHandle.current().pid() + "-" + NUMBER.incrementAndGet() + ".part");
        part.toFile().deleteOnExit();
        try {
            content.writeTo(part);
            Files.move(part, whole, ATOMIC_MOVE, REPLACE_EXISTING);
        } finally {
            Files.deleteIfExists(part);
        }
    }
}
