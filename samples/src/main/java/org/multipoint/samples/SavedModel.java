package org.multipoint.samples;

import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.util.ModelSerializer;
import org.nd4j.linalg.api.ndarray.INDArray;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;

/** Models as files of Deeplearning4j. */
final class SavedModel {

    private SavedModel() {
    }

    /** Bytes of a model's file. */
    static long bytes(ComputationGraph graph) throws IOException {
        Path file = Files.createTempFile("multipoint", ".zip");
        try {
            ModelSerializer.writeModel(graph, file.toFile(), false);
            return Files.size(file);
        } finally {
            Files.delete(file);
        }
    }

    /**
     * Restores a model.
     *
     * @param name for the complaint
     * @throws IOException where it is none, or is truncated or altered
     */
    static ComputationGraph read(InputStream in, String name) throws IOException {
        try {
            return ModelSerializer.restoreComputationGraph(in, false);
        } catch (IOException | RuntimeException e) {
            throw new IOException(name + ": this is no model of Deeplearning4j, or it is truncated or altered (" + e.getMessage() + ")", e);
        }
    }

    /** Saves a model, without what only training needs. */
    static void write(ComputationGraph graph, Path file) throws IOException {
        AtomicFile.write(file, part -> ModelSerializer.writeModel(graph, part.toFile(), false));
    }

    /**
     * Restores a saved model and compares its outputs, bit for bit, with the model that was saved.
     *
     * @throws IllegalStateException where they differ
     */
    static void check(Path file, ComputationGraph graph, INDArray features) throws IOException {
        ComputationGraph restored = ModelSerializer.restoreComputationGraph(file.toFile(), false);
        try (INDArray expected = graph.outputSingle(features); INDArray found = restored.outputSingle(features)) {
            if (!Arrays.equals(expected.dup('c').data().asFloat(), found.dup('c').data().asFloat())) {
                throw new IllegalStateException(file + ": the restored model's outputs differ from the saved model's");
            }
        } finally {
            restored.close();
        }
    }
}
