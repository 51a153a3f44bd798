package org.multipoint.internal.graph;

import org.deeplearning4j.nn.conf.layers.Layer;
import org.multipoint.internal.ops.LinearOp;
import org.multipoint.layers.LayerKind;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Changes the weights of linear layers in a copy of a graph. */
final class LinearEdit {

    private LinearEdit() {
    }

    /** The operations of the layer of a vertex, first to last. */
    static List<LinearOp> ops(GraphEdit edit, String vertex) {
        Layer layer = edit.layer(vertex);
        return LayerKind.ofPlain(layer).orElseThrow().ops(layer);
    }

    /**
     * Makes an operation give {@code outputs * z(inputs * x) + shift} instead of {@code z(x)}, for each channel.
     *
     * @param inputs  factor of each input channel
     * @param outputs factor of each output channel
     * @param shift   of each output channel; zero but for the last operation of the vertex, which is given a bias if it has none
     */
    static void affine(GraphEdit edit, String vertex, int operation, double[] inputs, double[] outputs, double[] shift) {
        Layer layer = edit.layer(vertex);
        LayerKind kind = LayerKind.ofPlain(layer).orElseThrow();
        LinearOp op = kind.ops(layer).get(operation);
        String key = kind.weightKeys().get(operation);
        Map<String, INDArray> params = new LinkedHashMap<>(edit.params(vertex));
        INDArray old = params.get(key);
        float[] weights = kind.matrix(old, operation);
        int channels = op.inChannels() / op.groups();
        int taps = op.columns() / channels;
        for (int i = 0; i < weights.length; i++) {
            int row = i / op.columns();
            int channel = row / op.rowsPerGroup() * channels + i % op.columns() / taps;
            weights[i] = (float) (weights[i] * outputs[row] * inputs[channel]);
        }
        params.put(key, kind.param(layer, weights, operation).castTo(old.dataType()));
        boolean shifts = Arrays.stream(shift).anyMatch(s -> s != 0);
        if (operation == kind.weightKeys().size() - 1 && (shifts || params.containsKey(LayerKind.BIAS))) {
            float[] bias = new float[op.rows()];
            for (int r = 0; r < bias.length; r++) {
                double b = params.containsKey(LayerKind.BIAS) ? params.get(LayerKind.BIAS).getDouble(r) : 0;
                bias[r] = (float) (b * outputs[r] + shift[r]);
            }
            params.put(LayerKind.BIAS, Nd4j.create(bias, new long[]{1, bias.length}, 'c').castTo(old.dataType()));
            layer = kind.withBias(layer);
        }
        edit.replace(vertex, layer, params);
    }
}
