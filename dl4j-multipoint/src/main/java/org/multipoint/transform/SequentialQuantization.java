package org.multipoint.transform;

import org.multipoint.internal.calibration.CalibrationData;
import org.multipoint.internal.calibration.Moments;
import org.multipoint.internal.calibration.RangeStatistics;
import org.multipoint.internal.graph.BatchShape;
import org.multipoint.internal.graph.LinearForward;
import org.multipoint.internal.graph.LinearVertex;
import org.multipoint.internal.graph.OperationKernel;
import org.multipoint.internal.graph.ReferenceNetwork;
import org.multipoint.internal.graph.Topology;
import org.multipoint.internal.graph.WeightOnlyVertex;
import org.multipoint.internal.graph.WeightVertex;
import org.multipoint.internal.ops.InputQuantization;
import org.multipoint.internal.ops.LinearOp;
import org.multipoint.internal.ops.Tensor;
import org.multipoint.internal.quantizer.TargetMatching;
import org.multipoint.internal.quantizer.WeightProblem;
import org.multipoint.options.MultipointOptions;
import org.multipoint.options.MultipointOptions.Clipping;
import org.multipoint.points.MultipointMatrix;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.BiFunction;

/**
 * Quantizes layers in topological order. Two networks process the same images: the reference network, and the network quantized so far,
 * whose activations are the inputs that a layer will have at inference. A layer's weights are matched to the reference network's output on
 * those inputs, rounded under their second moments, and its bias is corrected so that the mean output is exact.
 */
final class SequentialQuantization {

    /** Activations of one vertex in both networks; the same object where no quantized layer comes before. */
    private record Streams(Activations reference, Activations quantized) implements AutoCloseable {
        boolean same() {
            return reference == quantized;
        }

        @Override
        public void close() {
            try {
                reference.close();
            } finally {
                quantized.close();
            }
        }
    }

    /** Images, and positions of each, under whose moments clipping is searched: few are enough for one number. */
    private static final int SEARCHED = 64;
    private static final int SEARCHED_POSITIONS = 128;

    private final Settings settings;
    private final MultipointOptions options;
    private final ReferenceNetwork network;
    private final OperationQuantizer quantizer;
    private final Activations.Budget budget;
    private final List<BatchShape> batches = new ArrayList<>();
    /** Batches on whose examples errors are measured and nothing is fitted; where it is empty, errors are measured on all. */
    private final BitSet heldOut = new BitSet();

    /**
     * @param quantizer quantizes the weights of the operations that it includes; vertices of others stay as they are
     * @param budget    for all activations; what is taken of it is given back, also where the quantization fails
     */
    SequentialQuantization(Settings settings, ReferenceNetwork network, OperationQuantizer quantizer,
                           Activations.Budget budget) {
        this.settings = settings;
        this.options = settings.options();
        this.network = network;
        this.quantizer = quantizer;
        this.budget = budget;
    }

    /**
     * @return the quantized operations of each vertex
     */
    Map<String, List<QuantizedOperation>> run(CalibrationData data, TransformListener listener) {
        Topology topology = network.topology();
        Map<String, WeightVertex> chosen = new LinkedHashMap<>(network.withWeights());
        chosen.values().removeIf(vertex -> !quantizer.includes(vertex.operations().get(0).name()));
        Map<String, List<QuantizedOperation>> quantized = new LinkedHashMap<>();
        topology.<Streams>traverse(read(data), (name, live) -> {
            List<Streams> inputs = topology.inputsOf(name).stream().map(live::get).toList();
            if (!chosen.containsKey(name)) {
                return topology.usesOf(name) == 0 ? null : pass(name, inputs);
            }
            List<QuantizedOperation> operations = new ArrayList<>();
            Streams out = chosen.get(name) instanceof WeightOnlyVertex weightOnly ? quantize(weightOnly, inputs.get(0), operations)
                    : quantize((LinearVertex) chosen.get(name), inputs.get(0), live, operations);
            quantized.put(name, operations);
            listener.onProgress(TransformListener.Phase.QUANTIZATION, quantized.size(), chosen.size(), name);
            return out;
        }, Streams::close);
        return quantized;
    }

