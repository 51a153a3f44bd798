package org.multipoint.segments;

import org.deeplearning4j.nn.conf.CNN2DFormat;
import org.deeplearning4j.nn.conf.ConvolutionMode;
import org.deeplearning4j.nn.conf.InputPreProcessor;
import org.deeplearning4j.nn.conf.RNNFormat;
import org.deeplearning4j.nn.conf.graph.ElementWiseVertex;
import org.deeplearning4j.nn.conf.graph.GraphVertex;
import org.deeplearning4j.nn.conf.graph.L2NormalizeVertex;
import org.deeplearning4j.nn.conf.graph.LayerVertex;
import org.deeplearning4j.nn.conf.graph.MergeVertex;
import org.deeplearning4j.nn.conf.graph.PreprocessorVertex;
import org.deeplearning4j.nn.conf.graph.ReshapeVertex;
import org.deeplearning4j.nn.conf.graph.ScaleVertex;
import org.deeplearning4j.nn.conf.graph.ShiftVertex;
import org.deeplearning4j.nn.conf.graph.StackVertex;
import org.deeplearning4j.nn.conf.graph.SubsetVertex;
import org.deeplearning4j.nn.conf.graph.UnstackVertex;
import org.deeplearning4j.nn.conf.layers.ActivationLayer;
import org.deeplearning4j.nn.conf.layers.BaseLayer;
import org.deeplearning4j.nn.conf.layers.BaseOutputLayer;
import org.deeplearning4j.nn.conf.layers.BatchNormalization;
import org.deeplearning4j.nn.conf.layers.Cnn3DLossLayer;
import org.deeplearning4j.nn.conf.layers.CnnLossLayer;
import org.deeplearning4j.nn.conf.layers.Convolution3D;
import org.deeplearning4j.nn.conf.layers.Deconvolution3D;
import org.deeplearning4j.nn.conf.layers.DropoutLayer;
import org.deeplearning4j.nn.conf.layers.FeedForwardLayer;
import org.deeplearning4j.nn.conf.layers.GlobalPoolingLayer;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.LossLayer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.conf.layers.PReLULayer;
import org.deeplearning4j.nn.conf.layers.PoolingType;
import org.deeplearning4j.nn.conf.layers.RnnLossLayer;
import org.deeplearning4j.nn.conf.layers.RnnOutputLayer;
import org.deeplearning4j.nn.conf.layers.SpaceToDepthLayer;
import org.deeplearning4j.nn.conf.layers.Subsampling1DLayer;
import org.deeplearning4j.nn.conf.layers.Subsampling3DLayer;
import org.deeplearning4j.nn.conf.layers.SubsamplingLayer;
import org.deeplearning4j.nn.conf.layers.Upsampling1D;
import org.deeplearning4j.nn.conf.layers.Upsampling2D;
import org.deeplearning4j.nn.conf.layers.Upsampling3D;
import org.deeplearning4j.nn.conf.layers.ZeroPadding1DLayer;
import org.deeplearning4j.nn.conf.layers.ZeroPadding3DLayer;
import org.deeplearning4j.nn.conf.layers.ZeroPaddingLayer;
import org.deeplearning4j.nn.conf.layers.convolutional.Cropping1D;
import org.deeplearning4j.nn.conf.layers.convolutional.Cropping2D;
import org.deeplearning4j.nn.conf.layers.convolutional.Cropping3D;
import org.deeplearning4j.nn.conf.preprocessor.CnnToFeedForwardPreProcessor;
import org.deeplearning4j.nn.conf.preprocessor.FeedForwardToCnnPreProcessor;
import org.deeplearning4j.nn.conf.preprocessor.FeedForwardToRnnPreProcessor;
import org.deeplearning4j.nn.conf.preprocessor.RnnToFeedForwardPreProcessor;
import org.deeplearning4j.preprocessors.KerasFlattenRnnPreprocessor;
import org.deeplearning4j.preprocessors.PermutePreprocessor;
import org.deeplearning4j.preprocessors.ReshapePreprocessor;
import org.multipoint.internal.engine.Program.PoolKind;
import org.multipoint.internal.graph.ActivationFunctions;
import org.multipoint.internal.ops.LinearOp;
import org.multipoint.internal.ops.LinearOp.Size;
import org.multipoint.internal.ops.Window;
import org.multipoint.layers.LayerKind;
import org.nd4j.linalg.activations.IActivation;
import org.nd4j.linalg.lossfunctions.ILossFunction;

