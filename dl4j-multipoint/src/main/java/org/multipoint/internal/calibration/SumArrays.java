package org.multipoint.internal.calibration;

import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;
import java.nio.ByteBuffer;

/** Arrays of sums as bytes, bit for bit. */
final class SumArrays {

    /** Bytes that are written at a time. */
    private static final int CHUNK = 1 << 15;

    private SumArrays() {
    }

    static void write(DataOutput out, double[] values) throws IOException {
        ByteBuffer buffer = buffer(values.length, Double.BYTES);
        int step = buffer.capacity() / Double.BYTES;
        for (int at = 0; at < values.length; at += step) {
            int count = Math.min(step, values.length - at);
            buffer.asDoubleBuffer().put(values, at, count);
            out.write(buffer.array(), 0, Double.BYTES * count);
        }
    }

    static void write(DataOutput out, float[] values) throws IOException {
        ByteBuffer buffer = buffer(values.length, Float.BYTES);
        int step = buffer.capacity() / Float.BYTES;
        for (int at = 0; at < values.length; at += step) {
            int count = Math.min(step, values.length - at);
            buffer.asFloatBuffer().put(values, at, count);
            out.write(buffer.array(), 0, Float.BYTES * count);
        }
    }

    /** Reads as many values as the array has elements. */
    static void read(DataInput in, double[] values) throws IOException {
        ByteBuffer buffer = buffer(values.length, Double.BYTES);
        int step = buffer.capacity() / Double.BYTES;
        for (int at = 0; at < values.length; at += step) {
            int count = Math.min(step, values.length - at);
            in.readFully(buffer.array(), 0, Double.BYTES * count);
            buffer.asDoubleBuffer().get(values, at, count);
        }
    }

    /** Reads as many values as the array has elements. */
    static void read(DataInput in, float[] values) throws IOException {
        ByteBuffer buffer = buffer(values.length, Float.BYTES);
        int step = buffer.capacity() / Float.BYTES;
        for (int at = 0; at < values.length; at += step) {
            int count = Math.min(step, values.length - at);
            in.readFully(buffer.array(), 0, Float.BYTES * count);
            buffer.asFloatBuffer().get(values, at, count);
        }
    }

    private static ByteBuffer buffer(int values, int bytes) {
        return ByteBuffer.allocate((int) Math.max(bytes, Math.min(CHUNK, (long) bytes * values)));
    }
}
