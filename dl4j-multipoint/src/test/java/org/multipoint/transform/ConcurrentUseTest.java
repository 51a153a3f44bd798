package org.multipoint.transform;

import org.bytedeco.javacpp.Pointer;
import org.deeplearning4j.nn.conf.ConvolutionMode;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.ConvolutionLayer;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.DepthwiseConvolution2D;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.parallelism.ParallelInference;
import org.deeplearning4j.parallelism.inference.InferenceMode;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.multipoint.segments.Segments;
import org.multipoint.testing.Reliability;
import org.multipoint.testing.TestNets;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.lossfunctions.LossFunctions;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.BooleanSupplier;
import java.util.function.UnaryOperator;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

/**
 * Many threads run plain, transformed and compiled models, directly and through ParallelInference, while models are transformed, compiled and
 * closed: outputs are bit for bit those of one thread, nothing is blocked for ever, and memory does not grow.
 */
@Tag(Reliability.TAG)
@Timeout(1200)
class ConcurrentUseTest {

    private static final int THREADS = 16;
    private static final int INPUTS = 6;
    /** Rounds of each thread; in the long version, seconds. */
    private static final int ROUNDS = 12;
    private static final long SECONDS = Integer.getInteger("org.multipoint.concurrent", 600);
    /** Memory is measured this often in the long version. */
    private static final long SAMPLE_SECONDS = 15;
    private static final List<String> KINDS_OF_MEMORY = List.of("seconds", "objects on the heap", "resident memory besides the heap");
    private static final double MIB = 1 << 20;

    private final ComputationGraph source = TestNets.chain(InputType.convolutional(10, 10, 3), layers());
    private final ComputationGraph transformed = transformed();
    private final ComputationGraph compiled = Segments.compile(transformed).graph();
    private final INDArray[] inputs = new INDArray[INPUTS];
    private final AtomicLong runs = new AtomicLong();

    private static Layer[] layers() {
        return new Layer[]{
                new ConvolutionLayer.Builder(3, 3).convolutionMode(ConvolutionMode.Same).nOut(8).activation(Activation.RELU).build(),
                new DepthwiseConvolution2D.Builder(3, 3).nOut(8).activation(Activation.RELU).build(),
                new DenseLayer.Builder().nOut(17).activation(Activation.RELU).build(),
                new OutputLayer.Builder(LossFunctions.LossFunction.MCXENT).nOut(3).activation(Activation.SOFTMAX).build()};
    }

    private ComputationGraph transformed() {
        return Multipoint.of(source).calibrate(TestNets.iterator(1, 3, 3, 8, 3, 10, 10)).transform().model();
    }

    /** What some threads do, with what one thread found. */
    private final class Work implements Runnable {

        private final String what;
        private final UnaryOperator<INDArray> output;
        private final float[][] expected = new float[INPUTS][];
        private final BooleanSupplier goesOn;

        /**
         * @param alone  of a single thread
         * @param output of several
         */
        Work(String what, UnaryOperator<INDArray> alone, UnaryOperator<INDArray> output, BooleanSupplier goesOn) {
            this.what = what;
            this.output = output;
            this.goesOn = goesOn;
            for (int i = 0; i < INPUTS; i++) {
                expected[i] = values(alone.apply(inputs[i]));
            }
        }

        @Override
        public void run() {
            Random random = new Random(Thread.currentThread().getId());
            for (int round = 0; round < ROUNDS || goesOn.getAsBoolean(); round++) {
                int i = random.nextInt(INPUTS);
                assertArrayEquals(expected[i], values(output.apply(inputs[i])), what + ", input " + i);
                runs.incrementAndGet();
            }
        }
    }

    private static float[] values(INDArray array) {
        return array.dup('c').data().asFloat();
    }

    private static ParallelInference parallel(ComputationGraph model, InferenceMode mode) {
        return new ParallelInference.Builder(model).workers(2).inferenceMode(mode).batchLimit(16).queueLimit(64).build();
    }

