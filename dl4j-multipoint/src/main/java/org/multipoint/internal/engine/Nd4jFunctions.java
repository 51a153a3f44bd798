package org.multipoint.internal.engine;

import org.nd4j.linalg.activations.impl.ActivationELU;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.ops.transforms.Transforms;

/** Functions of each value on ND4J. */
final class Nd4jFunctions {

    private Nd4jFunctions() {
    }

    /** A new array of the values of a function. */
    static INDArray apply(ScalarFunction f, INDArray x) {
        return switch (f.kind()) {
            case LINEAR -> x.mul(f.a()).addi(f.b());
            case CLIP -> Transforms.min(Transforms.max(x, f.a(), true), f.b(), false);
            case LEAKY -> Transforms.leakyRelu(x, f.a(), true);
            case ELU -> new ActivationELU(f.a()).getActivation(x.dup('c'), false);
            case SIGMOID -> Transforms.sigmoid(x, true);
            case TANH -> Transforms.tanh(x, true);
            case SWISH -> Transforms.sigmoid(x.mul(f.a()), false).muli(x);
            case MISH -> Transforms.tanh(softplus(x), false).muli(x);
            case SOFTPLUS -> softplus(x);
            case POWER -> Transforms.pow(x, f.a(), true);
        };
    }

    /** Without overflow: the exponential is of negative numbers only. */
    private static INDArray softplus(INDArray x) {
        INDArray exponentials = Transforms.exp(Transforms.abs(x, true).negi(), false);
        return Transforms.log(exponentials.addi(1), false).addi(Transforms.max(x, 0, true));
    }
}
