package org.multipoint.transform;

import org.multipoint.calibration.Moments;
import org.multipoint.calibration.RangeStatistics;
import org.multipoint.linear.LinearOp;
import org.multipoint.points.MultipointMatrix;
import org.multipoint.quantizer.BudgetAllocation;
import org.multipoint.quantizer.ErrorCurves;
import org.multipoint.quantizer.PointFinder;
import org.multipoint.quantizer.WeightProblem;
import org.multipoint.walk.CalibrationData;
import org.multipoint.walk.GraphWalk;
import org.multipoint.walk.LinearVertex;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * Streams calibration images through the reference network and finds, for each operation, the range of its inputs and what more points
 * would bring to each row. Sums only: what is held depends on the network, not on the number of images. Where the second
 * moments of all operations exceed the memory bound, the images pass several times.
 */
final class Survey {

    private final Settings settings;
    private final GraphWalk walk;
    private final CalibrationData data;
    private final TransformListener listener;
    private final Map<String, RangeStatistics> ranges = new HashMap<>();
    private final Map<String, ErrorCurves> curves = new HashMap<>();
    private final Map<String, PointFinder> finders = new HashMap<>();
    private final Map<String, MultipointMatrix> single = new LinkedHashMap<>();
    private long images;

    Survey(Settings settings, GraphWalk walk, CalibrationData data, TransformListener listener) {
        this.settings = settings;
        this.walk = walk;
        this.data = data;
        this.listener = listener;
    }

    /** Surveys the given vertices. */
    void run(List<LinearVertex> vertices) {
        int[] found = {0};
        int total = vertices.stream().mapToInt(v -> v.stages().size()).sum();
        for (List<LinearVertex> part : parts(vertices)) {
            Map<String, Moments> moments = new HashMap<>();
            for (LinearVertex vertex : part) {
                vertex.stages().forEach(s -> moments.put(s.name(), new Moments(s.op(), false, settings.positionsPerImage)));
            }
            boolean first = images == 0;
            int[] batches = {0};
            images = walk.stream(data, (vertex, stage, input) -> {
                String name = vertex.stages().get(stage).name();
                if (first) {
                    ranges.computeIfAbsent(name, n -> new RangeStatistics()).add(input.data());
                }
                if (moments.containsKey(name)) {
                    moments.get(name).add(input);
                }
                if (vertex == part.get(part.size() - 1) && stage == 0) {
                    listener.onProgress(TransformListener.Phase.CALIBRATION, ++batches[0], -1, "batch " + batches[0]);
                }
            });
            if (images == 0) {
                throw new IllegalArgumentException("The calibration iterator gave no examples");
            }
            for (LinearVertex vertex : part) {
                for (LinearVertex.Stage stage : vertex.stages()) {
                    examine(vertex, stage, moments.remove(stage.name()));
                    listener.onProgress(TransformListener.Phase.ALLOCATION, ++found[0], total, stage.name());
                }
            }
        }
        if (weighing()) {
            weigh(vertices);
        }
    }

    /** Weighs layers by how much their errors change the network's outputs. */
    private void weigh(List<LinearVertex> vertices) {
        new Sensitivity(walk, data, settings.sensitivityImages).measure(vertices, single).forEach((name, change) -> {
            ErrorCurves c = curves.get(name);
            double error = IntStream.range(0, c.rows()).mapToDouble(r -> c.relative(r, 1)).sum();
            curves.put(name, c.weighted(error > 0 ? change / error : 0));
        });
        single.clear();
    }

    private void examine(LinearVertex vertex, LinearVertex.Stage stage, Moments moments) {
        WeightProblem problem = new WeightProblem(stage.name(), stage.op(), stage.weights(), moments,
                settings.method == Method.CALIBRATED && settings.biasCorrection);
        double least = Double.POSITIVE_INFINITY;
        for (PointFinder finder : settings.finders(vertex.name())) {
            double[][] errors = finder.errors(problem, settings.maxPoints(finder));
            double total = Stream.of(errors).mapToDouble(e -> e[0]).sum();
            if (total < least) {
                least = total;
                finders.put(stage.name(), finder);
                curves.put(stage.name(), new ErrorCurves(stage.op().columns(), finder.bits(), finder.layout(), errors,
                        problem.outputEnergy()));
            }
        }
        if (weighing()) {
            int[] ones = new int[stage.op().rows()];
            Arrays.fill(ones, 1);
            single.put(stage.name(), finders.get(stage.name()).find(problem, ones));
        }
    }

    private boolean weighing() {
        return settings.method == Method.CALIBRATED && settings.sensitivityImages > 0
                && settings.allocation instanceof BudgetAllocation;
    }

    /** Consecutive vertices whose moments fit the memory bound together. */
    private List<List<LinearVertex>> parts(List<LinearVertex> vertices) {
        List<List<LinearVertex>> parts = new ArrayList<>();
        long held = 0;
        for (LinearVertex vertex : vertices) {
            long bytes = vertex.stages().stream().mapToLong(s -> momentBytes(s.op())).sum();
            if (parts.isEmpty() || held + bytes > settings.memory) {
                parts.add(new ArrayList<>());
                held = 0;
            }
            parts.get(parts.size() - 1).add(vertex);
            held += bytes;
        }
        return parts;
    }

    private static long momentBytes(LinearOp op) {
        long columns = op.columns();
        return 8L * op.groups() * columns * Math.min(columns, Moments.MAX_BLOCK);
    }

    RangeStatistics range(String stage) {
        return ranges.get(stage);
    }

    ErrorCurves curves(String stage) {
        return curves.get(stage);
    }

    /** The way to find points that was best for an operation. */
    PointFinder finder(String stage) {
        return finders.get(stage);
    }

    long images() {
        return images;
    }
}
