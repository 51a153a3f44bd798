package org.multipoint.training.bsq;

import org.deeplearning4j.nn.api.Layer;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.multipoint.internal.engine.Engines;
import org.multipoint.internal.graph.GraphEdit;
import org.multipoint.internal.graph.LinearVertex;
import org.multipoint.internal.graph.ReferenceNetwork;
import org.multipoint.internal.ops.Tensor;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.api.iterator.DataSetIterator;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Fine-tunes a network so that it needs few bits (BSQ, Yang et al., ICLR 2021). {@link #train} trains the bit planes of weights under a
 * group lasso that empties them, and drops the empty ones; {@link #tune} then trains the weights at the widths found, with gradients that
 * pass straight through the rounding, from what the group lasso has left or, after {@link #rewind}, from the weights of the source. All of
 * them may be called several times. {@link #stored} gives a network whose layers store codes of their
 * own width, like those that {@link org.multipoint.transform.Multipoint} makes.
 *
 * <pre>{@code
 * Bsq bsq = new Bsq(graph, 50);
 * bsq.train(iterator, 4);
 * bsq.rewind();
 * bsq.tune(iterator, 2);
 * ComputationGraph small = bsq.stored(iterator);
 * }</pre>
 *
 * <p>The source is not changed. What is not a convolution or a dense layer is trained as it is. For the same graph and data, the result is
 * the same.
 */
public final class Bsq {

    /** Planes of each sign that weights begin with. */
    private static final int FIRST_PLANES = 8;
    /** Planes of each sign whose integers fit codes of 8 bits. */
    private static final int MOST_PLANES = 7;
    /** Steps of training between adjustments: in so few the group lasso empties no plane at once, however strong it is. */
    private static final int ADJUSTED_AFTER = 10;

    private final ComputationGraph graph;
    /** The parameters of the source. */
    private final INDArray source;
    private final double alpha;
    private final List<Weights> weights = new ArrayList<>();

    /**
     * A weight matrix.
     *
     * @param layer  name of the vertex
     * @param count  number of weights
     * @param planes bits of a weight without its sign, as the paper counts them
     */
    public record Width(String layer, long count, int planes) {
    }

    /** A parameter of a layer, and its planes. */
    static final class Weights {
        private final LinearVertex vertex;
        private final int operation;
        private final INDArray param;
        /** The largest weight of the source. */
        private final float largest;
        private BitPlanes planes;
        /** The weights in full precision, which tuning trains. */
        private float[] full;
        /** How large the weights are as a share of those of the source. */
        private float scale;

        private Weights(LinearVertex vertex, int operation, INDArray param) {
            this.vertex = vertex;
            this.operation = operation;
            this.param = param;
            this.planes = BitPlanes.of(values(), FIRST_PLANES);
            this.largest = most();
            takePlanes();
        }

        /** Sets the parameter to the weights of the planes. */
        private void takePlanes() {
            full = planes.weights();
            scale = most() / largest;
            assign(full);
        }

        /** Takes the parameter as the weights in full precision, with as many planes as there are now. */
        private void takeParameter() {
            full = values();
            planes = BitPlanes.nearest(full, planes.planes());
            scale = 1;
            add(new float[full.length]);
        }

        /** Passes a change of the rounded weights on to those in full precision, and rounds these again. */
        private void add(float[] change) {
            float[] rounded = new float[change.length];
            for (int i = 0; i < change.length; i++) {
                full[i] = Math.max(-most(), Math.min(most(), full[i] + scale * scale * change[i]));
                rounded[i] = planes.step() * (float) Math.rint(full[i] / planes.step());
            }
            assign(rounded);
        }

        /** The largest weight that the planes can hold. */
        private float most() {
            return planes.step() * ((1 << planes.planes()) - 1);
        }

        String vertex() {
            return vertex.name();
        }

        int operation() {
            return operation;
        }

        BitPlanes planes() {
            return planes;
        }

        private float[] values() {
            return Tensor.of(param).data();
        }

        private void assign(float[] values) {
            try (INDArray array = Tensor.array(values, 'c', param.shape())) {
                param.assign(array);
            }
        }

        /** The weights as multiples of the step, {@code [rows, columns]} row by row. */
        int[] codes() {
            float[] rows = vertex.kind().matrix(param, operation);
            int[] codes = new int[rows.length];
            for (int i = 0; i < codes.length; i++) {
                codes[i] = (int) Math.rint(rows[i] / planes.step());
            }
            return codes;
        }
    }

    /**
     * Copies a trained graph and rounds its weights to 8 planes of each sign.
     *
     * @param source its layers are trained by the updaters that they have; bit planes follow what these do to weights, so that Sgd and
     *               Nesterovs train them by the chain rule
     * @param alpha  strength of the group lasso, finite and not negative: more of it, fewer bits. It acts at every step of training, so
     *               the fewer steps there are, the more of it is needed
     * @throws IllegalArgumentException where the graph has no layer that can be quantized, the updater of such a layer has no learning rate,
     *                                  or alpha is out of range
     */
    public Bsq(ComputationGraph source, double alpha) {
        if (!(alpha >= 0) || Double.isInfinite(alpha)) {
            throw new IllegalArgumentException("Alpha must be finite and not negative, found " + alpha);
        }
        this.alpha = alpha;
        this.graph = GraphEdit.of(Objects.requireNonNull(source, "source")).toGraph();
        this.source = graph.params().dup();
        for (LinearVertex vertex : new ReferenceNetwork(graph, Engines.preferred()).linear().values()) {
            Layer layer = graph.getLayer(vertex.name());
            learningRate(vertex.name());
            for (int i = 0; i < vertex.operations().size(); i++) {
                weights.add(new Weights(vertex, i, layer.getParam(vertex.kind().weightKeys().get(i))));
            }
        }
        if (weights.isEmpty()) {
            throw new IllegalArgumentException("The graph has no layer that can be quantized");
        }
    }

    private double learningRate(String layer) {
        Double rate = graph.getLearningRate(layer);
        if (rate == null) {
            throw new IllegalArgumentException("Layer \"" + layer + "\": its updater has no learning rate, by which the group lasso is scaled");
        }
        return rate;
    }

    /**
     * Trains bit planes, and drops empty ones now and then. Ends with at most 7 planes, whose integers fit codes of 8 bits with their
     * sign.
     *
     * @param data   batches in a fixed order; reset before each epoch
     * @param epochs positive
     */
    public void train(DataSetIterator data, int epochs) {
        double all = weights.stream().mapToDouble(w -> w.param.length()).sum();
        AtomicInteger steps = new AtomicInteger();
        for (int epoch = 1; epoch <= epochs; epoch++) {
            pass(data, before -> {
                for (int i = 0; i < weights.size(); i++) {
                    Weights w = weights.get(i);
                    w.planes.add(difference(w.values(), before.get(i)));
                    w.planes.shrink(learningRate(w.vertex()) * alpha * w.param.length() * w.planes.planes() / all);
                    w.takePlanes();
                }
                if (steps.incrementAndGet() % ADJUSTED_AFTER == 0) {
                    adjust(FIRST_PLANES);
                }
            });
        }
        adjust(MOST_PLANES);
    }

    private void adjust(int most) {
        weights.forEach(w -> {
            w.planes.adjust(most);
            w.takePlanes();
        });
    }

    /**
     * Goes back to the parameters of the source, rounded to the planes that each layer has now; the step of a layer is the one that rounds
     * with the least squared error. What has been learned is the widths alone. Where there are too few steps to train back what the group
     * lasso takes from the weights, {@link #tune} ends with a better network when it begins here (weight rewinding, Renda et al.,
     * "Comparing Rewinding and Fine-tuning in Neural Network Pruning", ICLR 2020).
     */
    public void rewind() {
        graph.params().assign(source);
        INDArray state = graph.getUpdater().getStateViewArray();
        if (state != null) {
            state.assign(0);
        }
        weights.forEach(Weights::takeParameter);
    }

    /**
     * Trains the weights at the widths that they have, as DoReFa does (Zhou et al., 2016): numbers in full precision, as large as the weights
     * of the source were, whose rounded values, scaled to the weights of the layer as they are now, the network computes with. What an
     * updater adds to weights is passed on to them by the chain rule. So a layer learns as fast as it would have before the group lasso
     * made its weights small.
     *
     * @param data   batches in a fixed order; reset before each epoch
     * @param epochs positive
     */
    public void tune(DataSetIterator data, int epochs) {
        for (int epoch = 1; epoch <= epochs; epoch++) {
            pass(data, before -> {
                for (int i = 0; i < weights.size(); i++) {
                    Weights w = weights.get(i);
                    w.add(difference(w.values(), before.get(i)));
                }
            });
        }
    }

    private static float[] difference(float[] after, float[] before) {
        float[] difference = new float[after.length];
        for (int i = 0; i < difference.length; i++) {
            difference[i] = after[i] - before[i];
        }
        return difference;
    }

    /** What follows a step of the updater; it is given the weights before the step. */
    @FunctionalInterface
    private interface Follow {
        void step(List<float[]> before);
    }

    private void pass(DataSetIterator data, Follow follow) {
        data.reset();
        while (data.hasNext()) {
            List<float[]> before = weights.stream().map(Weights::values).toList();
            graph.fit(data.next());
            follow.step(before);
        }
        graph.incrementEpochCount();
    }

    /** The width of each weight matrix as it is now, in topological order. */
    public List<Width> widths() {
        return weights.stream().map(w -> new Width(w.vertex(), w.param.length(), w.planes.planes())).toList();
    }

    /** Mean number of bits of a weight without its sign, as the paper counts them. */
    public double averagePlanes() {
        return widths().stream().mapToDouble(w -> (double) w.count * w.planes).sum() / widths().stream().mapToLong(Width::count).sum();
    }

    /** The network that is trained, whose weights are multiples of the step of their layer; not a copy. */
    public ComputationGraph network() {
        return graph;
    }

    /**
     * A network with the weights as they are now, one point for each row, whose codes have the planes of their layer and a sign.
     * BatchNormalization is folded, and activations are quantized to 8 bits.
     *
     * @param calibration inputs from which the ranges of activations are taken
     * @throws IllegalStateException where a layer has not been trained to codes of 8 bits or fewer: call {@link #train} first
     */
    public ComputationGraph stored(DataSetIterator calibration) {
        weights.stream().filter(w -> w.planes.planes() > MOST_PLANES).findFirst().ifPresent(w -> {
            throw new IllegalStateException(String.format(Locale.ROOT, "Layer \"%s\" has %d planes and a sign, more than codes of 8 bits hold: "
                    + "train first", w.vertex(), w.planes.planes()));
        });
        return new StoredCodes(graph, weights, String.format(Locale.ROOT, "alpha %s", alpha)).network(calibration);
    }
}
