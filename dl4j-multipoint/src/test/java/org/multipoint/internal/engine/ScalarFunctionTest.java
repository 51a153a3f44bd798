package org.multipoint.internal.engine;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.multipoint.internal.engine.ScalarFunction.Kind;
import org.multipoint.internal.ops.LinearOp;
import org.multipoint.testing.ForkedJvm;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

import java.util.List;

import static org.junit.jupiter.api.Assertions.assertEquals;

/** Functions of each value have on both engines the values of their definitions, alone and behind other instructions. */
class ScalarFunctionTest {

    private static final Engine[] ENGINES = {new OneDnnEngine(), Engines.nd4j()};

    static List<ScalarFunction> functions() {
        return List.of(ScalarFunction.linear(-1.5f, 0.25f), ScalarFunction.clip(-1, 1), ScalarFunction.clip(Float.NEGATIVE_INFINITY, 3),
                ScalarFunction.of(Kind.LEAKY, 0.3f), ScalarFunction.of(Kind.LEAKY, -0.3f), ScalarFunction.of(Kind.LEAKY, 1.5f),
                ScalarFunction.of(Kind.ELU, 1), ScalarFunction.of(Kind.ELU, 1.6732632f), ScalarFunction.of(Kind.SIGMOID),
                ScalarFunction.of(Kind.TANH), ScalarFunction.of(Kind.SWISH, 1), ScalarFunction.of(Kind.SWISH, 1.702f),
                ScalarFunction.of(Kind.MISH), ScalarFunction.of(Kind.SOFTPLUS), ScalarFunction.of(Kind.POWER, 3));
    }

    @Test
    void valuesAreTheSameWithoutAvx() throws Exception {
        ForkedJvm.run(ScalarFunctionTest.class, "SSE41");
    }

    /** What the forked process does. */
    public static void main(String[] args) {
        functions().forEach(new ScalarFunctionTest()::valuesAreThoseOfTheDefinition);
    }

    @ParameterizedTest
    @MethodSource("functions")
    void valuesAreThoseOfTheDefinition(ScalarFunction function) {
        float[] x = new float[4003];
        for (int i = 0; i < x.length; i++) {
            x[i] = (i - x.length / 2) * 0.005f * (1 + i % 11);
        }
        for (Engine engine : ENGINES) {
            Program alone = new Program(1, false, List.of(new Activate(0, function)));
            Program behind = new Program(1, false, List.of(
                    new Program.Linear(0, LinearOp.dense(1, 1, false),
                            new Program.FloatWeights(new float[]{1}), new float[1]), new Activate(1, function)));
            for (Program program : List.of(alone, behind)) {
                try (Executable executable = engine.compile(program); INDArray in = Nd4j.create(x, new long[]{1, 1, x.length, 1}, 'c')) {
                    float[] y = executable.run(in).data().asFloat();
                    for (int i = 0; i < x.length; i++) {
                        double expected = Reference.value(function, x[i]);
                        // The library's softplus is a difference of numbers as large as x.
                        double error = 2e-6 * Math.max(1, Math.abs(expected)) + 2e-7 * Math.abs(x[i]);
                        assertEquals(expected, y[i], error, engine.name() + " of " + x[i]);
                    }
                }
            }
        }
    }
}
