package org.multipoint.samples;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;

/** A folder that is deleted with its contents when it is closed. */
final class TemporaryFolder implements AutoCloseable {

    private final Path path;
    private boolean closed;

    private TemporaryFolder(Path path) {
        this.path = path;
    }

    static TemporaryFolder create() throws IOException {
        return new TemporaryFolder(Files.createTempDirectory("multipoint"));
    }

    Path path() {
        return path;
    }

    @Override
    public synchronized void close() throws IOException {
        if (!closed) {
            closed = true;
            delete(path);
        }
    }

    /** Deletes a file, or a folder with its contents; does nothing where neither exists. */
    static void delete(Path path) throws IOException {
        if (Files.exists(path)) {
            List<Path> all;
            try (Stream<Path> walk = Files.walk(path)) {
                all = walk.sorted(Comparator.reverseOrder()).toList();
            }
            for (Path file : all) {
                Files.deleteIfExists(file);
            }
        }
    }
}
