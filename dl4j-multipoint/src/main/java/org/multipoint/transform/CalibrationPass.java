package org.multipoint.transform;

import org.multipoint.internal.calibration.CalibrationData;
import org.multipoint.internal.calibration.MemoryBound;
import org.multipoint.internal.calibration.Moments;
import org.multipoint.internal.calibration.RangeStatistics;
import org.multipoint.internal.graph.GraphWalk;
import org.multipoint.internal.graph.LinearVertex;
import org.multipoint.internal.quantizer.ErrorCurves;
import org.multipoint.internal.quantizer.PointFinder;
import org.multipoint.internal.quantizer.WeightProblem;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;

/**
 * Streams calibration images through the reference network and finds, for each operation, the range of its inputs and what more points
 * would bring to each row. Sums only: what is held depends on the network, not on the number of images. Where the second
 * moments of all operations exceed the memory bound, the images pass several times.
 */
final class CalibrationPass {

    private final Settings settings;
    private final GraphWalk walk;
    private final CalibrationData data;
    private final TransformListener listener;
    private final Map<String, RangeStatistics> ranges = new HashMap<>();
    private final Map<Integer, Map<String, Candidate>> found = new TreeMap<>();
    private long images;

    /**
     * What is known of an operation before it is quantized.
     *
     * @param finder the best way to find its points
     * @param curves what more points would bring
     */
    record Candidate(PointFinder finder, ErrorCurves curves) {
    }

    CalibrationPass(Settings settings, GraphWalk walk, CalibrationData data, TransformListener listener) {
        this.settings = settings;
        this.walk = walk;
        this.data = data;
        this.listener = listener;
    }

    /**
     * Surveys the given vertices.
     *
     * @param widths widths of codes that are asked about
     */
    void run(List<LinearVertex> vertices, List<Integer> widths) {
        int done = 0;
        int total = vertices.stream().mapToInt(v -> v.operations().size()).sum();
        for (List<LinearVertex> part : parts(vertices)) {
            Map<String, Moments> moments = new HashMap<>();
            for (LinearVertex vertex : part) {
                vertex.operations().forEach(s -> moments.put(s.name(),
                        new Moments(s.op(), false, settings.options().positionsPerImage(), settings.bound())));
            }
            boolean first = images == 0;
            int[] batches = {0};
            images = walk.stream(data, (vertex, operation, input) -> {
                if (data.heldOut()) {
                    return;
                }
                String name = vertex.operations().get(operation).name();
                if (first) {
                    ranges.computeIfAbsent(name, n -> new RangeStatistics()).add(input.data());
                }
                if (moments.containsKey(name)) {
                    moments.get(name).add(input);
                }
                if (vertex == part.get(part.size() - 1) && operation == 0) {
                    listener.onProgress(TransformListener.Phase.CALIBRATION, ++batches[0], -1, "batch " + batches[0]);
                }
            });
            if (images == 0) {
                throw new IllegalArgumentException("The calibration iterator gave no examples");
            }
            for (LinearVertex vertex : part) {
                for (LinearVertex.Operation operation : vertex.operations()) {
                    examine(vertex, operation, moments.remove(operation.name()), widths);
                    listener.onProgress(TransformListener.Phase.ALLOCATION, ++done, total, operation.name());
                }
            }
        }
    }

    private void examine(LinearVertex vertex, LinearVertex.Operation operation, Moments moments, List<Integer> widths) {
        WeightProblem problem = new WeightProblem(operation.name(), operation.op(), operation.weights(), moments,
                settings.strategy().correctsBias());
        double outputVariance = problem.outputVariance();
        for (int width : widths) {
            double least = Double.POSITIVE_INFINITY;
            for (PointFinder finder : settings.finders(vertex.name(), width)) {
                double[][] errors = finder.errors(problem, settings.strategy().maxPoints(finder));
                int n = settings.strategy().ordinaryPoints(width);
                double total = Stream.of(errors).mapToDouble(e -> e[n - 1]).sum();
                if (total < least) {
                    least = total;
                    found.computeIfAbsent(width, w -> new HashMap<>()).put(operation.name(), new Candidate(finder,
                            new ErrorCurves(operation.op().columns(), finder.bits(), finder.layout(), errors, outputVariance)));
                }
            }
        }
    }

    /**
     * Consecutive vertices whose moments fit the memory bound together, beside what the hungriest of them needs when it is examined.
     *
     * @throws IllegalArgumentException where a vertex does not fit by itself, neither here nor when it will be quantized
     */
    private List<List<LinearVertex>> parts(List<LinearVertex> vertices) {
        MemoryBound bound = settings.bound();
        List<List<LinearVertex>> parts = new ArrayList<>();
        long held = 0;
        long besides = bound.patches();
        for (LinearVertex vertex : vertices) {
            long sums = 0;
            long more = 0;
            for (LinearVertex.Operation operation : vertex.operations()) {
                bound.require(operation.name(), operation.op(), settings.strategy().pairsMoments());
                long own = bound.sums(operation.op(), false, false);
                sums += own;
                more = Math.max(more, bound.most(operation.op(), false, false) - own);
            }
            if (parts.isEmpty() || held + sums + Math.max(besides, more) > bound.bytes()) {
                parts.add(new ArrayList<>());
                held = 0;
                besides = bound.patches();
            }
            parts.get(parts.size() - 1).add(vertex);
            held += sums;
            besides = Math.max(besides, more);
        }
        return parts;
    }

    RangeStatistics range(String operation) {
        return ranges.get(operation);
    }

    /** What was found of each operation where codes have the given width. */
    Map<String, Candidate> at(int width) {
        return found.get(width);
    }

    long images() {
        return images;
    }
}
