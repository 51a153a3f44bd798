package org.multipoint.internal.engine;

/**
 * A function of one number. What Deeplearning4j's activations compute is one of these or a chain of them.
 *
 * @param kind  what is computed from {@code x}, {@code a} and {@code b}
 * @param a     first parameter; 0 where the kind has none
 * @param b     second parameter; 0 where the kind has fewer
 */
public record ScalarFunction(Kind kind, float a, float b) {

    /** Formulas. */
    public enum Kind {
        /** {@code a * x + b} */
        LINEAR,
        /** {@code min(max(x, a), b)} */
        CLIP,
        /** {@code x} where it is positive, else {@code a * x} */
        LEAKY,
        /** {@code x} where it is positive, else {@code a * (exp(x) - 1)} */
        ELU,
        /** {@code 1 / (1 + exp(-x))} */
        SIGMOID,
        /** The hyperbolic tangent. */
        TANH,
        /** {@code x / (1 + exp(-a * x))}: swish with 1, and the approximation of GELU by a sigmoid with 1.702 */
        SWISH,
        /** {@code x * tanh(log(1 + exp(x)))} */
        MISH,
        /** {@code log(1 + exp(x))} */
        SOFTPLUS,
        /** {@code x} to the power {@code a}, an integer */
        POWER
    }

    /** {@code factor * x + shift} */
    public static ScalarFunction linear(float factor, float shift) {
        return new ScalarFunction(Kind.LINEAR, factor, shift);
    }

    /** {@code min(max(x, low), high)} */
    public static ScalarFunction clip(float low, float high) {
        return new ScalarFunction(Kind.CLIP, low, high);
    }

    /** A function with one parameter. */
    public static ScalarFunction of(Kind kind, float a) {
        return new ScalarFunction(kind, a, 0);
    }

    /** A function without parameters. */
    public static ScalarFunction of(Kind kind) {
        return of(kind, 0);
    }

    /** Whether no value is negative. */
    boolean notNegative() {
        return kind == Kind.SIGMOID || kind == Kind.SOFTPLUS || kind == Kind.CLIP && a >= 0;
    }
}
