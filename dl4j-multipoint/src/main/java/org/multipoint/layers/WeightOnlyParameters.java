package org.multipoint.layers;

import org.deeplearning4j.nn.api.ParamInitializer;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.Layer;
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

    private static Layer inside(Layer layer) {
        return ((MultipointWeightOnlyLayer) layer).getUnderlying();
    }

    private static List<StoredMatrix> matrices(Layer inside) {
        return WeightOnlyKind.of(inside).orElseThrow().matrices(inside);
    }

    /** Of all parameters of a layer, or their gradients, what is not stored. */
    static Map<String, INDArray> floating(Layer inside, Map<String, INDArray> all) {
        return WeightOnlyKind.of(inside).orElseThrow().floating(inside, all);
    }

    /** Views of the shapes of some arrays in an array that has as many elements. */
    static Map<String, INDArray> views(Map<String, INDArray> like, INDArray of) {
        Map<String, INDArray> views = new LinkedHashMap<>();
        INDArray flat = of.reshape(of.length());
        long from = 0;
        for (Map.Entry<String, INDArray> one : like.entrySet()) {
            INDArray array = one.getValue();
            views.put(one.getKey(), flat.get(NDArrayIndex.interval(from, from + array.length())).reshape('c', array.shape()));
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
        Layer inside = inside(layer);
        return inside.initializer().numParams(inside) - matrices(inside).stream().mapToLong(StoredMatrix::length).sum();
    }

    @Override
    public List<String> paramKeys(Layer layer) {
        Layer inside = inside(layer);
        List<String> stored = matrices(inside).stream().filter(StoredMatrix::isAll).map(StoredMatrix::key).toList();
        return inside.initializer().paramKeys(inside).stream().filter(key -> !stored.contains(key)).toList();
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
        if (initialize) {
            params.assign(0);
        }
        return table(conf, params);
    }

    @Override
    public Map<String, INDArray> getGradientsFromFlattened(NeuralNetConfiguration conf, INDArray gradients) {
        return table(conf, gradients);
    }

    /** Only the initializer of the layer inside knows the shapes of its parameters: it is given room for all of them. */
    private static Map<String, INDArray> table(NeuralNetConfiguration conf, INDArray flat) {
        Layer inside = inside(conf.getLayer());
        NeuralNetConfiguration own = conf.clone();
        own.setLayer(inside);
        try (MemoryWorkspace ws = Nd4j.getMemoryManager().scopeOutOfWorkspaces();
             INDArray all = Nd4j.createUninitialized(flat.dataType(), inside.initializer().numParams(inside))) {
            return views(floating(inside, inside.initializer().getGradientsFromFlattened(own, all)), flat);
        }
    }
}