import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * Which vertices the segment compiler supports, and the properties it needs of them. Layers are matched by their exact class: a subclass
 * may compute something else.
 */
final class SupportedVertices {

    private static final Set<Class<? extends Layer>> VOLUMETRIC = Set.of(Convolution3D.class, Deconvolution3D.class,
            Subsampling3DLayer.class, Upsampling3D.class, ZeroPadding3DLayer.class, Cropping3D.class, Cnn3DLossLayer.class);

    /** All that Deeplearning4j has, by name: a version to come may add others. */
    private static final Set<ElementWiseVertex.Op> ELEMENT_WISE = Set.of(ElementWiseVertex.Op.Add, ElementWiseVertex.Op.Average,
            ElementWiseVertex.Op.Max, ElementWiseVertex.Op.Product, ElementWiseVertex.Op.Subtract);

    /** Arrays have an axis for the examples and up to this many others. */
    private static final int MOST_SIZES = 3;

    /** Layers that are supported whatever their settings are. */
    private static final Set<Class<? extends Layer>> PLAIN = Set.of(BatchNormalization.class, DropoutLayer.class, LossLayer.class, CnnLossLayer.class, RnnLossLayer.class,
            Upsampling2D.class, Upsampling1D.class, Cropping2D.class, Cropping1D.class, ZeroPadding1DLayer.class, SpaceToDepthLayer.class,
            PReLULayer.class);

    private SupportedVertices() {
    }

    /**
     * Why a vertex cannot be part of a segment; empty where it can.
     *
     * @param passes whether its preprocessor leaves what it is given as it is
     */
    static Optional<String> obstacle(GraphVertex vertex, boolean passes) {
        if (vertex instanceof LayerVertex v) {
            Layer layer = v.getLayerConf().getLayer();
            return obstacle(layer).or(() -> passes ? Optional.empty() : obstacle(v.getPreProcessor(), layer));
        } else if (vertex instanceof ElementWiseVertex e) {
            return unless(ELEMENT_WISE.contains(e.getOp()), "element-wise " + e.getOp());
        } else if (vertex instanceof MergeVertex m) {
            return unless(m.getMergeAxis() == 1 || mergesRows(m) || isChannelsLast(m), "merges along axis " + m.getMergeAxis());
        } else if (vertex instanceof PreprocessorVertex p) {
            return passes ? Optional.empty() : obstacle(p.getPreProcessor());
        } else if (vertex instanceof ReshapeVertex r) {
            return unless(r.getReshapeOrder() == 'c' && r.getNewShape().length > 1 && r.getNewShape()[0] == -1 && isShape(sizes(r)),
                    "gives the shape " + Arrays.toString(r.getNewShape()) + " in the order '" + r.getReshapeOrder() + "'");
        } else if (vertex instanceof L2NormalizeVertex norm) {
            return unless(norm.getDimension() == null || norm.getDimension().length == 0,
                    "normalization over axes " + Arrays.toString(norm.getDimension()));
        } else if (vertex instanceof SubsetVertex || vertex.getClass() == StackVertex.class || vertex.getClass() == UnstackVertex.class) {
            return Optional.empty();
        }
        return unless(vertex.getClass() == ScaleVertex.class || vertex.getClass() == ShiftVertex.class,
                vertex.getClass().getSimpleName() + " is not known");
    }

    private static Optional<String> unless(boolean fine, String reason) {
        return fine ? Optional.empty() : Optional.of(reason);
    }

