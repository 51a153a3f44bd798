package org.multipoint.samples;

import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.conf.CNN2DFormat;
import org.deeplearning4j.nn.conf.graph.GraphVertex;
import org.deeplearning4j.nn.conf.graph.LayerVertex;
import org.deeplearning4j.nn.conf.layers.ConvolutionLayer;
import org.deeplearning4j.nn.conf.layers.FeedForwardLayer;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.multipoint.layers.LayerKind;
import org.multipoint.layers.MultipointWeights;
import org.multipoint.segments.Additions;
import org.multipoint.segments.CompiledGraph;
import org.multipoint.segments.Segment;
import org.multipoint.segments.Segments;
import org.multipoint.transform.Multipoint;
import org.nd4j.linalg.api.ndarray.INDArray;

import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.TreeSet;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * A network of either of Deeplearning4j's kinds: plain, transformed, compiled, or both.
 *
 * @param model a {@link ComputationGraph} or {@link MultiLayerNetwork} with one input
 */
record Network(Model model) {

    /** @throws IllegalArgumentException where it is a graph with several inputs */
    Network {
        if (model instanceof ComputationGraph graph && graph.getNumInputArrays() != 1) {
            throw new IllegalArgumentException("The graph has " + graph.getNumInputArrays() + " inputs, expected one");
        }
    }

    /**
     * Its only output for a batch.
     *
     * @throws IllegalArgumentException where it has several
     */
    INDArray output(INDArray features) {
        if (model instanceof ComputationGraph graph && graph.getNumOutputArrays() != 1) {
            throw new IllegalArgumentException("The graph has " + graph.getNumOutputArrays() + " outputs, expected one");
        }
        return outputs(features)[0];
    }

    /** All its outputs for a batch. */
    INDArray[] outputs(INDArray features) {
        return model instanceof ComputationGraph graph ? graph.output(features)
                : new INDArray[]{((MultiLayerNetwork) model).output(features, false)};
    }

    /** Releases the memory of outputs. */
    static void close(INDArray... outputs) {
        for (INDArray output : outputs) {
            output.close();
        }
    }

    /** The same network compiled to segments. */
    Network compiled() {
        return isCompiled() ? this : new Network(compile(Additions.FLOATING).graph());
    }

    /** The same network compiled to segments, and how. */
    CompiledGraph compile(Additions additions) {
        return model instanceof ComputationGraph graph ? Segments.compile(graph, additions) : Segments.compile((MultiLayerNetwork) model);
    }

    Multipoint<? extends Model> quantizer() {
        return model instanceof ComputationGraph graph ? Multipoint.of(graph) : Multipoint.of((MultiLayerNetwork) model);
    }

    /** Whether it is neither transformed nor compiled. */
    boolean isPlain() {
        return !isCompiled() && multipointWeights().isEmpty();
    }

    /** Whether it is a compiled graph. */
    boolean isCompiled() {
        return vertices().stream().anyMatch(v -> Segment.of(v).isPresent());
    }

    /** The layout of its images, taken from its first segment or convolution. */
    CNN2DFormat format() {
        Stream<Optional<CNN2DFormat>> formats = model instanceof ComputationGraph ? vertices().stream().map(Network::format)
                : layers().stream().map(Network::format);
        return formats.flatMap(Optional::stream).findFirst().orElse(CNN2DFormat.NCHW);
    }

    /** The kind of its inputs: images of some number of channels, or vectors; empty where its first layer with weights takes neither. */
    Optional<Inputs> inputs() {
        return layers().stream().filter(FeedForwardLayer.class::isInstance).map(FeedForwardLayer.class::cast).filter(l -> l.getNIn() > 0)
                .findFirst().flatMap(Network::inputs);
    }

    private static Optional<Inputs> inputs(FeedForwardLayer first) {
        LayerKind kind = LayerKind.of(first).orElse(null);
        return kind == null || kind == LayerKind.CONVOLUTION_1D || kind == LayerKind.RNN_OUTPUT ? Optional.empty()
                : Optional.of(new Inputs(kind.spatial(), (int) first.getNIn()));
    }

