package org.multipoint.layers;

import org.deeplearning4j.nn.conf.layers.BaseLayer;
import org.deeplearning4j.nn.conf.layers.Convolution3D;
import org.deeplearning4j.nn.conf.layers.Deconvolution3D;
import org.deeplearning4j.nn.conf.layers.EmbeddingLayer;
import org.deeplearning4j.nn.conf.layers.EmbeddingSequenceLayer;
import org.deeplearning4j.nn.conf.layers.FeedForwardLayer;
import org.deeplearning4j.nn.conf.layers.GravesLSTM;
import org.deeplearning4j.nn.conf.layers.LSTM;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.LocallyConnected1D;
import org.deeplearning4j.nn.conf.layers.LocallyConnected2D;
import org.deeplearning4j.nn.conf.layers.RecurrentAttentionLayer;
import org.deeplearning4j.nn.conf.layers.SelfAttentionLayer;
import org.deeplearning4j.nn.conf.layers.recurrent.Bidirectional;
import org.deeplearning4j.nn.conf.layers.recurrent.LastTimeStep;
import org.deeplearning4j.nn.conf.layers.recurrent.SimpleRnn;
import org.deeplearning4j.nn.conf.layers.samediff.AbstractSameDiffLayer;
import org.deeplearning4j.nn.conf.layers.util.MaskZeroLayer;
import org.deeplearning4j.nn.params.BidirectionalParamInitializer;
import org.nd4j.linalg.api.ndarray.INDArray;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;

/**
 * The layers of Deeplearning4j whose weights can be stored as points while Deeplearning4j goes on computing them, on the sums of the points
 * ({@link MultipointWeightOnlyLayer}). Each kind knows where its weight matrices stand. A layer is of a kind only if its class is exactly
 * the kind's, or a wrapper ({@link Bidirectional}, {@link LastTimeStep}, {@link MaskZeroLayer}) around layers of that kind.
 */
public enum WeightOnlyKind {

    LSTM(LSTM.class, "W", "RW") {
        @Override
        long[] shape(Layer layer, String key) {
            return gates(layer, key, 4);
        }
    },

    /** The last three columns of the recurrent weights are peephole connections, one for each unit: they stay floating. */
    GRAVES_LSTM(GravesLSTM.class, "W", "RW") {
        @Override
        long[] shape(Layer layer, String key) {
            return gates(layer, key, 4);
        }

        @Override
        int besides(String key) {
            return key.equals("RW") ? 3 : 0;
        }
    },

    SIMPLE_RNN(SimpleRnn.class, "W", "RW") {
        @Override
        long[] shape(Layer layer, String key) {
            return gates(layer, key, 1);
        }

        @Override
        public Optional<String> obstacle(Layer layer) {
            return super.obstacle(layer).or(() -> parts(layer).stream().anyMatch(part -> ((SimpleRnn) part.layer()).hasLayerNorm())
                    ? Optional.of("it has layer normalization") : Optional.empty());
        }
    },

    /** A row for each index. */
    EMBEDDING(EmbeddingLayer.class, "W") {
        @Override
        int[] rowsFirst(String key) {
            return new int[]{0, 1};
        }
    },

    EMBEDDING_SEQUENCE(EmbeddingSequenceLayer.class, "W") {
        @Override
        int[] rowsFirst(String key) {
            return new int[]{0, 1};
        }
    },

    CONVOLUTION_3D(Convolution3D.class, "W") {
        @Override
        long[] shape(Layer layer, String key) {
            Convolution3D c = (Convolution3D) layer;
            int[] k = c.getKernelSize();
            return new long[]{c.getNOut(), c.getNIn(), k[0], k[1], k[2]};
        }

        @Override
        int[] rowsFirst(String key) {
            return new int[]{0, 1, 2, 3, 4};
        }
    },

    DECONVOLUTION_3D(Deconvolution3D.class, "W") {
        @Override
        long[] shape(Layer layer, String key) {
            Deconvolution3D c = (Deconvolution3D) layer;
            int[] k = c.getKernelSize();
            return new long[]{k[0], k[1], k[2], c.getNOut(), c.getNIn()};
        }

        @Override
        int[] rowsFirst(String key) {
            return new int[]{3, 4, 0, 1, 2};
        }
    },

    /** A row for each position and output channel. */
    LOCALLY_CONNECTED_1D(LocallyConnected1D.class, "W") {
        @Override
        int[] rowsFirst(String key) {
            return new int[]{0, 2, 1};
        }

        @Override
        int rowAxes(String key) {
            return 2;
        }
    },

    LOCALLY_CONNECTED_2D(LocallyConnected2D.class, "W") {
        @Override
        int[] rowsFirst(String key) {
            return LOCALLY_CONNECTED_1D.rowsFirst(key);
        }

        @Override
        int rowAxes(String key) {
            return 2;
        }
    },

    /** The projections have axes of heads, outputs and inputs; without projections there is nothing to be stored. */
    SELF_ATTENTION(SelfAttentionLayer.class, "Wq", "Wk", "Wv", "Wo"),

    RECURRENT_ATTENTION(RecurrentAttentionLayer.class, "W", "RW", "Wq", "Wk", "Wv", "Wo");

    private static final List<String> HEADS = List.of("Wq", "Wk", "Wv");

    private final Class<? extends Layer> plain;
    private final List<String> keys;

    WeightOnlyKind(Class<? extends Layer> plain, String... keys) {
        this.plain = plain;
        this.keys = List.of(keys);
    }