    /** The network inputs of all batches. */
    private Map<String, Streams> read(CalibrationData data) {
        Map<String, Streams> inputs = new LinkedHashMap<>();
        List<String> names = network.topology().networkInputs();
        names.forEach(name -> inputs.put(name, open(true)));
        try {
            data.reset();
            while (data.hasNext()) {
                Tensor[] batch = data.next();
                heldOut.set(batches.size(), data.heldOut());
                batches.add(BatchShape.of(batch, data.masks()));
                for (int i = 0; i < batch.length; i++) {
                    inputs.get(names.get(i)).reference.add(batch[i]);
                }
            }
            if (batches.isEmpty()) {
                throw new IllegalArgumentException("The calibration iterator gave no examples");
            }
            return inputs;
        } catch (RuntimeException | Error e) {
            inputs.values().forEach(Streams::close);
            throw e;
        }
    }

    private Streams open(boolean same) {
        Activations reference = new Activations(budget);
        return new Streams(reference, same ? reference : new Activations(budget));
    }

    /** Both networks through a vertex that is not quantized. */
    private Streams pass(String name, List<Streams> inputs) {
        LinearVertex vertex = network.linear().get(name);
        if (vertex == null) {
            return map(inputs, (x, batch) -> network.forward(name, x, batch));
        }
        try (LinearForward forward = network.forward(vertex)) {
            return map(inputs, (x, batch) -> forward.apply(network.operand(vertex, x.get(0), batch)));
        }
    }

    /** The results of a function for each batch in both networks; it is computed once where their inputs are the same. */
    private Streams map(List<Streams> inputs, BiFunction<List<Tensor>, BatchShape, Tensor> function) {
        Streams out = open(inputs.stream().allMatch(Streams::same));
        try {
            for (int b = 0; b < batches.size(); b++) {
                int batch = b;
                out.reference.add(function.apply(inputs.stream().map(s -> s.reference.get(batch)).toList(), batches.get(b)));
                if (!out.same()) {
                    out.quantized.add(function.apply(inputs.stream().map(s -> s.quantized.get(batch)).toList(), batches.get(b)));
                }
            }
            return out;
        } catch (RuntimeException | Error e) {
            out.close();
            throw e;
        }
    }

    /**
     * The activations that are added to a vertex's output and differ between the networks, where the vertex can compensate for the
     * difference.
     *
     * @param operand input of its operation
     */
    private List<Streams> addends(LinearVertex vertex, Streams operand, Map<String, Streams> live) {
        List<Streams> addends = network.addends(vertex.name()).stream().map(live::get).toList();
        LinearOp op = vertex.operations().get(0).op();
        if (!options.targetMatching() || !options.quantizedInputs() || !options.shortcutMatching() || vertex.operations().size() > 1
                || op.groups() > 1 || !settings.bound().admits(op, true, true) || !vertex.hasIdentityActivation() || addends.contains(null)) {
            return List.of();
        }
        long[] output = op.outputShape(operand.reference.shape(0));
        boolean sameShape = addends.stream().allMatch(a -> Arrays.equals(a.reference.shape(0), output));
        return sameShape ? addends.stream().filter(a -> !a.same()).toList() : List.of();
    }

    /**
     * Quantizes a vertex.
     *
     * @param operations its operations are added to it
     * @return its outputs, or null where they are not read
     */
    private Streams quantize(LinearVertex vertex, Streams input, Map<String, Streams> live,
                             List<QuantizedOperation> operations) {
        boolean read = network.topology().usesOf(vertex.name()) > 0;
        Streams x = network.hasPreProcessor(vertex) ? map(List.of(input), (in, batch) -> network.operand(vertex, in.get(0), batch)) : input;
        try {
            List<Streams> addends = addends(vertex, x, live);
            for (int i = 0; i < vertex.operations().size(); i++) {
                QuantizedOperation quantized = quantize(vertex, i, x, addends);
                Streams done = x;
                x = outputs(vertex, i, quantized, x, addends, read || i < vertex.operations().size() - 1, operations);
                if (done != input) {
                    done.close();
                }
            }
            return x;
        } catch (RuntimeException | Error e) {
            if (x != null && x != input) {
                x.close();
            }
            throw e;
        }
    }

