package org.multipoint.transform;

import org.bytedeco.javacpp.Pointer;
import org.deeplearning4j.nn.conf.ConvolutionMode;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.ConvolutionLayer;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.GlobalPoolingLayer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.conf.layers.PoolingType;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.multipoint.options.Method;
import org.multipoint.options.MultipointOptions;
import org.multipoint.testing.Reliability;
import org.multipoint.testing.TestNets;
import org.multipoint.transform.TransformListener.Phase;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.api.iterator.DataSetIterator;
import org.nd4j.linalg.lossfunctions.LossFunctions;

import java.util.Random;
import java.util.concurrent.CancellationException;
import java.util.concurrent.atomic.AtomicReference;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

/** Transformations that are interrupted, or whose listener or metric throws: they end, release what they hold, and leave the source as it was. */
@Tag(Reliability.TAG)
@Timeout(1200)
class CancelledTest {

    private static final int INTERRUPTED = Reliability.times(6, 60);
    /** Of every transformation. */
    private static final Phase[] PHASES = {Phase.EQUALIZATION, Phase.CALIBRATION, Phase.ALLOCATION, Phase.QUANTIZATION};
    private static final MultipointOptions EQUALIZED = MultipointOptions.builder().equalization(MultipointOptions.Equalization.ALWAYS).build();
    private static final double LONGEST_SECONDS = 2;

    private static ComputationGraph graph(int width) {
        return TestNets.chain(InputType.convolutional(12, 12, 3),
                new ConvolutionLayer.Builder(3, 3).convolutionMode(ConvolutionMode.Same).nOut(width).activation(Activation.RELU).build(),
                new ConvolutionLayer.Builder(3, 3).convolutionMode(ConvolutionMode.Same).nOut(width).activation(Activation.RELU).build(),
                new GlobalPoolingLayer.Builder(PoolingType.AVG).build(),
                new DenseLayer.Builder().nOut(4 * width).activation(Activation.RELU).build(),
                new OutputLayer.Builder(LossFunctions.LossFunction.MCXENT).nOut(3).activation(Activation.SOFTMAX).build());
    }

    private static DataSetIterator data() {
        return TestNets.iterator(1, 4, 3, 8, 3, 12, 12);
    }

    /** Of a thread that is interrupted after some time, what it threw; and how long it went on. */
    private record Ending(Throwable thrown, boolean stillInterrupted, double seconds) {
    }

    private static Ending interrupted(Runnable work, Runnable untilThen) throws InterruptedException {
        AtomicReference<Throwable> thrown = new AtomicReference<>();
        AtomicReference<Boolean> flag = new AtomicReference<>(false);
        Thread thread = new Thread(() -> {
            try {
                work.run();
            } catch (Throwable e) {
                thrown.set(e);
            }
            flag.set(Thread.currentThread().isInterrupted());
        });
        thread.start();
        untilThen.run();
        long start = System.nanoTime();
        thread.interrupt();
        thread.join();
        return new Ending(thrown.get(), flag.get(), (System.nanoTime() - start) / 1e9);
    }

    /** In each phase, from within the transformation. */
    @ParameterizedTest
    @EnumSource(value = Method.class, names = {"CALIBRATED", "CODED"})
    void aTransformationEndsWhereItsThreadIsInterrupted(Method method) {
        ComputationGraph source = graph(8);
        INDArray before = source.params().dup();
        for (Phase phase : PHASES) {
            assertThrows(CancellationException.class, () -> Multipoint.of(source).method(method).options(EQUALIZED).calibrate(data()).listener((p, done, total, what) -> {
                // Behind the last step nothing is left to end.
                if (p == phase && done != total) {
                    Thread.currentThread().interrupt();
                }
            }).transform(), method + " in " + phase);
            assertTrue(Thread.interrupted());
        }
        assertEquals(before, source.params());
    }

    /** At any moment, from outside. Layers are large enough for each to take seconds. */
    @Test
    void interruptionsAtAnyMoment() throws InterruptedException {
        ComputationGraph source = graph(Reliability.LONG ? 256 : 48);
        INDArray before = source.params().dup();
        String expected = Reliability.LONG ? null : transformed(source, Method.CODED);
        Random random = new Random(1);
        double longest = 0;
        int cancelled = 0;
        long held = 0;
        for (int i = 0; i < INTERRUPTED; i++) {
            Method method = i % 2 == 0 ? Method.CALIBRATED : Method.CODED;
            int after = random.nextInt(Reliability.LONG ? 6000 : 1500);
            Ending ending = interrupted(() -> Multipoint.of(source).method(method).memory(1L << 26).calibrate(data()).transform(), () -> sleep(after));
            if (ending.thrown != null) {
                assertInstanceOf(CancellationException.class, ending.thrown);
                assertTrue(ending.stillInterrupted);
                cancelled++;
                longest = Math.max(longest, ending.seconds);
            }
            if (i == INTERRUPTED / 4) {
                held = nativeBytes();
            }
        }
        long more = nativeBytes() - held;
        assertEquals(before, source.params());
        assertTrue(cancelled > 0, "none was interrupted");
        Reliability.figure("%d of %d transformations interrupted: they ended after %.2f s at most; native memory grew by %,d KiB over the last three quarters",
                cancelled, INTERRUPTED, longest, more >> 10);
        if (Reliability.LONG) {
            assertTrue(longest <= LONGEST_SECONDS, longest + " s");
            assertTrue(more < 64 << 20, more + " bytes of native memory");
        } else {
            assertEquals(expected, transformed(source, Method.CODED));
        }
    }

    private static long nativeBytes() {
        for (int i = 0; i < 3; i++) {
            System.gc();
            sleep(200);
        }
        return Pointer.totalBytes();
    }

    private static void sleep(int milliseconds) {
        try {
            Thread.sleep(milliseconds);
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    private static String transformed(ComputationGraph source, Method method) {
        return Multipoint.of(source).method(method).calibrate(data()).transform().model().getConfiguration().toJson();
    }

    private static final class Mine extends RuntimeException {
    }

    /** Whatever the listener or the metric throws is what the caller gets. */
    @Test
    void exceptionsOfListenersAndMetricsPass() {
        ComputationGraph source = graph(6);
        INDArray before = source.params().dup();
        String expected = transformed(source, Method.CALIBRATED);
        for (Phase phase : PHASES) {
            Mine mine = new Mine();
            assertSame(mine, assertThrows(Mine.class, () -> Multipoint.of(source).options(EQUALIZED).calibrate(data()).listener((p, done, total, what) -> {
                if (p == phase) {
                    throw mine;
                }
            }).transform()), phase.name());
        }
        for (int failing = 1; failing <= 3; failing++) {
            int[] calls = {failing};
            assertThrows(Mine.class, () -> Multipoint.of(source).calibrate(data()).maxDrop(0.01, model -> {
                if (--calls[0] == 0) {
                    throw new Mine();
                }
                return 1;
            }).transform());
        }
        assertEquals(before, source.params());
        assertEquals(expected, transformed(source, Method.CALIBRATED));
    }
}
