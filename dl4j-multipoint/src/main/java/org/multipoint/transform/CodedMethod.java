package org.multipoint.transform;

import org.multipoint.internal.quantizer.CodedWeights;
import org.multipoint.internal.quantizer.PointFinder;
import org.multipoint.internal.quantizer.RateCurve;
import org.multipoint.internal.quantizer.WeightProblem;
import org.multipoint.options.MultipointOptions;

import java.util.List;
import java.util.Map;

/** {@link org.multipoint.options.Method#CODED}. */
final class CodedMethod extends FittedMethod {

    CodedMethod(MultipointOptions options, Budget budget) {
        super(options, budget);
    }

    @Override
    Candidate candidate(WeightProblem problem, int bits, int ofNetwork) {
        double outputVariance = problem.outputVariance();
        return new Candidate.Coded(new RateCurve(new CodedWeights(problem, outputVariance)), outputVariance);
    }

    @Override
    OperationQuantizer quantizer(Map<String, Candidate> candidates, Budget spent, int bits, long weights) {
        return new RateQuantizer(candidates, spent.storedBits(weights, bits).orElseThrow(() -> new IllegalArgumentException(
                "Entropy-coded weights take their budget as stored bits, stored bytes or extra points, found " + spent.description())));
    }

    @Override
    List<PointFinder> finders(int bits) {
        throw new UnsupportedOperationException("Entropy-coded weights have no points to find");
    }

    @Override
    int mostPoints(PointFinder finder) {
        return 1;
    }
}
