package org.multipoint.testing;

import org.deeplearning4j.nn.conf.CNN2DFormat;
import org.deeplearning4j.nn.conf.ComputationGraphConfiguration.GraphBuilder;
import org.deeplearning4j.nn.conf.ConvolutionMode;
import org.deeplearning4j.nn.conf.graph.ElementWiseVertex;
import org.deeplearning4j.nn.conf.graph.GraphVertex;
import org.deeplearning4j.nn.conf.graph.MergeVertex;
import org.deeplearning4j.nn.conf.graph.PreprocessorVertex;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.inputs.InputType.InputTypeConvolutional;
import org.deeplearning4j.nn.conf.layers.ActivationLayer;
import org.deeplearning4j.nn.conf.layers.BatchNormalization;
import org.deeplearning4j.nn.conf.layers.ConvolutionLayer;
import org.deeplearning4j.nn.conf.layers.Deconvolution2D;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.DepthwiseConvolution2D;
import org.deeplearning4j.nn.conf.layers.DropoutLayer;
import org.deeplearning4j.nn.conf.layers.GlobalPoolingLayer;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.LossLayer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.conf.layers.PoolingType;
import org.deeplearning4j.nn.conf.layers.SeparableConvolution2D;
import org.deeplearning4j.nn.conf.layers.SpaceToDepthLayer;
import org.deeplearning4j.nn.conf.layers.SubsamplingLayer;
import org.deeplearning4j.nn.conf.layers.Upsampling2D;
import org.deeplearning4j.nn.conf.layers.ZeroPaddingLayer;
import org.deeplearning4j.nn.conf.layers.convolutional.Cropping2D;
import org.deeplearning4j.nn.conf.preprocessor.CnnToFeedForwardPreProcessor;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;

/**
 * Graphs drawn at random: branches that add up and merge, every kind of layer that can be quantized or be part of a segment and some that
 * cannot, intermediate outputs, and names that look like names the product might make up.
 */
public final class RandomGraphs {

    private static final List<String> NAMES = List.of("a", "a-inside", "a/W", "a/pW", "a/b", "0", "1", "input", "score", "a/linear", "b", "W");
    private static final List<Activation> ACTIVATIONS = List.of(Activation.IDENTITY, Activation.IDENTITY, Activation.RELU, Activation.RELU,
            Activation.RELU6, Activation.TANH, Activation.SIGMOID, Activation.LEAKYRELU, Activation.SWISH, Activation.SELU,
            Activation.HARDSIGMOID, Activation.SOFTSIGN);

    /** A vertex, and what it makes. */
    private record Value(String name, InputType type) {
    }

    private final Random random;
    private final CNN2DFormat format;
    private final GraphBuilder builder;
    private final List<Value> values = new ArrayList<>();
    private final List<String> names = new ArrayList<>(NAMES);
    private final List<String> outputs = new ArrayList<>();
    private final Set<String> read = new HashSet<>();
    private final Set<String> inPlace = new HashSet<>(Set.of("in"));

    private RandomGraphs(Random random, CNN2DFormat format, InputType input, GraphBuilder builder) {
        this.random = random;
        this.format = format;
        this.builder = builder;
        Collections.shuffle(names, random);
        values.add(new Value("in", input));
    }

    /** A graph and the shape of one of its inputs. */
    public record Drawn(ComputationGraph graph, long[] shape) {
    }

    /**
     * The graph of a seed.
     *
     * @throws RuntimeException where Deeplearning4j does not take what was drawn
     */
    public static Drawn draw(long seed) {
        Random random = new Random(seed);
        CNN2DFormat format = random.nextBoolean() ? CNN2DFormat.NCHW : CNN2DFormat.NHWC;
        int c = 1 + random.nextInt(5);
        int h = 4 + random.nextInt(9);
        int w = 4 + random.nextInt(9);
        InputType input = InputType.convolutional(h, w, c, format);
        ComputationGraph graph = TestNets.graph(b -> {
            b.addInputs("in").setInputTypes(input).validateOutputLayerConfig(false);
            new RandomGraphs(random, format, input, b).build(4 + random.nextInt(9));
        });
        return new Drawn(graph, format == CNN2DFormat.NCHW ? new long[]{c, h, w} : new long[]{h, w, c});
    }

    private void build(int vertices) {
        for (int i = 0; i < vertices; i++) {
            addVertex();
        }
        addOutput();
        values.stream().map(Value::name).filter(n -> !read.contains(n) && !outputs.contains(n)).forEach(outputs::add);
        builder.setOutputs(outputs.toArray(String[]::new));
    }