    private static Optional<String> obstacle(Layer layer) {
        Optional<LayerKind> kind = LayerKind.of(layer);
        if (kind.isPresent()) {
            return linearObstacle(kind.get(), layer);
        } else if (layer.getClass() == ActivationLayer.class) {
            IActivation activation = activation(layer);
            return unless(isKnown(layer), "activation " + activation);
        } else if (layer.getClass() == SubsamplingLayer.class || layer.getClass() == Subsampling1DLayer.class) {
            SubsamplingLayer pool = (SubsamplingLayer) layer;
            return unless(pool.getPoolingType() == PoolingType.MAX || pool.getPoolingType() == PoolingType.AVG,
                    "pooling " + pool.getPoolingType())
                    .or(() -> unless(pool.getConvolutionMode() != ConvolutionMode.Causal, "causal pooling"));
        } else if (layer.getClass() == GlobalPoolingLayer.class) {
            return obstacle((GlobalPoolingLayer) layer);
        } else if (layer.getClass() == ZeroPaddingLayer.class) {
            return unless(Arrays.stream(((ZeroPaddingLayer) layer).getPadding()).allMatch(p -> p >= 0), "negative padding");
        }
        return unless(PLAIN.contains(layer.getClass()), layer.getClass().getSimpleName() + " is not known");
    }

    private static Optional<String> obstacle(GlobalPoolingLayer pool) {
        boolean kind = pool.getPoolingType() == PoolingType.MAX || pool.getPoolingType() == PoolingType.AVG;
        boolean plain = isChannelsFirst(pool) || isChannelsLast(pool) && pool.isCollapseDimensions();
        return unless(kind, "global pooling " + pool.getPoolingType())
                .or(() -> unless(plain, "global pooling over axes " + Arrays.toString(pool.getPoolingDimensions())));
    }

    private static boolean isChannelsFirst(GlobalPoolingLayer pool) {
        return pool.getPoolingDimensions() == null || Arrays.equals(pool.getPoolingDimensions(), new int[]{2, 3})
                || Arrays.equals(pool.getPoolingDimensions(), new int[]{2});
    }

    private static boolean isChannelsLast(GlobalPoolingLayer pool) {
        return Arrays.equals(pool.getPoolingDimensions(), new int[]{1, 2}) || Arrays.equals(pool.getPoolingDimensions(), new int[]{1});
    }

    private static Optional<String> linearObstacle(LayerKind kind, Layer layer) {
        return unless(!(layer instanceof BaseOutputLayer) || loss(layer).isPresent(), "the loss of " + layer.getClass().getSimpleName())
                .or(() -> kind.obstacle(layer));
    }

    private static Optional<String> obstacle(InputPreProcessor before, Layer layer) {
        if (before == null) {
            return Optional.empty();
        }
        boolean flattens = sizes(before).size() == 1;
        Optional<Boolean> order = channelsLast(layer);
        return obstacle(before)
                .or(() -> unless(!flattens || readsVectors(layer) && sizes(before).get(0) == ((FeedForwardLayer) layer).getNIn(),
                        "flattening before " + layer.getClass().getSimpleName()))
                .or(() -> unless(channelsLast(before).isEmpty() || flattens || order.isEmpty() || order.equals(channelsLast(before)),
                        "its preprocessor gives images with another order of axes"));
    }

    /** The order of the axes of sequences whose steps the preprocessor of a vertex makes examples; of vectors, it leaves all as they are. */
    static Optional<RNNFormat> takesApart(GraphVertex vertex) {
        InputPreProcessor before = preProcessor(vertex);
        return before != null && before.getClass() == RnnToFeedForwardPreProcessor.class
                ? Optional.of(((RnnToFeedForwardPreProcessor) before).getRnnDataFormat()) : Optional.empty();
    }

    /** The order of the axes of sequences which the preprocessor of a vertex makes of their steps. */
    static Optional<RNNFormat> putsTogether(GraphVertex vertex) {
        InputPreProcessor before = preProcessor(vertex);
        return before != null && before.getClass() == FeedForwardToRnnPreProcessor.class
                ? Optional.of(((FeedForwardToRnnPreProcessor) before).getRnnDataFormat()) : Optional.empty();
    }

    /** Whether a preprocessor that segments have does nothing in them. */
    static boolean passes(InputPreProcessor preProcessor) {
        return preProcessor.getClass() == RnnToFeedForwardPreProcessor.class || preProcessor.getClass() == FeedForwardToRnnPreProcessor.class;
    }

