package org.multipoint.training;

import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.conf.ComputationGraphConfiguration;
import org.deeplearning4j.nn.conf.MultiLayerConfiguration;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.multipoint.formats.NumberFormat;
import org.nd4j.linalg.api.buffer.DataType;

import java.util.EnumMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.BiFunction;
import java.util.stream.Collectors;

/**
 * Makes a network that Deeplearning4j trains with numbers of few bits: a copy that rounds weights, activations, errors and gradients, each to
 * its format, and scales the loss. Products are summed in single precision, as processors for such formats do. What is not named is
 * not rounded. The network that is given is not changed.
 *
 * <pre>{@code
 * LowPrecisionTraining<ComputationGraph> training = LowPrecision.of(graph)
 *         .round(NumberFormat.FP16, TensorKind.WEIGHTS, TensorKind.ACTIVATIONS, TensorKind.ERRORS, TensorKind.GRADIENTS)
 *         .lossScaling(LossScaling.dynamic())
 *         .build();
 * training.network().fit(iterator);
 * System.out.println(training.report());
 * ComputationGraph trained = training.plain();
 * }</pre>
 *
 * @param <M> {@link ComputationGraph} or {@link MultiLayerNetwork}
 */
public final class LowPrecision<M extends Model> {

    private record Rounding(NumberFormat format, boolean stochastic) {
    }

    private final M source;
    private final BiFunction<M, Wrapping, M> copy;
    private final Map<TensorKind, Rounding> roundings = new EnumMap<>(TensorKind.class);
    private final Set<String> leftOut = new HashSet<>();
    private LossScaling scaling = LossScaling.none();
    private long seed = 1;

    private LowPrecision(M source, DataType type, BiFunction<M, Wrapping, M> copy) {
        if (source.params() == null) {
            throw new IllegalArgumentException("The network has no parameters yet: call init() first");
        }
        if (type != DataType.FLOAT) {
            throw new IllegalArgumentException("Expected a network in single precision, found " + type);
        }
        this.source = source;
        this.copy = copy;
    }

    /**
     * Of a graph.
     *
     * @throws IllegalArgumentException where it is not initialized, or not in single precision
     */
    public static LowPrecision<ComputationGraph> of(ComputationGraph graph) {
        return new LowPrecision<>(graph, graph.getConfiguration().getDataType(), LowPrecision::copy);
    }

    /**
     * Of a network of layers. Layers are called by their names.
     *
     * @throws IllegalArgumentException where it is not initialized, or not in single precision
     */
    public static LowPrecision<MultiLayerNetwork> of(MultiLayerNetwork network) {
        return new LowPrecision<>(network, network.getLayerWiseConfigurations().getDataType(), LowPrecision::copy);
    }

    /** Rounds tensors of some kinds to the nearest number of a format. */
    public LowPrecision<M> round(NumberFormat format, TensorKind... kinds) {
        return round(new Rounding(Objects.requireNonNull(format, "format"), false), kinds);
    }

    /** Rounds tensors of some kinds up or down by chance, so that the mean stays; outside of training to nearest. */
    public LowPrecision<M> roundStochastically(NumberFormat format, TensorKind... kinds) {
        return round(new Rounding(Objects.requireNonNull(format, "format"), true), kinds);
    }

    private LowPrecision<M> round(Rounding rounding, TensorKind... kinds) {
        for (TensorKind kind : kinds) {
            roundings.put(kind, rounding);
        }
        return this;
    }

    /** Scales the loss; default {@link LossScaling#none()}. */
    public LowPrecision<M> lossScaling(LossScaling scaling) {
        this.scaling = Objects.requireNonNull(scaling, "scaling");
        return this;
    }

    /** Names layers and other vertices that stay in single precision; adds to those named before. */
    public LowPrecision<M> leaveOut(String... names) {
        leftOut.addAll(List.of(names));
        return this;
    }

    /** Of stochastic rounding; default 1. */
    public LowPrecision<M> seed(long seed) {
        this.seed = seed;
        return this;
    }

    /**
     * The network. It has the parameters of the source, and a new state of the optimizer.
     *
     * @throws IllegalArgumentException where a layer has parameters that cannot be rounded, or weight noise of its own; where the loss of
     *                                  an output cannot be scaled; it names the layer
     */
    public LowPrecisionTraining<M> build() {
        Map<TensorKind, Rounder> rounders = roundings.entrySet().stream().collect(Collectors.toMap(Map.Entry::getKey,
                e -> new Rounder(e.getValue().format, e.getValue().stochastic, seed + e.getKey().ordinal()), (a, b) -> a,
                () -> new EnumMap<>(TensorKind.class)));
        LossScaler scaler = new LossScaler(scaling);
        Wrapping wrapping = new Wrapping(rounders, leftOut, scaling, scaler);
        M network = copy.apply(source, wrapping);
        M plain = copy.apply(source, null);
        LowPrecisionListener listener = new LowPrecisionListener(scaler, wrapping.rounded(), rounders.get(TensorKind.GRADIENTS),
                rounders.get(TensorKind.MASTER));
        listener.roundMaster(network);
        network.addListeners(listener);
        return new LowPrecisionTraining<>(network, plain, rounders, scaler);
    }

    /** @param wrapping null for a copy that rounds nothing */
    private static ComputationGraph copy(ComputationGraph source, Wrapping wrapping) {
        ComputationGraphConfiguration conf = ComputationGraphConfiguration.fromJson(source.getConfiguration().toJson());
        if (wrapping != null) {
            wrapping.wrap(conf);
        }
        ComputationGraph copy = new ComputationGraph(conf);
        copy.init();
        LowPrecisionTraining.copyParams(source, copy);
        return copy;
    }

    private static MultiLayerNetwork copy(MultiLayerNetwork source, Wrapping wrapping) {
        MultiLayerConfiguration conf = MultiLayerConfiguration.fromJson(source.getLayerWiseConfigurations().toJson());
        if (wrapping != null) {
            wrapping.wrap(conf);
        }
        MultiLayerNetwork copy = new MultiLayerNetwork(conf);
        copy.init();
        LowPrecisionTraining.copyParams(source, copy);
        return copy;
    }
}
