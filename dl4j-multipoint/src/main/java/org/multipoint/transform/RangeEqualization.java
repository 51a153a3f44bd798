package org.multipoint.transform;

import org.multipoint.internal.calibration.ChannelRanges;
import org.multipoint.internal.calibration.Sums;
import org.multipoint.internal.examples.Examples;
import org.multipoint.internal.examples.Place;
import org.multipoint.internal.graph.ChannelScaling;
import org.multipoint.internal.graph.LinearVertex;
import org.multipoint.internal.graph.ReferenceNetwork;

import java.util.Arrays;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Gives the channels of activations equal ranges before they are quantized per tensor: all channels are scaled up as far as the range of
 * no tensor that they are part of grows. A tensor is then rounded as if each of its channels had a step of its own.
 */
final class RangeEqualization {

    /** Channels are scaled by this factor at most: what was seen of those that are nearly always zero says little about them. */
    private static final double MOST = 64;

    private final ChannelScaling scaling;
    private final ReferenceNetwork network;

    /**
     * @param scaling the channels of the graph that is to be changed
     * @param network the graph as it is now
     */
    RangeEqualization(ChannelScaling scaling, ReferenceNetwork network) {
        this.scaling = scaling;
        this.network = network;
    }

    /**
     * Scales channels by what is seen of the examples that are not held out.
     *
     * @throws IllegalArgumentException where the examples do not fit the network; where an input of an operation is NaN or infinite
     */
    void run(Examples examples, TransformListener listener) {
        List<LinearVertex> readers = scaling.readers().stream().map(network.linear()::get).toList();
        List<String> names = readers.stream().map(LinearVertex::name).toList();
        AtomicInteger batches = new AtomicInteger();
        Sums<ChannelRanges> ranges = examples.sum(place -> ranges(place, names), () -> listener.onProgress(
                TransformListener.Phase.EQUALIZATION, batches.incrementAndGet(), -1, "batch " + batches));
        scaling.scale(factors(readers, ranges));
    }

    /** The ranges of the channels of what the vertices of some names read, by name of operation. */
    private static Sums<ChannelRanges> ranges(Place place, List<String> readers) {
        List<LinearVertex> vertices = readers.stream().map(place.network().linear()::get).toList();
        Sums<ChannelRanges> ranges = new Sums<>();
        vertices.forEach(v -> v.operations().forEach(o -> ranges.put(o.name(), new ChannelRanges(o.op().inChannels()))));
        CalibrationPass.pass(place, vertices, (vertex, index, input) -> {
            CalibrationPass.requireFinite(input);
            LinearVertex.Operation operation = vertex.operations().get(index);
            ranges.get(operation.name()).add(input, operation.op().channelAxis(input.shape().length));
        });
        return ranges;
    }

    private double[] factors(List<LinearVertex> readers, Sums<ChannelRanges> ranges) {
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