    /**
     * A layer inside its wrappers.
     *
     * @param prefix       of the keys of its parameters among the wrapper's
     * @param layer        the layer
     * @param reversed     whether it reads its sequences from the end
     * @param masked       whether Deeplearning4j computes it with the mask of its input: LSTMs by themselves do not look at masks
     * @param maskingValue steps of which all values are this are masked
     */
    public record Part(String prefix, Layer layer, boolean reversed, boolean masked, OptionalDouble maskingValue) {
    }

    /** The layers inside a layer's wrappers: two inside a {@link Bidirectional}, else one. */
    public static List<Part> parts(Layer layer) {
        List<Part> parts = new ArrayList<>();
        collect(new Part("", layer, false, false, OptionalDouble.empty()), parts);
        return parts;
    }

    private static void collect(Part outer, List<Part> parts) {
        Layer layer = outer.layer;
        if (layer.getClass() == Bidirectional.class) {
            Bidirectional both = (Bidirectional) layer;
            collect(new Part(outer.prefix + BidirectionalParamInitializer.FORWARD_PREFIX, both.getFwd(), outer.reversed, outer.masked,
                    outer.maskingValue), parts);
            collect(new Part(outer.prefix + BidirectionalParamInitializer.BACKWARD_PREFIX, both.getBwd(), !outer.reversed, outer.masked,
                    outer.maskingValue), parts);
        } else if (layer.getClass() == LastTimeStep.class) {
            collect(new Part(outer.prefix, ((LastTimeStep) layer).getUnderlying(), outer.reversed, true, outer.maskingValue), parts);
        } else if (layer.getClass() == MaskZeroLayer.class) {
            MaskZeroLayer mask = (MaskZeroLayer) layer;
            collect(new Part(outer.prefix, mask.getUnderlying(), outer.reversed, true, OptionalDouble.of(mask.getMaskingValue())), parts);
        } else {
            parts.add(new Part(outer.prefix, layer, outer.reversed, outer.masked || layer instanceof SimpleRnn, outer.maskingValue));
        }
    }

    /** The kind of a plain layer, or of the layers inside its wrappers; none where it has no weights that could be stored. */
    public static Optional<WeightOnlyKind> of(Layer layer) {
        Class<?> inside = parts(layer).get(0).layer.getClass();
        return List.of(values()).stream().filter(kind -> kind.plain == inside && !kind.matrices(layer).isEmpty()).findFirst();
    }

    /** Whether it has matrices for its input and its own outputs of the step before, and a bias, under the keys W, RW and b. */
    public boolean recurrent() {
        return this == LSTM || this == GRAVES_LSTM || this == SIMPLE_RNN;
    }

    /** Why a layer of this kind cannot be stored; empty where it can. */
    public Optional<String> obstacle(Layer layer) {
        boolean noise = parts(layer).stream().anyMatch(part -> part.layer instanceof BaseLayer base && base.getWeightNoise() != null);
        return noise ? Optional.of("it has weight noise") : Optional.empty();
    }

    /** The matrices of a layer of this kind, in the order of {@link #parts}. */
    public List<StoredMatrix> matrices(Layer layer) {
        List<StoredMatrix> matrices = new ArrayList<>();
        for (Part part : parts(layer)) {
            for (String key : keys) {
                long[] shape = shape(part.layer, key);
                if (shape != null) {
                    matrices.add(new StoredMatrix(part.prefix + key, shape, rowsFirst(key), rowAxes(key), besides(key)));
                }
            }
        }
        return matrices;
    }

    /**
     * Of all parameters of a layer of this kind, or of arrays in their shapes, what is not stored: views, by key.
     *
     * @param all in the order of the layer's parameters
     */
    public Map<String, INDArray> floating(Layer layer, Map<String, INDArray> all) {
        Map<String, INDArray> floating = new LinkedHashMap<>(all);
        for (StoredMatrix matrix : matrices(layer)) {
            if (matrix.isAll()) {
                floating.remove(matrix.key());
            } else {
                floating.replace(matrix.key(), matrix.rest(all.get(matrix.key())));
            }
        }
        return floating;
    }

    /** A plain layer's configuration with its weights stored as points. */
    public Layer quantized(Layer layer, MultipointWeights weights) {
        return new MultipointWeightOnlyLayer(layer, weights);
    }

    /** Shape of the matrix under a key, or null where the layer has none. */
    long[] shape(Layer layer, String key) {
        if (layer instanceof AbstractSameDiffLayer sameDiff) {
            Map<String, long[]> shapes = sameDiff.getLayerParams().getParamShapes();
            return shapes.get(key);
        }
        FeedForwardLayer dense = (FeedForwardLayer) layer;
        return new long[]{dense.getNIn(), dense.getNOut()};
    }

    private static long[] gates(Layer layer, String key, int gates) {
        FeedForwardLayer cell = (FeedForwardLayer) layer;
        return new long[]{key.equals("W") ? cell.getNIn() : cell.getNOut(), gates * cell.getNOut()};
    }

    /** Permutation of the axes that brings those of rows first. */
    int[] rowsFirst(String key) {
        return HEADS.contains(key) ? new int[]{0, 1, 2} : new int[]{1, 0};
    }

    /** Number of axes that count rows. */
    int rowAxes(String key) {
        return HEADS.contains(key) ? 2 : 1;
    }

    /** How much longer than the matrix the parameter is on its second axis. */
    int besides(String key) {
        return 0;
    }
}
