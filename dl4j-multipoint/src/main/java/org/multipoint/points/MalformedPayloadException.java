package org.multipoint.points;

/** Thrown where bytes are not a stored {@link MultipointMatrix} that this version can read. */
public final class MalformedPayloadException extends IllegalArgumentException {

    /**
     * @param message what is wrong with the bytes
     */
    public MalformedPayloadException(String message) {
        this(message, null);
    }

    /**
     * @param message what is wrong with the bytes
     * @param cause   what refused them, or null
     */
    public MalformedPayloadException(String message, Throwable cause) {
        super("Not a readable multipoint payload: " + message, cause);
    }
}
