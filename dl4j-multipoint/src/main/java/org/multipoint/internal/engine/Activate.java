package org.multipoint.internal.engine;

/** A function of each value. */
public record Activate(int input, ScalarFunction function) implements Program.OneInput {
    @Override
    public <R> R accept(Program.Visitor<R> visitor) {
        return visitor.visit(this);
    }
}
