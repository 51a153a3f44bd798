package org.multipoint.transform;

import org.multipoint.internal.quantizer.Allocation;
import org.multipoint.internal.quantizer.ErrorCurves;
import org.multipoint.internal.quantizer.PointFinder;
import org.multipoint.internal.quantizer.WeightProblem;
import org.multipoint.options.MultipointOptions;

import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.stream.Stream;

/** A method whose rows are sums of points: how they are found, and how many a row may get. */
abstract class PointMethod extends MethodStrategy {

    /** Most points of a row where each has a scale of its own. */
    static final int FREE_POINTS = 4;

    PointMethod(MultipointOptions options, Budget budget) {
        super(options, budget);
    }

    /**
     * The ways to find points with codes of the given width that are tried on a layer; the best one is kept.
     *
     * @param largest magnitude of the integer that the points of a weight may stand for
     */
    abstract List<PointFinder> finders(int bits, int largest);

    /** Largest number of points that the allocation may give a row. */
    final int maxPoints(PointFinder finder, int largest) {
        return budget.fixedPoints().orElseGet(() -> mostPoints(finder, largest));
    }

    /** Largest number of points of a row where the budget does not fix it. */
    abstract int mostPoints(PointFinder finder, int largest);

    /** Points that a row has before any are extra: the number at which the ways to find them are compared. */
    int ordinaryPoints(int bits) {
        return 1;
    }

    @Override
    List<Pipeline.Plan> axis(OptionalInt bits) {
        return SearchAxis.extraPoints(bits);
    }

    @Override
    final Candidate candidate(WeightProblem problem, OptionalInt own, int ofNetwork) {
        double outputVariance = problem.outputVariance();
        int n = ordinaryPoints(ofNetwork);
        double least = Double.POSITIVE_INFINITY;
        Candidate best = null;
        for (PointFinder finder : finders(Math.min(problem.widestCode(), own.orElse(ofNetwork)), problem.largestCode())) {
            double[][] errors = finder.errors(problem, maxPoints(finder, problem.largestCode()));
            double total = Stream.of(errors).mapToDouble(e -> e[n - 1]).sum();
            if (best == null || total < least) {
                least = total;
                best = new Candidate.Points(finder,
                        new ErrorCurves(problem.op().columns(), finder.bits(), finder.layout(), errors, outputVariance));
            }
        }
        return best;
    }

    @Override
    final OperationQuantizer quantizer(Map<String, Candidate> candidates, Pipeline.Plan plan, long weights) {
        return new PointQuantizer(candidates, allocation(plan));
    }

    /** The rule by which a budget is spent. */
    Allocation allocation(Pipeline.Plan plan) {
        return plan.budget().allocation();
    }
}
