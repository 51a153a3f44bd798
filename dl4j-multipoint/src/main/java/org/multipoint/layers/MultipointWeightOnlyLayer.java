package org.multipoint.layers;

import org.deeplearning4j.nn.api.Layer;
import org.deeplearning4j.nn.api.ParamInitializer;
import org.deeplearning4j.nn.api.layers.LayerConstraint;
import org.deeplearning4j.nn.api.layers.RecurrentLayer;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.wrapper.BaseWrapperLayer;
import org.deeplearning4j.nn.gradient.DefaultGradient;
import org.deeplearning4j.nn.gradient.Gradient;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.deeplearning4j.optimize.api.TrainingListener;
import org.multipoint.internal.ops.LinearOp;
import org.multipoint.points.MultipointMatrix;
import org.nd4j.common.primitives.Pair;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.memory.MemoryWorkspace;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.shade.jackson.annotation.JsonProperty;

import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A layer of a {@link WeightOnlyKind} whose weights are stored as points and which Deeplearning4j computes: when it first runs, the points of each
 * row are added up in full precision, and Deeplearning4j's own implementation is given the sums as its weights. Its parameters are what else the
 * layer has, such as biases, under the same keys.
 */
public class MultipointWeightOnlyLayer extends BaseWrapperLayer implements MultipointLayer {

    @JsonProperty
    private MultipointWeights multipoint;

    /** For JSON. */
    MultipointWeightOnlyLayer() {
    }

    MultipointWeightOnlyLayer(org.deeplearning4j.nn.conf.layers.Layer layer, MultipointWeights weights) {
        super(layer);
        setLayerName(layer.getLayerName());
        multipoint = weights;
    }

    @Override
    public MultipointWeights getMultipoint() {
        return multipoint;
    }

    /**
     * The kind of the layer inside.
     *
     * @throws IllegalStateException where there is none or its weights cannot be stored, as in a damaged file; it names the layer
     */
    WeightOnlyKind kind() {
        return Optional.ofNullable(underlying).flatMap(WeightOnlyKind::of).orElseThrow(() -> new IllegalStateException("Layer \"" + layerName
                + "\": expected a layer whose weights can be stored in the property \"underlying\", found "
                + (underlying == null ? "none" : underlying.getClass().getSimpleName())));
    }

    /** The stored matrices' places in the layer inside. */
    List<StoredMatrix> matrices() {
        return kind().matrices(underlying);
    }

    /** Of all parameters of the layer inside, or arrays in their shapes, what is not stored. */
    Map<String, INDArray> floating(Map<String, INDArray> all) {
        return kind().floating(underlying, all);
    }

    /** Number of parameters of the layer inside. */
    long numParamsInside() {
        return underlying.initializer().numParams(underlying);
    }

    /** Views of an array as the parameters of the layer inside, or their gradients. */
    Map<String, INDArray> views(INDArray all) {
        NeuralNetConfiguration own = new NeuralNetConfiguration();
        own.setLayer(underlying);
        // An initializer's own method for gradients fails inside a Bidirectional in Deeplearning4j 1.0.0-M2.1.
        return underlying.initializer().init(own, all, false);
    }

    @Override
    public List<LinearOp> storedOps() {
        return matrices().stream().map(StoredMatrix::op).toList();
    }

    @Override
    public boolean mayQuantizeInputs() {
        return false;
    }

    @Override
    public ParamInitializer initializer() {
        return WeightOnlyParameters.INSTANCE;
    }

    @Override
    public Layer instantiate(NeuralNetConfiguration conf, Collection<TrainingListener> listeners, int index,
                             INDArray params, boolean initialize, DataType dataType) {
        MultipointWeights.check(this);
        NeuralNetConfiguration inside = conf.clone();
        inside.setLayer(underlying);
        try (MemoryWorkspace ws = Nd4j.getMemoryManager().scopeOutOfWorkspaces()) {
            INDArray all = Nd4j.createUninitialized(dataType, numParamsInside());
            Layer layer = underlying.instantiate(inside, listeners, index, all, false, dataType);
            Map<String, INDArray> table = WeightOnlyParameters.INSTANCE.init(conf, params, initialize);
            return layer instanceof RecurrentLayer recurrent ? new RecurrentImpl(conf, recurrent, dataType, params, table)
                    : new Impl(conf, layer, dataType, params, table);
        }
    }

