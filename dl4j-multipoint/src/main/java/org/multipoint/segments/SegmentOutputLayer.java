package org.multipoint.segments;

import org.deeplearning4j.nn.api.Layer;
import org.deeplearning4j.nn.api.MaskState;
import org.deeplearning4j.nn.api.ParamInitializer;
import org.deeplearning4j.nn.conf.InputPreProcessor;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.graph.LayerVertex;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.LossLayer;
import org.deeplearning4j.nn.conf.memory.LayerMemoryReport;
import org.deeplearning4j.nn.gradient.Gradient;
import org.deeplearning4j.nn.weights.WeightInitXavier;
import org.deeplearning4j.nn.workspace.ArrayType;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.deeplearning4j.optimize.api.TrainingListener;
import org.multipoint.internal.engine.EngineHost;
import org.multipoint.internal.engine.EngineRunner;
import org.multipoint.internal.graph.ActivationFunctions;
import org.nd4j.common.primitives.Pair;
import org.nd4j.linalg.activations.IActivation;
import org.nd4j.linalg.activations.impl.ActivationIdentity;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.NoOp;
import org.nd4j.linalg.lossfunctions.ILossFunction;
import org.nd4j.linalg.ops.transforms.Transforms;
import org.nd4j.shade.jackson.annotation.JsonProperty;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;

/**
 * A {@link Segment} with one input and one result, whose last part has a loss, as an output layer, so that Deeplearning4j evaluates and scores it. All else
 * is as for {@link SegmentVertex}.
 */
public final class SegmentOutputLayer extends LossLayer {

    @JsonProperty
    private Segment segment;
    /** True where results are probabilities of a softmax. */
    @JsonProperty
    private boolean softmax;
    /** L1 and L2 terms of the score of the graph, in addition to those of its other layers. */
    @JsonProperty
    private double regularizationScore;

    /** For reading from JSON. */
    public SegmentOutputLayer() {
    }

    /**
     * @param segment        ends with a layer that has a loss
     * @param regularization L1 and L2 terms of the score of the graph, in addition to those of its other layers
     */
    SegmentOutputLayer(Segment segment, double regularization) {
        this(segment, ((LayerVertex) segment.vertices().get(segment.result())).getLayerConf().getLayer(), regularization);
    }

    private SegmentOutputLayer(Segment segment, org.deeplearning4j.nn.conf.layers.Layer last, double regularization) {
        super(new Builder(SupportedVertices.loss(last).orElseThrow()));
        this.segment = segment;
        this.softmax = SupportedVertices.isKnown(last) && ActivationFunctions.isSoftmax(SupportedVertices.activation(last));
        this.regularizationScore = regularization;
        setActivationFn(segment.foreignActivation(segment.result()).orElseGet(ActivationIdentity::new));
        setIUpdater(new NoOp());
        // Without these Deeplearning4j takes the configuration for one of an old version, which it can read from JSON only.
        setWeightInitFn(new WeightInitXavier());
        setRegularization(new ArrayList<>());
        setRegularizationBias(new ArrayList<>());
    }

    /**
     * @throws IllegalStateException where it has none, as in a damaged file; it names the layer
     */
    public Segment getSegment() {
        if (segment == null) {
            throw new IllegalStateException("Layer \"" + getLayerName() + "\": an output layer of a segment must have a segment, found none");
        }
        return segment;
    }

    @Override
    public boolean equals(Object other) {
        return super.equals(other) && other instanceof SegmentOutputLayer s && Objects.equals(segment, s.segment) && softmax == s.softmax
                && regularizationScore == s.regularizationScore;
    }

    @Override
    public int hashCode() {
        return Objects.hash(super.hashCode(), segment, softmax, regularizationScore);
    }

    @Override
    public String toString() {
        return "SegmentOutputLayer(" + segment + ")";
    }

    @Override
    public SegmentOutputLayer clone() {
        return (SegmentOutputLayer) super.clone();
    }

