package org.multipoint.testing;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OnnxValue;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import org.multipoint.internal.ops.Tensor;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;

/** Runs ONNX models on ONNX Runtime, with all its optimizations. */
public final class OnnxRuntime implements AutoCloseable {

    private final OrtSession session;

    public OnnxRuntime(byte[] model) {
        try (OrtSession.SessionOptions options = new OrtSession.SessionOptions()) {
            options.setIntraOpNumThreads(1);
            options.setOptimizationLevel(OrtSession.SessionOptions.OptLevel.ALL_OPT);
            session = OrtEnvironment.getEnvironment().createSession(model, options);
        } catch (OrtException e) {
            throw new AssertionError("ONNX Runtime rejects the model: " + e.getMessage(), e);
        }
    }

    /** The outputs by name, in the model's order. */
    public static Map<String, INDArray> run(byte[] model, Map<String, INDArray> inputs) {
        try (OnnxRuntime runtime = new OnnxRuntime(model)) {
            return runtime.run(inputs);
        }
    }

    /** The outputs by name, in the model's order. */
    public Map<String, INDArray> run(Map<String, INDArray> inputs) {
        Map<String, OnnxTensor> tensors = new HashMap<>();
        Map<String, INDArray> outputs = new LinkedHashMap<>();
        try {
            for (Map.Entry<String, INDArray> input : inputs.entrySet()) {
                Tensor x = Tensor.of(input.getValue());
                FloatBuffer buffer = ByteBuffer.allocateDirect(4 * x.data().length).order(ByteOrder.nativeOrder()).asFloatBuffer();
                tensors.put(input.getKey(), OnnxTensor.createTensor(OrtEnvironment.getEnvironment(), buffer.put(x.data()).flip(), x.shape()));
            }
            try (OrtSession.Result result = session.run(tensors)) {
                for (Map.Entry<String, OnnxValue> output : result) {
                    OnnxTensor y = (OnnxTensor) output.getValue();
                    float[] values = new float[y.getFloatBuffer().remaining()];
                    y.getFloatBuffer().get(values);
                    outputs.put(output.getKey(), Nd4j.create(values, y.getInfo().getShape(), 'c'));
                }
            }
            return outputs;
        } catch (OrtException e) {
            throw new AssertionError("ONNX Runtime failed: " + e.getMessage(), e);
        } finally {
            tensors.values().forEach(OnnxTensor::close);
        }
    }

    @Override
    public void close() {
        try {
            session.close();
        } catch (OrtException e) {
            throw new AssertionError(e);
        }
    }
}
