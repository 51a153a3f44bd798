package org.multipoint.files;

import java.io.IOException;
import java.nio.file.Path;

/** Thrown where a file is no model that this version can read: truncated, altered, or of another kind. */
public final class MalformedModelException extends IOException {

    /**
     * @param file    the file
     * @param message what is wrong with it
     * @param cause   what refused it, or null
     */
    public MalformedModelException(Path file, String message, Throwable cause) {
        super(file + ": not a readable model: " + message, cause);
    }
}