    /** Whether a vertex, given the steps of sequences as examples, could be a layer of sequences instead. */
    static boolean readsEachStep(GraphVertex vertex) {
        if (!(vertex instanceof LayerVertex v) || isLast(vertex)) {
            return false;
        }
        Layer layer = v.getLayerConf().getLayer();
        return (readsVectors(layer) || layer.getClass() == BatchNormalization.class || layer.getClass() == ActivationLayer.class
                || layer.getClass() == DropoutLayer.class) && obstacle(layer).isEmpty();
    }

    static boolean hasPreProcessor(GraphVertex vertex) {
        return preProcessor(vertex) != null;
    }

    private static Optional<String> obstacle(InputPreProcessor preProcessor) {
        return unless(isShape(sizes(preProcessor)) || !order(preProcessor).isEmpty(), "preprocessor " + preProcessor.getClass().getSimpleName());
    }

    private static boolean isShape(List<Integer> sizes) {
        return !sizes.isEmpty() && sizes.size() <= MOST_SIZES && sizes.stream().allMatch(size -> size > 0);
    }

    /** The sizes of the axes behind that of the examples in the arrays that a preprocessor gives; empty where it does not only reshape. */
    static List<Integer> sizes(InputPreProcessor preProcessor) {
        if (preProcessor.getClass() == CnnToFeedForwardPreProcessor.class) {
            CnnToFeedForwardPreProcessor flatten = (CnnToFeedForwardPreProcessor) preProcessor;
            return List.of((int) (flatten.getNumChannels() * flatten.getInputHeight() * flatten.getInputWidth()));
        } else if (preProcessor.getClass() == FeedForwardToCnnPreProcessor.class) {
            FeedForwardToCnnPreProcessor p = (FeedForwardToCnnPreProcessor) preProcessor;
            return List.of((int) p.getNumChannels(), (int) p.getInputHeight(), (int) p.getInputWidth());
        } else if (preProcessor.getClass() == ReshapePreprocessor.class) {
            ReshapePreprocessor p = (ReshapePreprocessor) preProcessor;
            return Arrays.stream(p.getTargetShape()).skip(p.isHasMiniBatchDimension() ? 1 : 0).mapToObj(size -> (int) size).toList();
        } else if (preProcessor.getClass() == KerasFlattenRnnPreprocessor.class) {
            KerasFlattenRnnPreprocessor p = (KerasFlattenRnnPreprocessor) preProcessor;
            return List.of((int) (p.getDepth() * p.getTsLength()));
        }
        return List.of();
    }

    /**
     * For each axis of the arrays that a preprocessor gives, the axis of its input; empty where it does not only exchange axes, or also
     * that of the examples.
     */
    static List<Integer> order(InputPreProcessor preProcessor) {
        if (preProcessor.getClass() != PermutePreprocessor.class) {
            return List.of();
        }
        List<Integer> given = Arrays.stream(((PermutePreprocessor) preProcessor).getPermutationIndices()).boxed().toList();
        List<Integer> order = given.contains(0) ? given : Stream.concat(Stream.of(0), given.stream()).toList();
        boolean fits = order.size() >= MOST_SIZES && order.size() <= MOST_SIZES + 1 && order.get(0) == 0
                && order.stream().sorted().toList().equals(IntStream.range(0, order.size()).boxed().toList());
        return fits ? order : List.of();
    }

    /** The sizes of the axes behind that of the examples that a vertex gives. */
    static List<Integer> sizes(ReshapeVertex vertex) {
        return Arrays.stream(vertex.getNewShape()).skip(1).boxed().toList();
    }

    /** True for layers that are linear operations followed by an activation. */
    static boolean isLinear(Layer layer) {
        return LayerKind.of(layer).isPresent();
    }

    /** The operations of a linear layer. */
    static List<LinearOp> ops(Layer layer) {
        return LayerKind.of(layer).orElseThrow().ops(layer);
    }

    /** A layer's activation. */
    static IActivation activation(Layer layer) {
        return layer instanceof ActivationLayer a ? a.getActivationFn() : ((BaseLayer) layer).getActivationFn();
    }