    @Test
    void outputsAreThoseOfOneThread() throws Exception {
        for (int i = 0; i < INPUTS; i++) {
            inputs[i] = TestNets.random(20 + i, 1 + i % 3, 3, 10, 10);
        }
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(SECONDS);
        BooleanSupplier goesOn = () -> Reliability.LONG && System.nanoTime() < end;
        String json = transformed.getConfiguration().toJson();
        List<ParallelInference> services = new ArrayList<>();
        List<Runnable> kinds = new ArrayList<>();
        kinds.add(new Work("compiled", compiled::outputSingle, compiled::outputSingle, goesOn));
        kinds.add(new Work("transformed", transformed::outputSingle, transformed::outputSingle, goesOn));
        kinds.add(new Work("source", source::outputSingle, source::outputSingle, goesOn));
        for (InferenceMode mode : new InferenceMode[]{InferenceMode.SEQUENTIAL, InferenceMode.BATCHED}) {
            ParallelInference service = parallel(compiled, mode);
            services.add(service);
            kinds.add(new Work("ParallelInference " + mode, compiled::outputSingle, service::output, goesOn));
        }
        Runnable closing = () -> {
            for (int round = 0; round < ROUNDS || goesOn.getAsBoolean(); round++) {
                MultipointModels.close(round % 2 == 0 ? compiled : transformed);
                pause(20);
            }
        };
        Runnable transforming = () -> {
            for (int round = 0; round < 2 || goesOn.getAsBoolean(); round++) {
                ComputationGraph again = transformed();
                assertEquals(json, again.getConfiguration().toJson());
                ComputationGraph other = Segments.compile(again).graph();
                assertArrayEquals(values(compiled.outputSingle(inputs[0])), values(other.outputSingle(inputs[0])));
                MultipointModels.close(other);
            }
        };
        ExecutorService threads = Executors.newFixedThreadPool(THREADS + 2);
        List<Future<?>> futures = new ArrayList<>();
        List<double[]> memory = new ArrayList<>();
        try {
            for (int t = 0; t < THREADS; t++) {
                futures.add(threads.submit(kinds.get(t % kinds.size())));
            }
            futures.add(threads.submit(closing));
            futures.add(threads.submit(transforming));
            while (goesOn.getAsBoolean()) {
                pause(1000 * SAMPLE_SECONDS);
                memory.add(memory(SECONDS - (end - System.nanoTime()) / 1e9));
                failed(futures);
            }
            for (Future<?> future : futures) {
                future.get(15, TimeUnit.MINUTES);
            }
        } finally {
            threads.shutdownNow();
            services.forEach(ParallelInference::shutdown);
        }
        MultipointModels.close(compiled);
        MultipointModels.close(transformed);
        Reliability.figure("%,d outputs of %d threads, all bit for bit those of one thread", runs.get(), THREADS);
        if (Reliability.LONG) {
            // The first fifth is warming up.
            List<double[]> later = memory.subList(memory.size() / 5, memory.size());
            for (int kind = 1; kind < KINDS_OF_MEMORY.size(); kind++) {
                Reliability.figure("%s over %d s: %.0f MiB after warming up, %.0f MiB at the end, slope %.2f MiB a minute", KINDS_OF_MEMORY.get(kind),
                        SECONDS, later.get(0)[kind], later.get(later.size() - 1)[kind], 60 * slope(later, kind));
            }
        }
    }

    /** The second, and MiB of each kind. */
    private static double[] memory(double second) {
        System.gc();
        Runtime java = Runtime.getRuntime();
        return new double[]{second, (java.totalMemory() - java.freeMemory()) / MIB, (Pointer.physicalBytes() - java.totalMemory()) / MIB};
    }

    private static void failed(List<Future<?>> futures) throws InterruptedException, ExecutionException {
        for (Future<?> future : futures) {
            if (future.isDone()) {
                future.get();
            }
        }
    }

    /** Of the least squares line. */
    private static double slope(List<double[]> points, int kind) {
        double x = points.stream().mapToDouble(p -> p[0]).average().orElseThrow();
        double y = points.stream().mapToDouble(p -> p[kind]).average().orElseThrow();
        return points.stream().mapToDouble(p -> (p[0] - x) * (p[kind] - y)).sum() / points.stream().mapToDouble(p -> (p[0] - x) * (p[0] - x)).sum();
    }

    private static void pause(long milliseconds) {
        try {
            Thread.sleep(milliseconds);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** Closing while others run neither blocks nor breaks them. */
    @Test
    void closingIsSafeAtAnyMoment() throws Exception {
        INDArray x = TestNets.random(5, 2, 3, 10, 10);
        float[] expected = values(compiled.outputSingle(x));
        ExecutorService threads = Executors.newFixedThreadPool(4);
        try {
            List<Future<?>> futures = new ArrayList<>();
            for (int t = 0; t < 4; t++) {
                boolean closes = t % 2 == 0;
                futures.add(threads.submit(() -> {
                    for (int i = 0; i < 30; i++) {
                        if (closes) {
                            MultipointModels.close(compiled);
                        }
                        assertTrue(Arrays.equals(expected, values(compiled.outputSingle(x))));
                    }
                }));
            }
            for (Future<?> future : futures) {
                future.get(5, TimeUnit.MINUTES);
            }
        } finally {
            threads.shutdownNow();
        }
    }
}
