package org.multipoint.internal.calibration;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.multipoint.internal.ops.LinearOp;
import org.multipoint.internal.ops.Tensor;
import org.multipoint.testing.TestOps;

import java.util.Arrays;
import java.util.Random;
import java.util.function.BiFunction;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

class MomentsTest {

    /** Products are single precision; inputs have second moments of about 1. */
    private static final double SINGLE = 2e-6;
    private static final int ALL = Integer.MAX_VALUE;

    @ParameterizedTest
    @MethodSource("org.multipoint.testing.TestOps#images")
    void momentsAreThoseOfTheVectorsThatRowsAreMultipliedWith(LinearOp op) {
        Tensor x = TestOps.image(op, 5, 6, 7, 1);
        Tensor y = TestOps.image(op, 5, 6, 7, 2);
        Moments moments = new Moments(op, weights(op), ALL, MemoryBound.NONE);
        moments.addPair(TestOps.part(x, 0, 2), TestOps.part(y, 0, 2));
        moments.addPair(TestOps.part(x, 2, 5), TestOps.part(y, 2, 5));
        assertTrue(moments.hasTargets());
        check(moments, x.examples(), (example, group) -> TestOps.vectors(op, x, example, group),
                (example, group) -> TestOps.vectors(op, y, example, group));
    }

    /** Of the reference network. */
    private static float[] weights(LinearOp op) {
        return TestOps.weights(op, 19);
    }

    @ParameterizedTest
    @MethodSource("org.multipoint.testing.TestOps#images")
    void oneNetworkHasNoTargets(LinearOp op) {
        Tensor x = TestOps.image(op, 4, 6, 7, 3);
        Moments moments = new Moments(op, ALL, MemoryBound.NONE);
        moments.add(x);
        assertFalse(moments.hasTargets());
        BiFunction<Integer, Integer, double[][]> vectors = (example, group) -> TestOps.vectors(op, x, example, group);
        check(moments, x.examples(), vectors, vectors);
    }

    @Test
    void vectorsAndSequences() {
        for (int channels : new int[]{5, 40}) {
            Tensor vectors = TestOps.normal(4, 30, channels);
            Moments dense = new Moments(LinearOp.dense(channels, 2, false), ALL, MemoryBound.NONE);
            dense.add(vectors);
            BiFunction<Integer, Integer, double[][]> own = (example, group) -> new double[][]{
                    doubles(Arrays.copyOfRange(vectors.data(), example * channels, (example + 1) * channels))};
            check(dense, 30, own, own);

            Tensor steps = TestOps.normal(5, 6, 7, channels);
            Moments sequence = new Moments(LinearOp.dense(channels, 2, true), ALL, MemoryBound.NONE);
            sequence.add(steps);
            BiFunction<Integer, Integer, double[][]> ofStep = (example, group) -> {
                double[][] all = new double[7][];
                for (int t = 0; t < 7; t++) {
                    int at = (example * 7 + t) * channels;
                    all[t] = doubles(Arrays.copyOfRange(steps.data(), at, at + channels));
                }
                return all;
            };
            check(sequence, 6, ofStep, ofStep);
        }
    }

    private static double[] doubles(float[] values) {
        double[] out = new double[values.length];
        Arrays.setAll(out, i -> values[i]);
        return out;
    }

