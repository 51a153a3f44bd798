package org.multipoint.training;

import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.graph.ComputationGraph;

import java.util.Map;

/**
 * A network that is trained with numbers of few bits, what has become of them, and the network that results. For one thread that trains.
 *
 * @param <M> type of the network
 */
public final class LowPrecisionTraining<M extends Model> {

    private final M network;
    private final M plain;
    private final Map<TensorKind, Rounder> rounders;
    private final LossScaler scaler;

    LowPrecisionTraining(M network, M plain, Map<TensorKind, Rounder> rounders, LossScaler scaler) {
        this.network = network;
        this.plain = plain;
        this.rounders = rounders;
        this.scaler = scaler;
    }

    /**
     * The network to be trained, by its own {@code fit} methods. What it computes outside of training is rounded to nearest. Where only
     * rounding needs them, it has more vertices than the source. Further listeners are added with {@code addListeners}; {@code setListeners} would
     * remove the one that it depends on, and the next step would fail. It can be saved, but what is read is no more than evaluated.
     */
    public M network() {
        return network;
    }

    /**
     * A network as the source was, which rounds nothing, with the weights as they are now; always the same object. It can be saved, trained
     * further and quantized.
     */
    public M plain() {
        copyParams(network, plain);
        return plain;
    }

    /** What has become of numbers so far. */
    public LowPrecisionReport report() {
        return new LowPrecisionReport(scaler.steps(), scaler.skipped(), scaler.report(),
                rounders.entrySet().stream().map(e -> e.getValue().report(e.getKey())).toList());
    }

    /** Vertices that were inserted have no parameters; in graphs they can change the order of those of others, but not their names. */
    static <M extends Model> void copyParams(M from, M to) {
        if (from instanceof ComputationGraph) {
            from.paramTable().forEach((key, value) -> to.getParam(key).assign(value));
        } else {
            to.params().assign(from.params());
        }
    }
}
