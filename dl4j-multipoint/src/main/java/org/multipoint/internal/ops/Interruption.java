package org.multipoint.internal.ops;

import java.util.concurrent.CancellationException;

/** Ends long computations whose thread is interrupted: they ask here at least every second. */
public final class Interruption {

    private Interruption() {
    }

    /** @throws CancellationException where the current thread is interrupted, which it remains */
    public static void check() {
        if (Thread.currentThread().isInterrupted()) {
            throw interrupted(null);
        }
    }

    /**
     * What is thrown where a thread is interrupted.
     *
     * @param cause what noticed it, or null
     */
    public static CancellationException interrupted(Throwable cause) {
        CancellationException exception = new CancellationException("The thread was interrupted");
        exception.initCause(cause);
        return exception;
    }
}
