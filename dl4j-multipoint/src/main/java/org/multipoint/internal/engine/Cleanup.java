package org.multipoint.internal.engine;

/** Frees resources where a later step fails. */
public final class Cleanup {

    private Cleanup() {
    }

    /**
     * Runs an action.
     *
     * @param free run where the action ends with an exception or error, which is thrown on
     */
    public static void onFailure(Runnable free, Runnable action) {
        boolean complete = false;
        try {
            action.run();
            complete = true;
        } finally {
            if (!complete) {
                free.run();
            }
        }
    }
}
