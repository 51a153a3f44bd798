package org.multipoint.internal.graph;

import org.deeplearning4j.nn.conf.CNN2DFormat;
import org.deeplearning4j.nn.conf.InputPreProcessor;
import org.deeplearning4j.nn.conf.graph.ElementWiseVertex;
import org.deeplearning4j.nn.conf.graph.GraphVertex;
import org.deeplearning4j.nn.conf.graph.LayerVertex;
import org.deeplearning4j.nn.conf.graph.MergeVertex;
import org.deeplearning4j.nn.conf.graph.PreprocessorVertex;
import org.deeplearning4j.nn.conf.graph.ScaleVertex;
import org.deeplearning4j.nn.conf.layers.ActivationLayer;
import org.deeplearning4j.nn.conf.layers.BaseLayer;
import org.deeplearning4j.nn.conf.layers.DropoutLayer;
import org.deeplearning4j.nn.conf.layers.GlobalPoolingLayer;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.PReLULayer;
import org.deeplearning4j.nn.conf.layers.PoolingType;
import org.deeplearning4j.nn.conf.layers.Subsampling1DLayer;
import org.deeplearning4j.nn.conf.layers.SubsamplingLayer;
import org.deeplearning4j.nn.conf.layers.Upsampling2D;
import org.deeplearning4j.nn.conf.layers.ZeroPaddingLayer;
import org.deeplearning4j.nn.conf.layers.convolutional.Cropping2D;
import org.deeplearning4j.nn.conf.preprocessor.CnnToFeedForwardPreProcessor;
import org.multipoint.internal.ops.LinearOp;
import org.multipoint.layers.LayerKind;
import org.nd4j.linalg.activations.IActivation;
import org.nd4j.linalg.activations.impl.ActivationIdentity;
import org.nd4j.linalg.activations.impl.ActivationLReLU;
import org.nd4j.linalg.activations.impl.ActivationReLU;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.IntStream;

/**
 * Scales channels of activations without changing the outputs of a network: the rows of the linear operations that write a channel are
 * divided by a factor, the columns of those that read it are multiplied by it. That is exact where all that happens to it in between keeps
 * channels apart and is positively homogeneous, {@code f(s x) = s f(x)} for {@code s > 0}, as rectifiers, pooling and sums are.
 *
 * <p>Channels that can only be scaled together, as those that are added up along residual blocks, have one factor. Each factor has a
 * number; that of the channels that cannot be scaled is {@value #FIXED}, and it is always 1.
 */
public final class ChannelScaling {

    /** Number of the factor of channels that cannot be scaled. */
    public static final int FIXED = 0;

    /** Which axis of an array has the channels: of vectors, the only one besides that of the examples. */
    private enum Layout { VECTOR, FIRST, LAST }

    /** The channels of an activation. */
    private static final class Channels {
        /** What their factors were numbered first, before some of them were found to be the same. */
        private final int[] factors;
        private final Layout layout;

        Channels(int[] factors, Layout layout) {
            this.factors = factors;
            this.layout = layout;
        }
    }

    /** An operation of a vertex with the factors of its channels. */
    private static final class Operation {
        private final String vertex;
        private final int index;
        private final int[] inputs;
        private final int[] outputs;

        Operation(String vertex, int index, int[] inputs, int[] outputs) {
            this.vertex = vertex;
            this.index = index;
            this.inputs = inputs;
            this.outputs = outputs;
        }
    }

    private final GraphEdit edit;
    private final Topology topology;
    private final Set<String> leftOut;
    private final List<Operation> operations = new ArrayList<>();
    /** For each factor an earlier one that is the same, or itself. */
    private final List<Integer> same = new ArrayList<>(List.of(FIXED));

    private ChannelScaling(GraphEdit edit, Set<String> leftOut) {
        this.edit = edit;
        this.topology = edit.topology();
        this.leftOut = leftOut;
        Map<String, Channels> live = new HashMap<>();
        for (String vertex : topology.order()) {
            List<String> names = topology.inputsOf(vertex);
            // Null stands for channels that nothing is known of, not even their number, as those of the network's inputs.
            List<Channels> inputs = names.stream().map(live::get).toList();
            Channels output = of(vertex, inputs);
            if (topology.isNetworkOutput(vertex)) {
                fix(output);
            }
            live.put(vertex, output);
        }
    }

    /**
     * The channels of a graph, none of which are scaled yet.
     *
     * @param leftOut vertices whose inputs and outputs are to stay as they are
     */
    public static ChannelScaling of(GraphEdit edit, Set<String> leftOut) {
        return new ChannelScaling(edit, leftOut);
    }

