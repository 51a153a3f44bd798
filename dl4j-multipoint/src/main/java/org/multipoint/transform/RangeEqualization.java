package org.multipoint.transform;

import org.multipoint.internal.calibration.CalibrationData;
import org.multipoint.internal.calibration.ChannelRanges;
import org.multipoint.internal.calibration.RoundingNoise;
import org.multipoint.internal.calibration.Sums;
import org.multipoint.internal.engine.FusedRows;
import org.multipoint.internal.examples.Examples;
import org.multipoint.internal.examples.Place;
import org.multipoint.internal.graph.BatchShape;
import org.multipoint.internal.graph.ChannelScaling;
import org.multipoint.internal.graph.LinearVertex;
import org.multipoint.internal.graph.ReferenceNetwork;
import org.multipoint.internal.graph.WeightVertex;
import org.multipoint.internal.ops.Tensor;

import java.util.Arrays;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Gives the channels of activations equal ranges before they are quantized per tensor: all channels are scaled up as far as the range of
 * no tensor that they are part of grows. A tensor is then rounded as if each of its channels had a step of its own. Weights become coarser by it, since
 * those that read a channel of a small range count for more.
 */
final class RangeEqualization {

    /** Channels are scaled by this factor at most: what was seen of those that are nearly always zero says little about them. */
    private static final double MOST = 64;
    /** Where it is to be decided whether it pays, this many examples decide. */
    private static final int DECIDING = 64;
    /** It pays where the predicted noise becomes this many times smaller: it is wrong by less than that for the networks that were tried. */
    private static final double WORTHWHILE = 2;

    private final ChannelScaling scaling;
    private final ReferenceNetwork network;
    private final List<LinearVertex> readers;

    /**
     * @param scaling the channels of the graph that is to be changed
     * @param network the graph as it is now
     */
    RangeEqualization(ChannelScaling scaling, ReferenceNetwork network) {
        this.scaling = scaling;
        this.network = network;
        readers = scaling.readers().stream().map(network.linear()::get).toList();
    }

    /**
     * Whether the noise of all operations together, as it is predicted from the first {@value #DECIDING} examples that are not held out, is halved at least.
     * Weights are taken for integers up to {@value FusedRows#SAFE_LIMIT}, however few bits they are to have: their noise is what
     * points, allocation and error feedback make small, that of inputs is not.
     *
     * @param inputLevels number of steps in the range of the inputs
     * @throws IllegalArgumentException where the examples do not fit the network; where an input of an operation is NaN or infinite
     */
    boolean isWorthwhile(CalibrationData first, int inputLevels) {
        Sums<ChannelRanges> ranges = none(readers);
        first.reset();
        try (ReferenceNetwork.Passes passes = network.passes(readers)) {
            for (long examples = 0; examples < DECIDING && first.hasNext(); ) {
                Tensor[] batch = first.next();
                if (!first.heldOut()) {
                    passes.run(batch, BatchShape.of(batch, first.masks()), (vertex, index, input) -> add(ranges, vertex, index, input));
                    examples += batch[0].shape()[0];
                }
            }
        }
        double[] scaled = factors(ranges);
        double[] plain = new double[scaled.length];
        Arrays.fill(plain, 1);
        return noise(ranges, plain, inputLevels) > WORTHWHILE * noise(ranges, scaled, inputLevels);
    }

    /**
     * Scales channels by what is seen of the examples that are not held out.
     *
     * @throws IllegalArgumentException where the examples do not fit the network; where an input of an operation is NaN or infinite
     */
    void run(Examples examples, TransformListener listener) {
        List<String> names = readers.stream().map(LinearVertex::name).toList();
        AtomicInteger batches = new AtomicInteger();
        Sums<ChannelRanges> ranges = examples.sum(place -> ranges(place, names), () -> listener.onProgress(
                TransformListener.Phase.EQUALIZATION, batches.incrementAndGet(), -1, "batch " + batches));
        scaling.scale(factors(ranges));
    }

    /** The ranges of the channels of what the vertices of some names read, by name of operation. */
    private static Sums<ChannelRanges> ranges(Place place, List<String> readers) {
        List<LinearVertex> vertices = readers.stream().map(place.network().linear()::get).toList();
        Sums<ChannelRanges> ranges = none(vertices);
        CalibrationPass.pass(place, vertices, (vertex, index, input) -> add(ranges, vertex, index, input));
        return ranges;
    }

    private static Sums<ChannelRanges> none(List<LinearVertex> vertices) {
        Sums<ChannelRanges> ranges = new Sums<>();
        vertices.forEach(v -> v.operations().forEach(o -> ranges.put(o.name(), new ChannelRanges(o.op().inChannels()))));
        return ranges;
    }

    private static void add(Sums<ChannelRanges> ranges, WeightVertex vertex, int index, Tensor input) {
        CalibrationPass.requireFinite(input);
        LinearVertex.Operation operation = vertex.operations().get(index);
        ranges.get(operation.name()).add(input, operation.op().channelAxis(input.shape().length));
    }

    private double noise(Sums<ChannelRanges> ranges, double[] factors, int inputLevels) {
        double sum = 0;
        for (LinearVertex vertex : readers) {
            for (int i = 0; i < vertex.operations().size(); i++) {
                LinearVertex.Operation operation = vertex.operations().get(i);
                sum += new RoundingNoise(operation.op(), operation.weights(), ranges.get(operation.name()))
                        .with(scaling.inputFactors(vertex.name(), i, factors), inputLevels, FusedRows.SAFE_LIMIT);
            }
        }
        return sum;
    }

    private double[] factors(Sums<ChannelRanges> ranges) {
        double[] factors = new double[scaling.factors()];
        Arrays.fill(factors, 1 / MOST);
        for (LinearVertex vertex : readers) {
            for (int i = 0; i < vertex.operations().size(); i++) {
                int[] numbers = scaling.inputs(vertex.name(), i);
                double[] shares = ranges.get(vertex.operations().get(i).name()).shares();
                for (int c = 0; c < numbers.length; c++) {
                    factors[numbers[c]] = Math.max(factors[numbers[c]], shares[c]);
                }
            }
        }
        return factors;
    }
}