    /** Against sums by definition, in double precision. */
    private static void check(Moments moments, int examples, BiFunction<Integer, Integer, double[][]> x,
                              BiFunction<Integer, Integer, double[][]> y) {
        LinearOp op = moments.op();
        int d = op.columns();
        int rows = op.rowsPerGroup();
        float[] w = weights(op);
        double variance = 0;
        for (int group = 0; group < op.groups(); group++) {
            double[] meanT = new double[rows];
            double[] meanY = new double[d];
            double[] yy = new double[d * d];
            double[] ty = new double[rows * d];
            long count = 0;
            for (int example = 0; example < examples; example++) {
                double[][] vx = x.apply(example, group);
                double[][] vy = y.apply(example, group);
                count += vx.length;
                for (int v = 0; v < vx.length; v++) {
                    for (int i = 0; i < d; i++) {
                        meanY[i] += vy[v][i];
                        for (int j = 0; j < d; j++) {
                            yy[i * d + j] += vy[v][i] * vy[v][j];
                        }
                    }
                    for (int r = 0; r < rows; r++) {
                        double output = 0;
                        for (int i = 0; i < d; i++) {
                            output += w[(group * rows + r) * d + i] * vx[v][i];
                        }
                        meanT[r] += output;
                        for (int j = 0; j < d; j++) {
                            ty[r * d + j] += output * vy[v][j];
                        }
                    }
                }
            }
            assertEquals(count, moments.count());
            // Zeros count for as much as one over the number of independent vectors.
            double weight = count + (double) count / moments.independent() / moments.independent();
            double[] covariance = moments.covariance(group, 0);
            for (int i = 0; i < d; i++) {
                assertEquals(meanY[i] / weight, moments.meanY(group, i), SINGLE);
                for (int j = 0; j < d; j++) {
                    assertEquals(yy[i * d + j] / weight - meanY[i] / weight * meanY[j] / weight, covariance[i * d + j], SINGLE);
                }
                variance += covariance[i * d + i] / d / op.groups();
            }
            double[] targets = moments.hasTargets() ? moments.targetCovariance(group, 0) : null;
            for (int r = 0; targets != null && r < rows; r++) {
                assertEquals(meanT[r] / weight, moments.meanTarget(group * rows + r), SINGLE);
                for (int j = 0; j < d; j++) {
                    assertEquals(ty[r * d + j] / weight - meanT[r] / weight * meanY[j] / weight, targets[r * d + j], SINGLE);
                }
            }
        }
        assertEquals(variance, moments.meanVariance(), 1e-9);
    }

    @ParameterizedTest
    @MethodSource("org.multipoint.testing.TestOps#images")
    void mergedIsOnePassHoweverItIsSplitAndGrouped(LinearOp op) {
        Tensor x = TestOps.image(op, 12, 5, 6, 6);
        Tensor y = TestOps.image(op, 12, 5, 6, 7);
        Moments onePass = moments(op, x, y, 0, 12);
        Moments left = moments(op, x, y, 0, 1);
        left.merge(moments(op, x, y, 1, 6));
        left.merge(moments(op, x, y, 6, 12));
        Moments last = moments(op, x, y, 1, 6);
        last.merge(moments(op, x, y, 6, 12));
        Moments right = moments(op, x, y, 0, 1);
        right.merge(last);
        Moments singly = new Moments(op, weights(op), 7, MemoryBound.NONE);
        for (int i = 0; i < 12; i++) {
            singly.addPair(TestOps.part(x, i, i + 1), TestOps.part(y, i, i + 1));
        }
        for (Moments other : new Moments[]{left, right, singly}) {
            same(onePass, other);
        }
    }

    /** Sums of the same batches that are added in another order differ by less than a rounding of their magnitudes for each addition. */
    @Test
    void sumsInAnotherOrderDifferInTheLastBits() {
        LinearOp op = LinearOp.dense(40, 3, false);
        int batches = 100;
        Moments inTurn = new Moments(op, ALL, MemoryBound.NONE);
        Moments[] parts = new Moments[9];
        double[] magnitudes = new double[40 * 40];
        for (int b = 0; b < batches; b++) {
            Tensor batch = TestOps.normal(b, 4, 40);
            Moments own = new Moments(op, ALL, MemoryBound.NONE);
            own.add(batch);
            inTurn.add(batch);
            int part = b * parts.length / batches;
            if (parts[part] == null) {
                parts[part] = new Moments(op, ALL, MemoryBound.NONE);
            }
            parts[part].add(batch);
            for (int i = 0; i < 40; i++) {
                for (int j = 0; j < 40; j++) {
                    // With the mean, a batch's moments are at most the products of its largest values.
                    magnitudes[i * 40 + j] += Math.abs(own.covariance(0, 0)[i * 40 + j]) + Math.abs(own.meanY(0, i) * own.meanY(0, j));
                }
            }
        }
        for (int p = 1; p < parts.length; p++) {
            parts[0].merge(parts[p]);
        }
        double[] expected = inTurn.covariance(0, 0);
        double[] found = parts[0].covariance(0, 0);
        for (int i = 0; i < expected.length; i++) {
            assertEquals(expected[i], found[i], 2 * Math.ulp(1.0) * batches * magnitudes[i] / batches, "element " + i);
        }
    }

