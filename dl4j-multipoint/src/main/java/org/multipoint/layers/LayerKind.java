package org.multipoint.layers;

import org.deeplearning4j.nn.conf.CNN2DFormat;
import org.deeplearning4j.nn.conf.ConvolutionMode;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.RNNFormat;
import org.deeplearning4j.nn.conf.layers.BaseLayer;
import org.deeplearning4j.nn.conf.layers.Convolution1DLayer;
import org.deeplearning4j.nn.conf.layers.ConvolutionLayer;
import org.deeplearning4j.nn.conf.layers.Deconvolution2D;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.DepthwiseConvolution2D;
import org.deeplearning4j.nn.conf.layers.FeedForwardLayer;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.conf.layers.RnnOutputLayer;
import org.deeplearning4j.nn.conf.layers.SeparableConvolution2D;
import org.multipoint.internal.ops.LinearOp;
import org.multipoint.internal.ops.LinearOp.PaddingMode;
import org.multipoint.internal.ops.LinearOp.Size;
import org.multipoint.internal.ops.Tensor;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.shade.jackson.core.JsonProcessingException;
import org.nd4j.shade.jackson.databind.ObjectMapper;
import org.nd4j.shade.jackson.databind.node.ObjectNode;

import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * The layers of Deeplearning4j that can be quantized. Each kind knows the linear operations that the layer consists of, how their weight
 * matrices are laid out in its parameters, and the multipoint layer that replaces it. A layer is of a kind only if its class is exactly
 * the kind's: a subclass may compute something else.
 */
public enum LayerKind {

    CONVOLUTION(ConvolutionLayer.class, MultipointConvolutionLayer.class, "W") {
        @Override
        public List<LinearOp> ops(Layer layer) {
            ConvolutionLayer c = (ConvolutionLayer) layer;
            return List.of(convolution(c, 1, (int) c.getNOut(), false));
        }

        @Override
        long[] shape(Layer layer, int operation) {
            ConvolutionLayer c = (ConvolutionLayer) layer;
            return new long[]{c.getNOut(), c.getNIn(), c.getKernelSize()[0], c.getKernelSize()[1]};
        }
    },

    CONVOLUTION_1D(Convolution1DLayer.class, MultipointConvolution1DLayer.class, "W") {
        @Override
        public List<LinearOp> ops(Layer layer) {
            Convolution1DLayer c = (Convolution1DLayer) layer;
            return List.of(new LinearOp((int) c.getNIn(), (int) c.getNOut(), 1, new Size(c.getKernelSize()[0], 1),
                    new Size(c.getStride()[0], 1), new Size(c.getDilation()[0], 1), new Size(c.getPadding()[0], 0),
                    padding(c.getConvolutionMode()), false, c.getRnnDataFormat() == RNNFormat.NWC));
        }

        @Override
        long[] shape(Layer layer, int operation) {
            Convolution1DLayer c = (Convolution1DLayer) layer;
            return new long[]{c.getNOut(), c.getNIn(), c.getKernelSize()[0], 1};
        }

        /** The parameter has the shape {@code [out, in, kernel, 1]}, and Deeplearning4j reads its memory as {@code [kernel, in, out]}. */
        @Override
        public float[] matrix(INDArray param, int operation) {
            return super.matrix(param.reshape('c', param.size(2), param.size(1), param.size(0)), operation);
        }

        @Override
        public INDArray param(Layer layer, float[] matrix, int operation) {
            long[] shape = shape(layer, operation);
            return Nd4j.create(matrix, new long[]{shape[0], shape[1], shape[2]}, 'c').permute(rowsFirst(operation)).dup('c')
                    .reshape('c', shape);
        }

        @Override
        int[] rowsFirst(int operation) {
            return new int[]{2, 1, 0};
        }
    },

    DEPTHWISE_CONVOLUTION(DepthwiseConvolution2D.class, MultipointDepthwiseConvolution2D.class, "W") {
        @Override
        public List<LinearOp> ops(Layer layer) {
            DepthwiseConvolution2D c = (DepthwiseConvolution2D) layer;
            return List.of(convolution(c, (int) c.getNIn(), (int) c.getNIn() * c.getDepthMultiplier(), false));
        }

        @Override
        long[] shape(Layer layer, int operation) {
            DepthwiseConvolution2D c = (DepthwiseConvolution2D) layer;
            return new long[]{c.getKernelSize()[0], c.getKernelSize()[1], c.getNIn(), c.getDepthMultiplier()};
        }

        @Override
        int[] rowsFirst(int operation) {
            return new int[]{2, 3, 0, 1};
        }
    },

