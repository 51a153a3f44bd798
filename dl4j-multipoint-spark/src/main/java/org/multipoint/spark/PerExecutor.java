package org.multipoint.spark;

import org.apache.spark.api.java.JavaSparkContext;

import java.util.Collections;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Supplier;

/** Objects of which a process has one, that its tasks share: made by the first task that needs it. */
final class PerExecutor {

    private static final Map<String, AutoCloseable> OBJECTS = new ConcurrentHashMap<>();
    /** What was closed is not made again by tasks of jobs that were cancelled. */
    private static final Set<String> CLOSED = ConcurrentHashMap.newKeySet();
    /** Times the number of tasks that a cluster runs at once: so many are likely to reach each executor. */
    private static final int ROUNDS = 4;

    private PerExecutor() {
    }

    /**
     * The object of this process.
     *
     * @param id   of the object, in all processes
     * @param make is called once
     * @throws CancellationException where it has been closed
     */
    @SuppressWarnings("unchecked")
    static <T extends AutoCloseable> T get(String id, Supplier<T> make) {
        return (T) OBJECTS.computeIfAbsent(id, i -> {
            if (CLOSED.contains(id)) {
                throw new CancellationException("What this task works for has ended");
            }
            return make.get();
        });
    }

    /** How many objects this process has. */
    static int held() {
        return OBJECTS.size();
    }

    /** Closes the object of this process, if there is one. */
    static void close(String id) {
        CLOSED.add(id);
        AutoCloseable object = OBJECTS.remove(id);
        if (object != null) {
            try {
                object.close();
            } catch (RuntimeException e) {
                throw e;
            } catch (Exception e) {
                throw new IllegalStateException("Cannot close what this process holds", e);
            }
        }
    }

    /** Closes the objects of this process and, by small tasks to all of them, of the executors; what no task reaches ends with its process. */
    static void closeAll(String id, JavaSparkContext context) {
        close(id);
        if (context.isLocal() || context.sc().isStopped()) {
            return;
        }
        int tasks = ROUNDS * context.defaultParallelism();
        context.parallelize(Collections.nCopies(tasks, id), tasks).foreach(PerExecutor::close);
    }
}