    private static Moments moments(LinearOp op, Tensor x, Tensor y, int from, int to) {
        Moments moments = new Moments(op, weights(op), 7, MemoryBound.NONE);
        moments.addPair(TestOps.part(x, from, to), TestOps.part(y, from, to));
        return moments;
    }

    private static void same(Moments expected, Moments found) {
        assertEquals(expected.count(), found.count());
        for (int g = 0; g < expected.op().groups(); g++) {
            assertArrayEquals(expected.covariance(g, 0), found.covariance(g, 0), SINGLE);
            assertArrayEquals(expected.targetCovariance(g, 0), found.targetCovariance(g, 0), SINGLE);
            for (int c = 0; c < expected.op().columns(); c++) {
                assertEquals(expected.meanY(g, c), found.meanY(g, c), 1e-12);
            }
        }
        for (int r = 0; r < expected.op().rows(); r++) {
            assertEquals(expected.meanTarget(r), found.meanTarget(r), SINGLE);
        }
    }

    @Test
    void mergingWithNothingSeenChangesNothing() {
        LinearOp op = LinearOp.dense(3, 2, false);
        Moments some = new Moments(op, ALL, MemoryBound.NONE);
        some.add(TestOps.normal(8, 10, 3));
        double[] before = some.covariance(0, 0);
        some.merge(new Moments(op, ALL, MemoryBound.NONE));
        assertArrayEquals(before, some.covariance(0, 0));
        assertEquals(10, some.count());
    }

    @Test
    void largeMeansDoNotDrownSmallVariances() {
        LinearOp op = LinearOp.dense(4, 1, false);
        Random random = new Random(9);
        float[] data = new float[4 * 5000];
        for (int i = 0; i < data.length; i++) {
            data[i] = 100 + (float) random.nextGaussian();
        }
        Moments moments = new Moments(op, ALL, MemoryBound.NONE);
        moments.add(new Tensor(data, new long[]{5000, 4}));
        assertEquals(1, moments.meanVariance(), 0.05);
    }

    /** Whatever damping is measured by stays well above the rounding of single precision products. */
    @Test
    void inputsThatNeverChangeAreKnownToSomePrecisionOnly() {
        LinearOp op = LinearOp.dense(60, 1, false);
        Tensor one = TestOps.normal(16, 1, 60);
        Moments moments = new Moments(op, ALL, MemoryBound.NONE);
        double square = 0;
        for (float v : one.data()) {
            square += (double) v * v / 60;
        }
        for (int i = 0; i < 7; i++) {
            moments.add(one);
        }
        // However often it is shown, one example is one.
        assertEquals(1, moments.independent());
        assertEquals(square / 4, moments.meanVariance(), 1e-6);
        for (int i = 0; i < 2000; i++) {
            one.data()[i % 60] *= 1 + 1e-6f;
            moments.add(one);
        }
        assertEquals(1e-4 * square, moments.meanVariance(), 1e-8);
        Moments zeros = new Moments(op, ALL, MemoryBound.NONE);
        zeros.add(new Tensor(new float[60], new long[]{1, 60}));
        assertEquals(0, zeros.meanVariance());
    }

    /** Windows that overlap are not as good as windows that do not. */
    @Test
    void windowsSideBySideAreIndependent() {
        LinearOp.Size three = new LinearOp.Size(3, 3);
        for (int stride : new int[]{1, 4}) {
            LinearOp op = new LinearOp(2, 4, 1, three, new LinearOp.Size(stride, stride), LinearOp.Size.ONE, LinearOp.Size.ZERO,
                    LinearOp.PaddingMode.SAME, false, false);
            Moments moments = new Moments(op, ALL, MemoryBound.NONE);
            moments.add(TestOps.normal(20, 5, 2, 8, 8));
            assertEquals(5 * (stride == 1 ? 64 : 4), moments.count());
            assertEquals(5 * (stride == 1 ? 64 / 9 : 4), moments.independent());
        }
        Moments dense = new Moments(LinearOp.dense(6, 1, false), ALL, MemoryBound.NONE);
        dense.add(TestOps.normal(21, 5, 6));
        assertEquals(5, dense.independent());
    }