    SEPARABLE_CONVOLUTION(SeparableConvolution2D.class, MultipointSeparableConvolution2D.class, "W", "pW") {
        @Override
        public List<LinearOp> ops(Layer layer) {
            SeparableConvolution2D c = (SeparableConvolution2D) layer;
            int middle = (int) c.getNIn() * c.getDepthMultiplier();
            LinearOp depthwise = convolution(c, (int) c.getNIn(), middle, false);
            return List.of(depthwise, LinearOp.dense(middle, (int) c.getNOut(), depthwise.channelsLast()));
        }

        @Override
        long[] shape(Layer layer, int operation) {
            SeparableConvolution2D c = (SeparableConvolution2D) layer;
            return operation == 0
                    ? new long[]{c.getDepthMultiplier(), c.getNIn(), c.getKernelSize()[0], c.getKernelSize()[1]}
                    : new long[]{c.getNOut(), c.getNIn() * c.getDepthMultiplier(), 1, 1};
        }

        @Override
        int[] rowsFirst(int operation) {
            return operation == 0 ? new int[]{1, 0, 2, 3} : super.rowsFirst(operation);
        }

        @Override
        public Optional<String> deviation(Layer layer) {
            return ((SeparableConvolution2D) layer).getNIn() > 1 ? Optional.empty() : Optional.of("Deeplearning4j leaves out the pointwise "
                    + "weights of a separable convolution of one channel; here they are applied, so outputs differ from the source's");
        }
    },

    DECONVOLUTION(Deconvolution2D.class, MultipointDeconvolution2D.class, "W") {
        @Override
        public List<LinearOp> ops(Layer layer) {
            ConvolutionLayer c = (ConvolutionLayer) layer;
            return List.of(convolution(c, 1, (int) c.getNOut(), true));
        }

        @Override
        long[] shape(Layer layer, int operation) {
            ConvolutionLayer c = (ConvolutionLayer) layer;
            return new long[]{c.getNIn(), c.getNOut(), c.getKernelSize()[0], c.getKernelSize()[1]};
        }

        @Override
        int[] rowsFirst(int operation) {
            return new int[]{1, 0, 2, 3};
        }
    },

    DENSE(DenseLayer.class, MultipointDenseLayer.class, "W") {
        @Override
        public Optional<String> obstacle(Layer layer) {
            return super.obstacle(layer).or(() -> ((DenseLayer) layer).hasLayerNorm()
                    ? Optional.of("it has layer normalization") : Optional.empty());
        }
    },

    OUTPUT(OutputLayer.class, MultipointOutputLayer.class, "W"),

    RNN_OUTPUT(RnnOutputLayer.class, MultipointRnnOutputLayer.class, "W") {
        @Override
        public List<LinearOp> ops(Layer layer) {
            RnnOutputLayer c = (RnnOutputLayer) layer;
            return List.of(LinearOp.dense((int) c.getNIn(), (int) c.getNOut(), c.getRnnDataFormat() == RNNFormat.NWC));
        }

        @Override
        public boolean spatial() {
            return true;
        }

        /** Each step is an example to the activation: a softmax goes over the channels of a step. */
        @Override
        public void activate(Layer layer, INDArray z) {
            if (z.rank() < 3) {
                super.activate(layer, z);
                return;
            }
            boolean last = ((RnnOutputLayer) layer).getRnnDataFormat() == RNNFormat.NWC;
            try (INDArray steps = (last ? z : z.permute(0, 2, 1)).dup('c')) {
                super.activate(layer, steps.reshape(steps.size(0) * steps.size(1), steps.size(2)));
                z.assign(last ? steps : steps.permute(0, 2, 1));
            }
        }
    };

    /** Parameter key of the bias of all kinds. */
    public static final String BIAS = "b";

    private final Class<? extends Layer> plain;
    private final Class<? extends Layer> multipoint;
    private final List<String> weightKeys;

    LayerKind(Class<? extends Layer> plain, Class<? extends Layer> multipoint, String... weightKeys) {
        this.plain = plain;
        this.multipoint = multipoint;
        this.weightKeys = List.of(weightKeys);
    }

    /** The kind of a layer, plain or multipoint, or none. */
    public static Optional<LayerKind> of(Layer layer) {
        return List.of(values()).stream().filter(k -> k.plain == layer.getClass() || k.multipoint == layer.getClass()).findFirst();
    }

    /** The kind of a plain layer, or none. */
    public static Optional<LayerKind> ofPlain(Layer layer) {
        return List.of(values()).stream().filter(k -> k.plain == layer.getClass()).findFirst();
    }

    /** The kind of a multipoint layer. */
    static LayerKind ofMultipoint(Layer layer) {
        return List.of(values()).stream().filter(k -> k.multipoint == layer.getClass()).findFirst()
                .orElseThrow(() -> new IllegalArgumentException(layer.getClass() + " is not a multipoint layer"));
    }

