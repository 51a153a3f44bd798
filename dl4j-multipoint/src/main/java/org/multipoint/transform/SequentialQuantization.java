package org.multipoint.transform;

import org.multipoint.internal.calibration.Mergeable;
import org.multipoint.internal.calibration.Moments;
import org.multipoint.internal.calibration.RangeStatistics;
import org.multipoint.internal.examples.Examples;
import org.multipoint.internal.examples.Place;
import org.multipoint.internal.graph.LinearForward;
import org.multipoint.internal.graph.LinearVertex;
import org.multipoint.internal.graph.ReferenceNetwork;
import org.multipoint.internal.graph.Topology;
import org.multipoint.internal.graph.WeightOnlyVertex;
import org.multipoint.internal.graph.WeightVertex;
import org.multipoint.internal.ops.InputQuantization;
import org.multipoint.internal.ops.LinearOp;
import org.multipoint.internal.quantizer.TargetMatching;
import org.multipoint.internal.quantizer.WeightProblem;
import org.multipoint.options.MultipointOptions;
import org.multipoint.options.MultipointOptions.Clipping;
import org.multipoint.points.MultipointMatrix;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Quantizes layers in topological order. Two networks process the same images: the reference network, and the network quantized so far,
 * whose activations are the inputs that a layer will have at inference. A layer's weights are matched to the reference network's output on
 * those inputs, rounded under their second moments, and its bias is corrected so that the mean output is exact.
 */
final class SequentialQuantization {

    /**
     * Activations of one vertex in both networks, wherever the examples are.
     *
     * @param name under which they are kept there
     * @param same whether no quantized layer comes before, so that they are the same in both networks
     * @param kept whether they are released when the vertex's readers have passed; those of a vertex whose followers are computed with it
     *             are never there
     */
    private record Stream(String name, boolean same, boolean kept) {

        Stream(String name, boolean same) {
            this(name, same, true);
        }
    }

    /** Images, and positions of each, under whose moments clipping is searched: few are enough for one number. */
    private static final int SEARCHED = 64;
    private static final int SEARCHED_POSITIONS = 128;

    private final Settings settings;
    private final MultipointOptions options;
    private final ReferenceNetwork network;
    private final OperationQuantizer quantizer;
    private final Examples examples;

    /**
     * @param quantizer quantizes the weights of the operations that it includes; vertices of others stay as they are
     * @param examples  their activations are kept while this runs, and released also where the quantization fails
     */
    SequentialQuantization(Settings settings, ReferenceNetwork network, OperationQuantizer quantizer, Examples examples) {
        this.settings = settings;
        this.options = settings.options();
        this.network = network;
        this.quantizer = quantizer;
        this.examples = examples;
    }

    /**
     * @return the quantized operations of each vertex
     */
    Map<String, List<QuantizedOperation>> run(TransformListener listener) {
        Topology topology = network.topology();
        Map<String, WeightVertex> chosen = new LinkedHashMap<>(network.withWeights());
        chosen.values().removeIf(vertex -> !quantizer.includes(vertex.operations().get(0).name()));
        Map<String, List<QuantizedOperation>> quantized = new LinkedHashMap<>();
        try {
            examples.defer(Place::read);
            Map<String, Stream> inputs = new LinkedHashMap<>();
            topology.networkInputs().forEach(name -> inputs.put(name, new Stream(name, true)));
            Map<String, Stream> computed = new HashMap<>();
            topology.traverse(inputs, (name, live) -> {
                List<Stream> read = topology.inputsOf(name).stream().map(live::get).toList();
                if (computed.containsKey(name)) {
                    return computed.remove(name);
                }
                if (!chosen.containsKey(name)) {
                    return topology.usesOf(name) == 0 ? null : pass(name, read);
                }
                List<QuantizedOperation> operations = new ArrayList<>();
                Stream out = chosen.get(name) instanceof WeightOnlyVertex weightOnly ? quantize(weightOnly, read.get(0), operations)
                        : quantize((LinearVertex) chosen.get(name), read.get(0), live, operations, computed);
                quantized.put(name, operations);
                listener.onProgress(TransformListener.Phase.QUANTIZATION, quantized.size(), chosen.size(), name);
                return out;
            }, this::release);
            return quantized;
        } finally {
            examples.clear();
        }
    }

