package org.multipoint.samples;

import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.graph.vertex.GraphVertex;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.multipoint.internal.ops.LinearOp;
import org.multipoint.layers.LayerKind;
import org.nd4j.linalg.api.ndarray.INDArray;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Optional;

/** A network in fp32 with one input, and the shape of that input. */
final class BenchNetwork {

    private static final long SEED = 1;
    private static final int USUAL_SIZE = 224;

    private final ComputationGraph graph;
    private final long[] example;

    /**
     * @param example shape of its input, for one example
     */
    private BenchNetwork(ComputationGraph graph, long... example) {
        this.graph = graph;
        this.example = example;
    }

    /** The network itself. */
    ComputationGraph graph() {
        return graph;
    }

    /** Shape of its input, for one example. */
    long[] example() {
        return example.clone();
    }

    /**
     * The network of the given name, or from a file.
     *
     * @param pixels height and width of its images; null for those in the file, or {@value #USUAL_SIZE}
     * @throws IllegalArgumentException where it has several inputs, is not in fp32, or has no convolution or dense layer
     */
    static BenchNetwork load(String net, Integer pixels) throws IOException {
        int usual = pixels != null ? pixels : USUAL_SIZE;
        return switch (net) {
            case "resnet18" -> of(net, RandomNetworks.resNet18(usual, SEED), usual);
            case "mobilenetv1" -> of(net, RandomNetworks.mobileNetV1(usual, SEED), usual);
            default -> {
                ComputationGraph graph = graph(net);
                Optional<long[]> told = pixels != null ? Optional.empty() : SavedModel.inputShape(Path.of(net));
                yield told.map(shape -> new BenchNetwork(graph, shape)).orElseGet(() -> of(net, graph, usual));
            }
        };
    }

    private static ComputationGraph graph(String file) throws IOException {
        Network network = SavedModel.read(Path.of(file));
        if (!network.isPlain()) {
            throw new IllegalArgumentException(file + " is " + network + ": the benchmark takes networks in fp32, and quantizes and "
                    + "compiles them itself");
        }
        return network.model() instanceof ComputationGraph graph ? graph : ((MultiLayerNetwork) network.model()).toComputationGraph();
    }

    private static BenchNetwork of(String net, ComputationGraph graph, int size) {
        Layer first = Arrays.stream(graph.topologicalSortOrder()).mapToObj(i -> graph.getVertices()[i]).filter(GraphVertex::hasLayer)
                .map(v -> v.getLayer().conf().getLayer()).filter(layer -> LayerKind.ofPlain(layer).isPresent()).findFirst()
                .orElseThrow(() -> new IllegalArgumentException(net + " has no convolution or dense layer"));
        LayerKind kind = LayerKind.ofPlain(first).orElseThrow();
        LinearOp op = kind.ops(first).get(0);
        if (!kind.spatial()) {
            return new BenchNetwork(graph, op.inChannels());
        }
        return op.channelsLast() ? new BenchNetwork(graph, size, size, op.inChannels())
                : new BenchNetwork(graph, op.inChannels(), size, size);
    }

    /** Examples of random values. */
    INDArray examples(int count, long seed) {
        long[] shape = new long[example.length + 1];
        shape[0] = count;
        System.arraycopy(example, 0, shape, 1, example.length);
        return RandomNetworks.images(seed, shape);
    }
}
