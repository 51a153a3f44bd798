package org.multipoint.internal.engine;

import org.bytedeco.javacpp.Pointer;

import java.util.ArrayDeque;
import java.util.Deque;

/** Native objects that live and die together. */
final class OneDnnScope implements AutoCloseable {

    private final Deque<Pointer> owned = new ArrayDeque<>();

    /** Frees the object when this is closed. */
    <T extends Pointer> T own(T object) {
        owned.push(object);
        return object;
    }

    @Override
    public void close() {
        while (!owned.isEmpty()) {
            owned.pop().deallocate();
        }
    }
}