    @Override
    public boolean equals(Object other) {
        return super.equals(other) && MultipointLayer.sameWeights(this, other);
    }

    @Override
    public int hashCode() {
        return 31 * super.hashCode() + MultipointLayer.weightsHash(this);
    }

    /**
     * Deeplearning4j's implementation has arrays of its own for all its parameters. Those that stay floating are copied there from the network's
     * whenever it is about to compute: training, or a new array of parameters, may have changed them.
     */
    private static class Impl extends org.deeplearning4j.nn.layers.wrapper.BaseWrapperLayer {
        private final transient NeuralNetConfiguration networkConf;
        private final transient MultipointWeightOnlyLayer conf;
        private final transient DataType dataType;
        private final transient Map<String, INDArray> inside;
        private transient INDArray params;
        private transient Map<String, INDArray> table;
        private transient INDArray gradients;
        private transient Map<String, INDArray> gradientTable = Map.of();
        private transient Map<String, INDArray> insideGradients;
        private transient boolean decoded;

        Impl(NeuralNetConfiguration networkConf, Layer layer, DataType dataType, INDArray params, Map<String, INDArray> table) {
            super(layer);
            this.networkConf = networkConf;
            this.conf = (MultipointWeightOnlyLayer) networkConf.getLayer();
            this.dataType = dataType;
            this.params = params;
            this.table = table;
            this.inside = conf.floating(layer.paramTable());
        }

        /** The implementation with its weights and the present values of all other parameters. */
        final Layer ready() {
            if (!decoded) {
                decode();
                decoded = true;
            }
            inside.forEach((key, array) -> array.assign(table.get(key)));
            return underlying;
        }

        private void decode() {
            List<MultipointMatrix> decodedMatrices = MultipointWeights.matrices(conf);
            List<StoredMatrix> stored = conf.matrices();
            Map<String, INDArray> all = underlying.paramTable();
            for (int i = 0; i < stored.size(); i++) {
                stored.get(i).assign(decodedMatrices.get(i).toFloats(), all.get(stored.get(i).key()));
            }
        }

        /** What Deeplearning4j finds inside the plain layer, whose state it may use to compute. */
        @Override
        public Layer getUnderlying() {
            Layer layer = ready();
            return layer instanceof org.deeplearning4j.nn.layers.wrapper.BaseWrapperLayer wrapper ? wrapper.getUnderlying() : layer;
        }

        @Override
        public INDArray activate(boolean training, LayerWorkspaceMgr workspaces) {
            return ready().activate(training, workspaces);
        }

        @Override
        public INDArray activate(INDArray input, boolean training, LayerWorkspaceMgr workspaces) {
            return ready().activate(input, training, workspaces);
        }

        /** With this layer, not the one inside: Deeplearning4j looks up the parameters that it tells. */
        @Override
        public NeuralNetConfiguration conf() {
            return networkConf;
        }

        @Override
        public double calcRegularizationScore(boolean backpropOnlyParams) {
            return conf.multipoint.regularization();
        }

        @Override
        public INDArray params() {
            return params;
        }

        @Override
        public long numParams() {
            return params == null ? 0 : params.length();
        }

        @Override
        public long numParams(boolean backwards) {
            return numParams();
        }

        @Override
        public void setParams(INDArray values) {
            if (params != null && params != values) {
                params.assign(values.reshape(params.shape()));
            }
        }

        @Override
        public void setParamsViewArray(INDArray view) {
            params = view;
            table = WeightOnlyParameters.views(table, view);
        }

        @Override
        public Map<String, INDArray> paramTable() {
            return table;
        }

        @Override
        public Map<String, INDArray> paramTable(boolean backpropOnlyParams) {
            return table;
        }