    @Test
    void wideFanInsAreSplitIntoBlocks() {
        int columns = MemoryBound.MAX_BLOCK + 2;
        LinearOp op = LinearOp.dense(columns, 2, false);
        Moments moments = new Moments(op, weights(op), ALL, MemoryBound.NONE);
        Tensor x = TestOps.normal(10, 6, columns);
        Tensor y = TestOps.normal(11, 6, columns);
        Tensor s = TestOps.normal(12, 6, 2);
        moments.addPair(x, y, s);
        int half = columns / 2;
        assertArrayEquals(new int[]{0, half, columns}, moments.blockStarts());
        Random random = new Random(12);
        for (int split = 0; split < 2; split++) {
            double[] covariance = moments.covariance(0, split);
            double[] targets = moments.targetCovariance(0, split);
            assertEquals(half * half, covariance.length);
            for (int sample = 0; sample < 200; sample++) {
                int i = random.nextInt(half);
                int j = random.nextInt(half);
                assertEquals(covariance(y, y, split * half + i, split * half + j), covariance[i * half + j], SINGLE);
            }
            // The outputs of the block's columns alone, and the whole shortfall.
            Tensor target = outputs(x, weights(op), split * half, (split + 1) * half, s);
            for (int r = 0; r < 2; r++) {
                for (int j = 0; j < half; j += 97) {
                    assertEquals(covariance(target, y, r, split * half + j), targets[r * half + j], SINGLE);
                }
            }
        }
        Tensor whole = outputs(x, weights(op), 0, columns, s);
        for (int r = 0; r < 2; r++) {
            double sum = 0;
            for (int n = 0; n < 6; n++) {
                sum += whole.data()[2 * n + r];
            }
            assertEquals(sum / (6 + 1.0 / 6), moments.meanTarget(r), SINGLE);
        }
    }

    private static Tensor outputs(Tensor x, float[] w, int from, int to, Tensor more) {
        int columns = (int) x.shape()[1];
        float[] out = more.data().clone();
        for (int i = 0; i < out.length; i++) {
            double sum = out[i];
            for (int c = from; c < to; c++) {
                sum += w[i % 2 * columns + c] * x.data()[i / 2 * columns + c];
            }
            out[i] = (float) sum;
        }
        return new Tensor(out, more.shape());
    }

    private static double covariance(Tensor a, Tensor b, int i, int j) {
        int columnsOfA = (int) a.shape()[1];
        int columnsOfB = (int) b.shape()[1];
        double ab = 0;
        double sumA = 0;
        double sumB = 0;
        for (int n = 0; n < a.examples(); n++) {
            double va = a.data()[n * columnsOfA + i];
            double vb = b.data()[n * columnsOfB + j];
            ab += va * vb;
            sumA += va;
            sumB += vb;
        }
        double weight = a.examples() + 1.0 / a.examples();
        return (ab - sumA * sumB / weight) / weight;
    }

    @ParameterizedTest
    @MethodSource("org.multipoint.testing.TestOps#images")
    void shortfallsGoWithTheInputsAtTheirPositions(LinearOp op) {
        Tensor x = TestOps.image(op, 5, 6, 7, 16);
        Tensor y = TestOps.image(op, 5, 6, 7, 17);
        Tensor s = TestOps.normal(18, op.outputShape(y.shape()));
        // Without weights, the shortfall is all of the target.
        float[] zeros = new float[(int) op.weights()];
        Moments moments = new Moments(op, zeros, ALL, MemoryBound.NONE);
        if (op.groups() > 1) {
            assertThrows(IllegalArgumentException.class, () -> moments.addPair(x, y, s));
            return;
        }
        moments.addPair(TestOps.part(x, 0, 2), TestOps.part(y, 0, 2), TestOps.part(s, 0, 2));
        Moments rest = new Moments(op, zeros, ALL, MemoryBound.NONE);
        rest.addPair(TestOps.part(x, 2, 5), TestOps.part(y, 2, 5), TestOps.part(s, 2, 5));
        moments.merge(rest);

        int d = op.columns();
        int pixels = s.data().length / 5 / op.rows();
        double weight = 5.0 * pixels * (1 + 1.0 / moments.independent() / moments.independent());
        double[] mean = new double[op.rows()];
        double[] products = new double[op.rows() * d];
        for (int n = 0; n < 5; n++) {
            double[][] vectors = TestOps.vectors(op, y, n, 0);
            assertEquals(pixels, vectors.length);
            for (int p = 0; p < pixels; p++) {
                for (int r = 0; r < op.rows(); r++) {
                    float value = s.data()[op.channelsLast() ? (n * pixels + p) * op.rows() + r : (n * op.rows() + r) * pixels + p];
                    mean[r] += value / weight;
                    for (int c = 0; c < d; c++) {
                        products[r * d + c] += value * vectors[p][c] / weight;
                    }
                }
            }
        }
        double[] found = moments.targetCovariance(0, 0);
        for (int r = 0; r < op.rows(); r++) {
            assertEquals(mean[r], moments.meanTarget(r), 1e-9);
            for (int c = 0; c < d; c++) {
                assertEquals(products[r * d + c] - mean[r] * moments.meanY(0, c), found[r * d + c], SINGLE);
            }
        }
    }

