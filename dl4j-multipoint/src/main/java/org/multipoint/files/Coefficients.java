package org.multipoint.files;

import org.nd4j.linalg.api.buffer.DataBuffer;
import org.nd4j.linalg.api.buffer.DataBuffer.AllocationMode;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.memory.MemoryWorkspace;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

import java.io.ByteArrayInputStream;
import java.io.DataInputStream;
import java.io.IOException;

import static org.multipoint.files.ModelArchive.require;

/**
 * The parameters of a model as {@link Nd4j#write(INDArray, java.io.DataOutputStream)} writes them: two buffers, of which the first describes the shape and
 * the second holds the values. Of the first only its length is used: native code trusts strides. Parameters are a row vector, whatever it says.
 */
final class Coefficients {

    /** Numbers that describe an array besides its sizes and strides, and the most axes it can have. */
    private static final int BESIDES = 4;
    private static final int MOST_AXES = 32;

    private Coefficients() {
    }

    /**
     * A row vector {@code [1, n]}, or an empty array, outside of workspaces.
     *
     * @throws IllegalArgumentException where the bytes are no such array
     * @throws java.io.EOFException     where they end early
     */
    static INDArray read(byte[] bytes) throws IOException {
        DataInputStream in = new DataInputStream(new ByteArrayInputStream(bytes));
        Header shape = Header.read(in);
        require((shape.type == DataType.LONG || shape.type == DataType.INT) && shape.length >= BESIDES
                && shape.length <= BESIDES + 2 * MOST_AXES, "its parameters have a shape of " + shape.length + " numbers of type " + shape.type);
        in.skipNBytes(shape.bytes());
        Header values = Header.read(in);
        require(values.type.isFPType(), "its parameters are of type " + values.type);
        require(values.length >= 0 && values.length <= bytes.length && values.bytes() == in.available(),
                "it has " + in.available() + " bytes of parameters, expected " + values.length + " numbers of type " + values.type);
        if (values.length == 0) {
            return none(values.type);
        }
        try (MemoryWorkspace ws = Nd4j.getMemoryManager().scopeOutOfWorkspaces()) {
            DataBuffer buffer = Nd4j.createBufferDetached(new long[]{values.length}, values.type);
            buffer.read(in, values.mode, values.length, values.type);
            return Nd4j.create(buffer, 1, values.length);
        }
    }

    /** No parameters. Given null, Deeplearning4j would make up random ones where there should be some; these it refuses. */
    static INDArray none(DataType type) {
        return Nd4j.zeros(type, 0);
    }

    /** What stands before the numbers of a buffer. */
    private record Header(AllocationMode mode, long length, DataType type) {

        /** ND4J's own reader of this wraps every failure. */
        @SuppressWarnings("deprecation")
        static Header read(DataInputStream in) throws IOException {
            AllocationMode mode = AllocationMode.valueOf(in.readUTF());
            long length = mode.compareTo(AllocationMode.LONG_SHAPE) < 0 ? in.readInt() : in.readLong();
            return new Header(mode, length, DataType.valueOf(in.readUTF()));
        }

        long bytes() {
            return length * type.width();
        }
    }
}
