package org.multipoint.transform;

import org.multipoint.internal.calibration.RangeStatistics;
import org.multipoint.internal.graph.LinearVertex;
import org.multipoint.internal.graph.ReferenceNetwork;
import org.multipoint.internal.graph.WeightVertex;
import org.multipoint.internal.ops.InputQuantization;
import org.multipoint.internal.quantizer.WeightProblem;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Quantizes each layer independently, from its weights and the calibration pass through the reference network, as in the paper. */
final class IndependentQuantization {

    private final Settings settings;
    private final ReferenceNetwork network;
    private final CalibrationPass calibration;
    private final PointQuantizer quantizer;

    IndependentQuantization(Settings settings, ReferenceNetwork network, CalibrationPass calibration, PointQuantizer quantizer) {
        this.settings = settings;
        this.network = network;
        this.calibration = calibration;
        this.quantizer = quantizer;
    }

    List<QuantizedOperation> quantize(WeightVertex vertex) {
        List<QuantizedOperation> operations = new ArrayList<>();
        for (LinearVertex.Operation operation : vertex.operations()) {
            OperationQuantizer.Weights weights = quantizer.quantize(operation.name(),
                    new WeightProblem(operation.name(), operation.op(), operation.weights(), null, false).withLargestCode(settings.largestCode(vertex)));
            int bits = vertex instanceof LinearVertex linear ? settings.inputBits(operations.isEmpty() && network.readsNetworkInputs(linear)) : 0;
            RangeStatistics range = calibration.range(operation.name());
            Optional<InputQuantization> input = bits == 0 ? Optional.empty()
                    : Optional.of(range.quantization(settings.options().clipping(), bits));
            operations.add(new QuantizedOperation(operation.name(), weights.matrix(), weights.notionalBits(), operation.bias(), input, range,
                    quantizer.outputError(operation.name()), QuantizedOperation.UNFITTED));
        }
        return operations;
    }
}
