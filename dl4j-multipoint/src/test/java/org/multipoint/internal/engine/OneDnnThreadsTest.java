package org.multipoint.internal.engine;

import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

class OneDnnThreadsTest {

    @Property
    void partsKeepTheThreadsBusyOrAreOne(@ForAll @IntRange(min = 0, max = 300) int examples, @ForAll @IntRange(min = 1, max = 70) int threads) {
        int[] parts = new OneDnnThreads(threads).parts(examples);
        assertEquals(examples, Arrays.stream(parts).sum());
        if (parts.length > 1) {
            int most = Arrays.stream(parts).max().orElseThrow();
            assertTrue(Arrays.stream(parts).min().orElseThrow() >= Math.max(1, most - 1), Arrays.toString(parts));
            assertTrue(parts.length <= threads && examples >= 0.8 * threads * most, Arrays.toString(parts));
        }
    }

    @Test
    void smallBatchesAreNotDivided() {
        OneDnnThreads four = new OneDnnThreads(4);
        assertArrayEquals(new int[]{1}, four.parts(1));
        assertArrayEquals(new int[]{3}, four.parts(3));
        assertArrayEquals(new int[]{1, 1, 1, 1}, four.parts(4));
        assertArrayEquals(new int[]{5}, four.parts(5));
        assertArrayEquals(new int[]{1, 2, 2, 2}, four.parts(7));
        assertArrayEquals(new int[]{8}, new OneDnnThreads(1).parts(8));
    }

    @Test
    void tasksRunAtTheSameTimeOnThreadsThatDoNotKeepTheProcessAlive() {
        OneDnnThreads threads = new OneDnnThreads(3);
        CountDownLatch all = new CountDownLatch(3);
        Set<Thread> seen = ConcurrentHashMap.newKeySet();
        threads.runAll(IntStream.range(0, 3).<Runnable>mapToObj(i -> () -> {
            seen.add(Thread.currentThread());
            all.countDown();
            try {
                all.await();
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
        }).toList());
        assertEquals(3, seen.size());
        assertTrue(seen.stream().allMatch(Thread::isDaemon));
        assertFalse(seen.contains(Thread.currentThread()));
    }

    @Test
    void allTasksHaveEndedWhereOneFails() {
        OneDnnThreads threads = new OneDnnThreads(2);
        AtomicInteger done = new AtomicInteger();
        Runnable slow = () -> {
            try {
                Thread.sleep(50);
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
            done.incrementAndGet();
        };
        for (RuntimeException failure : List.of(new IllegalArgumentException("first"), new IllegalStateException("second"))) {
            done.set(0);
            assertEquals(failure, assertThrows(RuntimeException.class, () -> threads.runAll(List.of(() -> {
                throw failure;
            }, slow, slow, slow))));
            assertEquals(3, done.get());
        }
        AssertionError error = new AssertionError("third");
        assertEquals(error, assertThrows(AssertionError.class, () -> threads.alone(() -> {
            throw error;
        })));
    }

    @Test
    void interruptionsWaitForTheEnd() {
        OneDnnThreads threads = new OneDnnThreads(2);
        AtomicInteger done = new AtomicInteger();
        Thread.currentThread().interrupt();
        threads.runAll(List.of(done::incrementAndGet, done::incrementAndGet));
        assertTrue(Thread.interrupted());
        assertEquals(2, done.get());
    }
}
