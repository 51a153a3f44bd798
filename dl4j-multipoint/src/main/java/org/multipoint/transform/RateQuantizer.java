package org.multipoint.transform;

import org.multipoint.internal.quantizer.CodedWeights;
import org.multipoint.internal.quantizer.RateControl;
import org.multipoint.internal.quantizer.RateCurve;
import org.multipoint.internal.quantizer.WeightProblem;
import org.multipoint.points.MultipointMatrix;

import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Entropy-coded weights, at the price of a bit at which all of them take the budget. Operations that have a budget of their own are not part
 * of this: what they are given is taken off.
 */
final class RateQuantizer implements OperationQuantizer {

    private final Map<String, Candidate.Coded> candidates = new LinkedHashMap<>();
    private final Map<String, RateControl> controls = new LinkedHashMap<>();

    /**
     * @param candidates of all operations, by name, in topological order
     * @param bits       stored bits of all of them
     */
    RateQuantizer(Map<String, Candidate> candidates, double bits) {
        candidates.forEach((name, candidate) -> this.candidates.put(name, (Candidate.Coded) candidate));
        Map<String, RateCurve> shared = new LinkedHashMap<>();
        this.candidates.forEach((name, candidate) -> candidate.own().ifPresentOrElse(
                own -> controls.put(name, new RateControl(Map.of(name, candidate.rates()), own)),
                () -> shared.put(name, candidate.rates())));
        RateControl control = new RateControl(shared, bits - this.candidates.values().stream().mapToDouble(c -> c.own().orElse(0)).sum());
        shared.keySet().forEach(name -> controls.put(name, control));
    }

    @Override
    public boolean includes(String operation) {
        return candidates.containsKey(operation);
    }

    @Override
    public Weights quantize(String operation, WeightProblem target) {
        MultipointMatrix matrix = controls.get(operation).next(operation, new CodedWeights(target, candidates.get(operation).outputVariance()));
        return new Weights(matrix, matrix.storedBits());
    }
}