    @Override
    public void setDataType(DataType dataType) {
        getSegment().setDataType(dataType);
    }

    @Override
    public InputType getOutputType(int layerIndex, InputType inputType) {
        return getSegment().outputTypes(layerIndex, inputType).get(0);
    }

    @Override
    public void setNIn(InputType inputType, boolean override) {
        // The sizes of its parts are set.
    }

    @Override
    public InputPreProcessor getPreProcessorForInputType(InputType inputType) {
        return null;
    }

    @Override
    public boolean isPretrainParam(String paramName) {
        return false;
    }

    @Override
    public LayerMemoryReport getMemoryReport(InputType type) {
        return new LayerMemoryReport.Builder(getLayerName(), SegmentOutputLayer.class, type, getOutputType(-1, type))
                .standardMemory(segment.numParams(), 0).workingMemory(0, 0, 0, 0).cacheMemory(0, 0).build();
    }

    @Override
    public ParamInitializer initializer() {
        return Initializer.INSTANCE;
    }

    @Override
    public Layer instantiate(NeuralNetConfiguration conf, Collection<TrainingListener> listeners, int index, INDArray params,
                             boolean initialize, DataType dataType) {
        getSegment().checkWeights();
        Impl layer = new Impl(conf, dataType, segment.tables(params, initialize), params);
        segment.paramKeys().forEach(conf::addVariable);
        layer.setListeners(listeners);
        layer.setIndex(index);
        return layer;
    }

    /** The parameters of all parts, one after another. */
    private static final class Initializer implements ParamInitializer {

        private static final Initializer INSTANCE = new Initializer();

        private static Segment segment(org.deeplearning4j.nn.conf.layers.Layer layer) {
            return ((SegmentOutputLayer) layer).getSegment();
        }

        @Override
        public long numParams(NeuralNetConfiguration conf) {
            return numParams(conf.getLayer());
        }

        @Override
        public long numParams(org.deeplearning4j.nn.conf.layers.Layer layer) {
            return segment(layer).numParams();
        }

        @Override
        public List<String> paramKeys(org.deeplearning4j.nn.conf.layers.Layer layer) {
            return segment(layer).paramKeys();
        }

        @Override
        public List<String> weightKeys(org.deeplearning4j.nn.conf.layers.Layer layer) {
            return List.of();
        }

        @Override
        public List<String> biasKeys(org.deeplearning4j.nn.conf.layers.Layer layer) {
            return List.of();
        }

        @Override
        public boolean isWeightParam(org.deeplearning4j.nn.conf.layers.Layer layer, String key) {
            return false;
        }

        @Override
        public boolean isBiasParam(org.deeplearning4j.nn.conf.layers.Layer layer, String key) {
            return false;
        }

        @Override
        public Map<String, INDArray> init(NeuralNetConfiguration conf, INDArray params, boolean initialize) {
            return Segment.byKey(segment(conf.getLayer()).tables(params, initialize));
        }

        @Override
        public Map<String, INDArray> getGradientsFromFlattened(NeuralNetConfiguration conf, INDArray gradients) {
            return Map.of();
        }
    }

    private static final class Impl extends org.deeplearning4j.nn.layers.LossLayer implements EngineHost {

        /** Below this a probability counts as this much, as in {@link org.nd4j.linalg.lossfunctions.impl.LossMCXENT}. */
        private static final double LEAST_PROBABILITY = 1e-10;

        private final transient SegmentForward forward;
        private final transient INDArray flat;

        Impl(NeuralNetConfiguration conf, DataType dataType, Map<String, Map<String, INDArray>> tables, INDArray params) {
            super(conf, dataType);
            SegmentOutputLayer layer = (SegmentOutputLayer) conf.getLayer();
            this.forward = new SegmentForward(layer.getLayerName(), layer.getSegment(), tables, dataType);
            this.flat = params;
            setParamTable(forward.paramTable());
        }

