package org.multipoint.internal.onnx;

import org.multipoint.internal.ops.InputQuantization;

import java.util.List;

/** Tensors of integers, as nodes that quantize floats and that dequantize integers. */
public final class IntegerTensors {

    /** The largest integer of a byte, to which QuantizeLinear clips. */
    private static final int BYTE = 255;

    private final OnnxGraph onnx;
    private final TensorNames names;

    public IntegerTensors(OnnxGraph onnx, TensorNames names) {
        this.onnx = onnx;
        this.names = names;
    }

    /**
     * Rounds a tensor of floats to what integers of one byte stand for.
     *
     * @param x the tensor that is read
     * @param y the tensor that is computed
     */
    public void round(String x, InputQuantization q, String y) {
        String scale = onnx.constant(names.of(y, "scale"), new float[]{q.scale()});
        String zero = onnx.constant(names.of(y, "zero"), new byte[]{(byte) q.zeroPoint()}, false);
        onnx.node("QuantizeLinear", names.of(y, "codes"), List.of(q.levels() < BYTE ? clipped(x, q, y) : x, scale, zero));
        onnx.node("DequantizeLinear", y, List.of(names.of(y, "codes"), scale, zero));
    }

    private String clipped(String x, InputQuantization q, String y) {
        onnx.node("Clip", names.of(y, "clipped"), List.of(x,
                onnx.constant(names.of(y, "lowest"), new float[]{-q.zeroPoint() * q.scale()}),
                onnx.constant(names.of(y, "highest"), new float[]{(q.levels() - q.zeroPoint()) * q.scale()})));
        return names.of(y, "clipped");
    }

    /**
     * Weights of which all with the same index along an axis share a scale.
     *
     * @param name  of the tensor of floats that they are dequantized to
     * @param codes -127 to 127
     * @return the name
     */
    public String weights(String name, byte[] codes, float[] scales, int axis, long... shape) {
        return dequantized(name, onnx.constant(names.of(name, "codes"), codes, true, shape), scales,
                onnx.constant(names.of(name, "zero"), new byte[scales.length], true, scales.length), axis);
    }

    /**
     * Biases, each with a scale of its own.
     *
     * @param name of the tensor of floats that they are dequantized to
     * @return the name
     */
    public String biases(String name, int[] codes, float[] scales) {
        return dequantized(name, onnx.constant(names.of(name, "codes"), codes, codes.length), scales,
                onnx.constant(names.of(name, "zero"), new int[codes.length], codes.length), 0);
    }

    private String dequantized(String name, String codes, float[] scales, String zeros, int axis) {
        onnx.node("DequantizeLinear", name, List.of(codes, onnx.constant(names.of(name, "scale"), scales, scales.length), zeros),
                OnnxGraph.attribute("axis", axis));
        return name;
    }
}
