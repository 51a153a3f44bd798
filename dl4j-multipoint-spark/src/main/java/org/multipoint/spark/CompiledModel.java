package org.multipoint.spark;

import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.util.ModelSerializer;
import org.multipoint.segments.Segment;
import org.multipoint.segments.Segments;
import org.multipoint.transform.MultipointModels;
import org.nd4j.linalg.api.ndarray.INDArray;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;

/** A model that was read from bytes and compiled. Threads share it: Deeplearning4j lets them run it one after another. */
final class CompiledModel implements AutoCloseable {

    private final ComputationGraph graph;

    /** @param model as {@link #bytes} writes it */
    CompiledModel(byte[] model, boolean ofLayers) {
        try {
            graph = compiled(ofLayers ? ModelSerializer.restoreMultiLayerNetwork(new ByteArrayInputStream(model), false)
                    : ModelSerializer.restoreComputationGraph(new ByteArrayInputStream(model), false));
        } catch (IOException e) {
            throw new UncheckedIOException("Cannot read the model", e);
        }
    }

    /**
     * @param model a network of layers, or a graph with one input and one output
     * @throws IllegalArgumentException where it is something else
     */
    static byte[] bytes(Model model) {
        if (model instanceof ComputationGraph graph && (graph.getNumInputArrays() != 1 || graph.getNumOutputArrays() != 1)) {
            throw new IllegalArgumentException("A classifier has one input and one output, found " + graph.getNumInputArrays() + " and "
                    + graph.getNumOutputArrays());
        }
        return Wire.model(model);
    }

    private static ComputationGraph compiled(Model model) {
        if (model instanceof ComputationGraph graph
                && graph.getConfiguration().getVertices().values().stream().anyMatch(vertex -> Segment.of(vertex).isPresent())) {
            return graph;
        }
        ComputationGraph compiled = (model instanceof MultiLayerNetwork network ? Segments.compile(network)
                : Segments.compile((ComputationGraph) model)).graph();
        model.close();
        return compiled;
    }

    /** The output for a batch; the caller closes it. */
    INDArray output(INDArray features) {
        return graph.outputSingle(features);
    }

    @Override
    public void close() {
        MultipointModels.close(graph);
        graph.close();
    }
}
