package org.multipoint.internal.calibration;

import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;
import java.nio.ByteBuffer;

/** Sums in double precision as bytes, bit for bit. */
final class Doubles {

    /** Doubles that are written at a time. */
    private static final int CHUNK = 1 << 12;

    private Doubles() {
    }

    static void write(DataOutput out, double[] values) throws IOException {
        ByteBuffer buffer = ByteBuffer.allocate(Double.BYTES * Math.min(CHUNK, values.length));
        for (int at = 0; at < values.length; at += CHUNK) {
            int count = Math.min(CHUNK, values.length - at);
            buffer.asDoubleBuffer().put(values, at, count);
            out.write(buffer.array(), 0, Double.BYTES * count);
        }
    }

    /** Reads as many values as the array has elements. */
    static void read(DataInput in, double[] values) throws IOException {
        ByteBuffer buffer = ByteBuffer.allocate(Double.BYTES * Math.min(CHUNK, values.length));
        for (int at = 0; at < values.length; at += CHUNK) {
            int count = Math.min(CHUNK, values.length - at);
            in.readFully(buffer.array(), 0, Double.BYTES * count);
            buffer.asDoubleBuffer().get(values, at, count);
        }
    }
}