        @Override
        public void setParamTable(Map<String, INDArray> values) {
            values.forEach(this::setParam);
        }

        @Override
        public void setParam(String key, INDArray value) {
            if (table.get(key) != value) {
                table.get(key).assign(value);
            }
        }

        @Override
        public INDArray getParam(String key) {
            return table.containsKey(key) ? table.get(key) : ready().getParam(key);
        }

        @Override
        public INDArray getGradientsViewArray() {
            return gradients;
        }

        @Override
        public void setBackpropGradientsViewArray(INDArray view) {
            gradients = view;
            gradientTable = WeightOnlyParameters.views(table, view);
        }

        /** The implementation, also with room for the gradients of all its parameters. */
        final Layer readyToTrain() {
            if (insideGradients == null) {
                try (MemoryWorkspace ws = Nd4j.getMemoryManager().scopeOutOfWorkspaces()) {
                    INDArray all = Nd4j.create(dataType, conf.numParamsInside());
                    underlying.setBackpropGradientsViewArray(all);
                    insideGradients = conf.floating(conf.views(all));
                }
            }
            return ready();
        }

        @Override
        public Pair<Gradient, INDArray> backpropGradient(INDArray epsilon, LayerWorkspaceMgr workspaces) {
            return own(readyToTrain().backpropGradient(epsilon, workspaces));
        }

        /** The gradients of the parameters that are floating, where the network expects them; those of the weights are dropped. */
        final Pair<Gradient, INDArray> own(Pair<Gradient, INDArray> all) {
            Gradient gradient = new DefaultGradient(gradients);
            gradientTable.forEach((key, array) -> gradient.gradientForVariable().put(key, array.assign(insideGradients.get(key))));
            return new Pair<>(gradient, all.getSecond());
        }

        /** Constrains the parameters that are floating: weights are not trained. */
        @Override
        public void applyConstraints(int iteration, int epoch) {
            List<LayerConstraint> constraints = WeightOnlyKind.parts(conf.underlying).get(0).layer().getConstraints();
            if (constraints != null) {
                constraints.forEach(constraint -> constraint.applyConstraint(this, iteration, epoch));
            }
        }
    }

    private static final class RecurrentImpl extends Impl implements RecurrentLayer {

        RecurrentImpl(NeuralNetConfiguration conf, RecurrentLayer layer, DataType dataType, INDArray params, Map<String, INDArray> table) {
            super(conf, layer, dataType, params, table);
        }

        private RecurrentLayer recurrent() {
            return (RecurrentLayer) underlying;
        }

        @Override
        public INDArray rnnTimeStep(INDArray input, LayerWorkspaceMgr workspaces) {
            return ((RecurrentLayer) ready()).rnnTimeStep(input, workspaces);
        }

        @Override
        public Map<String, INDArray> rnnGetPreviousState() {
            return recurrent().rnnGetPreviousState();
        }

        @Override
        public void rnnSetPreviousState(Map<String, INDArray> state) {
            recurrent().rnnSetPreviousState(state);
        }

        @Override
        public void rnnClearPreviousState() {
            recurrent().rnnClearPreviousState();
        }

        @Override
        public INDArray rnnActivateUsingStoredState(INDArray input, boolean training, boolean storeLast, LayerWorkspaceMgr workspaces) {
            return ((RecurrentLayer) ready()).rnnActivateUsingStoredState(input, training, storeLast, workspaces);
        }

        @Override
        public Map<String, INDArray> rnnGetTBPTTState() {
            return recurrent().rnnGetTBPTTState();
        }

        @Override
        public void rnnSetTBPTTState(Map<String, INDArray> state) {
            recurrent().rnnSetTBPTTState(state);
        }

        @Override
        public Pair<Gradient, INDArray> tbpttBackpropGradient(INDArray epsilon, int length, LayerWorkspaceMgr workspaces) {
            return own(((RecurrentLayer) readyToTrain()).tbpttBackpropGradient(epsilon, length, workspaces));
        }
    }
}
