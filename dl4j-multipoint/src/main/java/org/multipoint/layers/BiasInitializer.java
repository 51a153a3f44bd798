package org.multipoint.layers;

import org.deeplearning4j.nn.api.ParamInitializer;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.FeedForwardLayer;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.layers.BaseLayer;
import org.deeplearning4j.optimize.api.TrainingListener;
import org.nd4j.linalg.api.memory.MemoryWorkspace;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The parameters of multipoint layers: the bias alone. Weights are stored in the configuration and are no parameters. */
final class BiasInitializer implements ParamInitializer {

    static final BiasInitializer INSTANCE = new BiasInitializer();

    private BiasInitializer() {
    }

    /** Sets up a new layer as the {@code instantiate} methods of Deeplearning4j's own layers do. */
    static <T extends BaseLayer<?>> T prepare(T layer, NeuralNetConfiguration conf, Collection<TrainingListener> listeners,
                                              int index, INDArray params, boolean initialize) {
        layer.setListeners(listeners);
        layer.setIndex(index);
        layer.setParamsViewArray(params);
        layer.setParamTable(INSTANCE.init(conf, params, initialize));
        layer.setConf(conf);
        return layer;
    }

    @Override
    public long numParams(NeuralNetConfiguration conf) {
        return numParams(conf.getLayer());
    }

    @Override
    public long numParams(Layer layer) {
        return ((FeedForwardLayer) layer).getNOut();
    }

    @Override
    public List<String> paramKeys(Layer layer) {
        return List.of(LayerKind.BIAS);
    }

    @Override
    public List<String> weightKeys(Layer layer) {
        return List.of();
    }

    @Override
    public List<String> biasKeys(Layer layer) {
        return List.of(LayerKind.BIAS);
    }

    @Override
    public boolean isWeightParam(Layer layer, String key) {
        return false;
    }

    @Override
    public boolean isBiasParam(Layer layer, String key) {
        return LayerKind.BIAS.equals(key);
    }

    @Override
    public Map<String, INDArray> init(NeuralNetConfiguration conf, INDArray params, boolean initialize) {
        if (initialize) {
            params.assign(0);
        }
        conf.addVariable(LayerKind.BIAS);
        Map<String, INDArray> table = new LinkedHashMap<>();
        table.put(LayerKind.BIAS, params.reshape(1, params.length()));
        return table;
    }

    /** The bias gradient, and a scratch weight gradient for layers that write one: weights are not trained. */
    @Override
    public Map<String, INDArray> getGradientsFromFlattened(NeuralNetConfiguration conf, INDArray gradients) {
        Map<String, INDArray> table = new LinkedHashMap<>();
        table.put(LayerKind.BIAS, gradients.reshape(1, gradients.length()));
        LayerKind kind = LayerKind.ofMultipoint(conf.getLayer());
        try (MemoryWorkspace ws = Nd4j.getMemoryManager().scopeOutOfWorkspaces()) {
            for (int operation = 0; operation < kind.weightKeys().size(); operation++) {
                long[] shape = kind.shape(conf.getLayer(), operation);
                table.put(kind.weightKeys().get(operation),
                        Nd4j.create(gradients.dataType(), shape, shape.length == 2 ? 'f' : 'c'));
            }
        }
        return table;
    }
}
