package org.multipoint.layers;

import org.deeplearning4j.nn.api.ParamInitializer;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.memory.MemoryWorkspace;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The parameters of multipoint layers that Deeplearning4j computes: what stays floating of the parameters of the layer inside, under the same
 * keys, one after another.
 */
final class WeightOnlyParameters implements ParamInitializer {

    static final WeightOnlyParameters INSTANCE = new WeightOnlyParameters();

    private WeightOnlyParameters() {
    }

    /** Views of the shapes of some arrays in an array that has as many elements; null where there are none. */
    static Map<String, INDArray> views(Map<String, INDArray> like, INDArray of) {
        Map<String, INDArray> views = new LinkedHashMap<>();
        long from = 0;
        for (Map.Entry<String, INDArray> one : like.entrySet()) {
            INDArray array = one.getValue();
            INDArray view = of.reshape(of.length()).get(NDArrayIndex.interval(from, from + array.length()));
            views.put(one.getKey(), view.reshape('c', array.shape()));
            from += array.length();
        }
        return views;
    }

    @Override
    public long numParams(NeuralNetConfiguration conf) {
        return numParams(conf.getLayer());
    }

    @Override
    public long numParams(Layer layer) {
        MultipointWeightOnlyLayer stored = (MultipointWeightOnlyLayer) layer;
        long weights = stored.matrices().stream().mapToLong(StoredMatrix::length).sum();
        return stored.numParamsInside() - weights;
    }

    @Override
    public List<String> paramKeys(Layer layer) {
        MultipointWeightOnlyLayer stored = (MultipointWeightOnlyLayer) layer;
        List<String> weights = stored.matrices().stream().filter(StoredMatrix::isAll).map(StoredMatrix::key).toList();
        return stored.getUnderlying().initializer().paramKeys(stored.getUnderlying()).stream().filter(key -> !weights.contains(key)).toList();
    }

    @Override
    public List<String> weightKeys(Layer layer) {
        return List.of();
    }

    @Override
    public List<String> biasKeys(Layer layer) {
        return paramKeys(layer);
    }

    @Override
    public boolean isWeightParam(Layer layer, String key) {
        return false;
    }

    @Override
    public boolean isBiasParam(Layer layer, String key) {
        return paramKeys(layer).contains(key);
    }

    @Override
    public Map<String, INDArray> init(NeuralNetConfiguration conf, INDArray params, boolean initialize) {
        if (initialize && params != null) {
            params.assign(0);
        }
        Map<String, INDArray> table = table(conf, params);
        table.keySet().forEach(conf::addVariable);
        return table;
    }

    @Override
    public Map<String, INDArray> getGradientsFromFlattened(NeuralNetConfiguration conf, INDArray gradients) {
        return table(conf, gradients);
    }

    /** Only the initializer of the layer inside knows the shapes of its parameters: it is given room for all of them. */
    private static Map<String, INDArray> table(NeuralNetConfiguration conf, INDArray flat) {
        MultipointWeightOnlyLayer stored = (MultipointWeightOnlyLayer) conf.getLayer();
        try (MemoryWorkspace ws = Nd4j.getMemoryManager().scopeOutOfWorkspaces();
             INDArray all = Nd4j.createUninitialized(flat == null ? DataType.FLOAT : flat.dataType(), stored.numParamsInside())) {
            return views(stored.floating(stored.views(all)), flat);
        }
    }
}
