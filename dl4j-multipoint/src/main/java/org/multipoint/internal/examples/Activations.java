package org.multipoint.internal.examples;

import org.multipoint.internal.ops.Interruption;
import org.multipoint.internal.ops.Tensor;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;

/**
 * One vertex's activations for all calibration batches. They stay on the heap within a {@link Budget} that all vertices share; what
 * exceeds it is written to a temporary file and read back on demand.
 */
public final class Activations implements AutoCloseable {

    /** Bytes that all activations together may hold on the heap. Thread-safe. */
    public static final class Budget {
        private final long bytes;
        private long used;

        public Budget(long bytes) {
            this.bytes = bytes;
        }

        private synchronized boolean take(long wanted) {
            if (used + wanted > bytes) {
                return false;
            }
            used += wanted;
            return true;
        }

        /** Bytes that are held. */
        public synchronized long used() {
            return used;
        }

        private synchronized void giveBack(long given) {
            used -= given;
        }
    }

    private static final class Slot {

        private final Tensor onHeap;
        private final long filePosition;
        private final long[] shape;
        private final int length;

        Slot(Tensor onHeap, long filePosition, long[] shape, int length) {
            this.onHeap = onHeap;
            this.filePosition = filePosition;
            this.shape = shape;
            this.length = length;
        }

        long bytes() {
            return 4L * length;
        }
    }

    /** Floats that are copied at a time: only the garbage collector frees direct memory, so the buffer is small and reused. */
    private static final int CHUNK = 1 << 18;

    private final Budget budget;
    private final List<Slot> slots = new ArrayList<>();
    private Path file;
    private FileChannel channel;
    private ByteBuffer buffer;

    public Activations(Budget budget) {
        this.budget = budget;
    }

    /** Adds the activations of the next batch; they are not copied where they stay on the heap. */
    public void add(Tensor tensor) {
        int length = tensor.data().length;
        if (budget.take(4L * length)) {
            slots.add(new Slot(tensor, -1, tensor.shape(), length));
            return;
        }
        try {
            if (channel == null) {
                open();
            }
            long position = channel.size();
            for (int done = 0; done < length; done += CHUNK) {
                int part = Math.min(CHUNK, length - done);
                buffer.clear().limit(Float.BYTES * part);
                buffer.asFloatBuffer().put(tensor.data(), done, part);
                for (long at = position + (long) Float.BYTES * done; buffer.hasRemaining(); ) {
                    at += channel.write(buffer, at);
                }
            }
            slots.add(new Slot(null, position, tensor.shape(), length));
        } catch (ClosedByInterruptException e) {
            throw Interruption.interrupted(e);
        } catch (IOException e) {
            throw new UncheckedIOException("Cannot write calibration activations to " + file
                    + "; raise the memory bound or free disk space", e);
        }
    }

    private void open() throws IOException {
        file = Files.createTempFile("multipoint-activations", ".bin");
        try {
            channel = FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE, StandardOpenOption.DELETE_ON_CLOSE);
        } catch (IOException e) {
            Files.delete(file);
            throw e;
        }
        buffer = ByteBuffer.allocateDirect(Float.BYTES * CHUNK).order(ByteOrder.nativeOrder());
    }

    /** Activations of a batch. */
    public Tensor get(int batch) {
        Interruption.check();
        Slot slot = slots.get(batch);
        if (slot.onHeap != null) {
            return slot.onHeap;
        }
        try {
            float[] data = new float[slot.length];
            for (int done = 0; done < slot.length; done += CHUNK) {
                int part = Math.min(CHUNK, slot.length - done);
                buffer.clear().limit(Float.BYTES * part);
                for (long at = slot.filePosition + (long) Float.BYTES * done; buffer.hasRemaining(); ) {
                    int read = channel.read(buffer, at);
                    if (read < 0) {
                        throw new IOException("the file ends early");
                    }
                    at += read;
                }
                buffer.flip().asFloatBuffer().get(data, done, part);
            }
            return new Tensor(data, slot.shape);
        } catch (ClosedByInterruptException e) {
            throw Interruption.interrupted(e);
        } catch (IOException e) {
            throw new UncheckedIOException("Cannot read calibration activations back from " + file, e);
        }
    }

    /** Shape of the activations of a batch. */
    public long[] shape(int batch) {
        return slots.get(batch).shape;
    }

    /** Number of batches. */
    public int batches() {
        return slots.size();
    }

    @Override
    public void close() {
        for (Slot slot : slots) {
            if (slot.onHeap != null) {
                budget.giveBack(slot.bytes());
            }
        }
        slots.clear();
        if (channel != null) {
            try {
                channel.close();
            } catch (IOException e) {
                throw new UncheckedIOException("Cannot close " + file, e);
            }
        }
    }
}
