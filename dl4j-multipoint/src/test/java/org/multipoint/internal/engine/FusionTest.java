package org.multipoint.internal.engine;

import org.junit.jupiter.api.Test;
import org.multipoint.internal.engine.Program.Add;
import org.multipoint.internal.engine.Program.Affine;
import org.multipoint.internal.engine.Program.Instruction;
import org.multipoint.internal.engine.Program.Linear;
import org.multipoint.internal.engine.Program.Rectify;
import org.multipoint.internal.engine.Program.Shape;
import org.multipoint.internal.ops.InputQuantization;
import org.multipoint.internal.ops.LinearOp;

import java.util.List;
import java.util.Optional;

import static org.junit.jupiter.api.Assertions.assertEquals;

/** What is taken into what, and so how many steps a program takes. */
class FusionTest {

    private static Linear linear(int input) {
        return new Linear(input, LinearOp.dense(2, 2, false), new Program.FloatWeights(new float[4]), new float[2]);
    }

    private static List<Class<?>> steps(List<Shape> inputs, Instruction... instructions) {
        Program program = AffineFolding.of(new Program(inputs.size(), false, List.of(instructions))).program();
        return new Fusion(program.withoutWeights(), program.shapes(inputs)).nodes().stream()
                .<Class<?>>map(n -> n.instruction().getClass()).toList();
    }

    private static final Shape IMAGE = new Shape(3, 2, 4, 5);
    private static final InputQuantization BYTES = new InputQuantization(0.1f, 7, 8);

    private static Linear integers(int input) {
        return new Linear(input, LinearOp.dense(2, 2, false), new Program.IntegerWeights(null, BYTES), new float[2]);
    }

    /** A block with a shortcut from its input, which is a rectified value, to a sum that a last operation reads. */
    private static Program block() {
        return new Program(1, false, List.of(integers(0), new Rectify(1, 6), integers(2), integers(3), new Add(List.of(4, 2)), integers(5)));
    }

    private static List<Boolean> writesIntegers(Program program) {
        return new Fusion(program, program.shapes(List.of(IMAGE))).nodes().stream().map(n -> n.form().isPresent()).toList();
    }

    @Test
    void whatIsAddedIsFloatingUnlessTheAdditionRoundsIt() {
        assertEquals(List.of(false, true, true, false), writesIntegers(block()));
        assertEquals(List.of(true, true, true, false), writesIntegers(AddendRounding.of(block())));
    }

    @Test
    void roundedOperandsAreNotTakenAsTheyWereComputed() {
        Program program = new Program(1, false, List.of(integers(0), new Add(List.of(0, 1), List.of(Optional.empty(), Optional.of(BYTES)))));
        assertEquals(List.of(Linear.class, Add.class), new Fusion(program, program.shapes(List.of(IMAGE))).nodes().stream()
                .<Class<?>>map(n -> n.instruction().getClass()).toList());
    }

    @Test
    void aResidualBlockIsItsConvolutions() {
        float[] perChannel = {1, 2};
        assertEquals(List.of(Linear.class, Linear.class), steps(List.of(IMAGE), linear(0), new Affine(1, perChannel, perChannel),
                new Rectify(2, 6), linear(3), new Affine(4, perChannel, perChannel), new Add(List.of(5, 0)), new Rectify(6, 6)));
    }

    @Test
    void affineMapsOfWhatOthersReadStay() {
        float[] perChannel = {1, 2};
        assertEquals(List.of(Linear.class, Affine.class), steps(List.of(IMAGE), linear(0), new Affine(1, perChannel, perChannel),
                new Add(List.of(2, 1))).subList(0, 2));
    }

    @Test
    void aConvolutionSmallerThanTheSumDoesNotTakeItIn() {
        assertEquals(List.of(Linear.class), steps(List.of(IMAGE, IMAGE), linear(1), new Add(List.of(0, 2))));
        for (Shape smaller : List.of(new Shape(3, 2, 1, 1), new Shape(1, 2, 4, 5), new Shape(3, 2, 4, 1))) {
            assertEquals(List.of(Linear.class, Add.class), steps(List.of(IMAGE, smaller), linear(1), new Add(List.of(0, 2)),
                    new Rectify(3, 6)));
            assertEquals(List.of(Linear.class, Add.class), steps(List.of(smaller, IMAGE), linear(1), new Add(List.of(0, 2)),
                    new Rectify(3, 6)));
        }
    }

    private static final ScalarFunction LEAKY = ScalarFunction.of(ScalarFunction.Kind.LEAKY, 0.1f);

    @Test
    void activationsAndGatesAreParts() {
        Slope slope = new Slope(1, new Shape(1, 2, 1, 1), new float[]{0.1f, 2});
        assertEquals(List.of(Linear.class, Linear.class, Linear.class), steps(List.of(IMAGE), linear(0), slope, linear(2),
                new Activate(3, LEAKY), linear(4), new Activate(5, ScalarFunction.of(ScalarFunction.Kind.SIGMOID)),
                new Combine(Combine.Operation.PRODUCT, List.of(4, 6))));
    }

    @Test
    void chainsOfArithmeticAreOneStep() {
        assertEquals(List.of(Combine.class), steps(List.of(IMAGE, IMAGE), new Combine(Combine.Operation.MAXIMUM, List.of(0, 1)),
                new Add(List.of(1, 2)), new Activate(3, LEAKY), new Combine(Combine.Operation.DIFFERENCE, List.of(4, 0))));
    }

    /** The library subtracts from what it has computed. */
    @Test
    void whatIsSubtractedDoesNotTakeInTheDifference() {
        assertEquals(List.of(Linear.class, Combine.class), steps(List.of(IMAGE), linear(0),
                new Combine(Combine.Operation.DIFFERENCE, List.of(0, 1))));
    }

    @Test
    void longChainsAreSeveralSteps() {
        Instruction[] chain = new Instruction[40];
        for (int i = 0; i < chain.length; i++) {
            chain[i] = new Activate(i, ScalarFunction.linear(-1, 0));
        }
        assertEquals(4, steps(List.of(IMAGE), chain).size());
    }
}
