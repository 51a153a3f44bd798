package org.multipoint.internal.engine;

import org.bytedeco.javacpp.Pointer;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.atomic.AtomicInteger;

/** Native objects that are freed together. */
final class OneDnnScope implements AutoCloseable {

    private static final AtomicInteger OPEN = new AtomicInteger();

    private final Deque<Pointer> owned = new ArrayDeque<>();
    private boolean closed;

    OneDnnScope() {
        OPEN.incrementAndGet();
    }

    /** Number of scopes of this process that have not been closed. */
    static int open() {
        return OPEN.get();
    }

    /** Takes ownership: the object is freed when this scope is closed. */
    <T extends Pointer> T own(T object) {
        owned.push(object);
        return object;
    }

    @Override
    public void close() {
        while (!owned.isEmpty()) {
            owned.pop().deallocate();
        }
        if (!closed) {
            closed = true;
            OPEN.decrementAndGet();
        }
    }
}
