package org.multipoint.segments;

import org.deeplearning4j.nn.conf.CNN2DFormat;
import org.deeplearning4j.nn.conf.InputPreProcessor;
import org.deeplearning4j.nn.conf.graph.ElementWiseVertex;
import org.deeplearning4j.nn.conf.graph.GraphVertex;
import org.deeplearning4j.nn.conf.graph.L2NormalizeVertex;
import org.deeplearning4j.nn.conf.graph.LayerVertex;
import org.deeplearning4j.nn.conf.graph.MergeVertex;
import org.deeplearning4j.nn.conf.graph.PreprocessorVertex;
import org.deeplearning4j.nn.conf.graph.ReshapeVertex;
import org.deeplearning4j.nn.conf.graph.ScaleVertex;
import org.deeplearning4j.nn.conf.graph.ShiftVertex;
import org.deeplearning4j.nn.conf.graph.StackVertex;
import org.deeplearning4j.nn.conf.graph.SubsetVertex;
import org.deeplearning4j.nn.conf.graph.UnstackVertex;
import org.deeplearning4j.nn.conf.layers.ActivationLayer;
import org.deeplearning4j.nn.conf.layers.BatchNormalization;
import org.deeplearning4j.nn.conf.layers.DropoutLayer;
import org.deeplearning4j.nn.conf.layers.GlobalPoolingLayer;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.PReLULayer;
import org.deeplearning4j.nn.conf.layers.SpaceToDepthLayer;
import org.deeplearning4j.nn.conf.layers.SubsamplingLayer;
import org.deeplearning4j.nn.conf.layers.Upsampling1D;
import org.deeplearning4j.nn.conf.layers.Upsampling2D;
import org.deeplearning4j.nn.conf.layers.ZeroPadding1DLayer;
import org.deeplearning4j.nn.conf.layers.ZeroPaddingLayer;
import org.deeplearning4j.nn.conf.layers.convolutional.Cropping1D;
import org.deeplearning4j.nn.conf.layers.convolutional.Cropping2D;
import org.deeplearning4j.nn.conf.preprocessor.CnnToFeedForwardPreProcessor;
import org.deeplearning4j.nn.params.PReLUParamInitializer;
import org.multipoint.internal.engine.Activate;
import org.multipoint.internal.engine.AddendRounding;
import org.multipoint.internal.engine.Combine;
import org.multipoint.internal.engine.Normalize;
import org.multipoint.internal.engine.Program;
import org.multipoint.internal.engine.Rearrange;
import org.multipoint.internal.engine.ScalarFunction;
import org.multipoint.internal.engine.Slope;
import org.multipoint.internal.graph.ActivationFunctions;
import org.multipoint.internal.graph.BatchNormAffine;
import org.multipoint.internal.ops.LinearOp;
import org.multipoint.internal.ops.Tensor;
import org.multipoint.layers.LayerKind;
import org.multipoint.layers.MultipointWeights;
import org.multipoint.points.MultipointMatrix;
import org.nd4j.linalg.activations.IActivation;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** Lowers a segment to the program that an engine runs. */
final class Lowering {

    private final Segment segment;
    private final Map<String, Map<String, INDArray>> params;
    private final List<Program.Instruction> instructions = new ArrayList<>();
    private final Map<String, Integer> values = new HashMap<>();
    /** Of parts with stored weights: for each operation its matrix. */
    private final Map<String, List<MultipointMatrix>> matrices;

    /**
     * @param params parameters of the segment's parts, by part and key
     */
    Lowering(Segment segment, Map<String, Map<String, INDArray>> params) {
        this.segment = segment;
        this.params = params;
        this.matrices = matrices(segment);
    }

    /** Decoding takes most of the time from loading a model to its first output: all layers in parallel. */
    private static Map<String, List<MultipointMatrix>> matrices(Segment segment) {
        return segment.vertices().entrySet().parallelStream()
                .filter(part -> part.getValue() instanceof LayerVertex v && MultipointWeights.of(v.getLayerConf().getLayer()).isPresent())
                .collect(Collectors.toMap(Map.Entry::getKey,
                        part -> MultipointWeights.matrices(((LayerVertex) part.getValue()).getLayerConf().getLayer())));
    }

    Program program() {
        segment.inputs().forEach(name -> values.put(name, values.size()));
        segment.vertices().forEach((name, vertex) -> {
            List<Integer> from = segment.vertexInputs().get(name).stream().map(values::get).toList();
            values.put(name, lower(name, vertex, from));
        });
        List<Integer> results = new ArrayList<>();
        for (String name : segment.results()) {
            int value = values.get(name);
            boolean another = value >= segment.inputs().size() && !results.contains(value);
            results.add(another ? value : emit(new Program.Add(List.of(value))));
        }
        Program program = new Program(segment.inputs().size(), segment.channelsLast(), instructions, results);
        return segment.additions() == Additions.INTEGER ? AddendRounding.of(program) : program;
    }

    private int emit(Program.Instruction instruction) {
        instructions.add(instruction);
        return segment.inputs().size() + instructions.size() - 1;
    }

