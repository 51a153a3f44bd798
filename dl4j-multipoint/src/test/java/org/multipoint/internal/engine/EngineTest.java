package org.multipoint.internal.engine;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.multipoint.internal.ops.InputQuantization;
import org.multipoint.internal.ops.LinearOp;
import org.multipoint.internal.ops.LinearOp.PaddingMode;
import org.multipoint.internal.ops.LinearOp.Size;
import org.multipoint.points.MultipointMatrix;
import org.multipoint.testing.ForkedJvm;
import org.multipoint.testing.Reliability;
import org.multipoint.testing.TestPoints;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;

import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import java.util.stream.Stream;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

class EngineTest {

    /** Both engines by name, so that reports tell them apart. */
    enum Candidate {
        ND4J, ONEDNN;

        Engine engine() {
            return this == ND4J ? Engines.nd4j() : new FallbackEngine(oneDnn(), Engines.nd4j());
        }

        /** Largest code that it multiplies as it is. */
        int codeLimit() {
            return this == ND4J ? FusedRows.FULL_LIMIT : oneDnn().exactCodeLimit();
        }
    }

    private static OneDnnEngine oneDnn;

    private static synchronized OneDnnEngine oneDnn() {
        if (oneDnn == null) {
            oneDnn = new OneDnnEngine();
        }
        return oneDnn;
    }

    private static final InputQuantization POSITIVE = new InputQuantization(0.01f, 0, 8);
    private static final InputQuantization SIGNED = new InputQuantization(0.013f, 117, 8);
    private static final InputQuantization NARROW = new InputQuantization(0.11f, 9, 5);

    private record Case(LinearOp op, int n, int h, int w, InputQuantization quantization) {
    }

    static List<Case> cases() {
        return List.of(
                new Case(op(3, 16, 1, 3, 1, 1, 1, PaddingMode.EXPLICIT), 2, 9, 7, SIGNED),
                new Case(op(1, 17, 1, 3, 2, 1, 0, PaddingMode.SAME), 1, 8, 11, SIGNED),
                new Case(op(17, 3, 1, 1, 1, 1, 0, PaddingMode.EXPLICIT), 3, 5, 5, POSITIVE),
                new Case(op(17, 5, 1, 1, 2, 1, 0, PaddingMode.EXPLICIT), 1, 8, 8, SIGNED),
                new Case(op(16, 32, 1, 3, 1, 2, 2, PaddingMode.EXPLICIT), 2, 12, 12, SIGNED),
                new Case(op(5, 4, 1, 5, 3, 1, 2, PaddingMode.EXPLICIT), 1, 17, 14, NARROW),
                new Case(op(3, 8, 1, 7, 2, 1, 3, PaddingMode.EXPLICIT), 1, 32, 32, SIGNED),
                new Case(op(64, 64, 1, 3, 1, 1, 1, PaddingMode.EXPLICIT), 1, 14, 14, POSITIVE),
                new Case(op(32, 32, 32, 3, 1, 1, 0, PaddingMode.SAME), 2, 10, 9, SIGNED),
                new Case(op(17, 17, 17, 3, 2, 1, 0, PaddingMode.SAME), 1, 8, 8, SIGNED),
                new Case(op(3, 6, 3, 3, 1, 2, 1, PaddingMode.EXPLICIT), 1, 9, 9, SIGNED),
                new Case(op(1, 3, 1, 3, 1, 1, 1, PaddingMode.EXPLICIT), 1, 6, 6, NARROW),
                new Case(op(8, 12, 4, 3, 1, 1, 1, PaddingMode.EXPLICIT), 2, 6, 6, SIGNED),
                new Case(op(6, 4, 2, 1, 1, 1, 0, PaddingMode.EXPLICIT), 1, 4, 4, POSITIVE),
                new Case(op(8, 16, 1, 1, 2, 1, 0, PaddingMode.EXPLICIT), 3, 1, 1, SIGNED),
                new Case(op(1, 16, 1, 3, 1, 1, 3, PaddingMode.EXPLICIT), 2, 6, 6, SIGNED),
                new Case(op(2, 3, 1, 1, 4, 1, 0, PaddingMode.SAME), 1, 8, 7, SIGNED),
                // One column of output, one channel of each group: what AVX-512 takes from wrong rows.
                new Case(new LinearOp(3, 6, 3, new Size(3, 6), new Size(1, 4), Size.ONE, Size.ZERO, PaddingMode.EXPLICIT, false, false), 2, 9, 6,
                        SIGNED),
                new Case(new LinearOp(1, 5, 1, new Size(2, 3), new Size(1, 3), Size.ONE, new Size(1, 1), PaddingMode.EXPLICIT, false, false), 1, 9,
                        4, SIGNED),
                new Case(new LinearOp(2, 6, 2, new Size(4, 2), new Size(1, 3), Size.ONE, new Size(1, 2), PaddingMode.EXPLICIT, false, false), 1, 7,
                        1, SIGNED),
                new Case(LinearOp.dense(17, 10, false), 4, 1, 1, SIGNED),
                new Case(LinearOp.dense(512, 33, false), 1, 1, 1, POSITIVE),
                new Case(new LinearOp(3, 7, 1, new Size(3, 1), Size.ONE, new Size(2, 1), Size.ZERO, PaddingMode.CAUSAL, false,
                        false), 2, 13, 1, SIGNED),
                new Case(transposed(3, 5, 3, 2, 1, PaddingMode.EXPLICIT), 2, 6, 5, SIGNED),
                new Case(transposed(4, 17, 2, 2, 0, PaddingMode.SAME), 1, 4, 4, POSITIVE),
                new Case(transposed(2, 3, 2, 3, 0, PaddingMode.SAME), 1, 4, 4, SIGNED),
                new Case(transposed(1, 2, 3, 2, 0, PaddingMode.SAME), 1, 3, 5, NARROW));
    }

