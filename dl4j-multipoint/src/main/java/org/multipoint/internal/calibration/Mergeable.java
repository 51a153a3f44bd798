package org.multipoint.internal.calibration;

import java.io.IOException;
import java.io.InvalidObjectException;
import java.io.Serializable;

/** Sums over some examples, to which those over others can be added; they can be sent to other machines. */
public interface Mergeable<T> extends Serializable {

    /** Adds the sums of another, which stays as it is. */
    void merge(T other);

    /**
     * Checks the version of a form that was read.
     *
     * @param what for the message
     * @throws IOException where another version was found
     */
    static void requireVersion(String what, int expected, int found) throws IOException {
        if (found != expected) {
            throw new InvalidObjectException("The form of " + what + " has version " + found + ", expected " + expected);
        }
    }
}