    private int lower(String name, GraphVertex vertex, List<Integer> from) {
        if (vertex instanceof ElementWiseVertex e) {
            return elementWise(e.getOp(), from);
        } else if (vertex instanceof ScaleVertex scale) {
            return function(ScalarFunction.linear((float) scale.getScaleFactor(), 0), from.get(0));
        } else if (vertex instanceof ShiftVertex shift) {
            return function(ScalarFunction.linear(1, (float) shift.getShiftFactor()), from.get(0));
        } else if (vertex instanceof MergeVertex merge) {
            return emit(new Program.Concat(from, SupportedVertices.mergesRows(merge) ? 2 : 1));
        } else if (vertex instanceof StackVertex) {
            return emit(new Program.Concat(from, 0));
        } else if (vertex instanceof UnstackVertex unstack) {
            return emit(new Rearrange.Part(from.get(0), unstack.getFrom(), unstack.getStackSize()));
        } else if (vertex instanceof L2NormalizeVertex norm) {
            return emit(new Normalize(from.get(0), (float) norm.getEps()));
        } else if (vertex instanceof PreprocessorVertex p) {
            return prepared(p.getPreProcessor(), from.get(0));
        } else if (vertex instanceof ReshapeVertex r) {
            return reshape(from.get(0), true, SupportedVertices.sizes(r));
        } else if (vertex instanceof SubsetVertex s) {
            return emit(new Rearrange.Select(from.get(0), s.getFrom(), s.getTo() + 1));
        }
        LayerVertex v = (LayerVertex) vertex;
        return layer(name, v.getLayerConf().getLayer(), v.getPreProcessor(), from.get(0));
    }

    private int reshape(int x, boolean regroups, List<Integer> sizes) {
        return emit(new Rearrange.Reshape(x, segment.channelsLast(), regroups, sizes));
    }

    private int prepared(InputPreProcessor preProcessor, int x) {
        if (SupportedVertices.passes(preProcessor)) {
            return x;
        }
        List<Integer> order = SupportedVertices.order(preProcessor);
        return order.isEmpty() ? reshape(x, false, SupportedVertices.sizes(preProcessor))
                : emit(new Rearrange.Permute(x, segment.channelsLast(), order));
    }

    private int layer(String name, Layer layer, InputPreProcessor before, int input) {
        if (before instanceof CnnToFeedForwardPreProcessor flatten) {
            int x = emit(new Program.Flatten(input));
            return activated(SupportedVertices.activation(layer), SupportedVertices.isKnown(layer),
                    linear(name, layer, columnOrder(flatten), x));
        }
        int x = before == null ? input : prepared(before, input);
        if (SupportedVertices.isLinear(layer)) {
            return activated(SupportedVertices.activation(layer), SupportedVertices.isKnown(layer),
                    linear(name, layer, Optional.empty(), x));
        } else if (layer instanceof BatchNormalization norm) {
            BatchNormAffine affine = BatchNormAffine.of(norm, params.get(name));
            return emit(new Program.Affine(x, floats(affine.factor()), floats(affine.shift())));
        } else if (layer instanceof ActivationLayer || SupportedVertices.loss(layer).isPresent()) {
            return activated(SupportedVertices.activation(layer), SupportedVertices.isKnown(layer), x);
        } else if (layer instanceof PReLULayer) {
            return slope(params.get(name).get(PReLUParamInitializer.WEIGHT_KEY), x);
        } else if (layer instanceof SubsamplingLayer pool) {
            return emit(new Program.Pool(x, SupportedVertices.poolKind(pool), SupportedVertices.window(pool)));
        } else if (layer instanceof GlobalPoolingLayer pool) {
            int pooled = emit(new Program.GlobalPool(x, SupportedVertices.poolKind(pool)));
            return pool.isCollapseDimensions() ? emit(new Program.Flatten(pooled)) : pooled;
        } else if (layer instanceof ZeroPaddingLayer pad) {
            int[] p = pad.getPadding();
            return emit(new Program.Pad(x, new Program.Frame(p[0], p[1], p[2], p[3])));
        } else if (layer instanceof ZeroPadding1DLayer pad) {
            return emit(new Program.Pad(x, new Program.Frame(pad.getPadding()[0], pad.getPadding()[1], 0, 0)));
        } else if (layer instanceof DropoutLayer) {
            return x;
        }
        return rearranged(name, layer, x);
    }

    private int rearranged(String name, Layer layer, int x) {
        if (layer instanceof Upsampling1D up) {
            return emit(new Rearrange.Upsample(x, up.getSize()[0], 1));
        } else if (layer instanceof Upsampling2D up) {
            return emit(new Rearrange.Upsample(x, up.getSize()[0], up.getSize()[1]));
        } else if (layer instanceof Cropping1D crop) {
            return emit(new Rearrange.Crop(x, new Program.Frame(crop.getCropping()[0], crop.getCropping()[1], 0, 0)));
        } else if (layer instanceof Cropping2D crop) {
            int[] c = crop.getCropping();
            return emit(new Rearrange.Crop(x, new Program.Frame(c[0], c[1], c[2], c[3])));
        } else if (layer instanceof SpaceToDepthLayer fold) {
            return emit(new Rearrange.SpaceToDepth(x, fold.getBlockSize()));
        }
        throw new IllegalStateException("\"" + name + "\" cannot be part of a segment: " + layer.getClass());
    }