        @Override
        public EngineRunner runner() {
            return forward;
        }

        @Override
        public INDArray activate(boolean training, LayerWorkspaceMgr workspaces) {
            assertInputSet(false);
            return forward.activate(workspaces, input);
        }

        @Override
        public double calcRegularizationScore(boolean backpropOnlyParams) {
            return ((SegmentOutputLayer) layerConf()).regularizationScore;
        }

        /**
         * A function of a loss.
         *
         * @param <R> its result
         */
        @FunctionalInterface
        private interface Loss<R> {
            R of(INDArray labels, INDArray results, IActivation activation, INDArray mask);
        }

        /** A loss of the rows of the results, which are examples, or steps or pixels, those of an example one after another. */
        private <R> R loss(Loss<R> loss) {
            assertInputSet(false);
            INDArray results = forward.preOutput(LayerWorkspaceMgr.noWorkspaces(), input);
            INDArray rows = rows(((SegmentOutputLayer) layerConf()).softmax ? Transforms.max(results, LEAST_PROBABILITY, false) : results);
            try {
                return loss.of(results.rank() == 2 ? getLabels2d() : rows(labels), rows, layerConf().getActivationFn(),
                        maskArray == null ? null : maskOfRows(results));
            } finally {
                Stream.of(rows, results).filter(INDArray::closeable).forEach(INDArray::close);
            }
        }

        /** An array with the values of each step of a sequence, or of each pixel of an image, in a row. */
        private INDArray rows(INDArray array) {
            int rank = array.rank();
            if (rank == 2) {
                return array;
            }
            INDArray last = ((SegmentOutputLayer) layerConf()).getSegment().channelsLast() ? array
                    : rank == 3 ? array.permute(0, 2, 1) : array.permute(0, 2, 3, 1);
            return last.dup('c').reshape('c', array.length() / last.size(rank - 1), last.size(rank - 1));
        }

        /** A mask of examples, of steps or pixels, or of all values. */
        private INDArray maskOfRows(INDArray results) {
            if (results.rank() == 3 && maskArray.rank() == 2) {
                return maskArray.dup('c').reshape('c', maskArray.length(), 1);
            } else if (results.rank() == 4 && maskArray.rank() == 4) {
                return rows(Nd4j.zeros(results.dataType(), results.shape()).addi(maskArray));
            }
            return rows(maskArray);
        }

        @Override
        public double computeScore(double regularization, boolean training, LayerWorkspaceMgr workspaces) {
            ILossFunction function = layerConf().getLossFn();
            score = loss((y, z, activation, mask) -> function.computeScore(y, z, activation, mask, false)) / input.size(0) + regularization;
            return score;
        }

        @Override
        public INDArray computeScoreForExamples(double regularization, LayerWorkspaceMgr workspaces) {
            INDArray losses = loss(layerConf().getLossFn()::computeScoreArray);
            long examples = input.size(0);
            return workspaces.leverageTo(ArrayType.ACTIVATIONS,
                    losses.reshape('c', examples, losses.length() / examples).sum(true, 1).addi(regularization));
        }

        @Override
        public Pair<Gradient, INDArray> backpropGradient(INDArray epsilon, LayerWorkspaceMgr workspaces) {
            throw forward.noGradients();
        }

        @Override
        public Pair<INDArray, MaskState> feedForwardMaskArray(INDArray mask, MaskState state, int minibatchSize) {
            if (mask != null) {
                throw forward.noMasks();
            }
            return null;
        }

        @Override
        public INDArray params() {
            return flat;
        }

        @Override
        public long numParams() {
            return ((SegmentOutputLayer) layerConf()).getSegment().numParams();
        }

        @Override
        public long numParams(boolean backwards) {
            return numParams();
        }

        @Override
        public void setBackpropGradientsViewArray(INDArray gradients) {
            // There are no gradients.
        }
    }
}
