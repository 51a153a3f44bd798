package org.multipoint.layers;

import org.deeplearning4j.nn.conf.layers.FeedForwardLayer;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.multipoint.internal.engine.Engine;
import org.multipoint.internal.engine.Engines;
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
 * The arithmetic of a multipoint layer: its operations one after another, each on the engine at hand. The points of each row are
 * fused into one int8 row when the engine's kernel is built; where inputs stay floating the exact sum of points is used.
 */
final class MultipointForward {

    private final Layer layer;
    private final LayerKind kind;
    private final List<LinearOp> ops;
    private final MultipointWeights weights;
    /** One for each operation, or none where inputs stay floating. */
    private final List<InputQuantization> inputs = new ArrayList<>();
    private Kernel[] kernels;
    private float[] kernelBias;

    /**
     * @throws IllegalStateException where the stored weights are missing, damaged, or do not fit the layer; it names the layer
     */
    MultipointForward(Layer layer) {
        this.layer = layer;
        this.kind = LayerKind.ofMultipoint(layer);
        this.ops = kind.ops(layer);
        this.weights = ((MultipointLayer) layer).getMultipoint();
        if (weights == null || weights.operations().size() != ops.size()) {
            throw broken("expected weights of " + ops.size() + " operations, found "
                    + (weights == null ? "none" : weights.operations().size()), null);
        }
        for (int i = 0; i < ops.size(); i++) {
            matrix(i);
            try {
                weights.operations().get(i).input().ifPresent(inputs::add);
            } catch (IllegalArgumentException e) {
                throw broken(e.getMessage(), e);
            }
        }
        if (!inputs.isEmpty() && inputs.size() < ops.size()) {
            throw broken("expected all of its operations or none to have a quantized input, found " + inputs.size() + " of "
                    + ops.size(), null);
        }
    }

    private IllegalStateException broken(String what, Exception cause) {
        return new IllegalStateException("Layer \"" + layer.getLayerName() + "\": " + what, cause);
    }

    private MultipointMatrix matrix(int operation) {
        LinearOp op = ops.get(operation);
        MultipointMatrix matrix;
        try {
            matrix = weights.operations().get(operation).matrix();
        } catch (IllegalArgumentException e) {
            throw broken(e.getMessage(), e);
        }
        if (matrix.rows() != op.rows() || matrix.columns() != op.columns()) {
            throw broken("expected weights of " + op.rows() + "x" + op.columns() + ", found " + matrix.rows() + "x"
                    + matrix.columns(), null);
        }
        return matrix;
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
        INDArray x = input.castTo(DataType.FLOAT);
        try {
            return WorkspaceOutput.toWorkspace(workspaces, dataType, allocate -> inputs.isEmpty()
                    ? floating(x, currentBias, allocate) : quantized(x, currentBias, allocate));
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException("Layer \"" + layer.getLayerName() + "\": " + e.getMessage(), e);
        }
    }

    private synchronized INDArray quantized(INDArray x, float[] bias, Function<long[], INDArray> allocate) {
        if (kernels == null || !Arrays.equals(bias, kernelBias)) {
            close();
            Engine engine = Engines.preferred();
            Kernel[] built = new Kernel[ops.size()];
            for (int i = 0; i < built.length; i++) {
                built[i] = engine.quantized(ops.get(i), matrix(i), biasOf(i, bias), inputs.get(i));
            }
            kernels = built;
            kernelBias = bias;
        }
        INDArray y = x;
        for (int i = 0; i < kernels.length; i++) {
            y = i < kernels.length - 1 ? kernels[i].apply(y) : kernels[i].apply(allocate, y);
        }
        return y;
    }

    /** Kernels on floating weights are made for one call: no copy of the weights in full precision is kept. */
    private INDArray floating(INDArray x, float[] bias, Function<long[], INDArray> allocate) {
        INDArray y = x;
        for (int i = 0; i < ops.size(); i++) {
            try (Kernel kernel = Engines.preferred().floating(ops.get(i), matrix(i).toFloats(), biasOf(i, bias))) {
                y = i < ops.size() - 1 ? kernel.apply(y) : kernel.apply(allocate, y);
            }
        }
        return y;
    }

    private float[] biasOf(int operation, float[] bias) {
        return operation == ops.size() - 1 ? bias : new float[ops.get(operation).rows()];
    }

    private void close() {
        if (kernels != null) {
            for (Kernel kernel : kernels) {
                kernel.close();
            }
            kernels = null;
        }
    }
}
