package org.multipoint.training;

import org.nd4j.common.primitives.Pair;
import org.nd4j.linalg.activations.IActivation;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.lossfunctions.ILossFunction;
import org.nd4j.shade.jackson.annotation.JsonCreator;
import org.nd4j.shade.jackson.annotation.JsonProperty;

/** A loss function whose derivatives are scaled, and rounded as all errors are. Its values are not: scores stay what they are. */
final class ScaledLoss implements ILossFunction {

    @JsonProperty
    private final ILossFunction loss;
    /** Null where errors are not rounded. */
    @JsonProperty
    private final Rounder errors;
    /** Null in a network that was read from a file. */
    private final transient LossScaler scaler;

    @JsonCreator
    ScaledLoss(@JsonProperty("loss") ILossFunction loss, @JsonProperty("errors") Rounder errors) {
        this(loss, errors, null);
    }

    ScaledLoss(ILossFunction loss, Rounder errors, LossScaler scaler) {
        this.loss = loss;
        this.errors = errors;
        this.scaler = scaler;
    }

    @Override
    public double computeScore(INDArray labels, INDArray preOutput, IActivation activation, INDArray mask, boolean average) {
        return loss.computeScore(labels, preOutput, activation, mask, average);
    }

    @Override
    public INDArray computeScoreArray(INDArray labels, INDArray preOutput, IActivation activation, INDArray mask) {
        return loss.computeScoreArray(labels, preOutput, activation, mask);
    }

    /** @throws IllegalStateException where the network was read from a file: there is no state of loss scaling in it */
    @Override
    public INDArray computeGradient(INDArray labels, INDArray preOutput, IActivation activation, INDArray mask) {
        if (scaler == null) {
            throw new IllegalStateException("A network of LowPrecision that was read from a file cannot be trained further: save and read "
                    + "its plain() copy, and give that to LowPrecision");
        }
        scaler.scaled();
        INDArray scaled = loss.computeGradient(labels, preOutput, activation, mask).mul(scaler.factor());
        if (errors != null) {
            errors.round(scaled, true);
        }
        return scaled;
    }

    @Override
    public Pair<Double, INDArray> computeGradientAndScore(INDArray labels, INDArray preOutput, IActivation activation, INDArray mask,
                                                          boolean average) {
        return new Pair<>(computeScore(labels, preOutput, activation, mask, average), computeGradient(labels, preOutput, activation, mask));
    }

    @Override
    public String name() {
        return loss.name();
    }

    @Override
    public String toString() {
        return loss.toString();
    }
}