    /** Whether programs compute a layer's activation; softmax only over channels, and Deeplearning4j's is over the last axis. */
    static boolean isKnown(Layer layer) {
        IActivation activation = activation(layer);
        boolean overChannels = loss(layer).isPresent() || layer instanceof ActivationLayer || readsVectors(layer)
                || LayerKind.of(layer).filter(kind -> kind.ops(layer).get(0).channelsLast()).isPresent();
        return ActivationFunctions.functions(activation).isPresent() || overChannels && ActivationFunctions.isSoftmax(activation);
    }

    private static boolean readsVectors(Layer layer) {
        return LayerKind.of(layer).filter(kind -> !kind.spatial()).isPresent();
    }

    /** Whether a vertex must be the last one of its segment: programs compute neither losses nor every activation. */
    static boolean isLast(GraphVertex vertex) {
        return vertex instanceof LayerVertex v && (loss(v.getLayerConf().getLayer()).isPresent() || foreignActivation(vertex).isPresent());
    }

    /** The activation of a vertex where programs do not compute it. */
    static Optional<IActivation> foreignActivation(GraphVertex vertex) {
        if (!(vertex instanceof LayerVertex v)) {
            return Optional.empty();
        }
        Layer layer = v.getLayerConf().getLayer();
        return (isLinear(layer) || loss(layer).isPresent()) && !isKnown(layer) ? Optional.of(activation(layer)) : Optional.empty();
    }

    /** Whether a layer has a loss of each step of a sequence. */
    static boolean readsSteps(Layer layer) {
        return layer instanceof RnnOutputLayer || layer instanceof RnnLossLayer;
    }

    /** The loss of a layer that a segment can end with. */
    static Optional<ILossFunction> loss(Layer layer) {
        if (layer instanceof OutputLayer || layer instanceof RnnOutputLayer) {
            return Optional.of(((BaseOutputLayer) layer).getLossFn());
        } else if (layer instanceof LossLayer loss) {
            return Optional.of(loss.getLossFn());
        } else if (layer instanceof RnnLossLayer loss) {
            return Optional.of(loss.getLossFn());
        }
        return layer instanceof CnnLossLayer loss ? Optional.of(loss.getLossFn()) : Optional.empty();
    }

    static PoolKind poolKind(SubsamplingLayer pool) {
        if (pool.getPoolingType() == PoolingType.MAX) {
            return PoolKind.MAX;
        }
        return pool.isAvgPoolIncludePadInDivisor() ? PoolKind.MEAN_WITH_PADDING : PoolKind.MEAN;
    }

    static PoolKind poolKind(GlobalPoolingLayer pool) {
        return pool.getPoolingType() == PoolingType.MAX ? PoolKind.MAX : PoolKind.MEAN;
    }

    static Window window(SubsamplingLayer pool) {
        if (pool instanceof Subsampling1DLayer) {
            return new Window(new Size(pool.getKernelSize()[0], 1), new Size(pool.getStride()[0], 1), new Size(pool.getDilation()[0], 1),
                    new Size(pool.getPadding()[0], 0), LayerKind.padding(pool.getConvolutionMode()), false);
        }
        return new Window(LayerKind.size(pool.getKernelSize()), LayerKind.size(pool.getStride()), LayerKind.size(pool.getDilation()),
                LayerKind.size(pool.getPadding()), LayerKind.padding(pool.getConvolutionMode()), false);
    }

    /** Whether a vertex reads and produces volumes: images with a depth. */
    static boolean isVolumetric(GraphVertex vertex) {
        return vertex instanceof LayerVertex v && VOLUMETRIC.contains(v.getLayerConf().getLayer().getClass());
    }

    /** Whether the output of a vertex has the rank of its inputs. */
    static boolean keepsRank(GraphVertex vertex) {
        if (vertex instanceof LayerVertex v) {
            Layer layer = v.getLayerConf().getLayer();
            return v.getPreProcessor() == null && (layer instanceof BatchNormalization || layer instanceof ActivationLayer
                    || layer instanceof PReLULayer || layer instanceof DropoutLayer || layer instanceof GlobalPoolingLayer pool && !pool.isCollapseDimensions());
        }
        return vertex instanceof ElementWiseVertex || vertex instanceof MergeVertex || vertex instanceof ScaleVertex
                || vertex instanceof ShiftVertex || vertex instanceof L2NormalizeVertex || vertex instanceof StackVertex
                || vertex instanceof UnstackVertex;
    }