    private int elementWise(ElementWiseVertex.Op op, List<Integer> from) {
        if (from.size() == 1) {
            return from.get(0);
        }
        return switch (op) {
            case Add -> emit(new Program.Add(from));
            case Average -> function(ScalarFunction.linear(1f / from.size(), 0), emit(new Program.Add(from)));
            case Product -> emit(new Combine(Combine.Operation.PRODUCT, from));
            case Subtract -> emit(new Combine(Combine.Operation.DIFFERENCE, from));
            case Max -> emit(new Combine(Combine.Operation.MAXIMUM, from));
        };
    }

    /** The value of an activation that programs compute; others are left to the segment. */
    private int activated(IActivation activation, boolean known, int x) {
        if (known && ActivationFunctions.isSoftmax(activation)) {
            return emit(new Program.Softmax(x));
        }
        int y = x;
        for (ScalarFunction function : ActivationFunctions.functions(activation).orElse(List.of())) {
            y = function(function, y);
        }
        return y;
    }

    private int function(ScalarFunction f, int x) {
        boolean rectifier = f.kind() == ScalarFunction.Kind.CLIP && f.a() == 0;
        return emit(rectifier ? new Program.Rectify(x, f.b()) : new Activate(x, f));
    }

    /** The axes of the slopes are those of the arrays that they are for, without that of the examples. */
    private int slope(INDArray slopes, int x) {
        if (slopes.length() == 1) {
            return function(ScalarFunction.of(ScalarFunction.Kind.LEAKY, slopes.getFloat(0)), x);
        }
        INDArray image = slopes;
        while (image.rank() < 3) {
            image = Nd4j.expandDims(image, segment.channelsLast() && image.rank() == 2 ? 1 : image.rank());
        }
        if (segment.channelsLast() && slopes.rank() > 1) {
            image = image.permute(2, 0, 1);
        }
        return emit(new Slope(x, new Program.Shape(1, (int) image.size(0), (int) image.size(1), (int) image.size(2)), Tensor.of(image).data()));
    }

    private int linear(String name, Layer layer, Optional<int[]> order, int input) {
        int x = input;
        List<LinearOp> ops = SupportedVertices.ops(layer);
        Optional<MultipointWeights> stored = MultipointWeights.of(layer);
        for (int i = 0; i < ops.size(); i++) {
            LinearOp op = ops.get(i);
            float[] bias = i == ops.size() - 1 && params.containsKey(name) && params.get(name).containsKey(LayerKind.BIAS)
                    ? Tensor.of(params.get(name).get(LayerKind.BIAS)).data() : new float[op.rows()];
            Program.Weights weights = stored.isPresent() ? weights(stored.get().operations().get(i), matrices.get(name).get(i), order)
                    : new Program.FloatWeights(plain(name, layer, i, order));
            x = emit(new Program.Linear(x, op, weights, bias));
        }
        return x;
    }

    private float[] plain(String name, Layer layer, int operation, Optional<int[]> order) {
        LayerKind kind = LayerKind.ofPlain(layer).orElseThrow();
        float[] matrix = kind.matrix(params.get(name).get(kind.weightKeys().get(operation)), operation);
        return order.map(from -> reordered(matrix, from)).orElse(matrix);
    }

    private static Program.Weights weights(MultipointWeights.Operation operation, MultipointMatrix stored, Optional<int[]> order) {
        MultipointMatrix matrix = order.map(stored::withColumns).orElse(stored);
        return operation.input().<Program.Weights>map(input -> new Program.IntegerWeights(matrix, input))
                .orElseGet(() -> new Program.FloatWeights(matrix.toFloats()));
    }

    /**
     * For each column of a program's weights, the column of the layer's. Deeplearning4j flattens an image in the order of its axes, a
     * program in the order (row, column, channel), so that columns behind a channels-first image move. Empty where all columns stay.
     */
    private static Optional<int[]> columnOrder(CnnToFeedForwardPreProcessor flatten) {
        if (flatten.getFormat() == CNN2DFormat.NHWC) {
            return Optional.empty();
        }
        int channels = (int) flatten.getNumChannels();
        int pixels = (int) (flatten.getInputHeight() * flatten.getInputWidth());
        return Optional.of(IntStream.range(0, channels * pixels).map(place -> place % channels * pixels + place / channels).toArray());
    }

    private static float[] reordered(float[] matrix, int[] from) {
        float[] moved = new float[matrix.length];
        for (int i = 0; i < moved.length; i++) {
            moved[i] = matrix[i / from.length * from.length + from[i % from.length]];
        }
        return moved;
    }

    private static float[] floats(double[] values) {
        float[] out = new float[values.length];
        for (int i = 0; i < out.length; i++) {
            out[i] = (float) values[i];
        }
        return out;
    }
}