    /**
     * Quantizes a vertex that Deeplearning4j computes.
     *
     * @param operations its operations are added to it
     * @return its outputs, or null where they are not read
     */
    private Streams quantize(WeightOnlyVertex vertex, Streams input, List<QuantizedOperation> operations) {
        try (WeightOnlyVertex.Parameters changed = vertex.copyOfParameters()) {
            new WeightOnlyQuantization(settings, network, quantizer, batches, heldOut)
                    .quantize(vertex, input.reference, input.quantized, changed, operations);
            if (network.topology().usesOf(vertex.name()) == 0) {
                return null;
            }
            Streams out = open(false);
            try {
                forward(vertex, input.reference, out.reference);
                try (WeightOnlyVertex.Exchange exchange = changed.exchange()) {
                    forward(vertex, input.quantized, out.quantized);
                }
                return out;
            } catch (RuntimeException | Error e) {
                out.close();
                throw e;
            }
        }
    }

    private void forward(WeightOnlyVertex vertex, Activations from, Activations to) {
        for (int b = 0; b < batches.size(); b++) {
            to.add(network.forward(vertex.name(), List.of(from.get(b)), batches.get(b)));
        }
    }

    /** Quantizes an operation. Only the last one of its layer has a bias: its correction includes the mean errors of those before it. */
    private QuantizedOperation quantize(LinearVertex vertex, int index, Streams x, List<Streams> addends) {
        LinearVertex.Operation operation = vertex.operations().get(index);
        int bits = settings.inputBits(index == 0 && network.readsNetworkInputs(vertex));
        RangeStatistics range = bits == 0 ? null : range(operation.name(), x.quantized);
        Optional<InputQuantization> input = bits == 0 ? Optional.empty() : Optional.of(input(operation, range, x, addends, bits));
        WeightProblem problem = problem(operation, x, addends, input, batches.size(), options.positionsPerImage())
                .withLargestCode(settings.largestCode(vertex));
        WeightProblem target = matched(problem);
        OperationQuantizer.Weights weights = quantizer.quantize(operation.name(), target);
        MultipointMatrix matrix = weights.matrix();
        boolean last = index == vertex.operations().size() - 1;
        float[] bias = options.biasCorrection() && last
                ? TargetMatching.bias(problem, operation.bias(), matrix.toFloats()) : operation.bias();
        return new QuantizedOperation(operation.name(), matrix, weights.notionalBits(), bias, input, range, Double.NaN,
                problem.moments().independent());
    }

    /**
     * The weights of an operation, and the moments of its inputs.
     *
     * @param end       batch behind the last one that moments are taken of
     * @param most      largest number of positions of an image that they are taken of
     */
    private WeightProblem problem(LinearVertex.Operation operation, Streams x, List<Streams> addends, Optional<InputQuantization> input,
                                  int end, int most) {
        int positions = Moments.positionsPerImage(operation.op(), most);
        Moments moments = addends.isEmpty()
                ? new Moments(operation.op(), options.quantizedInputs(), positions, settings.bound())
                : Moments.withShortfall(operation.op(), positions, settings.bound());
        for (int b = firstFitted(); b < end; b = nextFitted(b)) {
            if (options.quantizedInputs()) {
                moments.add(x.reference.get(b), rounded(x.quantized.get(b), input), shortfall(addends, b));
            } else {
                moments.add(x.reference.get(b));
            }
        }
        return new WeightProblem(operation.name(), operation.op(), operation.weights(), moments, options.biasCorrection());
    }