    /** Whether the outputs of a vertex are vectors whatever its inputs are. */
    static boolean makesVectors(GraphVertex vertex) {
        return vertex instanceof LayerVertex v && v.getLayerConf().getLayer() instanceof GlobalPoolingLayer pool
                && pool.isCollapseDimensions() || reshapedTo(vertex) == 1;
    }

    /** Whether a vertex makes images or sequences of what may be vectors. */
    static boolean makesImages(GraphVertex vertex) {
        return reshapedTo(vertex) > 1;
    }

    /** Number of axes behind that of the examples that a vertex gives its input; 0 where it does not reshape it. */
    private static int reshapedTo(GraphVertex vertex) {
        InputPreProcessor before = preProcessor(vertex);
        return vertex instanceof ReshapeVertex r ? sizes(r).size() : before == null ? 0 : sizes(before).size();
    }

    private static InputPreProcessor preProcessor(GraphVertex vertex) {
        return vertex instanceof LayerVertex v ? v.getPreProcessor() : vertex instanceof PreprocessorVertex p ? p.getPreProcessor() : null;
    }

    /** Whether rows of images, or steps of sequences, are merged; their channels come first. */
    static boolean mergesRows(MergeVertex merge) {
        return merge.getMergeAxis() == 2;
    }

    private static boolean isChannelsLast(MergeVertex merge) {
        return merge.getMergeAxis() == 3 || merge.getMergeAxis() == -1;
    }

    /** Whether the channel axis of a vertex's images is the last one; empty where its configuration does not say. */
    static Optional<Boolean> channelsLast(GraphVertex vertex) {
        if (vertex instanceof MergeVertex m) {
            return Optional.of(isChannelsLast(m));
        }
        if (vertex instanceof SubsetVertex) {
            return Optional.of(false);
        }
        Optional<Boolean> before = channelsLast(preProcessor(vertex));
        return before.isPresent() || !(vertex instanceof LayerVertex v) ? before : channelsLast(v.getLayerConf().getLayer());
    }

    private static Optional<Boolean> channelsLast(InputPreProcessor before) {
        if (before instanceof CnnToFeedForwardPreProcessor flatten) {
            return Optional.of(flatten.getFormat() == CNN2DFormat.NHWC);
        }
        return before instanceof FeedForwardToCnnPreProcessor ? Optional.of(false) : Optional.empty();
    }

    private static Optional<Boolean> channelsLast(Layer layer) {
        if (layer instanceof SubsamplingLayer pool) {
            return Optional.of(pool.getCnn2dDataFormat() == CNN2DFormat.NHWC);
        } else if (layer instanceof ZeroPaddingLayer pad) {
            return Optional.of(pad.getDataFormat() == CNN2DFormat.NHWC);
        } else if (layer instanceof BatchNormalization norm) {
            return Optional.of(norm.getCnn2DFormat() == CNN2DFormat.NHWC);
        } else if (layer instanceof GlobalPoolingLayer pool) {
            return Optional.of(isChannelsLast(pool));
        } else if (layer instanceof Upsampling1D || layer instanceof Cropping1D || layer instanceof ZeroPadding1DLayer) {
            return Optional.of(false);
        } else if (layer instanceof Upsampling2D up) {
            return Optional.of(up.getFormat() == CNN2DFormat.NHWC);
        } else if (layer instanceof Cropping2D crop) {
            return Optional.of(crop.getDataFormat() == CNN2DFormat.NHWC);
        } else if (layer instanceof SpaceToDepthLayer fold) {
            return Optional.of(fold.getDataFormat() == CNN2DFormat.NHWC);
        } else if (layer instanceof CnnLossLayer loss) {
            return Optional.of(loss.getFormat() == CNN2DFormat.NHWC);
        } else if (layer instanceof RnnLossLayer loss) {
            return Optional.of(loss.getRnnDataFormat() == RNNFormat.NWC);
        } else if (layer instanceof ActivationLayer a && ActivationFunctions.isSoftmax(a.getActivationFn())) {
            return Optional.of(true);
        }
        return LayerKind.of(layer).filter(LayerKind::spatial).map(kind -> kind.ops(layer).get(0).channelsLast());
    }
}
