package org.multipoint.datasets;

import java.io.IOException;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/**
 * One pass over the items 0..size-1, loaded by background threads and handed out in order. Only a bounded number is loaded ahead of the
 * consumer. The threads end with the pass, when it is closed, or after a second without work, so that an abandoned pass holds none.
 */
final class Prefetch<T> implements AutoCloseable {

    /** Called by several threads at once. */
    interface Loader<T> {
        T load(int index) throws IOException;
    }

    private final int size;
    private final int ahead;
    private final Loader<T> loader;
    private final ThreadPoolExecutor threads;
    private final Deque<Future<T>> loading = new ArrayDeque<>();
    private int taken;

    /** @param ahead how many items are loaded or being loaded at most, at least 1 */
    Prefetch(String name, int size, int ahead, Loader<T> loader) {
        this.size = size;
        this.ahead = ahead;
        this.loader = loader;
        int count = Math.min(ahead, Runtime.getRuntime().availableProcessors());
        threads = new ThreadPoolExecutor(count, count, 1, TimeUnit.SECONDS, new LinkedBlockingQueue<>(), task -> {
            Thread thread = new Thread(task, name);
            thread.setDaemon(true);
            return thread;
        });
        threads.allowCoreThreadTimeOut(true);
    }

    /** Index of the item that {@link #next} gives. */
    int index() {
        return taken;
    }

    boolean hasNext() {
        return taken < size;
    }

    /**
     * Waits for the next item. After an IOException the pass goes on with the item behind it.
     *
     * @throws IOException what the loader threw; its unchecked exceptions and errors come through as they are
     */
    T next() throws IOException {
        for (int i = taken + loading.size(); i < size && loading.size() < ahead; i++) {
            int index = i;
            loading.add(threads.submit(() -> loader.load(index)));
            if (index == size - 1) {
                threads.shutdown();
            }
        }
        taken++;
        try {
            return loading.remove().get();
        } catch (ExecutionException e) {
            Throwable cause = e.getCause();
            if (cause instanceof IOException io) {
                throw io;
            }
            if (cause instanceof Error error) {
                throw error;
            }
            throw (RuntimeException) cause;
        } catch (InterruptedException | CancellationException e) {
            close();
            Thread.currentThread().interrupt();
            throw new IllegalStateException("Interrupted while waiting for item " + (taken - 1), e);
        }
    }

    @Override
    public void close() {
        taken = size;
        loading.clear();
        threads.shutdownNow();
    }
}
