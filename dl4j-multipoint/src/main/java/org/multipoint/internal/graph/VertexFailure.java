package org.multipoint.internal.graph;

import org.deeplearning4j.exception.DL4JException;
import org.nd4j.linalg.exception.ND4JIllegalArgumentException;
import org.nd4j.linalg.exception.ND4JIllegalStateException;

/** Names the vertex at which a computation failed. */
final class VertexFailure {

    private VertexFailure() {
    }

    /**
     * What to throw in the place of an exception.
     *
     * @param where the vertex, and what it was given
     * @return an {@link IllegalArgumentException} where the exception says that the vertex does not fit its input, as engines, Deeplearning4j
     *         and ND4J say it; else an {@link IllegalStateException}. The exception is its cause.
     */
    static RuntimeException of(String where, RuntimeException e) {
        boolean misfit = e instanceof IllegalArgumentException || e instanceof DL4JException || e instanceof ND4JIllegalArgumentException
                || e instanceof ND4JIllegalStateException;
        return misfit ? new IllegalArgumentException(where + ": " + e.getMessage(), e) : new IllegalStateException(where + " failed: " + e, e);
    }
}
