package org.multipoint.internal.onnx;

import org.multipoint.internal.engine.ScalarFunction;

import java.util.List;

/** Functions of each value as the nodes that compute them. */
final class OnnxFunctions {

    private final OnnxGraph onnx;
    private final TensorNames names;

    OnnxFunctions(OnnxGraph onnx, TensorNames names) {
        this.onnx = onnx;
        this.names = names;
    }

    /**
     * Writes a function.
     *
     * @param x the tensor that it reads
     * @param y the tensor that it computes
     */
    void write(ScalarFunction f, String x, String y) {
        switch (f.kind()) {
            case LINEAR -> node("Add", y, inner("Mul", y, x, scalar(y, "factor", f.a())), scalar(y, "shift", f.b()));
            case CLIP -> node("Clip", y, x, scalar(y, "min", Math.max(f.a(), -Float.MAX_VALUE)),
                    scalar(y, "max", Math.min(f.b(), Float.MAX_VALUE)));
            case LEAKY -> onnx.node("LeakyRelu", y, List.of(x), OnnxGraph.attribute("alpha", f.a()));
            case ELU -> onnx.node("Elu", y, List.of(x), OnnxGraph.attribute("alpha", f.a()));
            case SIGMOID -> node("Sigmoid", y, x);
            case TANH -> node("Tanh", y, x);
            case SWISH -> {
                String inside = f.a() == 1 ? x : inner("Mul", y, x, scalar(y, "factor", f.a()));
                node("Mul", y, x, inner("Sigmoid", y, inside));
            }
            case MISH -> node("Mul", y, x, inner("Tanh", y, inner("Softplus", y, x)));
            case SOFTPLUS -> node("Softplus", y, x);
            case POWER -> node("Pow", y, x, scalar(y, "exponent", f.a()));
        }
    }

    private String scalar(String y, String what, float value) {
        return onnx.constant(names.of(y, what), new float[]{value});
    }

    private String inner(String op, String y, String... inputs) {
        String inner = names.of(y, op);
        node(op, inner, inputs);
        return inner;
    }

    private void node(String op, String y, String... inputs) {
        onnx.node(op, y, List.of(inputs));
    }
}
