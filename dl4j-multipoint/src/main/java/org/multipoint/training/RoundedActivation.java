package org.multipoint.training;

import org.nd4j.common.primitives.Pair;
import org.nd4j.linalg.activations.IActivation;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.shade.jackson.annotation.JsonCreator;
import org.nd4j.shade.jackson.annotation.JsonProperty;

/** An activation function whose values are rounded, and in the backward pass the derivatives that it hands on. */
final class RoundedActivation implements IActivation {

    @JsonProperty
    private final IActivation function;
    /** Null where values are not rounded. */
    @JsonProperty
    private final Rounder values;
    /** Null where derivatives are not rounded. */
    @JsonProperty
    private final Rounder errors;

    @JsonCreator
    RoundedActivation(@JsonProperty("function") IActivation function, @JsonProperty("values") Rounder values,
                      @JsonProperty("errors") Rounder errors) {
        this.function = function;
        this.values = values;
        this.errors = errors;
    }

    @Override
    public INDArray getActivation(INDArray in, boolean training) {
        INDArray out = function.getActivation(in, training);
        if (values != null) {
            values.round(out, training);
        }
        return out;
    }

    @Override
    public Pair<INDArray, INDArray> backprop(INDArray in, INDArray epsilon) {
        Pair<INDArray, INDArray> derivatives = function.backprop(in, epsilon);
        if (errors == null) {
            return derivatives;
        }
        INDArray error = derivatives.getFirst();
        if (error == epsilon) {
            // The identity hands on what is not its own.
            error = epsilon.dup(epsilon.ordering());
        }
        errors.round(error, true);
        return new Pair<>(error, derivatives.getSecond());
    }

    @Override
    public int numParams(int inputSize) {
        return function.numParams(inputSize);
    }

    @Override
    public String toString() {
        return function.toString();
    }
}