    private void addVertex() {
        Value x = pick();
        if (x.type instanceof InputTypeConvolutional image) {
            addToImage(x, image);
        } else {
            switch (random.nextInt(5)) {
                case 0 -> add(new BatchNormalization(), x);
                case 1 -> add(activationOf(x), x);
                case 2 -> combine(x);
                default -> add(new DenseLayer.Builder().nOut(1 + random.nextInt(9)).hasBias(random.nextBoolean()).activation(activation())
                        .build(), x);
            }
        }
        if (random.nextInt(20) == 0) {
            String name = values.get(values.size() - 1).name;
            outputs.add(name);
            inPlace.add(name);
        }
    }

    private void addToImage(Value x, InputTypeConvolutional image) {
        switch (random.nextInt(17)) {
            case 0, 1, 2, 3 -> add(shaped(new ConvolutionLayer.Builder(), image).nOut(1 + random.nextInt(9)).dataFormat(format)
                    .hasBias(random.nextBoolean()).activation(activation()).build(), x);
            case 4 -> add(shaped(new DepthwiseConvolution2D.Builder(), image).depthMultiplier(1 + random.nextInt(2)).dataFormat(format)
                    .activation(activation()).build(), x);
            case 5 -> add(image.getChannels() == 1 ? new DropoutLayer(0.5) : shaped(new SeparableConvolution2D.Builder(), image)
                    .depthMultiplier(1 + random.nextInt(2)).nOut(1 + random.nextInt(9)).dataFormat(format).activation(activation()).build(), x);
            case 6 -> add(new BatchNormalization.Builder().dataFormat(format).build(), x);
            case 7 -> add(activationOf(x), x);
            case 8 -> add(pooling(image), x);
            case 9 -> add(new ZeroPaddingLayer.Builder(random.nextInt(3), random.nextInt(3), random.nextInt(3), random.nextInt(3))
                    .dataFormat(format).build(), x);
            case 10 -> add(random.nextBoolean() ? new Upsampling2D.Builder(2).dataFormat(format).build()
                    : new Deconvolution2D.Builder(2, 2).stride(2, 2).nOut(1 + random.nextInt(5)).dataFormat(format).activation(activation())
                            .build(), x);
            case 11 -> add(new DenseLayer.Builder().nOut(1 + random.nextInt(9)).activation(activation()).build(), x);
            case 12 -> flatten(x, image);
            case 13 -> add(new GlobalPoolingLayer.Builder(random.nextBoolean() ? PoolingType.AVG : PoolingType.MAX)
                    .poolingDimensions(format == CNN2DFormat.NCHW ? new int[]{2, 3} : new int[]{1, 2}).build(), x);
            case 14 -> add(image.getHeight() > 3 && image.getWidth() > 2
                    ? new Cropping2D.Builder(random.nextInt(2), random.nextInt(3), random.nextInt(2), 1).dataFormat(format).build()
                    : new DropoutLayer(0.5), x);
            case 15 -> add(image.getHeight() % 2 == 0 && image.getWidth() % 2 == 0
                    ? new SpaceToDepthLayer.Builder(2).dataFormat(format).build() : new DropoutLayer(0.5), x);
            default -> combine(x);
        }
    }

    private <B extends ConvolutionLayer.BaseConvBuilder<B>> B shaped(B layer, InputTypeConvolutional image) {
        int kh = 1 + random.nextInt(3);
        int kw = 1 + random.nextInt(3);
        layer.kernelSize(kh, kw).stride(1 + random.nextInt(2), 1 + random.nextInt(2));
        if (random.nextInt(3) == 0) {
            layer.dilation(1 + random.nextInt(2), 1 + random.nextInt(2));
        }
        if (random.nextBoolean()) {
            return layer.convolutionMode(ConvolutionMode.Same);
        }
        return layer.convolutionMode(ConvolutionMode.Truncate).padding(random.nextInt(kh + 2), random.nextInt(kw + 2));
    }