    private WeightProblem matched(WeightProblem problem) {
        return options.targetMatching() && options.quantizedInputs()
                ? problem.withWeights(TargetMatching.match(problem, options.ridge())) : problem;
    }

    /** How the inputs of an operation are quantized. */
    private InputQuantization input(LinearVertex.Operation operation, RangeStatistics range, Streams x, List<Streams> addends, int bits) {
        InputQuantization ofRange = range.quantization(options.clipping(), bits);
        if (options.clipping() != Clipping.OUTPUT_ERROR || !options.quantizedInputs() || bits == InputQuantization.MOST_BITS) {
            return ofRange;
        }
        int end = firstFitted();
        for (long images = 0; end < batches.size() && images < SEARCHED; end++) {
            images += heldOut.get(end) ? 0 : x.quantized.shape(end)[0];
        }
        int some = end;
        return ClipSearch.from(ofRange, tried -> {
            WeightProblem problem = problem(operation, x, addends, Optional.of(tried), some,
                    Math.min(options.positionsPerImage(), SEARCHED_POSITIONS));
            return TargetMatching.error(problem, matched(problem).weights());
        });
    }

    private int firstFitted() {
        return heldOut.nextClearBit(0);
    }

    private int nextFitted(int batch) {
        return heldOut.nextClearBit(batch + 1);
    }

    /**
     * The difference of the values that the reference network and the quantized one add to an output, or null where nothing is added.
     * Differences and rounded inputs are computed anew for each pass over the batches: keeping them would take as much memory as
     * activations do.
     */
    private static Tensor shortfall(List<Streams> addends, int batch) {
        if (addends.isEmpty()) {
            return null;
        }
        float[] sum = new float[addends.get(0).reference.get(batch).data().length];
        for (Streams addend : addends) {
            float[] reference = addend.reference.get(batch).data();
            float[] quantized = addend.quantized.get(batch).data();
            for (int i = 0; i < sum.length; i++) {
                sum[i] += reference[i] - quantized[i];
            }
        }
        return new Tensor(sum, addends.get(0).reference.shape(batch));
    }

    private RangeStatistics range(String operation, Activations inputs) {
        RangeStatistics range = new RangeStatistics();
        try {
            for (int b = firstFitted(); b < batches.size(); b = nextFitted(b)) {
                range.add(inputs.get(b).data());
            }
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException("Layer \"" + operation + "\": " + e.getMessage(), e);
        }
        return range;
    }

    private static Tensor rounded(Tensor x, Optional<InputQuantization> input) {
        return input.map(q -> q.round(x)).orElse(x);
    }

    /**
     * Outputs of an operation in both networks.
     *
     * @param read       whether anybody reads them
     * @param operations the quantized operation is added to it with its output error
     * @return null where they are not read
     */
    private Streams outputs(LinearVertex vertex, int index, QuantizedOperation quantized, Streams x, List<Streams> addends,
                            boolean read, List<QuantizedOperation> operations) {
        LinearVertex.Operation operation = vertex.operations().get(index);
        OutputError error = new OutputError();
        Streams out = open(false);
        try (OperationKernel own = network.kernel(vertex, index, operation.weights(), operation.bias());
             OperationKernel now = network.kernel(vertex, index, quantized.matrix().toFloats(), quantized.bias())) {
            for (int b = 0; b < batches.size(); b++) {
                boolean measured = heldOut.isEmpty() || heldOut.get(b);
                if (!measured && !read) {
                    continue;
                }
                OperationKernel.Outputs r = own.outputs(x.reference.get(b), measured);
                OperationKernel.Outputs q = now.outputs(rounded(x.quantized.get(b), quantized.input()), measured);
                if (measured) {
                    error.add(r.linear().data(), q.linear().data(), shortfall(addends, b));
                }
                if (read) {
                    out.reference.add(r.activated());
                    out.quantized.add(q.activated());
                }
            }
        } catch (RuntimeException | Error e) {
            out.close();
            throw e;
        }
        operations.add(quantized.withOutputError(error.relative()));
        return read ? out : null;
    }
}
