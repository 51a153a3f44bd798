package org.multipoint.internal.engine;

import org.multipoint.internal.ops.InputQuantization;

import java.util.Optional;

/** What is done to the result of an instruction before it is written: an instruction that was fused into it. */
interface Extra {

    /** One method for each kind of extra. */
    interface Visitor {
        void bound(float upper);

        void apply(ScalarFunction function);

        void slopes(Slope perChannel);

        void plus(int value, Optional<InputQuantization> rounding);

        void combine(Combine.Operation operation, int value);
    }

    void accept(Visitor visitor);

    /** Whether no value is negative after it. */
    default boolean notNegative() {
        return false;
    }

    /** What it reads besides the result. */
    default Optional<Fusion.Read> reads() {
        return Optional.empty();
    }

    /** A {@link Program.Rectify}. */
    record Bound(float upper) implements Extra {
        @Override
        public void accept(Visitor visitor) {
            visitor.bound(upper);
        }

        @Override
        public boolean notNegative() {
            return true;
        }
    }

    /** An {@link Activate}. */
    record Apply(ScalarFunction function) implements Extra {
        @Override
        public void accept(Visitor visitor) {
            visitor.apply(function);
        }

        @Override
        public boolean notNegative() {
            return function.notNegative();
        }
    }

    /** A {@link Slope} with one slope for each channel. */
    record Slopes(Slope slope) implements Extra {
        @Override
        public void accept(Visitor visitor) {
            visitor.slopes(slope);
        }
    }

    /** The addition of another value, which may be rounded. */
    record Plus(int value, Optional<InputQuantization> rounding) implements Extra {
        @Override
        public void accept(Visitor visitor) {
            visitor.plus(value, rounding);
        }

        @Override
        public Optional<Fusion.Read> reads() {
            return Optional.of(new Fusion.Read(value, rounding));
        }
    }

    /** An operation on the result, which is the first operand, and another value. */
    record Combined(Combine.Operation operation, int value) implements Extra {
        @Override
        public void accept(Visitor visitor) {
            visitor.combine(operation, value);
        }

        @Override
        public Optional<Fusion.Read> reads() {
            return Optional.of(new Fusion.Read(value, Optional.empty()));
        }
    }
}