    /**
     * Why a layer of this kind computes something other than its operations and its activation; empty where it does not. This is the one
     * place that decides whether a layer may be quantized, folded into, or lowered to a program.
     */
    public Optional<String> obstacle(Layer layer) {
        return ((BaseLayer) layer).getWeightNoise() == null ? Optional.empty() : Optional.of("it has weight noise");
    }

    /** A plain layer's configuration with its weights stored as points; all else is as it was, and it has a bias. */
    public Layer quantized(Layer layer, MultipointWeights weights) {
        return withBias(layer, node -> {
            node.put("@class", multipoint.getName());
            node.set("multipoint", NeuralNetConfiguration.mapper().valueToTree(weights));
        });
    }

    /** A copy of a layer's configuration that has a bias. */
    public Layer withBias(Layer layer) {
        return withBias(layer, node -> { });
    }

    private static Layer withBias(Layer layer, Consumer<ObjectNode> change) {
        ObjectMapper mapper = NeuralNetConfiguration.mapper();
        ObjectNode node = mapper.valueToTree(layer);
        node.put("hasBias", true);
        change.accept(node);
        try {
            return mapper.treeToValue(node, Layer.class);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("Layer \"" + layer.getLayerName() + "\" cannot be copied through JSON", e);
        }
    }

    /** Parameter keys of the weights, one for each operation. */
    public List<String> weightKeys() {
        return weightKeys;
    }

    /** The operations, first to last; only the last one has the bias. */
    public List<LinearOp> ops(Layer layer) {
        FeedForwardLayer dense = (FeedForwardLayer) layer;
        return List.of(LinearOp.dense((int) dense.getNIn(), (int) dense.getNOut(), false));
    }

    /** Whether inputs have axes besides those of examples and channels: images and sequences, not vectors. */
    public boolean spatial() {
        return ConvolutionLayer.class.isAssignableFrom(plain);
    }

    /**
     * Applies the layer's activation in place.
     *
     * @param z the layer's output before its activation
     */
    public void activate(Layer layer, INDArray z) {
        INDArray a = ((BaseLayer) layer).getActivationFn().getActivation(z, false);
        // Most activations are computed where their argument lies.
        if (a != z) {
            z.assign(a);
            if (a.closeable() && a.data().address() != z.data().address()) {
                a.close();
            }
        }
    }

    /** How outputs of Deeplearning4j's own layer differ from those of its operations; empty where they do not. */
    public Optional<String> deviation(Layer layer) {
        return Optional.empty();
    }

    /**
     * The weight matrix of an operation, {@code [rows, columns]} row by row.
     *
     * @param param the parameter with the key {@code weightKeys().get(operation)}
     */
    public float[] matrix(INDArray param, int operation) {
        return Tensor.of(param.permute(rowsFirst(operation))).data();
    }

    /** The inverse of {@link #matrix}: the parameter with the given weight matrix. */
    public INDArray param(Layer layer, float[] matrix, int operation) {
        int[] order = rowsFirst(operation);
        long[] shape = shape(layer, operation);
        long[] permuted = new long[shape.length];
        int[] back = new int[shape.length];
        for (int i = 0; i < order.length; i++) {
            permuted[i] = shape[order[i]];
            back[order[i]] = i;
        }
        return Nd4j.create(matrix, permuted, 'c').permute(back).dup(order.length == 2 ? 'f' : 'c');
    }

    /** Shape of the parameter of an operation. */
    long[] shape(Layer layer, int operation) {
        FeedForwardLayer dense = (FeedForwardLayer) layer;
        return new long[]{dense.getNIn(), dense.getNOut()};
    }

    /** Permutation of the parameter's axes that brings the axes of rows (output channels) first. */
    int[] rowsFirst(int operation) {
        return ConvolutionLayer.class.isAssignableFrom(plain) ? new int[]{0, 1, 2, 3} : new int[]{1, 0};
    }

    private static LinearOp convolution(ConvolutionLayer c, int groups, int outChannels, boolean transposed) {
        int[] d = c.getDilation();
        return new LinearOp((int) c.getNIn(), outChannels, groups, size(c.getKernelSize()), size(c.getStride()),
                d == null ? Size.ONE : size(d), size(c.getPadding()), padding(c.getConvolutionMode()), transposed,
                c.getCnn2dDataFormat() == CNN2DFormat.NHWC);
    }

    /** Deeplearning4j's pair of height and width. */
    public static Size size(int[] heightAndWidth) {
        return new Size(heightAndWidth[0], heightAndWidth[1]);
    }

    /** The padding of Deeplearning4j's convolution mode. */
    public static PaddingMode padding(ConvolutionMode mode) {
        return switch (mode) {
            case Same -> PaddingMode.SAME;
            case Causal -> PaddingMode.CAUSAL;
            case Strict, Truncate -> PaddingMode.EXPLICIT;
        };
    }
}
