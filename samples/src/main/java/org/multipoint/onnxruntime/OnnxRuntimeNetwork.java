package org.multipoint.onnxruntime;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OnnxValue;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import org.multipoint.internal.onnx.OnnxGraph;
import org.multipoint.internal.ops.Tensor;
import org.nd4j.linalg.api.ndarray.INDArray;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;

/** A model on ONNX Runtime, prepared for inputs that stay the same. */
public final class OnnxRuntimeNetwork implements AutoCloseable {

    private final Map<String, OnnxTensor> inputs = new HashMap<>();
    private OrtSession session;

    /**
     * @param inputs  the inputs by name, in the shapes that the model takes; copied
     * @param threads number of threads that run one call
     * @throws IllegalArgumentException where ONNX Runtime rejects the model
     */
    public OnnxRuntimeNetwork(byte[] model, Map<String, INDArray> inputs, int threads) {
        OrtEnvironment environment = OrtEnvironment.getEnvironment();
        try (OrtSession.SessionOptions options = new OrtSession.SessionOptions()) {
            options.setIntraOpNumThreads(threads);
            options.setInterOpNumThreads(1);
            options.setOptimizationLevel(OrtSession.SessionOptions.OptLevel.ALL_OPT);
            options.setSymbolicDimensionValue(OnnxGraph.BATCH, inputs.values().iterator().next().size(0));
            // Threads that spin until the next call would take processor time from what runs in between.
            options.addConfigEntry("session.force_spinning_stop", "1");
            session = environment.createSession(model, options);
            for (Map.Entry<String, INDArray> input : inputs.entrySet()) {
                Tensor values = Tensor.of(input.getValue());
                FloatBuffer buffer = ByteBuffer.allocateDirect(4 * values.data().length).order(ByteOrder.nativeOrder()).asFloatBuffer();
                this.inputs.put(input.getKey(), OnnxTensor.createTensor(environment, buffer.put(values.data()).flip(), values.shape()));
            }
        } catch (OrtException e) {
            close();
            throw new IllegalArgumentException("ONNX Runtime rejects the model: " + e.getMessage(), e);
        }
    }

    /** The outputs by name, in the model's order, each row by row. */
    public Map<String, float[]> run() {
        try (OrtSession.Result result = session.run(inputs)) {
            Map<String, float[]> outputs = new LinkedHashMap<>();
            for (Map.Entry<String, OnnxValue> output : result) {
                FloatBuffer buffer = ((OnnxTensor) output.getValue()).getFloatBuffer();
                float[] values = new float[buffer.remaining()];
                buffer.get(values);
                outputs.put(output.getKey(), values);
            }
            return outputs;
        } catch (OrtException e) {
            throw new IllegalStateException("ONNX Runtime failed: " + e.getMessage(), e);
        }
    }

    @Override
    public void close() {
        try {
            inputs.values().forEach(OnnxTensor::close);
            if (session != null) {
                session.close();
            }
        } catch (OrtException e) {
            throw new IllegalStateException("ONNX Runtime failed: " + e.getMessage(), e);
        }
    }
}
