package org.multipoint.onnxruntime;

import onnx.Onnx.NodeProto;
import onnx.Onnx.ValueInfoProto;
import org.multipoint.internal.onnx.IntegerTensors;
import org.multipoint.internal.onnx.OnnxGraph;
import org.multipoint.internal.onnx.TensorNames;
import org.multipoint.internal.ops.InputQuantization;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Rewrites a graph into the form from which ONNX Runtime makes integer operations: a pair of QuantizeLinear and DequantizeLinear behind
 * each activation, a DequantizeLinear behind each constant of integers, floating operations between them.
 */
final class IntegerForm {

    /** Operators that ONNX Runtime can run on integers. */
    private static final Set<String> INTEGER = Set.of("Conv", "Gemm", "Add", "Mul", "LeakyRelu", "Sigmoid", "Concat", "MaxPool",
            "AveragePool", "GlobalAveragePool", "Flatten", "Transpose", "Pad");
    /** Of these, the operators that only move or select values, so that output codes are input codes. */
    private static final Set<String> PASSING = Set.of("MaxPool", "Flatten", "Transpose", "Pad");
    private static final Set<String> WITH_WEIGHTS = Set.of("Conv", "Gemm");
    /** A clip whose bound is this close, relatively, to the value of the largest code has no effect. */
    private static final double SAME = 1e-5;

    private final OnnxGraph source;
    private final Map<String, InputQuantization> quantizations;
    private final int weightLimit;
    private final Map<String, NodeProto> producers = new HashMap<>();
    private final Map<String, List<NodeProto>> readers = new HashMap<>();
    private final OnnxGraph target = new OnnxGraph();
    private final TensorNames names;
    private final IntegerTensors integers;

    /**
     * @param source         a graph in floating point; not changed
     * @param quantizations  how tensors are quantized; other tensors stay floating point
     * @param weightLimit    largest absolute code of a weight
     */
    IntegerForm(OnnxGraph source, Map<String, InputQuantization> quantizations, int weightLimit) {
        this.source = source;
        this.weightLimit = weightLimit;
        this.quantizations = new HashMap<>(quantizations);
        this.names = new TensorNames(source.tensors());
        this.integers = new IntegerTensors(target, names);
        for (NodeProto node : source.nodes()) {
            producers.put(node.getOutput(0), node);
            node.getInputList().forEach(x -> readers.computeIfAbsent(x, k -> new ArrayList<>()).add(node));
            if (PASSING.contains(node.getOpType()) && this.quantizations.containsKey(node.getInput(0))) {
                this.quantizations.put(node.getOutput(0), this.quantizations.get(node.getInput(0)));
            }
        }
    }

    /** The rewritten graph; to be called once. */
    OnnxGraph graph() {
        for (ValueInfoProto input : source.inputs()) {
            target.input(input);
            if (onCodes(input.getName())) {
                integers.round(input.getName(), quantizations.get(input.getName()), rounded(input.getName()));
            }
        }
        for (NodeProto node : source.nodes()) {
            rewrite(node);
        }
        source.outputs().forEach(target::output);
        return target;
    }

    private void rewrite(NodeProto node) {
        String y = node.getOutput(0);
        if (clippedByCodes(node)) {
            integers.round(read(node.getInput(0)), quantizations.get(y), y);
            return;
        }
        NodeProto.Builder copy = node.toBuilder();
        boolean integerWeights = WITH_WEIGHTS.contains(node.getOpType()) && onCodes(node.getInput(0));
        for (int i = 0; i < node.getInputCount(); i++) {
            String x = node.getInput(i);
            copy.setInput(i, read(x));
            if (source.constants().containsKey(x) && !integerWeights) {
                target.constant(source.constants().get(x));
            }
        }
        if (integerWeights) {
            quantizeWeights(node, quantizations.get(node.getInput(0)).scale());
        }
        if (onCodes(y)) {
            String raw = names.of(y, "raw");
            target.node(copy.setOutput(0, raw).build());
            integers.round(raw, quantizations.get(y), y);
        } else {
            target.node(copy.build());
        }
    }

    private String read(String tensor) {
        return !producers.containsKey(tensor) && onCodes(tensor) ? rounded(tensor) : tensor;
    }

    private String rounded(String input) {
        return names.of(input, "rounded");
    }

    /** Whether a tensor is quantized and dequantized. */
    private boolean onCodes(String tensor) {
        if (!quantizations.containsKey(tensor) || source.constants().containsKey(tensor)) {
            return false;
        }
        List<NodeProto> after = readers.getOrDefault(tensor, List.of());
        NodeProto producer = producers.get(tensor);
        if (producer != null && after.size() == 1 && INTEGER.contains(producer.getOpType()) && isClip(after.get(0))) {
            return false;
        }
        return producer != null && (INTEGER.contains(producer.getOpType()) || clippedByCodes(producer))
                || after.stream().anyMatch(n -> INTEGER.contains(n.getOpType()));
    }

    private static boolean isClip(NodeProto node) {
        return node.getOpType().equals("Relu") || node.getOpType().equals("Clip");
    }

    /** Whether the quantization of an activation's output already does all that the activation does. */
    private boolean clippedByCodes(NodeProto node) {
        InputQuantization q = quantizations.get(node.getOutput(0));
        if (!isClip(node) || q == null || q.zeroPoint() != 0) {
            return false;
        }
        return node.getOpType().equals("Relu")
                || q.scale() * q.levels() <= source.floats(node.getInput(2))[0] * (1 + SAME);
    }

    /** Writes a node's weights and bias as integers, dequantized under their own names. */
    private void quantizeWeights(NodeProto node, float inputScale) {
        float[] w = source.floats(node.getInput(1));
        float[] b = source.floats(node.getInput(2));
        int rows = b.length;
        int columns = w.length / rows;
        byte[] codes = new byte[w.length];
        int[] biasCodes = new int[rows];
        float[] scales = new float[rows];
        float[] biasScales = new float[rows];
        for (int r = 0; r < rows; r++) {
            float max = 0;
            for (int i = r * columns; i < (r + 1) * columns; i++) {
                max = Math.max(max, Math.abs(w[i]));
            }
            scales[r] = max > 0 ? max / weightLimit : 1;
            for (int i = r * columns; i < (r + 1) * columns; i++) {
                codes[i] = (byte) Math.max(-weightLimit, Math.min(weightLimit, Math.rint(w[i] / scales[r])));
            }
            biasScales[r] = scales[r] * inputScale;
            biasCodes[r] = (int) Math.rint(b[r] / (double) biasScales[r]);
        }
        integers.weights(node.getInput(1), codes, scales, 0, source.shape(node.getInput(1)));
        integers.biases(node.getInput(2), biasCodes, biasScales);
    }
}
