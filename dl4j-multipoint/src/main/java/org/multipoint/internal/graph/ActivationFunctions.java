package org.multipoint.internal.graph;

import org.multipoint.internal.engine.ScalarFunction;
import org.multipoint.internal.engine.ScalarFunction.Kind;
import org.nd4j.linalg.activations.IActivation;
import org.nd4j.linalg.activations.impl.ActivationCube;
import org.nd4j.linalg.activations.impl.ActivationELU;
import org.nd4j.linalg.activations.impl.ActivationGELU;
import org.nd4j.linalg.activations.impl.ActivationHardSigmoid;
import org.nd4j.linalg.activations.impl.ActivationHardTanH;
import org.nd4j.linalg.activations.impl.ActivationIdentity;
import org.nd4j.linalg.activations.impl.ActivationLReLU;
import org.nd4j.linalg.activations.impl.ActivationMish;
import org.nd4j.linalg.activations.impl.ActivationReLU;
import org.nd4j.linalg.activations.impl.ActivationReLU6;
import org.nd4j.linalg.activations.impl.ActivationRectifiedTanh;
import org.nd4j.linalg.activations.impl.ActivationSELU;
import org.nd4j.linalg.activations.impl.ActivationSigmoid;
import org.nd4j.linalg.activations.impl.ActivationSoftPlus;
import org.nd4j.linalg.activations.impl.ActivationSoftmax;
import org.nd4j.linalg.activations.impl.ActivationSwish;
import org.nd4j.linalg.activations.impl.ActivationTanH;

import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Deeplearning4j's activations as functions of each value, with the formulas that its 1.0.0-M2.1 computes. */
public final class ActivationFunctions {

    private static final ScalarFunction TANH = ScalarFunction.of(Kind.TANH);
    private static final ScalarFunction RELU = ScalarFunction.clip(0, Float.POSITIVE_INFINITY);

    /** Of activations without parameters, the functions that they apply one behind the other. */
    private static final Map<Class<? extends IActivation>, List<ScalarFunction>> FIXED = Map.ofEntries(
            Map.entry(ActivationIdentity.class, List.of()),
            Map.entry(ActivationReLU6.class, List.of(ScalarFunction.clip(0, 6))),
            Map.entry(ActivationSELU.class, List.of(ScalarFunction.of(Kind.ELU, 1.6732632f), ScalarFunction.linear(1.0507010f, 0))),
            Map.entry(ActivationSigmoid.class, List.of(ScalarFunction.of(Kind.SIGMOID))),
            Map.entry(ActivationHardSigmoid.class, List.of(ScalarFunction.linear(0.2f, 0.5f), ScalarFunction.clip(0, 1))),
            Map.entry(ActivationTanH.class, List.of(TANH)),
            Map.entry(ActivationHardTanH.class, List.of(ScalarFunction.clip(-1, 1))),
            Map.entry(ActivationRectifiedTanh.class, List.of(TANH, RELU)),
            Map.entry(ActivationSwish.class, List.of(ScalarFunction.of(Kind.SWISH, 1))),
            Map.entry(ActivationMish.class, List.of(ScalarFunction.of(Kind.MISH))),
            Map.entry(ActivationSoftPlus.class, List.of(ScalarFunction.of(Kind.SOFTPLUS))),
            Map.entry(ActivationCube.class, List.of(ScalarFunction.of(Kind.POWER, 3))));

    /** GELU is {@code x * sigmoid(1.702 * x)}, unless it is called precise. */
    private static final float GELU = 1.702f;

    private ActivationFunctions() {
    }

    /** Whether an activation is a softmax. */
    public static boolean isSoftmax(IActivation activation) {
        return activation instanceof ActivationSoftmax;
    }

    /** The functions that an activation applies to each value, one behind the other; empty where it is another activation. */
    public static Optional<List<ScalarFunction>> functions(IActivation activation) {
        if (activation.getClass() == ActivationReLU.class) {
            return rectifier((ActivationReLU) activation);
        } else if (activation.getClass() == ActivationLReLU.class) {
            return Optional.of(List.of(ScalarFunction.of(Kind.LEAKY, (float) ((ActivationLReLU) activation).getAlpha())));
        } else if (activation.getClass() == ActivationELU.class) {
            return Optional.of(List.of(ScalarFunction.of(Kind.ELU, (float) ((ActivationELU) activation).getAlpha())));
        } else if (activation.getClass() == ActivationGELU.class) {
            return ((ActivationGELU) activation).isPrecise() ? Optional.empty() : Optional.of(List.of(ScalarFunction.of(Kind.SWISH, GELU)));
        }
        return Optional.ofNullable(FIXED.get(activation.getClass()));
    }

    /** The bounds that an activation clips each value to; empty where it does anything else. */
    static Optional<ScalarFunction> clip(IActivation activation) {
        return functions(activation).filter(all -> all.size() == 1 && all.get(0).kind() == Kind.CLIP).map(all -> all.get(0));
    }

    /** With a slope for negative values, an upper bound, both or neither; thresholds other than 0 are not known. */
    private static Optional<List<ScalarFunction>> rectifier(ActivationReLU r) {
        float upper = r.getMax() == null ? Float.POSITIVE_INFINITY : r.getMax().floatValue();
        if (!isZero(r.getThreshold())) {
            return Optional.empty();
        } else if (isZero(r.getNegativeSlope())) {
            return Optional.of(List.of(ScalarFunction.clip(0, upper)));
        }
        ScalarFunction leaky = ScalarFunction.of(Kind.LEAKY, r.getNegativeSlope().floatValue());
        return Optional.of(Float.isInfinite(upper) ? List.of(leaky) : List.of(leaky, ScalarFunction.clip(Float.NEGATIVE_INFINITY, upper)));
    }

    private static boolean isZero(Double value) {
        return value == null || value == 0;
    }
}
