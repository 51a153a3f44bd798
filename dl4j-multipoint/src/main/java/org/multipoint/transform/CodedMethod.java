package org.multipoint.transform;

import org.multipoint.internal.quantizer.CodedWeights;
import org.multipoint.internal.quantizer.RateCurve;
import org.multipoint.internal.quantizer.WeightProblem;
import org.multipoint.options.MultipointOptions;
import org.multipoint.points.CodeGrid;

import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.OptionalInt;

/** {@link org.multipoint.options.Method#CODED}. */
final class CodedMethod extends MethodStrategy {

    /** Stored bits for each weight that may be asked for: an int8 row takes no more, and fewer leave little of a network. */
    private static final double FEWEST_BITS = 1;
    private static final double MOST_BITS = CodeGrid.MAX_BITS;

    CodedMethod(MultipointOptions options, Budget budget) {
        super(options, budget);
        if (!budget.isStored() && budget.extraShare().isEmpty()) {
            throw new IllegalArgumentException("Entropy-coded weights take their budget as stored bits, stored bytes or extra points, found "
                    + budget.description());
        }
        budget.perWeight().ifPresent(bits -> {
            if (bits < FEWEST_BITS || bits > MOST_BITS) {
                throw new IllegalArgumentException(String.format(Locale.ROOT, "Entropy-coded weights take %.0f to %.0f stored bits each, found "
                        + "a budget of %s", FEWEST_BITS, MOST_BITS, budget.description()));
            }
        });
    }

    /** Any width was asked for to say how many bits extra points mean. */
    @Override
    Pipeline.Plan plan(OptionalInt bits) {
        int width = bits.orElse(DEFAULT_BITS);
        return new Pipeline.Plan(CodeGrid.MAX_BITS, budget.extraShare().isEmpty() ? budget
                : Budget.storedBits(width * (1 + budget.extraShare().getAsDouble()), budget.description() + " on " + width + " bits"));
    }

    @Override
    List<Pipeline.Plan> axis(OptionalInt bits) {
        return SearchAxis.storedBits();
    }

    @Override
    Candidate candidate(WeightProblem problem, OptionalInt own, int ofNetwork) {
        double outputVariance = problem.outputVariance();
        return new Candidate.Coded(new RateCurve(new CodedWeights(problem, outputVariance)), outputVariance,
                own.isPresent() ? OptionalDouble.of((double) own.getAsInt() * problem.op().weights()) : OptionalDouble.empty());
    }

    @Override
    boolean affords(Map<String, Candidate> candidates, Pipeline.Plan plan, long weights) {
        return plan.budget().bitsOf(weights) >= least(candidates);
    }

    private static double least(Map<String, Candidate> candidates) {
        return candidates.values().stream().map(Candidate.Coded.class::cast).mapToDouble(c -> c.own().orElse(c.rates().least())).sum();
    }

    @Override
    OperationQuantizer quantizer(Map<String, Candidate> candidates, Pipeline.Plan plan, long weights) {
        if (!affords(candidates, plan, weights)) {
            throw new IllegalArgumentException(String.format(Locale.ROOT, "A budget of %s is too small: entropy-coded, these layers take %.2f "
                    + "stored bits per weight or more, %,.0f bytes", plan.budget().description(), least(candidates) / weights,
                    Math.ceil(least(candidates) / Byte.SIZE)));
        }
        candidates.forEach((name, candidate) -> checkOwn(name, (Candidate.Coded) candidate));
        return new RateQuantizer(candidates, plan.budget().bitsOf(weights));
    }

    private static void checkOwn(String operation, Candidate.Coded candidate) {
        if (candidate.own().orElse(Double.POSITIVE_INFINITY) < candidate.rates().least()) {
            throw new IllegalArgumentException(String.format(Locale.ROOT, "Layer \"%s\": %,.0f stored bits are too few: entropy-coded, it takes "
                    + "%,.0f or more", operation, candidate.own().getAsDouble(), candidate.rates().least()));
        }
    }

    @Override
    boolean isSequential() {
        return true;
    }
}