    /** Of images not smaller than the window: Deeplearning4j gives a pixel also where no window fits. */
    private Layer pooling(InputTypeConvolutional image) {
        int height = 1 + random.nextInt((int) Math.min(3, image.getHeight()));
        int width = 1 + random.nextInt((int) Math.min(3, image.getWidth()));
        SubsamplingLayer.Builder pool = new SubsamplingLayer.Builder(random.nextBoolean() ? SubsamplingLayer.PoolingType.MAX
                : SubsamplingLayer.PoolingType.AVG).kernelSize(height, width)
                .stride(1 + random.nextInt(3), 1 + random.nextInt(3)).dataFormat(format).avgPoolIncludePadInDivisor(random.nextBoolean());
        return pool.convolutionMode(random.nextBoolean() ? ConvolutionMode.Same : ConvolutionMode.Truncate).build();
    }

    /** Adds, multiplies or merges a value and another of a shape that fits, where there is one. */
    private void combine(Value x) {
        Value other = pick();
        if (x.type.equals(other.type) && random.nextInt(3) > 0) {
            ElementWiseVertex.Op[] ops = ElementWiseVertex.Op.values();
            add(new ElementWiseVertex(random.nextInt(3) > 0 ? ElementWiseVertex.Op.Add : ops[random.nextInt(ops.length)]), x, other);
        } else if (mergeable(x.type, other.type)) {
            add(new MergeVertex(), x, other);
        } else {
            add(activationOf(x), x);
        }
    }

    private static boolean mergeable(InputType a, InputType b) {
        return a instanceof InputTypeConvolutional p && b instanceof InputTypeConvolutional q
                ? p.getHeight() == q.getHeight() && p.getWidth() == q.getWidth() : a.getType() == b.getType();
    }

    private void flatten(Value x, InputTypeConvolutional image) {
        add(new PreprocessorVertex(new CnnToFeedForwardPreProcessor(image.getHeight(), image.getWidth(), image.getChannels(), format)), x);
    }

    private void addOutput() {
        Value x = values.get(values.size() - 1);
        switch (random.nextInt(4)) {
            case 0 -> add(new OutputLayer.Builder(LossFunction.MCXENT).nOut(2 + random.nextInt(4)).activation(Activation.SOFTMAX).l2(0.01)
                    .build(), x);
            case 1 -> add(new OutputLayer.Builder(LossFunction.XENT).nOut(1 + random.nextInt(3)).activation(Activation.SIGMOID).build(), x);
            case 2 -> {
                add(new DenseLayer.Builder().nOut(3).activation(Activation.SOFTMAX).l2(0.01).build(), x);
                add(new LossLayer.Builder(LossFunction.MSE).activation(Activation.IDENTITY).build(), values.get(values.size() - 1));
            }
            default -> add(new DenseLayer.Builder().nOut(3).activation(activation()).build(), x);
        }
        outputs.remove(values.get(values.size() - 1).name);
        outputs.add(values.get(values.size() - 1).name);
    }

    /** Deeplearning4j's activation layers change what they read where that is no activation of a layer: there another layer is drawn. */
    private Layer activationOf(Value x) {
        return inPlace.contains(x.name) ? new DropoutLayer(0.5) : new ActivationLayer(activation());
    }

    private Activation activation() {
        return ACTIVATIONS.get(random.nextInt(ACTIVATIONS.size()));
    }

    private Value pick() {
        // Later ones more often: graphs are deep rather than broad.
        int last = values.size() - 1;
        return values.get(random.nextInt(3) > 0 ? last : random.nextInt(values.size()));
    }

    private String name() {
        return names.isEmpty() ? "v" + values.size() : names.remove(names.size() - 1);
    }

    private void add(Layer layer, Value x) {
        InputType type = layer.getPreProcessorForInputType(x.type) == null ? x.type
                : layer.getPreProcessorForInputType(x.type).getOutputType(x.type);
        layer.setNIn(type, true);
        String name = name();
        read.add(x.name);
        // What Deeplearning4j crops is a view of what it reads.
        if (layer instanceof Cropping2D || layer instanceof DropoutLayer && inPlace.contains(x.name)) {
            inPlace.add(name);
        }
        builder.addLayer(name, layer, x.name);
        values.add(new Value(name, layer.getOutputType(0, type)));
    }

    private void add(GraphVertex vertex, Value... from) {
        String name = name();
        Arrays.stream(from).map(Value::name).forEach(read::add);
        if (vertex instanceof PreprocessorVertex) {
            inPlace.add(name);
        }
        builder.addVertex(name, vertex, Arrays.stream(from).map(Value::name).toArray(String[]::new));
        values.add(new Value(name, vertex.getOutputType(0, Arrays.stream(from).map(Value::type).toArray(InputType[]::new))));
    }
}
