package org.multipoint.onnxruntime;

import org.deeplearning4j.nn.graph.ComputationGraph;
import org.multipoint.internal.calibration.RangeStatistics;
import org.multipoint.internal.engine.FusedRows;
import org.multipoint.internal.graph.GraphEdit;
import org.multipoint.internal.onnx.OnnxExporter;
import org.multipoint.internal.onnx.OnnxGraph;
import org.multipoint.internal.ops.InputQuantization;
import org.multipoint.internal.ops.Tensor;
import org.multipoint.options.MultipointOptions.Clipping;
import org.multipoint.segments.Additions;
import org.nd4j.linalg.api.ndarray.INDArray;

import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * A network in fp32 as ONNX models: in floating point, and quantized to 8 bits as ONNX Runtime's static quantizer does, every activation with the
 * range that it has on examples.
 */
public final class StaticQuantization {

    private final Map<String, INDArray> examples = new LinkedHashMap<>();
    private final OnnxGraph onnx;

    /**
     * @param source   in fp32; not changed
     * @param examples inputs from which sizes and ranges of activations are taken, one array for each network input
     * @throws IllegalArgumentException where a vertex cannot be written; it names the vertex
     */
    public StaticQuantization(ComputationGraph source, INDArray... examples) {
        for (int i = 0; i < examples.length; i++) {
            this.examples.put(source.getConfiguration().getNetworkInputs().get(i), examples[i]);
        }
        onnx = OnnxExporter.export(GraphEdit.of(source), FusedRows.FULL_LIMIT, Additions.FLOATING, Arrays.stream(examples).map(StaticQuantization::shape).toList());
    }

    private static long[] shape(INDArray examples) {
        long[] shape = examples.shape().clone();
        shape[0] = 1;
        return shape;
    }

    /** The model in floating point. */
    public byte[] floating() {
        return onnx.toBytes();
    }

    /**
     * The model in 8 bits: weights signed, symmetric, one scale for each output channel; activations unsigned, one scale for each tensor,
     * over the range that the floating model has on the examples.
     *
     * @param reduceRange whether weights take 7 bits, as with {@code reduce_range} of ONNX Runtime's own quantizer: for CPUs on which sums
     *                    of two products of 8 bits saturate
     */
    public byte[] quantized(boolean reduceRange) {
        Map<String, InputQuantization> quantizations = new HashMap<>();
        examples.forEach((name, example) -> quantizations.put(name, covering(Tensor.of(example).data())));
        try (OnnxRuntimeNetwork runtime = new OnnxRuntimeNetwork(onnx.withAllOutputs().toBytes(), examples, 1)) {
            runtime.run().forEach((name, activations) -> quantizations.put(name, covering(activations)));
        }
        return new IntegerForm(onnx, quantizations, reduceRange ? FusedRows.SAFE_LIMIT : FusedRows.FULL_LIMIT).graph().toBytes();
    }

    private static InputQuantization covering(float[] values) {
        RangeStatistics range = new RangeStatistics();
        range.add(values);
        return range.quantization(Clipping.MIN_MAX, 8);
    }
}