    /** Upper bound of the numbers of factors. */
    public int factors() {
        return same.size();
    }

    /** How many channels can be scaled independently of each other. */
    public int channels() {
        return (int) operations.stream().flatMapToInt(o -> IntStream.of(o.inputs)).map(this::root).filter(n -> n != FIXED).distinct().count();
    }

    /** Vertices of which an operation reads channels that can be scaled, in topological order. */
    public Collection<String> readers() {
        return operations.stream().filter(o -> isScaled(o.inputs)).map(o -> o.vertex).distinct().toList();
    }

    /**
     * The factor of each input channel of an operation.
     *
     * @param factors by number; that of {@link #FIXED} is not read
     */
    public double[] inputFactors(String vertex, int operation, double[] factors) {
        return factors(inputs(vertex, operation), factors);
    }

    /** The number of the factor of each input channel of an operation. */
    public int[] inputs(String vertex, int operation) {
        return operations.stream().filter(o -> o.vertex.equals(vertex) && o.index == operation).findFirst()
                .map(o -> IntStream.of(o.inputs).map(this::root).toArray()).orElseThrow();
    }

    /**
     * Divides all channels by their factors.
     *
     * @param factors by number, positive; that of {@link #FIXED} is not read
     */
    public void scale(double[] factors) {
        for (Operation operation : operations) {
            if (isScaled(operation.inputs) || isScaled(operation.outputs)) {
                LinearEdit.affine(edit, operation.vertex, operation.index, factors(operation.inputs, factors),
                        Arrays.stream(factors(operation.outputs, factors)).map(s -> 1 / s).toArray(), new double[operation.outputs.length]);
            }
        }
    }

    private double[] factors(int[] numbers, double[] factors) {
        return IntStream.of(numbers).map(this::root).mapToDouble(n -> n == FIXED ? 1 : factors[n]).toArray();
    }

    private boolean isScaled(int[] numbers) {
        return IntStream.of(numbers).map(this::root).anyMatch(n -> n != FIXED);
    }

    private int root(int number) {
        int n = number;
        while (same.get(n) != n) {
            n = same.get(n);
        }
        return n;
    }

    private void join(int a, int b) {
        int first = Math.min(root(a), root(b));
        same.set(root(a), first);
        same.set(root(b), first);
    }

    private void fix(Channels channels) {
        if (channels != null) {
            IntStream.of(channels.factors).forEach(n -> join(n, FIXED));
        }
    }

    /** Channels that are fixed, as many as those given. */
    private Channels fixed(Channels channels) {
        fix(channels);
        return channels == null ? null : new Channels(new int[channels.factors.length], channels.layout);
    }

    private int[] numbered(int channels) {
        return IntStream.range(0, channels).map(c -> {
            same.add(same.size());
            return same.size() - 1;
        }).toArray();
    }

    private Channels of(String vertex, List<Channels> inputs) {
        GraphVertex conf = edit.vertices().get(vertex);
        Channels first = inputs.get(0);
        if (conf instanceof ElementWiseVertex e) {
            return elementWise(e.getOp(), inputs);
        } else if (conf instanceof MergeVertex merge) {
            return merged(merge, inputs);
        } else if (conf.getClass() == ScaleVertex.class) {
            return first;
        } else if (conf instanceof PreprocessorVertex p) {
            return preprocessed(p.getPreProcessor(), first);
        } else if (!(conf instanceof LayerVertex)) {
            inputs.forEach(this::fix);
            return null;
        }
        Layer layer = edit.layer(vertex);
        Channels input = edit.preProcessor(vertex) == null ? first : preprocessed(edit.preProcessor(vertex), first);
        Optional<LayerKind> kind = LayerKind.ofPlain(layer);
        if (kind.isPresent()) {
            return linear(vertex, layer, kind.get(), input);
        } else if (layer.getClass() == ActivationLayer.class) {
            return isHomogeneous(((ActivationLayer) layer).getActivationFn()) ? input : fixed(input);
        } else if (input != null && layout(layer, input.layout).equals(Optional.of(input.layout))) {
            return layer instanceof GlobalPoolingLayer ? new Channels(input.factors, Layout.VECTOR) : input;
        }
        fix(input);
        return null;
    }

