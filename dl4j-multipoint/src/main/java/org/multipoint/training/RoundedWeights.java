package org.multipoint.training;

import org.deeplearning4j.nn.api.Layer;
import org.deeplearning4j.nn.conf.weightnoise.IWeightNoise;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.shade.jackson.annotation.JsonCreator;
import org.nd4j.shade.jackson.annotation.JsonProperty;

/**
 * Gives a layer rounded copies of its parameters. Deeplearning4j asks for them once in a step, for both passes, and applies the gradient to
 * the parameters themselves.
 */
final class RoundedWeights implements IWeightNoise {

    @JsonProperty
    private final Rounder rounder;

    @JsonCreator
    RoundedWeights(@JsonProperty("rounder") Rounder rounder) {
        this.rounder = rounder;
    }

    @Override
    public INDArray getParameter(Layer layer, String key, int iteration, int epoch, boolean train, LayerWorkspaceMgr workspaces) {
        INDArray param = layer.getParam(key);
        if (param == null) {
            // Deeplearning4j asks for the bias of convolutions without one.
            return null;
        }
        INDArray rounded = param.dup(param.ordering());
        rounder.round(rounded, train);
        return rounded;
    }

    @Override
    public RoundedWeights clone() {
        return new RoundedWeights(rounder);
    }
}
