package org.multipoint.testing;

import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.parallelism.ParallelInference;
import org.deeplearning4j.parallelism.inference.InferenceMode;
import org.deeplearning4j.util.ModelSerializer;
import org.multipoint.segments.Segments;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;

/**
 * Measures how many single images a second a compiled graph answers in Deeplearning4j's ParallelInference, each request from a thread of its
 * own that waits for the answer, and how long a request takes. A program, not a test; OpenMP's settings are those of the environment:
 *
 * <pre>
 *     java -cp ... org.multipoint.testing.Throughput MODEL.zip 1,224,224,3 WORKERS SECONDS
 * </pre>
 */
public final class Throughput {

    private Throughput() {
    }

    public static void main(String[] args) throws Exception {
        if (args.length != 4) {
            throw new IllegalArgumentException("Expected: MODEL.zip SHAPE WORKERS SECONDS");
        }
        long[] shape = Arrays.stream(args[1].split(",")).mapToLong(Long::parseLong).toArray();
        int workers = Integer.parseInt(args[2]);
        double seconds = Double.parseDouble(args[3]);
        ComputationGraph graph = ModelSerializer.restoreComputationGraph(new File(args[0]), false);
        ParallelInference inference = new ParallelInference.Builder(Segments.compile(graph).graph()).workers(workers)
                .inferenceMode(InferenceMode.SEQUENTIAL).build();
        measure(inference, shape, workers, 2);
        double[] times = measure(inference, shape, workers, seconds);
        inference.shutdown();
        Arrays.sort(times);
        System.out.printf("%d workers: %.1f images a second, a request takes %.2f ms (median), %.2f ms (95 of 100); %s%n", workers,
                times.length / seconds, times[times.length / 2], times[times.length * 95 / 100], resident());
        System.exit(0);
    }

    /** Memory of the process, where the operating system tells. */
    private static String resident() throws IOException {
        Path status = Path.of("/proc/self/status");
        return Files.exists(status) ? Files.readAllLines(status).stream().filter(line -> line.startsWith("VmRSS")).findFirst().orElse("") : "";
    }

    private static double[] measure(ParallelInference inference, long[] shape, int clients, double seconds) throws Exception {
        ExecutorService threads = Executors.newFixedThreadPool(clients);
        try {
            long end = System.nanoTime() + (long) (seconds * 1e9);
            List<Callable<double[]>> requests = IntStream.range(0, clients).<Callable<double[]>>mapToObj(client -> () -> {
                INDArray image = Nd4j.rand(shape);
                double[] times = new double[1 << 20];
                int count = 0;
                for (long start = System.nanoTime(); start < end && count < times.length; start = System.nanoTime()) {
                    inference.output(image);
                    times[count++] = (System.nanoTime() - start) / 1e6;
                }
                return Arrays.copyOf(times, count);
            }).toList();
            double[] all = {};
            for (Future<double[]> future : threads.invokeAll(requests)) {
                double[] some = future.get();
                int before = all.length;
                all = Arrays.copyOf(all, before + some.length);
                System.arraycopy(some, 0, all, before, some.length);
            }
            return all;
        } finally {
            threads.shutdown();
        }
    }
}
