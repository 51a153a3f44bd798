package org.multipoint.transform;

import org.multipoint.internal.calibration.CalibrationData;
import org.multipoint.internal.graph.ReferenceNetwork;
import org.multipoint.internal.quantizer.WeightProblem;
import org.multipoint.options.Method;
import org.multipoint.options.MultipointOptions;

import java.util.List;
import java.util.Map;
import java.util.OptionalInt;

/**
 * The algorithm behind a {@link Method}: what is learnt of an operation in the calibration pass, how a budget is spent on all of them, and
 * whether layers are quantized one after another. Each method has one subclass; those whose rows are sums of points share
 * {@link PointMethod}.
 */
abstract class MethodStrategy {

    static final int DEFAULT_BITS = 4;

    final MultipointOptions options;
    final Budget budget;

    MethodStrategy(MultipointOptions options, Budget budget) {
        this.options = options;
        this.budget = budget;
    }

    /**
     * @throws IllegalArgumentException where the method cannot spend the budget
     */
    static MethodStrategy of(Method method, MultipointOptions options, Budget budget) {
        return switch (method) {
            case CODED -> new CodedMethod(options, budget);
            case CALIBRATED -> new CalibratedMethod(options, budget);
            case GREEDY -> new GreedyMethod(options, budget);
            case NEAREST -> new NearestMethod(options, budget);
            case CHANNEL_SPLITTING -> new ChannelSplittingMethod(options, budget);
            case MIXED_PRECISION -> new MixedPrecisionMethod(options, budget);
            case OMPQ -> new OmpqMethod(options, budget);
        };
    }

    /**
     * Refuses a budget that cannot be told in stored bits.
     *
     * @param what takes it, for the message
     */
    final void requireStorable(String what) {
        if (!budget.isStored() && budget.extraShare().isEmpty()) {
            throw new IllegalArgumentException(what + " take their budget as stored bits, stored bytes or extra points, found "
                    + budget.description());
        }
    }

    /**
     * A budget that is storable, in stored bits: extra points {@code e} on codes of {@code b} bits are {@code b (1 + e)} bits for each weight.
     *
     * @param bits width of a code that was asked for
     */
    final Budget stored(OptionalInt bits) {
        int width = bits.orElse(DEFAULT_BITS);
        return budget.extraShare().isEmpty() ? budget
                : Budget.storedBits(width * (1 + budget.extraShare().getAsDouble()), budget.description() + " on " + width + " bits");
    }

    /**
     * The width of codes and what is spent on them.
     *
     * @param bits width of a code that was asked for
     */
    Pipeline.Plan plan(OptionalInt bits) {
        return new Pipeline.Plan(bits.orElse(DEFAULT_BITS), budget);
    }

    /**
     * What {@link Multipoint#maxDrop} chooses from, from small models to large ones.
     *
     * @param bits width of a code that was asked for
     */
    abstract List<Pipeline.Plan> axis(OptionalInt bits);

    /**
     * What is learnt of an operation in the calibration pass.
     *
     * @param own       width that was asked for its layer alone
     * @param ofNetwork width of the network's codes
     */
    abstract Candidate candidate(WeightProblem problem, OptionalInt own, int ofNetwork);

    /**
     * What is learnt of operations once all of them are known.
     *
     * @param candidates of all operations, by name, in topological order
     * @param memory     bytes that activations may take on the heap
     * @return as many
     */
    Map<String, Candidate> compared(Map<String, Candidate> candidates, ReferenceNetwork network, CalibrationData data, long memory,
                                    TransformListener listener) {
        return candidates;
    }

    /**
     * Whether a budget is enough.
     *
     * @param candidates of all operations, by name
     * @param weights    number of weights of all operations
     */
    boolean affords(Map<String, Candidate> candidates, Pipeline.Plan plan, long weights) {
        return true;
    }

    /**
     * Decides how a budget is spent on all operations.
     *
     * @param candidates of all operations, by name, in topological order
     * @param weights    number of weights of all operations
     * @throws IllegalArgumentException where the budget is not enough
     */
    abstract OperationQuantizer quantizer(Map<String, Candidate> candidates, Pipeline.Plan plan, long weights);

    /**
     * Whether weights are fitted to inputs: layers are quantized one after another by {@link SequentialQuantization}, each under the inputs
     * that the layers quantized before it produce. Otherwise {@link IndependentQuantization} quantizes each layer by itself.
     */
    boolean isSequential() {
        return false;
    }

    /** Whether {@link IndependentQuantization} reads the ranges of inputs that the calibration pass finds. */
    final boolean needsRanges() {
        return !isSequential();
    }

    /** Whether output errors count around their mean, because biases will be corrected. */
    final boolean correctsBias() {
        return isSequential() && options.biasCorrection();
    }

    /** Whether second moments of both networks' inputs will be held together when a layer is quantized. */
    final boolean pairsMoments() {
        return isSequential() && options.quantizedInputs();
    }

    /**
     * Adds to the settings in the provenance, by name, the options that the method reads and, where its weights are not stored as
     * the points that it counts, how they are stored.
     */
    void describe(Map<String, String> settings) {
        if (isSequential()) {
            settings.put("quantizedInputs", String.valueOf(options.quantizedInputs()));
            settings.put("targetMatching", options.targetMatching() ? "ridge " + options.ridge() : "off");
            settings.put("shortcutMatching", String.valueOf(options.shortcutMatching()));
            settings.put("biasCorrection", String.valueOf(options.biasCorrection()));
        }
    }
}
