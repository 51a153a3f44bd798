package org.multipoint.transform;

import org.multipoint.internal.calibration.CalibrationData;
import org.multipoint.internal.calibration.MemoryBound;
import org.multipoint.internal.calibration.Mergeable;
import org.multipoint.internal.calibration.Moments;
import org.multipoint.internal.calibration.RangeStatistics;
import org.multipoint.internal.calibration.Sums;
import org.multipoint.internal.examples.Examples;
import org.multipoint.internal.examples.Place;
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
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Passes calibration images through the reference network and finds for each operation its candidate: the best way to find its points,
 * and the output errors that more points would leave. Only sums are held, whose size depends on the network and not on the number of
 * images. Where the second moments of all operations exceed the memory bound, the images pass several times.
 */
final class CalibrationPass {

    private final Settings settings;
    private final ReferenceNetwork network;
    private final Examples examples;
    private final TransformListener listener;
    private final Map<String, RangeStatistics> ranges = new HashMap<>();
    private final Map<Integer, Map<String, Candidate>> candidates = new TreeMap<>();
    private long images;
    private boolean masked;

    CalibrationPass(Settings settings, ReferenceNetwork network, Examples examples, TransformListener listener) {
        this.settings = settings;
        this.network = network;
        this.examples = examples;
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
        candidates.replaceAll((width, all) -> settings.strategy().compared(all, network, examples.first(), settings.memory(), listener));
    }

    /** Second moments of the inputs of all operations of some vertices, by name of operation, from one pass of the images. */
    private Map<String, Moments> moments(List<WeightVertex> part) {
        List<String> names = part.stream().map(WeightVertex::name).toList();
        int most = settings.options().positionsPerImage();
        long memory = settings.memory();
        boolean withRanges = settings.strategy().needsRanges();
        AtomicInteger batches = new AtomicInteger();
        Inputs inputs = examples.sum(place -> inputs(place, names, most, memory, withRanges), () -> listener.onProgress(
                TransformListener.Phase.CALIBRATION, batches.incrementAndGet(), -1, "batch " + batches));
        images = inputs.images;
        masked = inputs.masked;
        ranges.putAll(inputs.ranges.all());
        Map<String, Moments> moments = new HashMap<>(inputs.moments.all());
        part.stream().filter(CalibrationPass::isIsotropic).flatMap(vertex -> vertex.operations().stream())
                .forEach(operation -> moments.put(operation.name(), Moments.isotropic(operation.op(), settings.bound())));
        return moments;
    }

    private static boolean isIsotropic(WeightVertex vertex) {
        return vertex instanceof WeightOnlyVertex weightOnly && !weightOnly.hasInputs();
    }

    /** What is known of the inputs of some vertices, by name of operation. */
    private static final class Inputs implements Mergeable<Inputs> {

        private static final long serialVersionUID = 1;

        private final Sums<Moments> moments = new Sums<>();
        private final Sums<RangeStatistics> ranges = new Sums<>();
        private long images;
        private boolean masked;

        @Override
        public void merge(Inputs other) {
            moments.merge(other.moments);
            ranges.merge(other.ranges);
            images += other.images;
            masked |= other.masked;
        }
    }

    private static Inputs inputs(Place place, List<String> names, int mostPositions, long memory, boolean withRanges) {
        List<WeightVertex> vertices = names.stream().map(place.network().withWeights()::get).toList();
        Inputs inputs = new Inputs();
        vertices.stream().filter(vertex -> !isIsotropic(vertex)).flatMap(vertex -> vertex.operations().stream()).forEach(o -> {
            inputs.moments.put(o.name(), new Moments(o.op(), Moments.positionsPerImage(o.op(), mostPositions), new MemoryBound(memory)));
            if (withRanges) {
                inputs.ranges.put(o.name(), new RangeStatistics());
            }
        });
        inputs.images = pass(place, vertices, (vertex, index, input) -> {
            requireFinite(input);
            String operation = vertex.operations().get(index).name();
            if (withRanges) {
                inputs.ranges.get(operation).add(input.data());
            }
            if (input.examples() > 0) {
                inputs.moments.get(operation).add(input);
            }
        });
        inputs.masked = place.data().masked();
        return inputs;
    }

    /**
     * Lets the examples of a place pass through its network as far as some vertices depend on it. Nothing is observed of those that are held out.
     *
     * @return the number of examples, those held out included
     */
    static long pass(Place place, List<? extends WeightVertex> observed, ReferenceNetwork.Tap tap) {
        CalibrationData data = place.data();
        long examples = 0;
        data.reset();
        try (ReferenceNetwork.Passes passes = place.network().passes(observed)) {
            while (data.hasNext()) {
                Tensor[] batch = data.next();
                examples += batch[0].examples();
                if (!data.heldOut()) {
                    passes.run(batch, BatchShape.of(batch, data.masks()), tap);
                    place.passed();
                }
            }
        }
        data.requireAny();
        return examples;
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
                long own = bound.sums(operation.op(), false);
                sums += own;
                more = Math.max(more, bound.most(operation.op(), false) - own);
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

    /** Whether any of them had a mask that excludes values. */
    boolean masked() {
        return masked;
    }
}