    private static LinearOp op(int in, int out, int groups, int kernel, int stride, int dilation, int pad, PaddingMode mode) {
        return new LinearOp(in, out, groups, new Size(kernel, kernel), new Size(stride, stride), new Size(dilation, dilation),
                new Size(pad, pad), mode, false, false);
    }

    private static LinearOp transposed(int in, int out, int kernel, int stride, int pad, PaddingMode mode) {
        return new LinearOp(in, out, 1, new Size(kernel, kernel), new Size(stride, stride), Size.ONE, new Size(pad, pad), mode,
                true, false);
    }

    private static LinearOp channelsLast(LinearOp op) {
        return new LinearOp(op.inChannels(), op.outChannels(), op.groups(), op.kernel(), op.stride(), op.dilation(), op.padding(),
                op.paddingMode(), op.transposed(), true);
    }

    static Stream<Arguments> candidatesAndCases() {
        return Stream.of(Candidate.values()).flatMap(c -> cases().stream().map(k -> Arguments.of(c, k)));
    }

    private static float[] noise(int length, long seed) {
        Random random = new Random(seed);
        float[] x = new float[length];
        for (int i = 0; i < length; i++) {
            x[i] = (float) random.nextGaussian();
        }
        return x;
    }

    private static MultipointMatrix rows(LinearOp op, int limit, long seed) {
        Random random = new Random(seed);
        byte[] codes = new byte[op.rows() * op.columns()];
        for (int i = 0; i < codes.length; i++) {
            codes[i] = (byte) (random.nextInt(2 * limit + 1) - limit);
        }
        float[] scales = new float[op.rows()];
        for (int i = 0; i < scales.length; i++) {
            scales[i] = 0.001f + 0.01f * random.nextFloat();
        }
        return TestPoints.of(op.rows(), op.columns(), codes, scales);
    }

    private static INDArray nchw(float[] x, long... shape) {
        return Nd4j.create(x, shape, 'c');
    }

    private static float[] values(INDArray array) {
        return array.dup('c').data().asFloat();
    }

    @ParameterizedTest
    @MethodSource("candidatesAndCases")
    void integerSumsAreExactToTheLastBit(Candidate candidate, Case c) {
        Engine engine = candidate.engine();
        LinearOp op = c.op;
        MultipointMatrix weights = rows(op, candidate.codeLimit(), 1);
        float[] bias = noise(op.rows(), 2);
        float[] x = noise(c.n * op.inChannels() * c.h * c.w, 3);
        float[] expected = Reference.quantized(op, weights, bias, c.quantization, x, c.n, c.h, c.w);
        try (Kernel kernel = engine.quantized(op, weights, bias, c.quantization);
             Kernel last = engine.quantized(channelsLast(op), weights, bias, c.quantization)) {
            INDArray image = nchw(x, c.n, op.inChannels(), c.h, c.w);
            assertArrayEquals(expected, values(kernel.apply(image)), "channels first");
            assertArrayEquals(expected, values(last.apply(image.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)), "channels last, a view");
            assertArrayEquals(expected, values(last.apply(image.permute(0, 2, 3, 1).dup('c')).permute(0, 3, 1, 2)),
                    "channels last, dense");
        }
    }

