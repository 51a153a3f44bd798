package org.multipoint.walk;

import org.multipoint.linear.Tensor;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;

/**
 * One vertex's activations for all calibration batches. They stay on the heap while a {@link Budget} common to all vertices
 * lasts; what goes beyond it is written to a temporary file and read back when asked for.
 */
public final class Activations implements AutoCloseable {

    /** Bytes that all activations together may hold on the heap. */
    public static final class Budget {
        private final long bytes;
        private long used;

        public Budget(long bytes) {
            this.bytes = bytes;
        }

        private boolean take(long wanted) {
            if (used + wanted > bytes) {
                return false;
            }
            used += wanted;
            return true;
        }

        private void giveBack(long given) {
            used -= given;
        }
    }

    private record Slot(Tensor onHeap, long filePosition, long[] shape, int length) {
        long bytes() {
            return 4L * length;
        }
    }

    private final Budget budget;
    private final List<Slot> slots = new ArrayList<>();
    private Path file;
    private FileChannel channel;

    public Activations(Budget budget) {
        this.budget = budget;
    }

    /** Adds the activations of the next batch. */
    public void add(Tensor tensor) {
        int length = tensor.data().length;
        if (budget.take(4L * length)) {
            slots.add(new Slot(tensor, -1, tensor.shape(), length));
            return;
        }
        try {
            if (channel == null) {
                file = Files.createTempFile("multipoint-activations", ".bin");
                channel = FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE,
                        StandardOpenOption.DELETE_ON_CLOSE);
            }
            long position = channel.size();
            ByteBuffer buffer = ByteBuffer.allocateDirect(Math.multiplyExact(4, length))
                    .order(java.nio.ByteOrder.nativeOrder());
            buffer.asFloatBuffer().put(tensor.data());
            for (long at = position; buffer.hasRemaining(); ) {
                at += channel.write(buffer, at);
            }
            slots.add(new Slot(null, position, tensor.shape(), length));
        } catch (IOException e) {
            throw new UncheckedIOException("Cannot write calibration activations to " + file
                    + "; raise the memory bound or free disk space", e);
        }
    }

    /** Activations of a batch. */
    public Tensor get(int batch) {
        Slot slot = slots.get(batch);
        if (slot.onHeap != null) {
            return slot.onHeap;
        }
        try {
            ByteBuffer buffer = ByteBuffer.allocateDirect(4 * slot.length).order(java.nio.ByteOrder.nativeOrder());
            while (buffer.hasRemaining()) {
                if (channel.read(buffer, slot.filePosition + buffer.position()) < 0) {
                    throw new IOException("the file ends early");
                }
            }
            float[] data = new float[slot.length];
            buffer.flip().asFloatBuffer().get(data);
            return new Tensor(data, slot.shape);
        } catch (IOException e) {
            throw new UncheckedIOException("Cannot read calibration activations back from " + file, e);
        }
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
