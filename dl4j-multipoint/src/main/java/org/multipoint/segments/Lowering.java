package org.multipoint.segments;

import org.deeplearning4j.nn.conf.CNN2DFormat;
import org.deeplearning4j.nn.conf.InputPreProcessor;
import org.deeplearning4j.nn.conf.graph.ElementWiseVertex;
import org.deeplearning4j.nn.conf.graph.GraphVertex;
import org.deeplearning4j.nn.conf.graph.LayerVertex;
import org.deeplearning4j.nn.conf.graph.MergeVertex;
import org.deeplearning4j.nn.conf.graph.PreprocessorVertex;
import org.deeplearning4j.nn.conf.layers.ActivationLayer;
import org.deeplearning4j.nn.conf.layers.BatchNormalization;
import org.deeplearning4j.nn.conf.layers.DropoutLayer;
import org.deeplearning4j.nn.conf.layers.GlobalPoolingLayer;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.LossLayer;
import org.deeplearning4j.nn.conf.layers.SubsamplingLayer;
import org.deeplearning4j.nn.conf.layers.ZeroPaddingLayer;
import org.deeplearning4j.nn.conf.preprocessor.CnnToFeedForwardPreProcessor;
import org.multipoint.internal.engine.Program;
import org.multipoint.internal.graph.BatchNormAffine;
import org.multipoint.internal.ops.InputQuantization;
import org.multipoint.internal.ops.LinearOp;
import org.multipoint.internal.ops.Tensor;
import org.multipoint.layers.LayerKind;
import org.multipoint.layers.MultipointWeights;
import org.multipoint.points.IntegerRows;
import org.multipoint.points.MultipointMatrix;
import org.nd4j.linalg.activations.IActivation;
import org.nd4j.linalg.api.ndarray.INDArray;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Makes the program of a segment. */
final class Lowering {

    private final Segment segment;
    private final Map<String, Map<String, INDArray>> params;
    private final int codeLimit;
    private final List<Program.Instruction> instructions = new ArrayList<>();
    private final Map<String, Integer> values = new HashMap<>();

    /**
     * @param params    parameters of the segment's parts, by part and key
     * @param codeLimit largest code of the engine
     */
    Lowering(Segment segment, Map<String, Map<String, INDArray>> params, int codeLimit) {
        this.segment = segment;
        this.params = params;
        this.codeLimit = codeLimit;
    }

    Program program() {
        segment.inputs().forEach(name -> values.put(name, values.size()));
        segment.vertices().forEach((name, vertex) -> {
            List<Integer> from = segment.vertexInputs().get(name).stream().map(values::get).toList();
            values.put(name, lower(name, vertex, from));
        });
        int result = values.get(last(segment.vertices().keySet()));
        if (instructions.isEmpty() || result != segment.inputs().size() + instructions.size() - 1) {
            emit(new Program.Add(List.of(result)));
        }
        return new Program(segment.inputs().size(), segment.channelsLast(), instructions);
    }

    private static String last(Iterable<String> names) {
        String last = null;
        for (String name : names) {
            last = name;
        }
        return last;
    }

    private int emit(Program.Instruction instruction) {
        instructions.add(instruction);
        return segment.inputs().size() + instructions.size() - 1;
    }

    private int lower(String name, GraphVertex vertex, List<Integer> from) {
        if (vertex instanceof ElementWiseVertex) {
            return emit(new Program.Add(from));
        } else if (vertex instanceof MergeVertex) {
            return emit(new Program.Concat(from));
        } else if (vertex instanceof PreprocessorVertex) {
            return emit(new Program.Flatten(from.get(0)));
        }
        LayerVertex v = (LayerVertex) vertex;
        return layer(name, v.getLayerConf().getLayer(), v.getPreProcessor(), from.get(0));
    }

