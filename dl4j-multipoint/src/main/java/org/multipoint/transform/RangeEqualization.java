package org.multipoint.transform;

import org.multipoint.internal.calibration.CalibrationData;
import org.multipoint.internal.calibration.ChannelRanges;
import org.multipoint.internal.calibration.RoundingNoise;
import org.multipoint.internal.engine.FusedRows;
import org.multipoint.internal.graph.BatchShape;
import org.multipoint.internal.graph.ChannelScaling;
import org.multipoint.internal.graph.LinearVertex;
import org.multipoint.internal.graph.ReferenceNetwork;
import org.multipoint.internal.ops.Tensor;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BooleanSupplier;

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
    private final Map<LinearVertex.Operation, ChannelRanges> ranges = new LinkedHashMap<>();

    /**
     * @param scaling the channels of the graph that is to be changed
     * @param network the graph as it is now
     */
    RangeEqualization(ChannelScaling scaling, ReferenceNetwork network) {
        this.scaling = scaling;
        this.network = network;
        readers = scaling.readers().stream().map(network.linear()::get).toList();
        readers.forEach(v -> v.operations().forEach(o -> ranges.put(o, new ChannelRanges(o.op().inChannels()))));
    }

    /**
     * Scales channels by what is seen of the examples that are not held out.
     *
     * @param needed whether channels are to be scaled; asked after the first {@value #DECIDING} examples, or after all where there are fewer
     * @return whether they are
     * @throws IllegalArgumentException where the examples do not fit the network; where an input of an operation is NaN or infinite
     */
    boolean run(CalibrationData data, BooleanSupplier needed, TransformListener listener) {
        long examples = 0;
        int batches = 0;
        boolean decided = false;
        data.reset();
        try (ReferenceNetwork.Passes passes = network.passes(readers)) {
            while (data.hasNext()) {
                Tensor[] batch = data.next();
                if (!data.heldOut()) {
                    passes.run(batch, BatchShape.of(batch, data.masks()), (vertex, index, input) -> {
                        CalibrationPass.requireFinite(input);
                        LinearVertex.Operation operation = vertex.operations().get(index);
                        ranges.get(operation).add(input, operation.op().channelAxis(input.shape().length));
                    });
                    examples += batch[0].shape()[0];
                    listener.onProgress(TransformListener.Phase.EQUALIZATION, ++batches, -1, "batch " + batches);
                    if (!decided && examples >= DECIDING) {
                        if (!needed.getAsBoolean()) {
                            return false;
                        }
                        decided = true;
                    }
                }
            }
        }
        if (!decided && !needed.getAsBoolean()) {
            return false;
        }
        scaling.scale(factors());
        return true;
    }

    /**
     * Whether the noise of all operations together, as it is predicted from what has been seen, is halved at least.
     * Weights are taken for integers up to {@value FusedRows#SAFE_LIMIT}, however few bits they are to have: their noise is what
     * points, allocation and error feedback make small, that of inputs is not.
     *
     * @param inputLevels number of steps in the range of the inputs
     */
    boolean isWorthwhile(int inputLevels) {
        double[] scaled = factors();
        double[] plain = new double[scaled.length];
        Arrays.fill(plain, 1);
        return noise(plain, inputLevels) > WORTHWHILE * noise(scaled, inputLevels);
    }

    private double noise(double[] factors, int inputLevels) {
        double sum = 0;
        for (LinearVertex vertex : readers) {
            for (int i = 0; i < vertex.operations().size(); i++) {
                LinearVertex.Operation operation = vertex.operations().get(i);
                sum += new RoundingNoise(operation.op(), operation.weights(), ranges.get(operation))
                        .with(scaling.inputFactors(vertex.name(), i, factors), inputLevels, FusedRows.SAFE_LIMIT);
            }
        }
        return sum;
    }

    private double[] factors() {
        double[] factors = new double[scaling.factors()];
        Arrays.fill(factors, 1 / MOST);
        for (LinearVertex vertex : readers) {
            for (int i = 0; i < vertex.operations().size(); i++) {
                int[] numbers = scaling.inputs(vertex.name(), i);
                double[] shares = ranges.get(vertex.operations().get(i)).shares();
                for (int c = 0; c < numbers.length; c++) {
                    factors[numbers[c]] = Math.max(factors[numbers[c]], shares[c]);
                }
            }
        }
        return factors;
    }
}