    private void release(Stream stream) {
        if (stream.kept) {
            String name = stream.name;
            examples.defer(place -> place.release(name));
        }
    }

    /** Both networks through a vertex that is not quantized. */
    private Stream pass(String name, List<Stream> inputs) {
        List<String> from = inputs.stream().map(Stream::name).toList();
        examples.defer(place -> pass(place, name, from));
        return new Stream(name, inputs.stream().allMatch(Stream::same));
    }

    private static void pass(Place place, String name, List<String> from) {
        ReferenceNetwork network = place.network();
        LinearVertex vertex = network.linear().get(name);
        if (vertex == null) {
            place.map(name, from, (x, batch) -> network.forward(name, x, batch));
            return;
        }
        try (LinearForward forward = network.forward(vertex)) {
            place.map(name, from, (x, batch) -> forward.apply(network.operand(vertex, x.get(0), batch)));
        }
    }

    /** The input of a vertex's first operation. */
    private Stream operand(LinearVertex vertex, Stream input) {
        if (!network.hasPreProcessor(vertex)) {
            return input;
        }
        String name = vertex.name();
        String from = input.name;
        Stream operand = new Stream(part(vertex, "operand"), input.same);
        String to = operand.name;
        examples.defer(place -> operand(place, name, from, to));
        return operand;
    }

    private static void operand(Place place, String name, String from, String to) {
        LinearVertex vertex = place.network().linear().get(name);
        place.map(to, List.of(from), (x, batch) -> place.network().operand(vertex, x.get(0), batch));
    }

    /** A name of activations inside of a vertex, which no vertex has. */
    private static String part(LinearVertex vertex, Object which) {
        return vertex.name() + "\n" + which;
    }

    /**
     * The activations that are added to a vertex's output and differ between the networks, where the vertex can compensate for the
     * difference.
     *
     * @param operand input of its operation
     */
    private List<String> addends(LinearVertex vertex, Stream operand, Map<String, Stream> live) {
        List<Stream> addends = network.addends(vertex.name()).stream().map(live::get).toList();
        LinearOp op = vertex.operations().get(0).op();
        if (!options.targetMatching() || !options.quantizedInputs() || !options.shortcutMatching() || vertex.operations().size() > 1
                || op.groups() > 1 || !settings.bound().admits(op, true) || !vertex.hasIdentityActivation() || addends.contains(null)) {
            return List.of();
        }
        List<String> different = addends.stream().filter(a -> !a.same).map(Stream::name).toList();
        if (different.isEmpty()) {
            return List.of();
        }
        List<String> all = addends.stream().map(Stream::name).toList();
        OperationTask task = new OperationTask(vertex.name(), 0, operand.name, List.of(), null);
        return examples.sum(place -> new Always(task.fit(place, all))).holds() ? different : List.of();
    }

    /** Whether something holds wherever examples are. */
    private static final class Always implements Mergeable<Always> {

        private static final long serialVersionUID = 1;

        private boolean holds;

        Always(boolean holds) {
            this.holds = holds;
        }

        boolean holds() {
            return holds;
        }

        @Override
        public void merge(Always other) {
            holds &= other.holds;
        }
    }

    /**
     * Quantizes a vertex.
     *
     * @param operations its operations are added to it
     * @param computed   the outputs of the followers that are computed with it are added to it
     * @return its outputs, or null where they are not read
     */
    private Stream quantize(LinearVertex vertex, Stream input, Map<String, Stream> live, List<QuantizedOperation> operations,
                            Map<String, Stream> computed) {
        boolean read = network.topology().usesOf(vertex.name()) > 0;
        List<String> followers = network.followers(vertex.name());
        int last = vertex.operations().size() - 1;
        Stream x = operand(vertex, input);
        List<String> addends = addends(vertex, x, live);
        for (int i = 0; i <= last; i++) {
            OperationTask task = new OperationTask(vertex.name(), i, x.name, addends, null);
            Stream out = i < last ? new Stream(part(vertex, i), false) : read ? new Stream(vertex.name(), false) : null;
            operations.add(quantize(vertex.operations().get(i), task, inputBits(vertex, i), settings.largestCode(vertex), i == last,
                    out == null ? null : out.name, i == last ? followers : List.of()));
            if (x != input) {
                release(x);
            }
            x = out;
        }
        if (followers.isEmpty()) {
            return x;
        }
        Stream out = x;
        followers.forEach(follower -> computed.put(follower, new Stream(out.name, false, follower.equals(followers.get(followers.size() - 1)))));
        return new Stream(out.name, false, false);
    }