    private int layer(String name, Layer layer, InputPreProcessor before, int x) {
        if (SupportedVertices.isLinear(layer)) {
            return activated(SupportedVertices.activation(layer), linear(name, layer, (CnnToFeedForwardPreProcessor) before, x));
        } else if (layer instanceof BatchNormalization norm) {
            BatchNormAffine affine = BatchNormAffine.of(norm, params.get(name));
            return emit(new Program.Affine(x, floats(affine.factor()), floats(affine.shift())));
        } else if (layer instanceof ActivationLayer || layer instanceof LossLayer) {
            return activated(SupportedVertices.activation(layer), x);
        } else if (layer instanceof SubsamplingLayer pool) {
            return emit(new Program.Pool(x, SupportedVertices.poolKind(pool), SupportedVertices.window(pool)));
        } else if (layer instanceof GlobalPoolingLayer pool) {
            int pooled = emit(new Program.GlobalPool(x, SupportedVertices.poolKind(pool)));
            return pool.isCollapseDimensions() ? emit(new Program.Flatten(pooled)) : pooled;
        } else if (layer instanceof ZeroPaddingLayer pad) {
            int[] p = pad.getPadding();
            return emit(new Program.Pad(x, new Program.Frame(p[0], p[1], p[2], p[3])));
        } else if (layer instanceof DropoutLayer) {
            return x;
        }
        throw new IllegalStateException("\"" + name + "\" cannot be part of a segment: " + layer.getClass());
    }

    private int activated(IActivation activation, int x) {
        if (SupportedVertices.isSoftmax(activation)) {
            return emit(new Program.Softmax(x));
        }
        return SupportedVertices.rectifier(activation).map(upper -> emit(new Program.Rectify(x, upper))).orElse(x);
    }

    private int linear(String name, Layer layer, CnnToFeedForwardPreProcessor flatten, int input) {
        int x = flatten == null ? input : emit(new Program.Flatten(input));
        List<LinearOp> ops = SupportedVertices.ops(layer);
        Optional<MultipointWeights> stored = MultipointWeights.of(layer);
        for (int i = 0; i < ops.size(); i++) {
            LinearOp op = ops.get(i);
            float[] bias = i == ops.size() - 1 && params.containsKey(name) && params.get(name).containsKey("b")
                    ? Tensor.of(params.get(name).get("b")).data() : new float[op.rows()];
            Program.Weights weights = stored.isPresent() ? weights(stored.get().operations().get(i))
                    : new Program.FloatWeights(plain(name, layer, i));
            x = emit(new Program.Linear(x, op, ordered(weights, flatten), bias));
        }
        return x;
    }

    private float[] plain(String name, Layer layer, int operation) {
        LayerKind kind = LayerKind.ofPlain(layer).orElseThrow();
        return kind.matrix(params.get(name).get(kind.weightKeys().get(operation)), operation);
    }

    private Program.Weights weights(MultipointWeights.Operation operation) {
        MultipointMatrix matrix = operation.matrix();
        Optional<InputQuantization> input = operation.input();
        return input.isPresent() ? new Program.IntegerWeights(matrix.fuse(codeLimit), input.get())
                : new Program.FloatWeights(matrix.toFloats());
    }

    /**
     * Deeplearning4j flattens an image in the order of its axes, a program in the order (row, column, channel): columns of weights
     * behind a channels-first image move.
     */
    private static Program.Weights ordered(Program.Weights weights, CnnToFeedForwardPreProcessor flatten) {
        if (flatten == null || flatten.getFormat() == CNN2DFormat.NHWC) {
            return weights;
        }
        int channels = (int) flatten.getNumChannels();
        int pixels = (int) (flatten.getInputHeight() * flatten.getInputWidth());
        if (weights instanceof Program.IntegerWeights w) {
            IntegerRows rows = w.rows();
            byte[] codes = new byte[rows.codes().length];
            for (int i = 0; i < codes.length; i++) {
                codes[channelLast(i, channels, pixels)] = rows.codes()[i];
            }
            return new Program.IntegerWeights(new IntegerRows(rows.rows(), rows.columns(), codes, rows.scales(), rows.rounding()),
                    w.input());
        }
        float[] old = ((Program.FloatWeights) weights).matrix();
        float[] matrix = new float[old.length];
        for (int i = 0; i < matrix.length; i++) {
            matrix[channelLast(i, channels, pixels)] = old[i];
        }
        return new Program.FloatWeights(matrix);
    }

    private static int channelLast(int index, int channels, int pixels) {
        int row = index / (channels * pixels);
        int column = index % (channels * pixels);
        return (row * pixels + column % pixels) * channels + column / pixels;
    }

    private static float[] floats(double[] values) {
        float[] out = new float[values.length];
        for (int i = 0; i < out.length; i++) {
            out[i] = (float) values[i];
        }
        return out;
    }
}
