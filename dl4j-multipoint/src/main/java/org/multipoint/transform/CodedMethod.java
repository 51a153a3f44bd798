package org.multipoint.transform;

import org.multipoint.internal.calibration.CalibrationData;
import org.multipoint.internal.graph.ReferenceNetwork;
import org.multipoint.internal.quantizer.CodedWeights;
import org.multipoint.internal.quantizer.RateCurve;
import org.multipoint.internal.quantizer.TargetMatching;
import org.multipoint.internal.quantizer.WeightProblem;
import org.multipoint.options.MultipointOptions;
import org.multipoint.points.CodeGrid;
import org.multipoint.points.MultipointMatrix;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.stream.DoubleStream;

/** {@link org.multipoint.options.Method#CODED}. */
final class CodedMethod extends MethodStrategy {

    /** Stored bits for each weight that may be asked for: an int8 row takes no more, and fewer leave little of a network. */
    private static final double FEWEST_BITS = 1;
    private static final double MOST_BITS = CodeGrid.MAX_BITS;

    /** Sensitivities are bounded by this, as multiples and shares of their mean. */
    private static final double MOST_SENSITIVE = 64;
    private static final double SENSITIVITY_POWER = 0.4;

    CodedMethod(MultipointOptions options, Budget budget) {
        super(options, budget);
        requireStorable("Entropy-coded weights");
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
        return new Pipeline.Plan(CodeGrid.MAX_BITS, stored(bits));
    }

    @Override
    List<Pipeline.Plan> axis(OptionalInt bits) {
        return SearchAxis.storedBits();
    }

    @Override
    Candidate candidate(WeightProblem problem, OptionalInt own, int ofNetwork) {
        double outputVariance = problem.outputVariance();
        RateCurve rates = new RateCurve(new CodedWeights(problem, outputVariance));
        return new Candidate.Coded(rates, outputVariance,
                own.isPresent() ? OptionalDouble.of((double) own.getAsInt() * problem.op().weights()) : OptionalDouble.empty(),
                trial(problem, rates.typical(), outputVariance));
    }

    private static Sensitivity.Trial trial(WeightProblem problem, MultipointMatrix weights, double outputVariance) {
        float[] values = weights.toFloats();
        double error = DoubleStream.of(problem.outputErrors(values)).average().orElse(0) / outputVariance;
        return new Sensitivity.Trial(weights::toFloats, TargetMatching.bias(problem, new float[problem.op().rows()], values), error);
    }

    /**
     * Gives each operation a weight in the allocation: output errors of some hurt more than the same errors of others. The layers that
     * follow make up for a part of any error, which the measurement does not know of; so weights differ less than what was measured.
     */
    @Override
    Map<String, Candidate> compared(Map<String, Candidate> candidates, ReferenceNetwork network, CalibrationData data, long memory,
                                    TransformListener listener) {
        Map<String, Sensitivity.Trial> trials = new LinkedHashMap<>();
        candidates.forEach((name, candidate) -> trials.put(name, ((Candidate.Coded) candidate).trial()));
        trials.values().removeIf(trial -> !(trial.error() > 0));
        Map<String, Double> sensitivities = new LinkedHashMap<>();
        try (Sensitivity sensitivity = new Sensitivity(network)) {
            sensitivity.divergences(data, trials, listener).forEach((name, sum) -> sensitivities.put(name, sum / trials.get(name).error()));
        }
        sensitivities.values().removeIf(s -> !(s > 0 && s < Double.POSITIVE_INFINITY));
        double mean = Math.exp(sensitivities.values().stream().mapToDouble(Math::log).average().orElse(0));
        Map<String, Candidate> weighted = new LinkedHashMap<>();
        candidates.forEach((name, candidate) -> weighted.put(name,
                ((Candidate.Coded) candidate).weighted(weight(sensitivities.getOrDefault(name, mean) / mean))));
        return weighted;
    }

    private static double weight(double sensitivity) {
        return Math.pow(Math.max(1 / MOST_SENSITIVE, Math.min(MOST_SENSITIVE, sensitivity)), SENSITIVITY_POWER);
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