    private Channels linear(String vertex, Layer layer, LayerKind kind, Channels input) {
        List<LinearOp> ops = kind.ops(layer);
        Layout layout = !kind.spatial() ? Layout.VECTOR : ops.get(0).channelsLast() ? Layout.LAST : Layout.FIRST;
        if (leftOut.contains(vertex) || kind.obstacle(layer).isPresent()) {
            fix(input);
            return new Channels(new int[ops.get(ops.size() - 1).outChannels()], layout);
        }
        int[] inputs = new int[ops.get(0).inChannels()];
        if (input != null && input.layout == layout && input.factors.length == inputs.length) {
            inputs = input.factors;
        } else {
            fix(input);
        }
        for (int i = 0; i < ops.size(); i++) {
            int[] outputs = numbered(ops.get(i).outChannels());
            operations.add(new Operation(vertex, i, inputs, outputs));
            inputs = outputs;
        }
        Channels output = new Channels(inputs, layout);
        return isHomogeneous(((BaseLayer) layer).getActivationFn()) ? output : fixed(output);
    }

    private Channels elementWise(ElementWiseVertex.Op op, List<Channels> inputs) {
        Channels first = inputs.get(0);
        boolean alike = inputs.stream().allMatch(x -> x != null && x.layout == first.layout && x.factors.length == first.factors.length);
        if (op == ElementWiseVertex.Op.Product || !alike) {
            inputs.forEach(this::fix);
            return alike ? fixed(first) : null;
        }
        inputs.forEach(x -> IntStream.range(0, x.factors.length).forEach(c -> join(x.factors[c], first.factors[c])));
        return first;
    }

    private Channels merged(MergeVertex merge, List<Channels> inputs) {
        Channels first = inputs.get(0);
        boolean alike = inputs.stream().allMatch(x -> x != null && x.layout == first.layout);
        if (!alike || !isChannelAxis(merge.getMergeAxis(), first.layout)) {
            inputs.forEach(this::fix);
            return null;
        }
        return new Channels(inputs.stream().flatMapToInt(x -> IntStream.of(x.factors)).toArray(), first.layout);
    }

    private static boolean isChannelAxis(int axis, Layout layout) {
        return layout == Layout.LAST ? axis == 3 || axis == -1 : axis == 1 || layout == Layout.VECTOR && axis == -1;
    }

    private Channels preprocessed(InputPreProcessor preProcessor, Channels input) {
        if (preProcessor.getClass() == CnnToFeedForwardPreProcessor.class && input != null && input.layout != Layout.VECTOR) {
            CnnToFeedForwardPreProcessor flatten = (CnnToFeedForwardPreProcessor) preProcessor;
            int channels = input.factors.length;
            int pixels = (int) (flatten.getInputHeight() * flatten.getInputWidth());
            if (flatten.getNumChannels() == channels) {
                return new Channels(IntStream.range(0, channels * pixels)
                        .map(i -> input.factors[input.layout == Layout.LAST ? i % channels : i / pixels]).toArray(), Layout.VECTOR);
            }
        }
        fix(input);
        return null;
    }

    /** The layout of the inputs of a layer that keeps their channels apart and is positively homogeneous; empty for other layers. */
    private static Optional<Layout> layout(Layer layer, Layout input) {
        if (layer.getClass() == DropoutLayer.class || layer.getClass() == PReLULayer.class) {
            return Optional.of(input);
        } else if (layer.getClass() == SubsamplingLayer.class || layer.getClass() == Subsampling1DLayer.class) {
            SubsamplingLayer pool = (SubsamplingLayer) layer;
            return pool.getPoolingType() == PoolingType.PNORM ? Optional.empty() : layout(pool.getCnn2dDataFormat());
        } else if (layer.getClass() == ZeroPaddingLayer.class) {
            return layout(((ZeroPaddingLayer) layer).getDataFormat());
        } else if (layer.getClass() == Upsampling2D.class) {
            return layout(((Upsampling2D) layer).getFormat());
        } else if (layer.getClass() == Cropping2D.class) {
            return layout(((Cropping2D) layer).getDataFormat());
        }
        return layer.getClass() == GlobalPoolingLayer.class ? layout((GlobalPoolingLayer) layer) : Optional.empty();
    }

    private static Optional<Layout> layout(CNN2DFormat format) {
        return Optional.of(format == CNN2DFormat.NHWC ? Layout.LAST : Layout.FIRST);
    }

    private static Optional<Layout> layout(GlobalPoolingLayer pool) {
        int[] axes = pool.getPoolingDimensions();
        if (!pool.isCollapseDimensions() || pool.getPoolingType() == PoolingType.PNORM) {
            return Optional.empty();
        }
        return axes == null || axes[0] == 2 ? Optional.of(Layout.FIRST) : axes[0] == 1 ? Optional.of(Layout.LAST) : Optional.empty();
    }

    private static boolean isHomogeneous(IActivation activation) {
        return activation instanceof ActivationIdentity || activation instanceof ActivationLReLU
                || activation instanceof ActivationReLU relu && relu.getMax() == null
                && (relu.getThreshold() == null || relu.getThreshold() == 0);
    }
}