    @ParameterizedTest
    @MethodSource("candidatesAndCases")
    void floatingKernelsAgreeWithTheDefinition(Candidate candidate, Case c) {
        LinearOp op = c.op;
        float[] weights = noise(op.rows() * op.columns(), 4);
        float[] bias = noise(op.rows(), 5);
        float[] x = noise(c.n * op.inChannels() * c.h * c.w, 6);
        float[] expected = Reference.floating(op, weights, bias, x, c.n, c.h, c.w);
        try (Kernel kernel = candidate.engine().floating(op, weights, bias);
             Kernel last = candidate.engine().floating(channelsLast(op), weights, bias)) {
            INDArray image = nchw(x, c.n, op.inChannels(), c.h, c.w);
            assertArrayEquals(expected, values(kernel.apply(image)), 1e-4f);
            assertArrayEquals(expected, values(last.apply(image.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)), 1e-4f);
        }
    }

    @ParameterizedTest
    @EnumSource
    void sumsBeyondSinglePrecisionAreRoundedOnce(Candidate candidate) {
        Engine engine = candidate.engine();
        LinearOp op = LinearOp.dense(5000, 2, false);
        byte[] codes = new byte[op.rows() * op.columns()];
        Arrays.fill(codes, (byte) candidate.codeLimit());
        codes[0] = 1;
        codes[5001] = -2;
        MultipointMatrix weights = TestPoints.of(2, 5000, codes, new float[]{1, 1});
        InputQuantization q = new InputQuantization(1, 0, 8);
        float[] x = new float[5000];
        Arrays.fill(x, 255);
        float[] bias = {0, 0};
        try (Kernel kernel = engine.quantized(op, weights, bias, q)) {
            assertArrayEquals(Reference.quantized(op, weights, bias, q, x, 1, 1, 1), values(kernel.apply(nchw(x, 1, 5000))));
        }
    }

