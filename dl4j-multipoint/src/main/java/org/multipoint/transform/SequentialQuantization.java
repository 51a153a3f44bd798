package org.multipoint.transform;

import org.multipoint.internal.calibration.CalibrationData;
import org.multipoint.internal.calibration.Moments;
import org.multipoint.internal.calibration.RangeStatistics;
import org.multipoint.internal.engine.Engines;
import org.multipoint.internal.engine.Kernel;
import org.multipoint.internal.graph.BatchShape;
import org.multipoint.internal.graph.GraphWalk;
import org.multipoint.internal.graph.LinearVertex;
import org.multipoint.internal.ops.InputQuantization;
import org.multipoint.internal.ops.Tensor;
import org.multipoint.internal.quantizer.PointFinder;
import org.multipoint.internal.quantizer.TargetMatching;
import org.multipoint.internal.quantizer.WeightProblem;
import org.multipoint.options.MultipointOptions;
import org.multipoint.points.MultipointMatrix;
import org.nd4j.linalg.activations.impl.ActivationIdentity;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Quantizes layers in topological order. Two networks see the same images side by side: the reference network, and the one
 * quantized so far, whose inputs a layer will really be given. A layer's weights are matched to the reference network's output on
 * those inputs, rounded under their second moments, and its bias makes the mean output exact.
 */
final class SequentialQuantization {

    /** Activations of one vertex in both networks; the same object where no quantized layer came before. */
    private record Streams(Activations reference, Activations quantized) {
        boolean same() {
            return reference == quantized;
        }

        void close() {
            reference.close();
            if (!same()) {
                quantized.close();
            }
        }
    }

    private final Settings settings;
    private final MultipointOptions options;
    private final GraphWalk walk;
    private final Map<String, CalibrationPass.Candidate> found;
    private final Activations.Budget budget;
    private final List<BatchShape> batches = new ArrayList<>();
    /** Batches whose examples measure errors and are not learnt from; all measure where none are held out. */
    private final BitSet heldOut = new BitSet();

    /**
     * @param found what the survey found, by name of operation
     */
    SequentialQuantization(Settings settings, GraphWalk walk, Map<String, CalibrationPass.Candidate> found) {
        this.settings = settings;
        this.options = settings.options();
        this.found = found;
        this.walk = walk;
        this.budget = new Activations.Budget(settings.memory());
    }

    /**
     * @param points number of points of each row, by name of operation; vertices without an entry stay as they are
     * @return the quantized operations of each vertex
     */
    Map<String, List<QuantizedOperation>> run(CalibrationData data, Map<String, int[]> points, TransformListener listener) {
        Map<String, List<QuantizedOperation>> quantized = new LinkedHashMap<>();
        Map<String, Streams> live = new HashMap<>();
        Map<String, Integer> left = new HashMap<>();
        try {
            readInputs(data, live);
            for (String name : walk.order()) {
                if (walk.networkInput(name) >= 0) {
                    continue;
                }
                List<Streams> from = walk.inputsOf(name).stream().map(live::get).toList();
                LinearVertex vertex = walk.linear().get(name);
                Streams out;
                if (vertex != null && points.containsKey(vertex.operations().get(0).name())) {
                    List<QuantizedOperation> operations = new ArrayList<>();
                    out = quantize(vertex, from.get(0), addends(vertex, from.get(0), live), points, operations);
                    quantized.put(name, operations);
                    listener.onProgress(TransformListener.Phase.QUANTIZATION, quantized.size(),
                            (int) walk.linear().values().stream()
                                    .filter(v -> points.containsKey(v.operations().get(0).name())).count(), name);
                } else {
                    out = walk.usesOf(name) == 0 ? null : pass(name, vertex, from);
                }
                for (String source : walk.inputsOf(name)) {
                    if (left.merge(source, -1, Integer::sum) == -walk.usesOf(source)) {
                        live.remove(source).close();
                    }
                }
                if (out != null) {
                    live.put(name, out);
                }
            }
        } finally {
            live.values().forEach(Streams::close);
        }
        return quantized;
    }

    private void readInputs(CalibrationData data, Map<String, Streams> live) {
        for (String name : walk.order()) {
            if (walk.networkInput(name) >= 0) {
                Activations store = new Activations(budget);
                live.put(name, new Streams(store, store));
            }
        }
        data.reset();
        while (data.hasNext()) {
            Tensor[] batch = data.next();
            heldOut.set(batches.size(), data.heldOut());
            batches.add(BatchShape.of(batch));
            live.forEach((name, streams) -> streams.reference.add(batch[walk.networkInput(name)]));
        }
        if (batches.isEmpty()) {
            throw new IllegalArgumentException("The calibration iterator gave no examples");
        }
    }

