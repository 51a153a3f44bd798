package org.multipoint.internal.engine;

import org.multipoint.internal.engine.Program.OneInput;

/**
 * Each example divided by its Euclidean norm over all its values.
 *
 * @param least what smaller norms count as
 */
public record Normalize(int input, float least) implements OneInput {
    @Override
    public <R> R accept(Program.Visitor<R> visitor) {
        return visitor.visit(this);
    }
}
