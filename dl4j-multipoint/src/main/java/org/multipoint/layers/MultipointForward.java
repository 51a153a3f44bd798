package org.multipoint.layers;

import org.deeplearning4j.nn.conf.layers.FeedForwardLayer;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.multipoint.internal.engine.Cleanup;
import org.multipoint.internal.engine.EngineRunner;
import org.multipoint.internal.engine.Executable;
import org.multipoint.internal.engine.Kernel;
import org.multipoint.internal.engine.WorkspaceOutput;
import org.multipoint.internal.ops.InputQuantization;
import org.multipoint.internal.ops.LinearOp;
import org.multipoint.points.MultipointMatrix;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Function;

/**
 * The arithmetic of a multipoint layer: its operations one after another, each a kernel of the layer's engine. Where inputs are quantized
 * the engine multiplies integers; where they stay floating, the exact sums of points.
 */
final class MultipointForward extends EngineRunner {

    private final Layer layer;
    private final LayerKind kind;
    private final List<LinearOp> ops;
    private final MultipointWeights weights;
    /** One for each operation, or none where inputs stay floating. */
    private final List<InputQuantization> inputs = new ArrayList<>();
    /** Of operations on integers, once they are compiled. */
    private final List<Kernel> kernels = new ArrayList<>();
    private float[] kernelBias;

    /**
     * @throws IllegalStateException where the stored weights are missing, damaged, or do not fit the layer; it names the layer
     */
    MultipointForward(Layer layer) {
        MultipointWeights.check(layer);
        this.layer = layer;
        this.kind = LayerKind.ofMultipoint(layer);
        this.ops = kind.ops(layer);
        this.weights = MultipointWeights.of(layer).orElseThrow();
        weights.operations().forEach(operation -> operation.input().ifPresent(inputs::add));
    }

    private MultipointMatrix matrix(int operation) {
        return weights.operations().get(operation).matrix();
    }

    boolean isWeight(String key) {
        return kind.weightKeys().contains(key);
    }

    /** The L1 and L2 terms of the layer's weights and bias before they were quantized. */
    double regularization() {
        return weights.regularization();
    }

    /** The weights that stand behind a parameter key, summed up in full precision, made anew at each call. */
    INDArray weight(String key, DataType dataType) {
        int operation = kind.weightKeys().indexOf(key);
        return kind.param(layer, matrix(operation).toFloats(), operation).castTo(dataType);
    }

    /**
     * The layer's output before its activation.
     *
     * @param bias {@code [1, nOut]}
     */
    INDArray apply(INDArray input, INDArray bias, DataType dataType, LayerWorkspaceMgr workspaces) {
        int axis = ops.get(0).channelAxis(input.rank());
        if (input.rank() < 2 || input.size(axis) != ((FeedForwardLayer) layer).getNIn()) {
            throw new IllegalArgumentException("Layer \"" + layer.getLayerName() + "\": expected "
                    + ((FeedForwardLayer) layer).getNIn() + " channels on axis " + axis + " of its input, found shape "
                    + Arrays.toString(input.shape()));
        }
        float[] currentBias = bias.toFloatVector();
        try {
            return WorkspaceOutput.toWorkspace(workspaces, dataType, (allocate, x) -> inputs.isEmpty()
                    ? floating(x[0], currentBias, allocate) : quantized(x[0], currentBias, allocate), input);
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException("Layer \"" + layer.getLayerName() + "\": " + e.getMessage(), e);
        }
    }

    private synchronized INDArray quantized(INDArray x, float[] bias, Function<long[], INDArray> allocate) {
        if (kernels.isEmpty() || !Arrays.equals(bias, kernelBias)) {
            release();
            Cleanup.onFailure(this::release, () -> {
                for (int i = 0; i < ops.size(); i++) {
                    kernels.add(engine().quantized(ops.get(i), matrix(i), biasOf(i, bias), inputs.get(i)));
                }
            });
            kernelBias = bias;
        }
        return chain(0, x, allocate, (i, y, to) -> kernels.get(i).apply(to, y));
    }

    /** Kernels on floating weights are made for one call: no copy of the weights in full precision is kept. */
    private INDArray floating(INDArray x, float[] bias, Function<long[], INDArray> allocate) {
        return chain(0, x, allocate, (i, y, to) -> {
            try (Kernel kernel = engine().floating(ops.get(i), matrix(i).toFloats(), biasOf(i, bias))) {
                return kernel.apply(to, y);
            }
        });
    }

    /** Applies one operation. */
    private interface Step {
        INDArray apply(int operation, INDArray x, Function<long[], INDArray> allocate);
    }

    /** Applies the given operation and those behind it; only the last result is left. */
    private INDArray chain(int operation, INDArray x, Function<long[], INDArray> allocate, Step step) {
        if (operation == ops.size() - 1) {
            return step.apply(operation, x, allocate);
        }
        try (INDArray y = step.apply(operation, x, Executable::detached)) {
            return chain(operation + 1, y, allocate, step);
        }
    }

    private float[] biasOf(int operation, float[] bias) {
        return operation == ops.size() - 1 ? bias : new float[ops.get(operation).rows()];
    }

    @Override
    protected void closeCompiled() {
        kernels.forEach(Kernel::close);
        kernels.clear();
    }
}