    /**
     * Inputs of a network.
     *
     * @param images whether they are images, otherwise vectors
     * @param values channels of an image, or length of a vector
     */
    record Inputs(boolean images, int values) {

        @Override
        public String toString() {
            return images ? "images of " + values + (values == 1 ? " channel" : " channels") : "vectors of " + values + " values";
        }
    }

    /** Number of its classes: the outputs of its last layer that has a number of them; empty where no layer has. */
    OptionalInt classes() {
        List<Layer> layers = layers();
        return IntStream.range(0, layers.size()).mapToObj(i -> layers.get(layers.size() - 1 - i)).filter(FeedForwardLayer.class::isInstance)
                .mapToInt(l -> (int) ((FeedForwardLayer) l).getNOut()).filter(n -> n > 0).findFirst();
    }

    /**
     * Height of the square images that it takes, as the shapes of its layers demand. Where they leave a choice, because layers ignore pixels
     * at the margin, it is the size that can be halved most often. Empty where any size will do, or no layer tells.
     */
    OptionalInt imageSize() {
        return inputs().filter(Inputs::images).map(images -> new InputSize(model, images.values, format()).find()).orElse(OptionalInt.empty());
    }

    private static Optional<CNN2DFormat> format(GraphVertex vertex) {
        return Segment.of(vertex).map(s -> s.channelsLast() ? CNN2DFormat.NHWC : CNN2DFormat.NCHW)
                .or(() -> layers(vertex).findFirst().flatMap(Network::format));
    }

    private static Optional<CNN2DFormat> format(Layer layer) {
        return layer instanceof ConvolutionLayer c ? Optional.of(c.getCnn2dDataFormat()) : Optional.empty();
    }

    private Collection<GraphVertex> vertices() {
        return model instanceof ComputationGraph graph ? graph.getConfiguration().getVertices().values() : List.of();
    }

    /** All layers, those inside segments included. */
    private List<Layer> layers() {
        return model instanceof MultiLayerNetwork network
                ? network.getLayerWiseConfigurations().getConfs().stream().map(c -> c.getLayer()).toList()
                : vertices().stream().flatMap(v -> Segment.of(v).map(s -> s.vertices().values().stream()).orElse(Stream.of(v)))
                        .flatMap(Network::layers).toList();
    }

    /** Its first layer of a kind. */
    <L extends Layer> Optional<L> layer(Class<L> kind) {
        return layers().stream().filter(kind::isInstance).map(kind::cast).findFirst();
    }

    /** Number of weights of all layers that can be quantized. */
    long weights() {
        return layers().stream().mapToLong(Inspection::weights).sum();
    }

    /** The size of its input where its first layer with weights takes vectors. */
    Optional<long[]> vectorSize() {
        return layers().stream().filter(layer -> LayerKind.of(layer).isPresent()).findFirst()
                .flatMap(layer -> LayerKind.of(layer).filter(kind -> !kind.spatial()).map(kind -> new long[]{kind.ops(layer).get(0).inChannels()}));
    }

    private static Stream<Layer> layers(GraphVertex vertex) {
        return vertex instanceof LayerVertex v ? Stream.of(v.getLayerConf().getLayer()) : Stream.empty();
    }

    private List<MultipointWeights> multipointWeights() {
        return layers().stream().flatMap(l -> MultipointWeights.of(l).stream()).toList();
    }

    private static Stream<String> storage(MultipointWeights weights) {
        return weights.provenance().entropyCoded() ? Stream.of("entropy-coded")
                : weights.operations().stream().map(o -> "as points of " + o.matrix().bits() + " bits");
    }

    /** A description: its kind, and whether it is transformed or compiled. */
    @Override
    public String toString() {
        List<MultipointWeights> quantized = multipointWeights();
        String weights = quantized.isEmpty() ? "weights in fp32" : quantized.size() + " of them with weights "
                + String.join(", ", new TreeSet<>(quantized.stream().flatMap(Network::storage).toList()));
        return String.format(Locale.ROOT, "a %s%s of %d layers, %s, %,d %sparameters", isCompiled() ? "compiled " : "",
                model.getClass().getSimpleName(), layers().size(), weights, model.params() == null ? 0 : model.params().length(), quantized.isEmpty() ? "" : "other ");
    }
}
