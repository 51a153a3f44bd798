package org.multipoint.transform;

import org.deeplearning4j.nn.graph.ComputationGraph;
import org.multipoint.internal.calibration.CalibrationData;
import org.multipoint.internal.ops.Tensor;
import org.multipoint.points.MultipointMatrix;
import org.multipoint.report.SensitivityReport;
import org.multipoint.report.SensitivityReport.LayerSensitivity;
import org.multipoint.segments.Segments;
import org.nd4j.linalg.api.ndarray.INDArray;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Stream;

/**
 * What quantized layers do to the outputs of a network: each of them alone, and all but each of them. Unlike {@link Sensitivity}, which
 * foretells it layer by layer from trial weights, this runs networks with the weights and the quantized activations that were found.
 */
final class LayerSensitivities {

    /** Examples that pass for each layer, at most. */
    private static final int MOST_EXAMPLES = 64;

    private final CalibrationData data;
    private final Function<Set<String>, ComputationGraph> quantizedIn;
    private final TransformListener listener;

    /**
     * @param quantizedIn makes the network in which only the named layers are quantized
     */
    LayerSensitivities(CalibrationData data, Function<Set<String>, ComputationGraph> quantizedIn, TransformListener listener) {
        this.data = data;
        this.quantizedIn = quantizedIn;
        this.listener = listener;
    }

    /** @param quantized operations of each layer, by its name */
    SensitivityReport of(Map<String, List<QuantizedOperation>> quantized) {
        List<Tensor[]> batches = examples(true);
        batches = batches.isEmpty() ? examples(false) : batches;
        int count = batches.stream().mapToInt(batch -> batch[0].examples()).sum();
        List<List<Tensor>> reference = outputs(Set.of(), batches);
        List<LayerSensitivity> layers = new ArrayList<>();
        for (String layer : quantized.keySet()) {
            List<MultipointMatrix> weights = quantized.get(layer).stream().map(QuantizedOperation::matrix).toList();
            Set<String> others = new LinkedHashSet<>(quantized.keySet());
            others.remove(layer);
            layers.add(new LayerSensitivity(layer, weights.stream().mapToLong(m -> (long) m.rows() * m.columns()).sum(),
                    weights.stream().mapToLong(MultipointMatrix::storedBits).sum(),
                    divergence(reference, outputs(Set.of(layer), batches)) / count,
                    divergence(reference, outputs(others, batches)) / count));
            listener.onProgress(TransformListener.Phase.SENSITIVITY, layers.size(), quantized.size(), layer);
        }
        return new SensitivityReport(layers, divergence(reference, outputs(quantized.keySet(), batches)) / count, count);
    }

    private List<Tensor[]> examples(boolean heldOut) {
        List<Tensor[]> batches = new ArrayList<>();
        data.reset();
        for (int seen = 0; data.hasNext() && seen < MOST_EXAMPLES; ) {
            Tensor[] batch = data.next();
            if (!heldOut || data.heldOut()) {
                batches.add(batch);
                seen += batch[0].examples();
            }
        }
        return batches;
    }

    /** The outputs for each batch of a network in which some layers are quantized. */
    private List<List<Tensor>> outputs(Set<String> layers, List<Tensor[]> batches) {
        ComputationGraph graph = quantizedIn.apply(layers);
        ComputationGraph compiled = Segments.compile(graph).graph();
        graph.close();
        List<List<Tensor>> outputs = new ArrayList<>();
        for (Tensor[] batch : batches) {
            INDArray[] inputs = Stream.of(batch).map(Tensor::toArray).toArray(INDArray[]::new);
            INDArray[] found = compiled.output(inputs);
            outputs.add(Stream.of(found).map(Tensor::of).toList());
            Stream.of(found).forEach(INDArray::close);
            Stream.of(inputs).forEach(INDArray::close);
        }
        MultipointModels.close(compiled);
        compiled.close();
        return outputs;
    }

    private static double divergence(List<List<Tensor>> reference, List<List<Tensor>> outputs) {
        double sum = 0;
        for (int batch = 0; batch < reference.size(); batch++) {
            for (int output = 0; output < reference.get(batch).size(); output++) {
                sum += Sensitivity.divergence(reference.get(batch).get(output), outputs.get(batch).get(output));
            }
        }
        return sum;
    }
}
