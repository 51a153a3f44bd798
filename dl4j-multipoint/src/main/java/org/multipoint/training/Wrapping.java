package org.multipoint.training;

import org.deeplearning4j.nn.conf.ComputationGraphConfiguration;
import org.deeplearning4j.nn.conf.InputPreProcessor;
import org.deeplearning4j.nn.conf.MultiLayerConfiguration;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.graph.GraphVertex;
import org.deeplearning4j.nn.conf.graph.LayerVertex;
import org.deeplearning4j.nn.conf.layers.ActivationLayer;
import org.deeplearning4j.nn.conf.layers.BaseLayer;
import org.deeplearning4j.nn.conf.layers.BaseOutputLayer;
import org.deeplearning4j.nn.conf.layers.BatchNormalization;
import org.deeplearning4j.nn.conf.layers.CnnLossLayer;
import org.deeplearning4j.nn.conf.layers.Convolution3D;
import org.deeplearning4j.nn.conf.layers.ConvolutionLayer;
import org.deeplearning4j.nn.conf.layers.Deconvolution2D;
import org.deeplearning4j.nn.conf.layers.Deconvolution3D;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.DepthwiseConvolution2D;
import org.deeplearning4j.nn.conf.layers.GravesLSTM;
import org.deeplearning4j.nn.conf.layers.LSTM;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.LossLayer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.conf.layers.RnnLossLayer;
import org.deeplearning4j.nn.conf.layers.RnnOutputLayer;
import org.deeplearning4j.nn.conf.layers.SeparableConvolution2D;
import org.deeplearning4j.nn.conf.layers.recurrent.SimpleRnn;
import org.nd4j.linalg.activations.IActivation;
import org.nd4j.linalg.lossfunctions.ILossFunction;

import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Puts rounding into the configuration of a network: into what its layers are made of where they have the place for it, and as layers of its own
 * behind all other vertices.
 */
final class Wrapping {

    /** Layers that take their parameters from {@code IWeightNoise} in both passes; of others, Deeplearning4j ignores it. */
    private static final Set<Class<?>> WITH_WEIGHTS = Set.of(ConvolutionLayer.class, Deconvolution2D.class, DepthwiseConvolution2D.class,
            SeparableConvolution2D.class, Convolution3D.class, Deconvolution3D.class, DenseLayer.class, OutputLayer.class, RnnOutputLayer.class,
            LSTM.class, GravesLSTM.class, SimpleRnn.class);

    private final Map<TensorKind, Rounder> rounders;
    private final LossScaler scaler;
    private final Set<String> leftOut;
    /** Whether the loss is scaled at all. */
    private final boolean scales;
    private final Set<String> rounded = new HashSet<>();

    Wrapping(Map<TensorKind, Rounder> rounders, Set<String> leftOut, LossScaling scaling, LossScaler scaler) {
        this.rounders = rounders;
        this.leftOut = leftOut;
        this.scales = !scaling.equals(LossScaling.none());
        this.scaler = scaler;
    }

    /** Names of the layers whose parameters are rounded. */
    Set<String> rounded() {
        return rounded;
    }

    /**
     * Changes a graph's configuration, which must not be in use.
     *
     * @throws IllegalArgumentException where a layer cannot be wrapped, or what is to be left out is missing
     */
    void wrap(ComputationGraphConfiguration conf) {
        requireKnown(conf.getVertices().keySet());
        NeuralNetConfiguration like = conf.getVertices().values().stream().filter(LayerVertex.class::isInstance)
                .map(v -> ((LayerVertex) v).getLayerConf()).findFirst()
                .orElseThrow(() -> new IllegalArgumentException("The graph has no layers"));
        Map<String, GraphVertex> vertices = new LinkedHashMap<>(conf.getVertices());
        for (String input : conf.getNetworkInputs()) {
            insert(conf, like, input, TensorKind.INPUTS);
        }
        vertices.forEach((name, vertex) -> {
            boolean output = conf.getNetworkOutputs().contains(name);
            boolean rounds = vertex instanceof LayerVertex v && wrap(name, v.getLayerConf().getLayer(), output);
            if (!rounds && !output && !leftOut.contains(name)) {
                insert(conf, like, name, TensorKind.ACTIVATIONS);
            }
        });
        conf.setTopologicalOrder(null);
        conf.setTopologicalOrderStr(null);
    }

    private void insert(ComputationGraphConfiguration conf, NeuralNetConfiguration like, String behind, TensorKind kind) {
        if (inserts(kind)) {
            String name = behind + "-rounded";
            while (conf.getVertices().containsKey(name) || conf.getNetworkInputs().contains(name)) {
                name += "-";
            }
            String inserted = name;
            conf.getVertexInputs().replaceAll(
                    (reader, from) -> new ArrayList<>(from.stream().map(n -> n.equals(behind) ? inserted : n).toList()));
            conf.getVertexInputs().put(inserted, new ArrayList<>(List.of(behind)));
            conf.getVertices().put(inserted, new LayerVertex(rounding(like, inserted, kind), null));
        }
    }

