package org.multipoint.internal.engine;

import org.bytedeco.dnnl.convolution_forward;
import org.bytedeco.dnnl.global.dnnl;
import org.bytedeco.dnnl.memory;
import org.bytedeco.dnnl.primitive_attr;
import org.nd4j.linalg.api.ops.executioner.OpExecutioner;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.nativeblas.NativeOps;
import org.nd4j.nativeblas.NativeOpsHolder;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.FutureTask;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;

/**
 * Threads each of which runs the library by itself, without OpenMP's other threads. Parts of a batch that pass a whole network on
 * threads of their own wait for each other once; OpenMP's threads, which share each operation, wait after every one of them for the slowest.
 *
 * <p>There are as many as OpenMP would use. They end when they have not been needed for a while.
 */
final class OneDnnThreads {

    private static final long IDLE_SECONDS = 10;
    /** The share of the threads' time that must be used where all parts take as long as the largest. */
    private static final double LEAST_USE = 0.8;
    /** What GNU and LLVM OpenMP read from the environment to bind threads to processors. */
    private static final List<String> BINDING = List.of("OMP_PROC_BIND", "OMP_PLACES", "GOMP_CPU_AFFINITY", "KMP_AFFINITY");

    private final int count;
    private final ThreadPoolExecutor pool;

    /** Made when it is first needed. */
    private static final class Shared {
        private static final OneDnnThreads INSTANCE = new OneDnnThreads(limit());
    }

    /** @param count how many threads there are at most */
    OneDnnThreads(int count) {
        this.count = count;
        this.pool = pool(count);
    }

    /** Those of this process. */
    static OneDnnThreads shared() {
        return Shared.INSTANCE;
    }

    /**
     * How many threads OpenMP would use; 1 where the library does not obey a limit on its threads, where ND4J computes elsewhere and takes
     * the limit for something else, and where threads are bound to processors: a thread that a bound one starts is bound to the same processor.
     */
    private static int limit() {
        if (Nd4j.getExecutioner().type() != OpExecutioner.ExecutionerType.NATIVE_CPU) {
            return 1;
        }
        if (BINDING.stream().map(System::getenv).anyMatch(value -> value != null && !value.equalsIgnoreCase("false"))) {
            return 1;
        }
        try {
            NativeOps ops = NativeOpsHolder.getInstance().getDeviceNativeOps();
            // In a thread of its own, as limits hold for a thread.
            FutureTask<Integer> probe = new FutureTask<>(() -> {
                int most = ops.ompGetMaxThreads();
                long shared = memoryOfThreads();
                ops.setOmpNumThreads(1);
                return memoryOfThreads() < shared ? most : 1;
            });
            new Thread(probe, "multipoint-probe").start();
            return await(probe);
        } catch (LinkageError e) {
            // A backend of ND4J without native operations.
            return 1;
        }
    }

    /** Bytes in which a convolution collects pixels, for each thread that it would use. */
    private static long memoryOfThreads() {
        try (OneDnnScope scope = new OneDnnScope()) {
            primitive_attr attributes = scope.own(new primitive_attr());
            attributes.set_scratchpad_mode(dnnl.scratchpad_mode.user);
            memory.desc from = scope.own(new memory.desc(new long[]{1, 64, 32, 32}, OneDnn.U8, memory.format_tag.nhwc));
            memory.desc weights = scope.own(new memory.desc(new long[]{64, 64, 1, 1}, OneDnn.S8, memory.format_tag.any));
            memory.desc to = scope.own(new memory.desc(new long[]{1, 64, 16, 16}, OneDnn.U8, memory.format_tag.nhwc));
            long[] none = {0, 0};
            convolution_forward.primitive_desc strided = scope.own(new convolution_forward.primitive_desc(OneDnn.CPU,
                    dnnl.prop_kind.forward_inference, dnnl.algorithm.convolution_direct, from, weights, to, new long[]{2, 2}, none, none,
                    attributes, false));
            return scope.own(strided.scratchpad_desc()).get_size();
        }
    }

    private static ThreadPoolExecutor pool(int count) {
        ThreadPoolExecutor pool = new ThreadPoolExecutor(count, count, IDLE_SECONDS, TimeUnit.SECONDS, new LinkedBlockingQueue<>(), task -> {
            Thread thread = new Thread(() -> {
                NativeOpsHolder.getInstance().getDeviceNativeOps().setOmpNumThreads(1);
                task.run();
            }, "multipoint-batch");
            thread.setDaemon(true);
            return thread;
        });
        pool.allowCoreThreadTimeOut(true);
        return pool;
    }

    /**
     * The sizes of the parts in which a batch is to be processed: a single one where the threads would have too little to do.
     *
     * @param examples of the batch
     */
    int[] parts(int examples) {
        int largest = (examples + count - 1) / count;
        if (count == 1 || examples < LEAST_USE * count * largest) {
            return new int[]{examples};
        }
        int parts = Math.min(examples, count);
        return IntStream.range(0, parts).map(i -> examples * (i + 1) / parts - examples * i / parts).toArray();
    }

    /** Runs a task on one of these threads, and waits for it. */
    void alone(Runnable task) {
        await(pool.submit(task));
    }

    /** Runs tasks on these threads, and waits for all of them, also where one fails or this thread is interrupted. */
    void runAll(List<? extends Runnable> tasks) {
        List<Future<?>> futures = new ArrayList<>();
        tasks.forEach(task -> futures.add(pool.submit(task)));
        awaitAll(futures, 0);
    }

    private static void awaitAll(List<Future<?>> futures, int from) {
        if (from < futures.size()) {
            try {
                await(futures.get(from));
            } finally {
                awaitAll(futures, from + 1);
            }
        }
    }

    private static <T> T await(Future<T> future) {
        boolean interrupted = false;
        try {
            while (true) {
                try {
                    return future.get();
                } catch (InterruptedException e) {
                    interrupted = true;
                } catch (ExecutionException e) {
                    if (e.getCause() instanceof Error error) {
                        throw error;
                    }
                    throw e.getCause() instanceof RuntimeException failure ? failure : new IllegalStateException(e.getCause());
                }
            }
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }
}
