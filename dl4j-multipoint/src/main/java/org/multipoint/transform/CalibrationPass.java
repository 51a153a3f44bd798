package org.multipoint.transform;

import org.multipoint.internal.calibration.CalibrationData;
import org.multipoint.internal.calibration.MemoryBound;
import org.multipoint.internal.calibration.Moments;
import org.multipoint.internal.calibration.RangeStatistics;
import org.multipoint.internal.graph.BatchShape;
import org.multipoint.internal.graph.LinearVertex;
import org.multipoint.internal.graph.ReferenceNetwork;
import org.multipoint.internal.graph.WeightOnlyVertex;
import org.multipoint.internal.graph.WeightVertex;
import org.multipoint.internal.ops.Tensor;
import org.multipoint.internal.quantizer.WeightProblem;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Passes calibration images through the reference network and finds for each operation its candidate: the best way to find its points,
 * and the output errors that more points would leave. Only sums are held, whose size depends on the network and not on the number of
 * images. Where the second moments of all operations exceed the memory bound, the images pass several times.
 */
final class CalibrationPass {

    private final Settings settings;
    private final ReferenceNetwork network;
    private final CalibrationData data;
    private final TransformListener listener;
    private final Map<String, RangeStatistics> ranges = new HashMap<>();
    private final Map<Integer, Map<String, Candidate>> candidates = new TreeMap<>();
    private long images;

    CalibrationPass(Settings settings, ReferenceNetwork network, CalibrationData data, TransformListener listener) {
        this.settings = settings;
        this.network = network;
        this.data = data;
        this.listener = listener;
    }

    /**
     * Examines the operations of the given vertices.
     *
     * @param widths widths of codes to find candidates for
     * @throws IllegalArgumentException where there are no images, or they do not fit the network; where an input of an operation is NaN or
     *                                  infinite; where the memory bound is too small for an operation
     */
    void run(List<? extends WeightVertex> vertices, List<Integer> widths) {
        int done = 0;
        int total = vertices.stream().mapToInt(v -> v.operations().size()).sum();
        for (List<WeightVertex> part : parts(vertices)) {
            Map<String, Moments> moments = moments(part);
            for (WeightVertex vertex : part) {
                for (LinearVertex.Operation operation : vertex.operations()) {
                    examine(vertex, operation, moments.remove(operation.name()), widths);
                    listener.onProgress(TransformListener.Phase.ALLOCATION, ++done, total, operation.name());
                }
            }
        }
        candidates.replaceAll((width, all) -> settings.strategy().compared(all, network, data, settings.memory(), listener));
    }

    /** Second moments of the inputs of all operations of some vertices, by name of operation, from one pass of the images. */
    private Map<String, Moments> moments(List<WeightVertex> part) {
        Map<String, Moments> moments = new HashMap<>();
        part.forEach(vertex -> vertex.operations().forEach(operation -> moments.put(operation.name(),
                vertex instanceof WeightOnlyVertex weightOnly && !weightOnly.hasInputs() ? Moments.isotropic(operation.op(), settings.bound())
                        : new Moments(operation.op(), false,
                        Moments.positionsPerImage(operation.op(), settings.options().positionsPerImage()), settings.bound()))));
        images = 0;
        int batches = 0;
        data.reset();
        try (ReferenceNetwork.Passes passes = network.passes(part)) {
            while (data.hasNext()) {
                Tensor[] batch = data.next();
                images += batch[0].examples();
                if (!data.heldOut()) {
                    passes.run(batch, BatchShape.of(batch, data.masks()),
                            (vertex, operation, input) -> observe(vertex.operations().get(operation).name(), input, moments));
                    listener.onProgress(TransformListener.Phase.CALIBRATION, ++batches, -1, "batch " + batches);
                }
            }
        }
        if (images == 0) {
            throw new IllegalArgumentException("The calibration iterator gave no examples");
        }
        return moments;
    }

    private void observe(String operation, Tensor input, Map<String, Moments> moments) {
        requireFinite(input);
        if (settings.strategy().needsRanges()) {
            ranges.computeIfAbsent(operation, o -> new RangeStatistics()).add(input.data());
        }
        if (input.examples() > 0) {
            moments.get(operation).add(input);
        }
    }

    /** @throws IllegalArgumentException where an input of an operation is NaN or infinite; whoever calls this adds the name of the layer */
    static void requireFinite(Tensor input) {
        int wrong = Tensor.firstNonFinite(input.data());
        if (wrong >= 0) {
            throw new IllegalArgumentException("an input is " + input.data()[wrong] + ", expected finite values");
        }
    }

    private void examine(WeightVertex vertex, LinearVertex.Operation operation, Moments moments, List<Integer> widths) {
        WeightProblem problem = new WeightProblem(operation.name(), operation.op(), operation.weights(), moments,
                settings.strategy().correctsBias()).withLargestCode(settings.largestCode(vertex));
        for (int width : widths) {
            candidates.computeIfAbsent(width, w -> new LinkedHashMap<>())
                    .put(operation.name(), settings.strategy().candidate(problem, settings.ownBits(vertex.name()), width));
        }
    }

    /**
     * Consecutive vertices whose moments fit the memory bound together, beside what the hungriest of them needs when it is examined.
     *
     * @throws IllegalArgumentException where a vertex does not fit by itself, neither here nor when it will be quantized
     */
    private List<List<WeightVertex>> parts(List<? extends WeightVertex> vertices) {
        MemoryBound bound = settings.bound();
        List<List<WeightVertex>> parts = new ArrayList<>();
        long held = 0;
        long besides = bound.patches();
        for (WeightVertex vertex : vertices) {
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

    /** Range of the inputs of an operation, where the method asks for ranges. */
    RangeStatistics range(String operation) {
        return ranges.get(operation);
    }

    /** Candidates for codes of the given width, by name of operation. */
    Map<String, Candidate> candidates(int width) {
        return candidates.get(width);
    }

    /** Number of images that were seen, those held out included. */
    long images() {
        return images;
    }
}