    /** Both networks through a vertex that is not quantized. */
    private Streams pass(String name, LinearVertex vertex, List<Streams> from) {
        boolean same = from.stream().allMatch(Streams::same);
        List<Kernel> kernels = vertex == null ? List.of() : GraphWalk.kernels(vertex);
        try {
            Activations reference = new Activations(budget);
            Activations quantized = same ? reference : new Activations(budget);
            for (int b = 0; b < from.get(0).reference.batches(); b++) {
                int batch = b;
                reference.add(through(name, vertex, kernels, from.stream().map(s -> s.reference.get(batch)).toList(), batch));
                if (!same) {
                    quantized.add(through(name, vertex, kernels, from.stream().map(s -> s.quantized.get(batch)).toList(), batch));
                }
            }
            return new Streams(reference, quantized);
        } finally {
            kernels.forEach(Kernel::close);
        }
    }

    private Tensor through(String name, LinearVertex vertex, List<Kernel> kernels, List<Tensor> inputs, int batch) {
        if (vertex == null) {
            return walk.forward(name, inputs, batches.get(batch));
        }
        Tensor x = walk.operand(vertex, inputs.get(0), batches.get(batch));
        for (Kernel kernel : kernels) {
            x = GraphWalk.apply(vertex, kernel, x);
        }
        return GraphWalk.activate(vertex, x);
    }

    /** What is added to a vertex's output and falls short in the quantized network, where the vertex can make up for it. */
    private List<Streams> addends(LinearVertex vertex, Streams input, Map<String, Streams> live) {
        List<Streams> addends = walk.addends(vertex.name()).stream().map(live::get).toList();
        LinearVertex.Operation last = vertex.operations().get(vertex.operations().size() - 1);
        if (!options.targetMatching() || !options.quantizedInputs() || !options.shortcutMatching() || vertex.operations().size() > 1
                || last.op().groups() > 1 || !settings.bound().admits(last.op(), true, true)
                || !(vertex.activation() instanceof ActivationIdentity) || addends.contains(null)) {
            return List.of();
        }
        long[] output = last.op().outputShape(walk.operand(vertex, input.reference.get(0), batches.get(0)).shape());
        boolean sameShape = addends.stream().allMatch(a -> Arrays.equals(a.reference.get(0).shape(), output));
        return sameShape ? addends.stream().filter(a -> !a.same()).toList() : List.of();
    }

    private Streams quantize(LinearVertex vertex, Streams input, List<Streams> addends, Map<String, int[]> points,
                             List<QuantizedOperation> operations) {
        Streams x = operands(vertex, input);
        for (int i = 0; i < vertex.operations().size(); i++) {
            LinearVertex.Operation operation = vertex.operations().get(i);
            boolean last = i == vertex.operations().size() - 1;
            QuantizedOperation quantized = quantize(operation, x, addends, points.get(operation.name()), last);
            Streams out = outputs(vertex, operation, quantized, x, addends, last, last && walk.usesOf(vertex.name()) == 0, operations);
            if (x != input) {
                x.close();
            }
            x = out;
        }
        return x;
    }

    /** The vertex's input after its preprocessor. */
    private Streams operands(LinearVertex vertex, Streams input) {
        Tensor first = input.reference.get(0);
        if (walk.operand(vertex, first, batches.get(0)) == first) {
            return input;
        }
        Activations reference = new Activations(budget);
        Activations quantized = input.same() ? reference : new Activations(budget);
        for (int b = 0; b < input.reference.batches(); b++) {
            reference.add(walk.operand(vertex, input.reference.get(b), batches.get(b)));
            if (!input.same()) {
                quantized.add(walk.operand(vertex, input.quantized.get(b), batches.get(b)));
            }
        }
        return new Streams(reference, quantized);
    }

