package org.multipoint.internal.engine;

import org.multipoint.internal.engine.Program.Shape;

import java.util.Arrays;
import java.util.List;
import java.util.Objects;

/**
 * {@code y = x} where {@code x} is positive, else {@code slope * x}.
 *
 * @param sizes  of the array of slopes, which is broadcast along axes of size 1; of one example
 * @param slopes in the order (channel, row, column)
 */
public record Slope(int input, Shape sizes, float[] slopes) implements Program.OneInput {

    public Slope {
        if (sizes.n() != 1 || slopes.length != sizes.c() * sizes.h() * sizes.w()) {
            throw new IllegalArgumentException("Expected slopes of shape " + sizes + ", found " + slopes.length);
        }
    }

    @Override
    public <R> R accept(Program.Visitor<R> visitor) {
        return visitor.visit(this);
    }

    @Override
    public Shape shape(List<Shape> read) {
        Shape x = read.get(0);
        if (!Shape.broadcast(List.of(x, sizes)).equals(x)) {
            throw new IllegalArgumentException("Expected an image for slopes of shape " + sizes + ", found one of " + x);
        }
        return x;
    }

    /** The largest slope. */
    float largest() {
        float largest = Float.NEGATIVE_INFINITY;
        for (float slope : slopes) {
            largest = Math.max(largest, slope);
        }
        return largest;
    }

    /** Whether there is one slope for each channel. */
    boolean perChannel() {
        return sizes.c() > 1 && sizes.h() == 1 && sizes.w() == 1;
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Slope s && input == s.input && sizes.equals(s.sizes) && Arrays.equals(slopes, s.slopes);
    }

    @Override
    public int hashCode() {
        return Objects.hash(input, sizes, Arrays.hashCode(slopes));
    }
}
