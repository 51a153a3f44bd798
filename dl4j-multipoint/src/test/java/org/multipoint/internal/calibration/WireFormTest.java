package org.multipoint.internal.calibration;

import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.multipoint.internal.ops.LinearOp;
import org.multipoint.internal.ops.Tensor;
import org.multipoint.testing.TestOps;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InvalidObjectException;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

/** Statistics that are written and read are the same to the last bit, and merge like those that were not. */
class WireFormTest {

    private static final int ALL = Integer.MAX_VALUE;

    /** One network, two networks, columns in blocks, and a shortfall where there can be one. */
    private static List<Moments> moments(LinearOp op, long seed) {
        Tensor x = TestOps.image(op, 4, 6, 7, seed);
        Tensor y = TestOps.image(op, 4, 6, 7, seed + 1);
        Moments one = new Moments(op, 5, MemoryBound.NONE);
        one.add(x);
        Moments two = new Moments(op, TestOps.weights(op, 3), ALL, MemoryBound.NONE);
        two.addPair(x, y);
        Moments blocks = new Moments(op, TestOps.weights(op, 3), ALL, new MemoryBound(20_000));
        blocks.addPair(x, y);
        List<Moments> all = new ArrayList<>(List.of(one, two, blocks));
        if (op.groups() == 1) {
            Moments shortfall = new Moments(op, TestOps.weights(op, 4), ALL, MemoryBound.NONE);
            shortfall.addPair(x, y, TestOps.normal(seed + 2, op.outputShape(y.shape())));
            all.add(shortfall);
        }
        return all;
    }

    @ParameterizedTest
    @MethodSource("org.multipoint.testing.TestOps#images")
    void momentsAreReadAsTheyWereWritten(LinearOp op) throws IOException {
        List<Moments> more = moments(op, 31);
        for (Moments moments : moments(op, 21)) {
            Moments other = more.remove(0);
            byte[] written = bytes(moments);
            Moments read = Moments.readFrom(new DataInputStream(new ByteArrayInputStream(written)));
            assertArrayEquals(written, bytes(read));
            assertEquals(op, read.op());
            assertEquals(moments.count(), read.count());
            assertEquals(moments.independent(), read.independent());
            assertArrayEquals(moments.blockStarts(), read.blockStarts());
            for (int g = 0; g < op.groups(); g++) {
                for (int s = 0; s + 1 < moments.blockStarts().length; s++) {
                    assertArrayEquals(moments.covariance(g, s), read.covariance(g, s));
                    if (moments.hasTargets()) {
                        assertArrayEquals(moments.targetCovariance(g, s), read.targetCovariance(g, s));
                    }
                }
            }
            for (int r = 0; moments.hasTargets() && r < op.rows(); r++) {
                assertEquals(moments.meanTarget(r), read.meanTarget(r));
            }
            read.merge(other);
            moments.merge(Moments.readFrom(new DataInputStream(new ByteArrayInputStream(bytes(other)))));
            assertArrayEquals(bytes(moments), bytes(read));
            assertEquals(moments.meanVariance(), read.meanVariance());
        }
    }

    /** A fan-in of 300: 720,000 bytes of squares. */
    @Test
    void eachSumIsWrittenOnce() throws IOException {
        Moments moments = new Moments(LinearOp.dense(300, 1, false), ALL, MemoryBound.NONE);
        moments.add(TestOps.normal(1, 50, 300));
        assertTrue(bytes(moments).length < 8 * 300 * 301 + 600, "bytes: " + bytes(moments).length);
    }

    @Property(seed = "42", tries = 200)
    void rangesAreReadAsTheyWereWritten(@ForAll @IntRange(min = 0, max = 300) int count, @ForAll long seed) throws IOException {
        RangeStatistics range = range(count, seed);
        byte[] written = bytes(range);
        assertTrue(written.length <= 33 + 8192, "bytes: " + written.length);
        RangeStatistics read = RangeStatistics.readFrom(new DataInputStream(new ByteArrayInputStream(written)));
        assertArrayEquals(written, bytes(read));
        RangeStatistics more = range(100, seed + 1);
        read.merge(more);
        range.merge(more);
        assertArrayEquals(bytes(range), bytes(read));
    }

    /** Counts of more than seven bits, and of more than an int holds. */
    @Test
    void largeCountsAreReadAsTheyWereWritten() throws IOException {
        RangeStatistics range = new RangeStatistics();
        float[] values = new float[1 << 20];
        Arrays.fill(values, 1.5f);
        range.add(values);
        for (int i = 0; i < 20; i++) {
            RangeStatistics same = RangeStatistics.readFrom(new DataInputStream(new ByteArrayInputStream(bytes(range))));
            range.merge(same);
        }
        assertEquals(1L << 40, range.count());
        RangeStatistics read = RangeStatistics.readFrom(new DataInputStream(new ByteArrayInputStream(bytes(range))));
        assertArrayEquals(bytes(range), bytes(read));
    }

    private static RangeStatistics range(int count, long seed) {
        Random random = new Random(seed);
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = (float) (random.nextGaussian() * Math.exp(random.nextGaussian() * 8));
        }
        RangeStatistics range = new RangeStatistics();
        range.add(values);
        return range;
    }

    @Test
    void javaSerializationUsesTheForm() throws Exception {
        Sums<Moments> sums = new Sums<>();
        Moments moments = moments(TestOps.images().get(0), 5).get(1);
        sums.put("a", moments);
        Sums<RangeStatistics> ranges = new Sums<>();
        ranges.put("b", range(50, 3));
        Sums<?> readSums = (Sums<?>) copy(sums);
        Sums<?> readRanges = (Sums<?>) copy(ranges);
        assertArrayEquals(bytes(moments), bytes((Moments) readSums.get("a")));
        assertArrayEquals(bytes(range(50, 3)), bytes((RangeStatistics) readRanges.get("b")));
    }

    private static Object copy(Object object) throws Exception {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (ObjectOutputStream out = new ObjectOutputStream(bytes)) {
            out.writeObject(object);
        }
        try (ObjectInputStream in = new ObjectInputStream(new ByteArrayInputStream(bytes.toByteArray()))) {
            return in.readObject();
        }
    }

    @Test
    void whatIsNotOfThisVersionOrNotWholeIsRefused() throws IOException {
        byte[] moments = bytes(moments(TestOps.images().get(0), 5).get(0));
        byte[] range = bytes(range(50, 3));
        for (int length : new int[]{1, 40, moments.length - 1}) {
            assertThrows(EOFException.class, () -> Moments.readFrom(new DataInputStream(new ByteArrayInputStream(moments, 0, length))));
        }
        assertThrows(EOFException.class, () -> RangeStatistics.readFrom(new DataInputStream(new ByteArrayInputStream(range, 0, range.length - 1))));
        moments[0]++;
        range[0]++;
        IOException e = assertThrows(InvalidObjectException.class, () -> Moments.readFrom(new DataInputStream(new ByteArrayInputStream(moments))));
        assertEquals("The form of moments has version 3, expected 2", e.getMessage());
        assertThrows(InvalidObjectException.class, () -> RangeStatistics.readFrom(new DataInputStream(new ByteArrayInputStream(range))));
    }

    private static byte[] bytes(Moments moments) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        moments.writeTo(new DataOutputStream(bytes));
        return bytes.toByteArray();
    }

    private static byte[] bytes(RangeStatistics range) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        range.writeTo(new DataOutputStream(bytes));
        return bytes.toByteArray();
    }
}
