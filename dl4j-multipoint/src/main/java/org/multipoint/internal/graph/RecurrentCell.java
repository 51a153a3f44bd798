package org.multipoint.internal.graph;

import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.RNNFormat;
import org.deeplearning4j.nn.conf.layers.BaseRecurrentLayer;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.multipoint.internal.ops.Tensor;
import org.multipoint.layers.WeightOnlyKind;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.memory.MemoryWorkspace;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

import java.util.Arrays;
import java.util.List;
import java.util.Map;

/**
 * A recurrent layer inside its wrappers, and the vectors that its two matrices are multiplied with at each step of a sequence: its input, and its
 * own output of the step before. Steps that a mask leaves out are not among them.
 */
final class RecurrentCell {

    private final WeightOnlyKind.Part part;
    private final BaseRecurrentLayer conf;

    RecurrentCell(WeightOnlyKind.Part part) {
        this.part = part;
        this.conf = (BaseRecurrentLayer) part.layer();
    }

    /** Of the keys of its parameters among the vertex's. */
    String prefix() {
        return part.prefix();
    }

    /** Sequences as the cell reads them: {@code values[(example * steps + step) * channels + channel]}, and which steps count. */
    private static final class Sequences {
        private final float[] values;
        private final int examples;
        private final int steps;
        private final int channels;
        private final boolean[] counts;

        Sequences(float[] values, int examples, int steps, int channels, boolean[] counts) {
            this.values = values;
            this.examples = examples;
            this.steps = steps;
            this.channels = channels;
            this.counts = counts;
        }

        /** Of the steps that count, {@code [steps, channels]}. */
        Tensor counted() {
            int n = 0;
            for (boolean counted : counts) {
                n += counted ? 1 : 0;
            }
            float[] out = new float[n * channels];
            int at = 0;
            for (int i = 0; i < counts.length; i++) {
                if (counts[i]) {
                    System.arraycopy(values, i * channels, out, at, channels);
                    at += channels;
                }
            }
            return new Tensor(out, n, channels);
        }

        /** At each step the values of the step before, zeros at the first. */
        Sequences delayed(float[] of, int width) {
            float[] out = new float[of.length];
            for (int i = 0; i < examples * steps; i++) {
                if (i % steps > 0) {
                    System.arraycopy(of, (i - 1) * width, out, i * width, width);
                }
            }
            return new Sequences(out, examples, steps, width, counts);
        }
    }

    /**
     * The inputs of all steps that count.
     *
     * @param x    input of the vertex, of rank 3 in the layer's format, or {@code [examples, channels]}: a single step
     * @param mask {@code [examples, steps]}, or null
     * @return {@code [steps, channels]}
     */
    Tensor inputs(Tensor x, Tensor mask) {
        return sequences(x, mask).counted();
    }

    /**
     * The outputs of the step before, for all steps that count.
     *
     * @param params the vertex's parameters
     * @return {@code [steps, units]}
     */
    Tensor states(Tensor x, Tensor mask, Map<String, INDArray> params) {
        Sequences sequences = sequences(x, mask);
        return sequences.delayed(outputs(sequences, params), (int) conf.getNOut()).counted();
    }

    private Sequences sequences(Tensor x, Tensor mask) {
        long[] s = x.shape();
        boolean channelsLast = s.length == 3 && conf.getRnnDataFormat() == RNNFormat.NWC;
        int examples = (int) s[0];
        int steps = s.length < 3 ? 1 : (int) (channelsLast ? s[1] : s[2]);
        int channels = x.data().length / examples / steps;
        if (mask != null && mask.data().length != examples * steps) {
            throw new IllegalArgumentException("expected a mask of " + examples + " examples and " + steps + " steps, found shape "
                    + Arrays.toString(mask.shape()));
        }
        float[] values = new float[x.data().length];
        boolean[] counts = new boolean[examples * steps];
        for (int n = 0; n < examples; n++) {
            for (int t = 0; t < steps; t++) {
                int at = n * steps + (part.reversed() ? steps - 1 - t : t);
                boolean masked = part.maskingValue().isPresent();
                for (int c = 0; c < channels; c++) {
                    float value = x.data()[channelsLast ? (n * steps + t) * channels + c : (n * channels + c) * steps + t];
                    values[at * channels + c] = value;
                    masked &= value == (float) part.maskingValue().orElse(0);
                }
                // Deeplearning4j's MaskZeroLayer replaces the mask that it is given.
                counts[at] = part.maskingValue().isPresent() ? !masked : mask == null || mask.data()[n * steps + t] != 0;
            }
        }
        return new Sequences(values, examples, steps, channels, counts);
    }

    /** What the layer gives at each step, {@code values[(example * steps + step) * units + unit]}. */
    private float[] outputs(Sequences x, Map<String, INDArray> params) {
        NeuralNetConfiguration own = new NeuralNetConfiguration();
        own.setLayer(conf);
        boolean channelsLast = conf.getRnnDataFormat() == RNNFormat.NWC;
        try (MemoryWorkspace ws = Nd4j.getMemoryManager().scopeOutOfWorkspaces();
             INDArray flat = Nd4j.createUninitialized(DataType.FLOAT, conf.initializer().numParams(conf));
             INDArray rows = Tensor.array(x.values, 'c', x.examples, x.steps, x.channels);
             INDArray mask = Tensor.array(counting(x.counts), 'c', x.examples, x.steps);
             INDArray in = (channelsLast ? rows : rows.permute(0, 2, 1)).dup('f')) {
            conf.initializer().init(own, flat, false).forEach((key, param) -> param.assign(params.get(part.prefix() + key)));
            org.deeplearning4j.nn.api.Layer layer = conf.instantiate(own, List.of(), 0, flat, false, DataType.FLOAT);
            layer.setMaskArray(part.masked() ? mask : null);
            layer.setInput(in, LayerWorkspaceMgr.noWorkspaces());
            INDArray out = layer.activate(false, LayerWorkspaceMgr.noWorkspaces());
            return Tensor.of(channelsLast ? out : out.permute(0, 2, 1)).data();
        }
    }

    private static float[] counting(boolean[] counts) {
        float[] mask = new float[counts.length];
        for (int i = 0; i < mask.length; i++) {
            mask[i] = counts[i] ? 1 : 0;
        }
        return mask;
    }
}