    /** The same for a network of layers. */
    void wrap(MultiLayerConfiguration conf) {
        requireKnown(conf.getConfs().stream().map(c -> c.getLayer().getLayerName()).toList());
        List<NeuralNetConfiguration> layers = new ArrayList<>();
        Map<Integer, InputPreProcessor> preProcessors = new LinkedHashMap<>();
        int count = conf.getConfs().size();
        if (inserts(TensorKind.INPUTS)) {
            layers.add(rounding(conf.getConf(0), "input-rounded", TensorKind.INPUTS));
        }
        for (int i = 0; i < count; i++) {
            if (conf.getInputPreProcess(i) != null) {
                preProcessors.put(layers.size(), conf.getInputPreProcess(i));
            }
            Layer layer = conf.getConf(i).getLayer();
            layers.add(conf.getConf(i));
            if (!wrap(layer.getLayerName(), layer, i == count - 1) && i < count - 1 && !leftOut.contains(layer.getLayerName())
                    && inserts(TensorKind.ACTIVATIONS)) {
                layers.add(rounding(conf.getConf(i), layer.getLayerName() + "-rounded", TensorKind.ACTIVATIONS));
            }
        }
        conf.setConfs(layers);
        conf.setInputPreProcessors(preProcessors);
    }

    private void requireKnown(Collection<String> names) {
        leftOut.stream().filter(name -> !names.contains(name)).findFirst().ifPresent(name -> {
            throw new IllegalArgumentException("There is no layer \"" + name + "\" to leave out; there are " + names);
        });
    }

    /** Whether there is anything to do for a layer that only rounds. */
    private boolean inserts(TensorKind kind) {
        return rounders.containsKey(kind) || kind == TensorKind.ACTIVATIONS && rounders.containsKey(TensorKind.ERRORS);
    }

    private NeuralNetConfiguration rounding(NeuralNetConfiguration like, String name, TensorKind kind) {
        NeuralNetConfiguration conf = like.clone();
        conf.setLayer(new RoundingLayer(name, rounders.get(kind), kind == TensorKind.ACTIVATIONS ? rounders.get(TensorKind.ERRORS) : null));
        conf.clearVariables();
        return conf;
    }

    /** @return whether the layer itself rounds what it computes */
    private boolean wrap(String name, Layer layer, boolean output) {
        boolean weights = WITH_WEIGHTS.contains(layer.getClass()) && !leftOut.contains(name);
        if (weights) {
            rounded.add(layer.getLayerName());
        } else if (hasOthersWeights(name, layer)) {
            throw new IllegalArgumentException("Layer \"" + name + "\" (" + layer.getClass().getSimpleName() + ") has parameters that cannot be "
                    + "rounded: leave it out");
        }
        if (layer instanceof BaseLayer base) {
            wrapUpdaters(base, weights);
            if (weights && rounders.containsKey(TensorKind.WEIGHTS)) {
                if (base.getWeightNoise() != null) {
                    throw new IllegalArgumentException("Layer \"" + name + "\" has weight noise of its own, " + base.getWeightNoise());
                }
                base.setWeightNoise(new RoundedWeights(rounders.get(TensorKind.WEIGHTS)));
            }
        }
        boolean scaled = wrapLoss(layer);
        if (output && !scaled && scales) {
            throw new IllegalArgumentException("Output layer \"" + name + "\" (" + layer.getClass().getSimpleName()
                    + ") has no loss function that can be scaled");
        }
        return !scaled && wrapActivation(layer, weights, leftOut.contains(name));
    }

    private boolean hasOthersWeights(String name, Layer layer) {
        return !leftOut.contains(name) && !WITH_WEIGHTS.contains(layer.getClass()) && !(layer instanceof BatchNormalization)
                && layer.initializer().numParams(layer) > 0;
    }

    private void wrapUpdaters(BaseLayer layer, boolean weights) {
        Rounder rounder = weights ? rounders.get(TensorKind.UPDATE) : null;
        if (layer.getIUpdater() != null) {
            layer.setIUpdater(new RoundedUpdater(layer.getIUpdater(), rounder, scaler));
        }
        if (layer.getBiasUpdater() != null) {
            layer.setBiasUpdater(new RoundedUpdater(layer.getBiasUpdater(), rounder, scaler));
        }
    }

    private boolean wrapLoss(Layer layer) {
        if (layer.getClass() == OutputLayer.class || layer.getClass() == RnnOutputLayer.class) {
            BaseOutputLayer output = (BaseOutputLayer) layer;
            output.setLossFn(scaled(output.getLossFn()));
        } else if (layer instanceof LossLayer output) {
            output.setLossFn(scaled(output.getLossFn()));
        } else if (layer instanceof RnnLossLayer output) {
            output.setLossFn(scaled(output.getLossFn()));
        } else if (layer instanceof CnnLossLayer output) {
            output.setLossFn(scaled(output.getLossFn()));
        } else {
            return false;
        }
        return true;
    }

    private ILossFunction scaled(ILossFunction loss) {
        return new ScaledLoss(loss, rounders.get(TensorKind.ERRORS), scaler);
    }

    private boolean wrapActivation(Layer layer, boolean weights, boolean out) {
        if (out || !inserts(TensorKind.ACTIVATIONS)) {
            return true;
        }
        if (layer instanceof ActivationLayer activation) {
            activation.setActivationFn(rounded(activation.getActivationFn()));
        } else if (weights) {
            ((BaseLayer) layer).setActivationFn(rounded(((BaseLayer) layer).getActivationFn()));
        } else {
            return false;
        }
        return true;
    }

    private IActivation rounded(IActivation function) {
        return new RoundedActivation(function, rounders.get(TensorKind.ACTIVATIONS), rounders.get(TensorKind.ERRORS));
    }
}