    /** Inputs of which nothing is known have the identity as their covariance, in blocks too. */
    @Test
    void isotropic() {
        LinearOp op = LinearOp.dense(40, 3, true);
        for (MemoryBound bound : new MemoryBound[]{MemoryBound.NONE, new MemoryBound(30_000)}) {
            Moments moments = Moments.isotropic(op, bound);
            int[] starts = moments.blockStarts();
            assertEquals(bound == MemoryBound.NONE ? 2 : 3, starts.length);
            for (int s = 0; s + 1 < starts.length; s++) {
                int size = starts[s + 1] - starts[s];
                double[] covariance = moments.covariance(0, s);
                for (int i = 0; i < covariance.length; i++) {
                    assertEquals(i / size == i % size ? 1 : 0, covariance[i], 1e-12);
                }
            }
            assertEquals(0, moments.meanY(0, 7));
            assertEquals(1, moments.meanVariance(), 1e-12);
        }
    }

    @Test
    void whatDoesNotBelongTogetherIsRefused() {
        Moments single = new Moments(LinearOp.dense(3, 2, false), ALL, MemoryBound.NONE);
        Moments paired = new Moments(LinearOp.dense(3, 2, false), new float[6], ALL, MemoryBound.NONE);
        Moments other = new Moments(LinearOp.dense(4, 2, false), ALL, MemoryBound.NONE);
        assertThrows(IllegalArgumentException.class, () -> single.merge(paired));
        assertTrue(assertThrows(IllegalArgumentException.class, () -> single.merge(other)).getMessage()
                .contains("Only moments of one layer merge"));
        assertThrows(IllegalStateException.class, () -> paired.add(TestOps.normal(13, 2, 3)));
        Tensor two = TestOps.normal(14, 2, 3);
        Tensor three = TestOps.normal(15, 3, 3);
        String message = assertThrows(IllegalArgumentException.class, () -> paired.addPair(three, two)).getMessage();
        assertTrue(message.contains("[3, 3]") && message.contains("[2, 3]"), message);
        assertThrows(IllegalStateException.class, () -> single.addPair(two, two));
        message = assertThrows(IllegalArgumentException.class, () -> paired.addPair(two, two, two)).getMessage();
        assertTrue(message.contains("[2, 2]") && message.contains("[2, 3]"), message);
        assertThrows(IllegalStateException.class, () -> single.covariance(0, 0));
        assertThrows(IllegalStateException.class, single::meanVariance);
    }

    @Test
    void groupsOfFewColumnsNeedFewPositions() {
        assertEquals(64, Moments.positionsPerImage(depthwise(3), 512));
        assertEquals(64, Moments.positionsPerImage(depthwise(5), 512));
        assertEquals(98, Moments.positionsPerImage(depthwise(7), 512));
        assertEquals(338, Moments.positionsPerImage(depthwise(13), 512));
        assertEquals(512, Moments.positionsPerImage(depthwise(17), 512));
        assertEquals(7, Moments.positionsPerImage(depthwise(3), 7));
        assertEquals(512, Moments.positionsPerImage(LinearOp.dense(3, 2, true), 512));
    }

    private static LinearOp depthwise(int kernel) {
        return new LinearOp(4, 4, 4, new LinearOp.Size(kernel, kernel), LinearOp.Size.ONE, LinearOp.Size.ONE, LinearOp.Size.ZERO,
                LinearOp.PaddingMode.SAME, false, false);
    }
}
