package org.multipoint.samples;

import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.modelimport.keras.Hdf5Archive;
import org.deeplearning4j.nn.modelimport.keras.KerasModelImport;
import org.deeplearning4j.nn.modelimport.keras.exceptions.InvalidKerasConfigurationException;
import org.deeplearning4j.nn.modelimport.keras.exceptions.UnsupportedKerasConfigurationException;
import org.deeplearning4j.util.ModelSerializer;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.shade.jackson.databind.JsonNode;
import org.nd4j.shade.jackson.databind.ObjectMapper;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.OptionalInt;

/** Models as files of Deeplearning4j, and of Keras. */
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
     * Reads a graph from a file of Deeplearning4j or, where its name ends in .h5, of Keras.
     *
     * @throws IOException where it is missing or none of them, or is truncated or altered
     */
    static ComputationGraph read(Path file) throws IOException {
        if (!Files.exists(file)) {
            throw new NoSuchFileException(file.toString());
        }
        if (!file.toString().endsWith(".h5")) {
            try (InputStream in = Files.newInputStream(file)) {
                return read(in, file.toString());
            }
        }
        try {
            return KerasModelImport.importKerasModelAndWeights(file.toString(), false);
        } catch (InvalidKerasConfigurationException | UnsupportedKerasConfigurationException | RuntimeException e) {
            throw new IOException(file + ": Deeplearning4j cannot import this as a Keras 2 model (" + e.getMessage() + ")", e);
        }
    }

    /**
     * Height of the images that a model of Keras takes; empty for one of Deeplearning4j, or where any size will do.
     *
     * @param file a file that {@link #read(Path)} could read
     */
    static OptionalInt imageSize(Path file) throws IOException {
        if (!file.toString().endsWith(".h5")) {
            return OptionalInt.empty();
        }
        Hdf5Archive archive = new Hdf5Archive(file.toString());
        try {
            JsonNode shape = new ObjectMapper().readTree(archive.readAttributeAsJson("model_config")).findValue("batch_input_shape");
            return shape != null && shape.size() == 4 && shape.get(1).isInt() ? OptionalInt.of(shape.get(1).asInt()) : OptionalInt.empty();
        } catch (UnsupportedKerasConfigurationException e) {
            throw new IOException(file + ": " + e.getMessage(), e);
        } finally {
            archive.close();
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
