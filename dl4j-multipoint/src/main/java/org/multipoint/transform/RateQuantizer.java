package org.multipoint.transform;

import org.multipoint.internal.quantizer.CodedWeights;
import org.multipoint.internal.quantizer.RateControl;
import org.multipoint.internal.quantizer.RateCurve;
import org.multipoint.internal.quantizer.WeightProblem;
import org.multipoint.points.MultipointMatrix;

import java.util.LinkedHashMap;
import java.util.Map;

/** Entropy-coded weights, at the price of a bit at which all of them take the budget. */
final class RateQuantizer implements OperationQuantizer {

    private final Map<String, Candidate.Coded> candidates = new LinkedHashMap<>();
    private final RateControl control;

    /**
     * @param candidates of all operations, by name, in topological order
     * @param bits       stored bits of all of them
     */
    RateQuantizer(Map<String, Candidate> candidates, double bits) {
        Map<String, RateCurve> curves = new LinkedHashMap<>();
        candidates.forEach((name, candidate) -> {
            this.candidates.put(name, (Candidate.Coded) candidate);
            curves.put(name, ((Candidate.Coded) candidate).rates());
        });
        this.control = new RateControl(curves, bits);
    }

    @Override
    public boolean includes(String operation) {
        return candidates.containsKey(operation);
    }

    @Override
    public Weights quantize(String operation, WeightProblem target) {
        MultipointMatrix matrix = control.next(operation, new CodedWeights(target, candidates.get(operation).outputVariance()));
        return new Weights(matrix, matrix.storedBits());
    }
}
