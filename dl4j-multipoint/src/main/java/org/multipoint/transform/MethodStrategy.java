package org.multipoint.transform;

import org.multipoint.internal.quantizer.Allocation;
import org.multipoint.internal.quantizer.ErrorCurves;
import org.multipoint.internal.quantizer.PointFinder;
import org.multipoint.internal.quantizer.WeightProblem;
import org.multipoint.options.Method;
import org.multipoint.options.MultipointOptions;

import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * The algorithm behind a {@link Method}: how points are found and counted, what is asked of the calibration pass, and whether layers are
 * quantized one after another. Each method has one subclass; this class holds the defaults of methods that quantize each layer
 * independently, {@link FittedMethod} those of the others.
 */
abstract class MethodStrategy {

    /** Most points of a row where each has a scale of its own. */
    static final int FREE_POINTS = 4;

    final MultipointOptions options;
    final Budget budget;

    MethodStrategy(MultipointOptions options, Budget budget) {
        this.options = options;
        this.budget = budget;
    }

    static MethodStrategy of(Method method, MultipointOptions options, Budget budget) {
        return switch (method) {
            case CODED -> new CodedMethod(options, budget);
            case CALIBRATED -> new CalibratedMethod(options, budget);
            case GREEDY -> new GreedyMethod(options, budget);
            case NEAREST -> new NearestMethod(options, budget);
            case CHANNEL_SPLITTING -> new ChannelSplittingMethod(options, budget);
            case MIXED_PRECISION -> new MixedPrecisionMethod(options, budget);
        };
    }

    /** The ways to find points with codes of the given width that are tried on a layer; the best one is kept. */
    abstract List<PointFinder> finders(int bits);

    /** Largest number of points that the allocation may give a row. */
    final int maxPoints(PointFinder finder) {
        return budget.fixedPoints().orElseGet(() -> mostPoints(finder));
    }

    /** Largest number of points of a row where the budget does not fix it. */
    abstract int mostPoints(PointFinder finder);

    /** Points that a row has before any are extra: the number at which the ways to find them are compared. */
    int ordinaryPoints(int bits) {
        return 1;
    }

    /**
     * What is learnt of an operation in the calibration pass.
     *
     * @param bits      width of its codes
     * @param ofNetwork width of the network's codes
     */
    Candidate candidate(WeightProblem problem, int bits, int ofNetwork) {
        double outputVariance = problem.outputVariance();
        int n = ordinaryPoints(ofNetwork);
        double least = Double.POSITIVE_INFINITY;
        Candidate best = null;
        for (PointFinder finder : finders(bits)) {
            double[][] errors = finder.errors(problem, maxPoints(finder));
            double total = Stream.of(errors).mapToDouble(e -> e[n - 1]).sum();
            if (best == null || total < least) {
                least = total;
                best = new Candidate.Points(finder,
                        new ErrorCurves(problem.op().columns(), finder.bits(), finder.layout(), errors, outputVariance));
            }
        }
        return best;
    }

    /**
     * Decides how a budget is spent on all operations.
     *
     * @param candidates of all operations, by name, in topological order
     * @param bits       width of the network's codes
     * @param weights    number of weights of all operations
     */
    OperationQuantizer quantizer(Map<String, Candidate> candidates, Budget spent, int bits, long weights) {
        return new PointQuantizer(candidates, allocation(spent, bits));
    }

    /** The rule by which a budget is spent where codes have the given width. */
    Allocation allocation(Budget spent, int bits) {
        return spent.allocation();
    }

    /** Whether layers are quantized one after another, each under the inputs that the layers quantized before it produce. */
    boolean isSequential() {
        return false;
    }

    /** Whether {@link IndependentQuantization} reads the ranges of inputs that the calibration pass finds. */
    final boolean needsRanges() {
        return !isSequential();
    }

    /** Whether output errors count around their mean, because biases will be corrected. */
    boolean correctsBias() {
        return false;
    }

    /** Whether second moments of both networks' inputs will be held together when a layer is quantized. */
    boolean pairsMoments() {
        return false;
    }

    /**
     * Adds to the settings in the provenance, by name, the options that the method reads and, where its weights are not stored as
     * the points that it counts, how they are stored.
     */
    void describe(Map<String, String> settings) {
    }
}
