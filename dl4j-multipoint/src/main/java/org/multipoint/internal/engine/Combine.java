package org.multipoint.internal.engine;

import org.multipoint.internal.engine.Program.Shape;

import java.util.List;

/** An operation on each element of images; sizes and ranks as for {@link Program.Add}. */
public record Combine(Operation operation, List<Integer> reads) implements Program.Instruction {

    /** What is done to each element. */
    public enum Operation {
        /** The product of any number of images. */
        PRODUCT,
        /** The largest of any number of images. */
        MAXIMUM,
        /** The first of two images minus the second. */
        DIFFERENCE
    }

    public Combine {
        if (reads.size() < 2 || operation == Operation.DIFFERENCE && reads.size() > 2) {
            throw new IllegalArgumentException("A " + operation + " of " + reads.size() + " images is not known");
        }
    }

    @Override
    public <R> R accept(Program.Visitor<R> visitor) {
        return visitor.visit(this);
    }

    @Override
    public Shape shape(List<Shape> read) {
        return Shape.broadcast(read);
    }
}
