package org.multipoint.samples;

import java.io.BufferedReader;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/**
 * Where a file is published.
 *
 * @param bytes     its length; -1 where it is not published
 * @param algorithm of the checksum, as {@link java.security.MessageDigest} calls it; empty where no checksum is published
 * @param checksum  in hexadecimal digits
 */
record Source(URI uri, long bytes, Optional<String> algorithm, String checksum) {

    private static final String NONE = "-";

    /** Name of the file. */
    String fileName() {
        return Path.of(uri.getPath()).getFileName().toString();
    }

    /**
     * Reads a table: lines of name, URL, length in bytes and checksum (algorithm, colon, digits) with tabs between them, "-" for what is
     * not published, # before a comment.
     *
     * @param name of the table, for error messages
     * @throws IOException where a line does not have this form
     */
    static Map<String, Source> table(BufferedReader reader, String name) throws IOException {
        Map<String, Source> sources = new LinkedHashMap<>();
        for (String line = reader.readLine(); line != null; line = reader.readLine()) {
            if (!line.startsWith("#") && !line.isBlank()) {
                try {
                    String[] parts = line.split("\t");
                    String[] checksum = parts[3].split(":");
                    sources.put(parts[0], new Source(URI.create(parts[1]), parts[2].equals(NONE) ? -1 : Long.parseLong(parts[2]),
                            parts[3].equals(NONE) ? Optional.empty() : Optional.of(checksum[0]),
                            parts[3].equals(NONE) ? "" : checksum[1].toLowerCase(Locale.ROOT)));
                } catch (IllegalArgumentException | ArrayIndexOutOfBoundsException e) {
                    throw new IOException(name + ": expected name, URL, bytes and checksum with tabs between them, found \"" + line + "\"", e);
                }
            }
        }
        return sources;
    }
}
