package org.multipoint.onnx;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import org.multipoint.linear.Tensor;
import org.nd4j.linalg.api.ndarray.INDArray;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.util.Map;

/** A model with one input on ONNX Runtime, made ready for one input. */
public final class OnnxRuntimeNetwork implements AutoCloseable {

    private final OrtSession session;
    private final OnnxTensor input;

    /**
     * @param input   what the model is run on, with the shape that the model takes; copied
     * @param threads how many threads run one call
     * @throws IllegalArgumentException where ONNX Runtime refuses the model
     */
    public OnnxRuntimeNetwork(byte[] model, INDArray input, int threads) {
        OrtEnvironment environment = OrtEnvironment.getEnvironment();
        try (OrtSession.SessionOptions options = new OrtSession.SessionOptions()) {
            options.setIntraOpNumThreads(threads);
            options.setInterOpNumThreads(1);
            options.setOptimizationLevel(OrtSession.SessionOptions.OptLevel.ALL_OPT);
            options.setSymbolicDimensionValue(OnnxGraph.BATCH, input.size(0));
            // Threads that wait for the next call would take the processor from whoever runs in between.
            options.addConfigEntry("session.force_spinning_stop", "1");
            session = environment.createSession(model, options);
            Tensor values = Tensor.of(input);
            FloatBuffer buffer = ByteBuffer.allocateDirect(4 * values.data().length).order(ByteOrder.nativeOrder()).asFloatBuffer();
            this.input = OnnxTensor.createTensor(environment, buffer.put(values.data()).flip(), values.shape());
        } catch (OrtException e) {
            throw new IllegalArgumentException("ONNX Runtime refuses the model: " + e.getMessage(), e);
        }
    }

    /** The first output, row by row. */
    public float[] run() {
        try (OrtSession.Result result = session.run(Map.of(session.getInputNames().iterator().next(), input))) {
            FloatBuffer buffer = ((OnnxTensor) result.get(0)).getFloatBuffer();
            float[] values = new float[buffer.remaining()];
            buffer.get(values);
            return values;
        } catch (OrtException e) {
            throw new IllegalStateException("ONNX Runtime failed: " + e.getMessage(), e);
        }
    }

    @Override
    public void close() {
        try {
            input.close();
            session.close();
        } catch (OrtException e) {
            throw new IllegalStateException("ONNX Runtime failed: " + e.getMessage(), e);
        }
    }
}
