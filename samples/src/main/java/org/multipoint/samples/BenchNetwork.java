package org.multipoint.samples;

import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.multipoint.internal.graph.GraphWalk;
import org.multipoint.internal.graph.LinearVertex;
import org.multipoint.internal.ops.LinearOp;
import org.multipoint.layers.LayerKind;
import org.nd4j.linalg.api.ndarray.INDArray;

import java.io.IOException;
import java.nio.file.Path;

/**
 * A network and what it takes.
 *
 * @param graph        a network in fp32 with one input
 * @param channelsLast whether its images are {@code [N, H, W, C]}
 * @param example      shape of its input, for one example
 */
record BenchNetwork(ComputationGraph graph, boolean channelsLast, long[] example) {

    private static final long SEED = 1;
    private static final int USUAL_SIZE = 224;

    /**
     * The network of the given name, or from a file.
     *
     * @param pixels height and width of its images; null for what the file says, or {@value #USUAL_SIZE}
     * @throws IllegalArgumentException where it has several inputs or outputs, is not in fp32, or has no layer that says what it takes
     */
    static BenchNetwork load(String net, Integer pixels) throws IOException {
        int usual = pixels != null ? pixels : USUAL_SIZE;
        return switch (net) {
            case "resnet18" -> of(net, RandomNetworks.resNet18(usual, SEED), usual);
            case "mobilenetv1" -> of(net, RandomNetworks.mobileNetV1(usual, SEED), usual);
            default -> {
                ComputationGraph graph = graph(net);
                yield of(net, graph, pixels != null ? pixels : SavedModel.imageSize(Path.of(net)).orElse(USUAL_SIZE));
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
        LinearVertex first = new GraphWalk(graph).linear().values().stream().findFirst()
                .orElseThrow(() -> new IllegalArgumentException(net + " has no convolution or dense layer"));
        LinearOp op = first.operations().get(0).op();
        boolean dense = first.kind() == LayerKind.DENSE || first.kind() == LayerKind.OUTPUT;
        long[] example = dense ? new long[]{op.inChannels()}
                : op.channelsLast() ? new long[]{size, size, op.inChannels()} : new long[]{op.inChannels(), size, size};
        return new BenchNetwork(graph, op.channelsLast(), example);
    }

    /** Examples of random values. */
    INDArray examples(int count, long seed) {
        long[] shape = new long[example.length + 1];
        shape[0] = count;
        System.arraycopy(example, 0, shape, 1, example.length);
        return RandomNetworks.images(seed, shape);
    }
}
