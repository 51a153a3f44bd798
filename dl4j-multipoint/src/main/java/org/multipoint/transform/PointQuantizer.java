package org.multipoint.transform;

import org.multipoint.internal.quantizer.Allocation;
import org.multipoint.internal.quantizer.ErrorCurves;
import org.multipoint.internal.quantizer.PointFinder;
import org.multipoint.internal.quantizer.WeightProblem;
import org.multipoint.points.MultipointMatrix;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Rows as sums of points, whose numbers are allocated over the network beforehand. */
final class PointQuantizer implements OperationQuantizer {

    private final Map<String, Candidate.Points> candidates = new LinkedHashMap<>();
    private final Map<String, int[]> points = new LinkedHashMap<>();

    /**
     * @param candidates of all operations, by name, in topological order
     */
    PointQuantizer(Map<String, Candidate> candidates, Allocation allocation) {
        candidates.forEach((name, candidate) -> this.candidates.put(name, (Candidate.Points) candidate));
        List<String> names = List.copyOf(this.candidates.keySet());
        int[][] allocated = allocation.allocate(names.stream().map(name -> this.candidates.get(name).curves()).toList());
        for (int i = 0; i < allocated.length; i++) {
            points.put(names.get(i), allocated[i]);
        }
    }

    @Override
    public boolean includes(String operation) {
        return candidates.containsKey(operation);
    }

    @Override
    public Weights quantize(String operation, WeightProblem target) {
        PointFinder finder = candidates.get(operation).finder();
        MultipointMatrix matrix = finder.find(target, points.get(operation));
        return new Weights(matrix, finder.notionalBits(target, matrix, points.get(operation)));
    }

    /** Relative output error of an operation under the second moments of the calibration pass. */
    double outputError(String operation) {
        ErrorCurves curves = candidates.get(operation).curves();
        int[] counts = points.get(operation);
        double sum = 0;
        for (int r = 0; r < counts.length; r++) {
            sum += curves.relative(r, counts[r]);
        }
        return sum / counts.length;
    }
}
