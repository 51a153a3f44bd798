package org.multipoint.datasets;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import java.io.IOException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

@Timeout(60)
class PrefetchTest {

    @Test
    void handsOutInOrderWhatOthersLoaded() throws IOException {
        Thread consumer = Thread.currentThread();
        try (Prefetch<Integer> pass = new Prefetch<>("order", 500, 7, index -> {
            assertNotEquals(consumer, Thread.currentThread());
            return index * index;
        })) {
            for (int i = 0; i < 500; i++) {
                assertEquals(i, pass.index());
                assertEquals(i * i, pass.next());
            }
            assertFalse(pass.hasNext());
        }
    }

    @Test
    void loadsWhileTheConsumerIsBusyButNotTooFarAhead() throws Exception {
        AtomicInteger started = new AtomicInteger();
        CountDownLatch fourAhead = new CountDownLatch(5);
        try (Prefetch<Integer> pass = new Prefetch<>("bound", 100, 5, index -> {
            started.incrementAndGet();
            fourAhead.countDown();
            return index;
        })) {
            pass.next();
            assertTrue(fourAhead.await(30, TimeUnit.SECONDS), "the next four are loaded without being asked for");
            assertEquals(5, started.get());
            for (int i = 1; i < 50; i++) {
                pass.next();
                assertTrue(started.get() <= i + 5, "at item " + i + ": " + started.get() + " started");
            }
        }
    }

    @Test
    void goesOnAfterAnUnreadableItem() throws IOException {
        try (Prefetch<Integer> pass = new Prefetch<>("unreadable", 3, 2, index -> {
            if (index == 1) {
                throw new IOException("item 1");
            }
            return index;
        })) {
            assertEquals(0, pass.next());
            assertEquals("item 1", assertThrows(IOException.class, pass::next).getMessage());
            assertEquals(2, pass.next());
        }
    }

    @Test
    void givesErrorsAsTheyAre() {
        RuntimeException unchecked = new IllegalArgumentException("wrong");
        try (Prefetch<Integer> pass = new Prefetch<>("unchecked", 1, 1, index -> {
            throw unchecked;
        })) {
            assertEquals(unchecked, assertThrows(IllegalArgumentException.class, pass::next));
        }
        Error error = new OutOfMemoryError("none left");
        try (Prefetch<Integer> pass = new Prefetch<>("error", 1, 1, index -> {
            throw error;
        })) {
            assertEquals(error, assertThrows(OutOfMemoryError.class, pass::next));
        }
    }

    @Test
    void threadsEndWithThePass() throws Exception {
        Prefetch<Integer> finished = new Prefetch<>("finished pass", 10, 4, index -> index);
        while (finished.hasNext()) {
            finished.next();
        }
        awaitEnd("finished pass");

        Prefetch<Integer> closed = new Prefetch<>("closed pass", 10, 4, index -> index);
        closed.next();
        closed.close();
        assertFalse(closed.hasNext());
        awaitEnd("closed pass");

        new Prefetch<>("forgotten pass", 10, 4, index -> index).next();
        awaitEnd("forgotten pass");
    }

    private static void awaitEnd(String name) throws InterruptedException {
        for (Thread thread : Thread.getAllStackTraces().keySet()) {
            if (thread.getName().equals(name)) {
                thread.join();
            }
        }
    }

    @Test
    void interruptedConsumerIsTold() throws Exception {
        CountDownLatch never = new CountDownLatch(1);
        try (Prefetch<Integer> pass = new Prefetch<>("interrupted", 1, 1, index -> {
            try {
                never.await();
            } catch (InterruptedException e) {
                throw new IOException(e);
            }
            return index;
        })) {
            Thread.currentThread().interrupt();
            assertThrows(IllegalStateException.class, pass::next);
            assertTrue(Thread.interrupted());
        }
    }
}