    private int inputBits(LinearVertex vertex, int index) {
        return settings.inputBits(index == 0 && network.readsNetworkInputs(vertex));
    }

    /**
     * Quantizes a vertex that Deeplearning4j computes.
     *
     * @param operations its operations are added to it
     * @return its outputs, or null where they are not read
     */
    private Stream quantize(WeightOnlyVertex vertex, Stream input, List<QuantizedOperation> operations) {
        WeightOnlyTask changed = new WeightOnlyQuantization(settings, examples, quantizer).quantize(vertex, input.name, operations);
        if (network.topology().usesOf(vertex.name()) == 0) {
            return null;
        }
        examples.defer(changed::forward);
        return new Stream(vertex.name(), false);
    }

    /**
     * Quantizes an operation, and computes its outputs in both networks.
     *
     * @param last    whether it is the last one of its layer: only that has a bias, whose correction includes the mean errors of those before it
     * @param to      name under which the outputs are kept; null where nobody reads them
     * @param through vertices that the outputs pass before they are kept
     */
    private QuantizedOperation quantize(LinearVertex.Operation operation, OperationTask task, int bits, int largestCode, boolean last,
                                        String to, List<String> through) {
        RangeStatistics range = bits == 0 ? null : examples.sum(task::range);
        InputQuantization input = bits == 0 ? null : input(operation, range, task, bits);
        OperationTask quantized = task.with(input);
        WeightProblem problem = problem(operation, quantized, options.positionsPerImage(), Long.MAX_VALUE).withLargestCode(largestCode);
        WeightProblem target = matched(problem);
        OperationQuantizer.Weights weights = quantizer.quantize(operation.name(), target);
        MultipointMatrix matrix = weights.matrix();
        float[] values = matrix.toFloats();
        float[] bias = options.biasCorrection() && last ? TargetMatching.bias(problem, operation.bias(), values) : operation.bias();
        OutputError error = examples.advance(place -> quantized.outputs(place, values, bias, to, through));
        return new QuantizedOperation(operation.name(), matrix, weights.notionalBits(), bias, Optional.ofNullable(input), range,
                error.relative(), problem.moments().independent());
    }

    /**
     * The weights of an operation, and the moments of its inputs.
     *
     * @param most   largest number of positions of an image that moments are taken of
     * @param images number of images that are enough
     */
    private WeightProblem problem(LinearVertex.Operation operation, OperationTask task, int most, long images) {
        boolean paired = options.quantizedInputs();
        long memory = settings.memory();
        Moments moments = examples.sum(place -> task.moments(place, paired, most, memory, images));
        return new WeightProblem(operation.name(), operation.op(), operation.weights(), moments, options.biasCorrection());
    }

    private WeightProblem matched(WeightProblem problem) {
        return options.targetMatching() && options.quantizedInputs()
                ? problem.withWeights(TargetMatching.match(problem, options.ridge())) : problem;
    }

    /** How the inputs of an operation are quantized. */
    private InputQuantization input(LinearVertex.Operation operation, RangeStatistics range, OperationTask task, int bits) {
        InputQuantization ofRange = range.quantization(options.clipping(), bits);
        if (options.clipping() != Clipping.OUTPUT_ERROR || !options.quantizedInputs() || bits == InputQuantization.MOST_BITS) {
            return ofRange;
        }
        return ClipSearch.from(ofRange, tried -> {
            WeightProblem problem = problem(operation, task.with(tried), Math.min(options.positionsPerImage(), SEARCHED_POSITIONS), SEARCHED);
            return TargetMatching.error(problem, matched(problem).weights());
        });
    }
}
