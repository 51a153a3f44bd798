package org.multipoint.layers;

import org.deeplearning4j.nn.api.Layer;
import org.deeplearning4j.nn.api.ParamInitializer;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.SeparableConvolution2D;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.deeplearning4j.optimize.api.TrainingListener;
import org.multipoint.internal.engine.EngineHost;
import org.multipoint.internal.engine.EngineRunner;
import org.nd4j.common.primitives.Pair;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.shade.jackson.annotation.JsonProperty;

import java.util.Collection;

/** A {@link SeparableConvolution2D} whose weights are stored as points. */
public class MultipointSeparableConvolution2D extends SeparableConvolution2D implements MultipointLayer {

    @JsonProperty
    private MultipointWeights multipoint;

    @Override
    public MultipointWeights getMultipoint() {
        return multipoint;
    }

    @Override
    public ParamInitializer initializer() {
        return BiasInitializer.INSTANCE;
    }

    @Override
    public Layer instantiate(NeuralNetConfiguration conf, Collection<TrainingListener> listeners, int index,
                             INDArray params, boolean initialize, DataType dataType) {
        return BiasInitializer.prepare(new Impl(conf, dataType), conf, listeners, index, params, initialize);
    }

    @Override
    public boolean equals(Object other) {
        return super.equals(other) && MultipointLayer.sameWeights(this, other);
    }

    @Override
    public int hashCode() {
        return 31 * super.hashCode() + MultipointLayer.weightsHash(this);
    }

    private static final class Impl extends org.deeplearning4j.nn.layers.convolution.SeparableConvolution2DLayer implements EngineHost {
        private final transient MultipointForward forward;

        Impl(NeuralNetConfiguration conf, DataType dataType) {
            super(conf, dataType);
            forward = new MultipointForward(conf.getLayer());
        }

        @Override
        public EngineRunner runner() {
            return forward;
        }

        @Override
        public double calcRegularizationScore(boolean backpropOnlyParams) {
            return forward.regularization();
        }

        @Override
        public INDArray getParam(String key) {
            return forward.isWeight(key) ? forward.weight(key, dataType) : super.getParam(key);
        }

        @Override
        protected Pair<INDArray, INDArray> preOutput(boolean training, boolean forBackprop, LayerWorkspaceMgr workspaces) {
            if (forBackprop) {
                return super.preOutput(training, true, workspaces);
            }
            assertInputSet(false);
            return new Pair<>(forward.apply(input, getParam(LayerKind.BIAS), dataType, workspaces), null);
        }
    }
}