    /**
     * @param last whether it is the last operation of its layer, the only one that has a bias: what it makes exact includes the
     *             mean errors of those before it
     */
    private QuantizedOperation quantize(LinearVertex.Operation operation, Streams x, List<Streams> addends, int[] points, boolean last) {
        Optional<InputQuantization> input = Optional.empty();
        if (settings.activationBits() > 0) {
            RangeStatistics range = new RangeStatistics();
            for (int b = heldOut.nextClearBit(0); b < x.quantized.batches(); b = heldOut.nextClearBit(b + 1)) {
                addRange(operation.name(), range, x.quantized.get(b));
            }
            input = Optional.of(range.quantization(options.clipping(), settings.activationBits()));
        }
        Moments moments = addends.isEmpty()
                ? new Moments(operation.op(), options.quantizedInputs(), options.positionsPerImage(), settings.bound())
                : Moments.withShortfall(operation.op(), options.positionsPerImage(), settings.bound());
        for (int b = heldOut.nextClearBit(0); b < x.reference.batches(); b = heldOut.nextClearBit(b + 1)) {
            if (options.quantizedInputs()) {
                moments.add(x.reference.get(b), rounded(x.quantized.get(b), input), shortfall(addends, b));
            } else {
                moments.add(x.reference.get(b));
            }
        }
        WeightProblem problem = new WeightProblem(operation.name(), operation.op(), operation.weights(), moments, options.biasCorrection());
        WeightProblem target = options.targetMatching() && options.quantizedInputs()
                ? problem.withWeights(TargetMatching.match(problem, options.ridge())) : problem;
        PointFinder finder = found.get(operation.name()).finder();
        MultipointMatrix matrix = finder.find(target, points);
        float[] bias = options.biasCorrection() && last
                ? TargetMatching.bias(problem, operation.bias(), matrix.toFloats()) : operation.bias();
        return new QuantizedOperation(operation.name(), matrix, finder.notionalBits(target, matrix, points), bias, input, Double.NaN,
                moments.independent());
    }

    /** What the reference network adds less what the quantized one adds, or null where nothing is added. */
    private static Tensor shortfall(List<Streams> addends, int batch) {
        if (addends.isEmpty()) {
            return null;
        }
        long[] shape = addends.get(0).reference.get(batch).shape();
        float[] sum = new float[addends.get(0).reference.get(batch).data().length];
        for (Streams addend : addends) {
            float[] reference = addend.reference.get(batch).data();
            float[] quantized = addend.quantized.get(batch).data();
            for (int i = 0; i < sum.length; i++) {
                sum[i] += reference[i] - quantized[i];
            }
        }
        return new Tensor(sum, shape);
    }

    private static void addRange(String name, RangeStatistics range, Tensor tensor) {
        try {
            range.add(tensor.data());
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException("Layer \"" + name + "\": " + e.getMessage(), e);
        }
    }

    private static Tensor rounded(Tensor x, Optional<InputQuantization> input) {
        if (input.isEmpty()) {
            return x;
        }
        InputQuantization q = input.get();
        float[] out = new float[x.data().length];
        java.util.stream.IntStream.range(0, x.examples()).parallel().forEach(n -> {
            int per = out.length / x.examples();
            for (int i = n * per; i < (n + 1) * per; i++) {
                out[i] = q.round(x.data()[i]);
            }
        });
        return new Tensor(out, x.shape());
    }

    /** Outputs of an operation in both networks, and how far they are apart. */
    private Streams outputs(LinearVertex vertex, LinearVertex.Operation operation, QuantizedOperation quantized, Streams x, List<Streams> addends,
                            boolean last, boolean unused, List<QuantizedOperation> operations) {
        Activations referenceOut = new Activations(budget);
        Activations quantizedOut = new Activations(budget);
        OutputError error = new OutputError();
        try (Kernel own = Engines.preferred().floating(operation.op(), operation.weights(), operation.bias());
             Kernel now = Engines.preferred().floating(operation.op(), quantized.matrix().toFloats(), quantized.bias())) {
            for (int b = 0; b < x.reference.batches(); b++) {
                Tensor r = GraphWalk.apply(vertex, own, x.reference.get(b));
                Tensor q = GraphWalk.apply(vertex, now, rounded(x.quantized.get(b), quantized.input()));
                if (heldOut.isEmpty() || heldOut.get(b)) {
                    error.add(r.data(), q.data(), shortfall(addends, b));
                }
                if (!unused) {
                    referenceOut.add(last ? GraphWalk.activate(vertex, r) : r);
                    quantizedOut.add(last ? GraphWalk.activate(vertex, q) : q);
                }
            }
        }
        operations.add(quantized.withOutputError(error.relative()));
        return unused ? null : new Streams(referenceOut, quantizedOut);
    }

    /** Mean squared difference of a signal and a wanted one, relative to the variance of what the reference network has. */
    private static final class OutputError {
        private double sum;
        private double squares;
        private double difference;
        private long count;

        /**
         * @param shortfall what is wanted beyond what the reference network has, or null
         */
        void add(float[] reference, float[] other, Tensor shortfall) {
            for (int i = 0; i < reference.length; i++) {
                sum += reference[i];
                squares += (double) reference[i] * reference[i];
                double d = reference[i] - other[i] + (shortfall == null ? 0 : shortfall.data()[i]);
                difference += d * d;
            }
            count += reference.length;
        }

        double relative() {
            double mean = sum / count;
            double variance = squares / count - mean * mean;
            return variance > 0 ? difference / count / variance : 0;
        }
    }
}