    /** Sums of 80,000 products, positive and negative, in a dense layer and in a convolution of two groups. */
    @ParameterizedTest
    @EnumSource
    void sumsBeyond32BitsDoNotWrap(Candidate candidate) {
        Engine engine = candidate.engine();
        for (InputQuantization q : List.of(new InputQuantization(1, 0, 8), new InputQuantization(1, 255, 8))) {
            for (LinearOp op : List.of(LinearOp.dense(160_000, 2, false), op(12_800, 2, 2, 5, 1, 1, 2, PaddingMode.EXPLICIT))) {
                byte[] codes = new byte[op.rows() * op.columns()];
                Arrays.fill(codes, (byte) candidate.codeLimit());
                Arrays.fill(codes, 0, op.columns(), (byte) -candidate.codeLimit());
                MultipointMatrix weights = TestPoints.of(op.rows(), op.columns(), codes, new float[]{1e-3f, 1e-3f});
                float[] x = new float[2 * op.inChannels()];
                Arrays.fill(x, q.zeroPoint() == 0 ? 255 : -255);
                x[0] = 0;
                float[] bias = {1, 2};
                float[] expected = Reference.quantized(op, weights, bias, q, x, 2, 1, 1);
                try (Kernel kernel = engine.quantized(op, weights, bias, q)) {
                    float[] found = values(kernel.apply(nchw(x, 2, op.inChannels(), 1, 1)));
                    for (int i = 0; i < found.length; i++) {
                        assertEquals(expected[i], found[i], 2e-7 * Math.abs(expected[i]), "of " + op);
                    }
                }
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void ranksTwoAndThreeAreImages(Candidate candidate) {
        Engine engine = candidate.engine();
        for (boolean last : new boolean[]{false, true}) {
            LinearOp op = new LinearOp(5, 6, 1, new Size(3, 1), Size.ONE, Size.ONE, new Size(1, 0), PaddingMode.EXPLICIT, false, last);
            MultipointMatrix weights = rows(op, 50, 1);
            float[] x = noise(2 * 5 * 9, 2);
            float[] expected = Reference.quantized(op, weights, new float[6], SIGNED, x, 2, 9, 1);
            try (Kernel kernel = engine.quantized(op, weights, new float[6], SIGNED)) {
                INDArray sequence = nchw(x, 2, 5, 9);
                INDArray y = kernel.apply(last ? sequence.permute(0, 2, 1) : sequence);
                assertArrayEquals(last ? new long[]{2, 9, 6} : new long[]{2, 6, 9}, y.shape());
                assertArrayEquals(expected, values(last ? y.permute(0, 2, 1) : y));
            }
            LinearOp dense = LinearOp.dense(5, 6, last);
            MultipointMatrix rows = rows(dense, 50, 3);
            try (Kernel kernel = engine.quantized(dense, rows, new float[6], SIGNED)) {
                // A view in 'f' order with an offset.
                INDArray view = nchw(x, 9, 10).get(NDArrayIndex.interval(2, 7), NDArrayIndex.all()).permute(1, 0);
                float[] seen = values(view);
                assertArrayEquals(Reference.quantized(dense, rows, new float[6], SIGNED, seen, 10, 1, 1),
                        values(kernel.apply(view)));
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void shapesMayChangeFromCallToCall(Candidate candidate) {
        Engine engine = candidate.engine();
        LinearOp op = op(3, 5, 1, 3, 2, 1, 0, PaddingMode.SAME);
        MultipointMatrix weights = rows(op, 60, 1);
        try (Kernel kernel = engine.quantized(op, weights, new float[5], SIGNED)) {
            for (int round = 0; round < 2; round++) {
                for (int i = 0; i < 12; i++) {
                    int n = 1 + i % 3;
                    int h = 5 + i;
                    int w = 20 - i;
                    float[] x = noise(n * 3 * h * w, i);
                    assertArrayEquals(Reference.quantized(op, weights, new float[5], SIGNED, x, n, h, w),
                            values(kernel.apply(nchw(x, n, 3, h, w))));
                }
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    @Timeout(120)
    void threadsMayShareAKernel(Candidate candidate) throws Exception {
        LinearOp op = op(4, 8, 1, 3, 1, 1, 1, PaddingMode.EXPLICIT);
        MultipointMatrix weights = rows(op, 60, 1);
        ExecutorService threads = Executors.newFixedThreadPool(3);
        try (Kernel kernel = candidate.engine().quantized(op, weights, new float[8], SIGNED)) {
            List<Callable<Void>> calls = IntStream.range(0, 24).<Callable<Void>>mapToObj(i -> () -> {
                int n = 1 + i % 3;
                float[] x = noise(n * 4 * 36, i);
                assertArrayEquals(Reference.quantized(op, weights, new float[8], SIGNED, x, n, 6, 6),
                        values(kernel.apply(nchw(x, n, 4, 6, 6))));
                return null;
            }).toList();
            for (Future<Void> f : threads.invokeAll(calls)) {
                f.get();
            }
        } finally {
            threads.shutdown();
        }
    }

    /** Parts of a batch pass on threads of their own: they begin at the right examples of any layout. */
    @ParameterizedTest
    @EnumSource
    void examplesOfABatchAreReadWhereTheyLie(Candidate candidate) {
        LinearOp op = op(4, 7, 1, 3, 1, 1, 1, PaddingMode.EXPLICIT);
        MultipointMatrix weights = rows(op, 60, 1);
        try (Kernel kernel = candidate.engine().quantized(op, weights, new float[7], SIGNED)) {
            for (int n : new int[]{2, 4, 5, 6, 9, 16, 64}) {
                float[] x = noise(n * 4 * 30, n);
                INDArray dense = nchw(x, n, 4, 5, 6);
                INDArray spread = Nd4j.ones(2 * n, 4, 5, 6).get(NDArrayIndex.interval(1, 2, 2 * n), NDArrayIndex.all(), NDArrayIndex.all(),
                        NDArrayIndex.all());
                float[] expected = Reference.quantized(op, weights, new float[7], SIGNED, x, n, 5, 6);
                for (INDArray layout : List.of(dense, dense.dup('f'), dense.permute(0, 2, 3, 1).dup('c').permute(0, 3, 1, 2), spread.assign(dense))) {
                    assertArrayEquals(expected, values(kernel.apply(layout)), n + " examples, strides " + Arrays.toString(layout.stride()));
                }
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void wrongShapesAndClosedKernelsAreRefused(Candidate candidate) {
        LinearOp op = op(3, 5, 1, 3, 1, 1, 0, PaddingMode.EXPLICIT);
        Kernel kernel = candidate.engine().floating(op, new float[op.rows() * op.columns()], new float[5]);
        for (INDArray bad : new INDArray[]{Nd4j.zeros(1, 4, 5, 5), Nd4j.zeros(2, 7), Nd4j.zeros(1, 5, 9)}) {
            String message = assertThrows(IllegalArgumentException.class, () -> kernel.apply(bad)).getMessage();
            assertTrue(message.contains("3 channels") && message.contains("[" + bad.size(0) + ", " + bad.size(1) + ", "), message);
        }
        kernel.apply(Nd4j.zeros(1, 3, 5, 5));
        assertTrue(assertThrows(IllegalArgumentException.class, () -> kernel.apply(Nd4j.zeros(DataType.DOUBLE, 1, 3, 5, 5))).getMessage()
                .contains("DOUBLE"));
        assertThrows(IllegalArgumentException.class, () -> kernel.apply(Nd4j.zeros(1, 3, 2, 5)));
        assertThrows(IllegalArgumentException.class, () -> kernel.apply(Nd4j.zeros(1, 3, 1, 5, 5)));
        kernel.close();
        kernel.close();
        assertThrows(IllegalStateException.class, () -> kernel.apply(Nd4j.zeros(1, 3, 5, 5)));
    }

    /** A library that writes beyond a thread's pixels is wrong once in thousands of runs. */
    @Test
    @Tag(Reliability.TAG)
    void threadsOfStridedKernelsDoNotDisturbOneAnother() {
        LinearOp op = op(8, 17, 1, 1, 2, 1, 0, PaddingMode.EXPLICIT);
        MultipointMatrix weights = rows(op, oneDnn().exactCodeLimit(), 1);
        INDArray image = nchw(noise(3 * 8 * 64, 3), 3, 8, 8, 8);
        float[] expected = Reference.quantized(op, weights, new float[17], SIGNED, values(image), 3, 8, 8);
        try (Kernel kernel = oneDnn().quantized(op, weights, new float[17], SIGNED)) {
            for (int i = 0; i < Reliability.times(10_000, 200_000); i++) {
                assertArrayEquals(expected, values(kernel.apply(image)), "run " + i);
            }
        }
    }

    /** What the forked process of the test below does. */
    public static void main(String[] args) {
        EngineTest test = new EngineTest();
        for (Case c : cases()) {
            test.integerSumsAreExactToTheLastBit(Candidate.ONEDNN, c);
        }
        test.sumsBeyondSinglePrecisionAreRoundedOnce(Candidate.ONEDNN);
        System.out.println("limit " + oneDnn().exactCodeLimit());
    }

    @Test
    void cpusThatSaturateGetSmallerCodes() throws Exception {
        String output = ForkedJvm.run(EngineTest.class, "AVX2");
        assertTrue(output.contains("limit " + FusedRows.SAFE_LIMIT), output);
    }

    @Test
    void theSystemPropertyChoosesTheEngine() {
        String before = System.getProperty(Engines.PROPERTY);
        try {
            System.setProperty(Engines.PROPERTY, "nd4j");
            assertEquals("nd4j", Engines.preferred().name());
            System.setProperty(Engines.PROPERTY, "onednn");
            assertEquals("onednn", Engines.preferred().name());
            System.setProperty(Engines.PROPERTY, "abacus");
            assertThrows(IllegalStateException.class, Engines::preferred);
        } finally {
            if (before == null) {
                System.clearProperty(Engines.PROPERTY);
            } else {
                System.setProperty(Engines.PROPERTY, before);
            }
        }
        assertEquals("onednn", Engines.preferred().name());
    }

    @Test
    void whatOneDnnDoesNotSupportRunsOnNd4j() {
        LinearOp large = op(1, 1, 1, 258, 1, 1, 0, PaddingMode.EXPLICIT);
        LinearOp largeToo = transposed(1, 1, 258, 2, 0, PaddingMode.SAME);
        Engine both = Candidate.ONEDNN.engine();
        for (LinearOp op : List.of(large, largeToo)) {
            MultipointMatrix points = TestPoints.of(op.rows(), op.columns(), new byte[op.rows() * op.columns()], new float[op.rows()]);
            Program program = new Program(1, false, List.of(new Program.Linear(0, op, new Program.IntegerWeights(points, POSITIVE),
                    new float[op.rows()])));
            assertFalse(oneDnn().supports(program));
            assertTrue(both.supports(program));
            try (Executable executable = both.compile(program)) {
                assertTrue(executable instanceof Nd4jExecutable);
            }
        }
        LinearOp convolution = op(2, 3, 1, 3, 1, 1, 0, PaddingMode.SAME);
        Program program = new Program(1, false, List.of(new Program.Linear(0, convolution, new Program.FloatWeights(new float[54]),
                new float[3])));
        assertTrue(oneDnn().supports(program));
        try (Executable executable = both.compile(program)) {
            assertTrue(executable instanceof OneDnnExecutable);
        }
    }

    @Test
    void inputsAreNotChanged() {
        LinearOp op = op(3, 5, 1, 3, 1, 1, 1, PaddingMode.EXPLICIT);
        for (Candidate candidate : Candidate.values()) {
            INDArray x = nchw(noise(3 * 25, 1), 1, 3, 5, 5);
            INDArray before = x.dup();
            try (Kernel kernel = candidate.engine().quantized(op, rows(op, 60, 2), new float[5], NARROW)) {
                assertNotNull(kernel.apply(x));
            }
            assertEquals(before, x);
        }
    }
}
