package org.multipoint.samples;

import org.bytedeco.hdf5.Exception;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.modelimport.keras.Hdf5Archive;
import org.deeplearning4j.nn.modelimport.keras.KerasModelImport;
import org.deeplearning4j.nn.modelimport.keras.exceptions.InvalidKerasConfigurationException;
import org.deeplearning4j.nn.modelimport.keras.exceptions.UnsupportedKerasConfigurationException;
import org.deeplearning4j.util.ModelSerializer;
import org.multipoint.files.ModelFiles;
import org.multipoint.internal.files.AtomicFile;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.api.preprocessor.DataNormalization;
import org.nd4j.linalg.dataset.api.preprocessor.serializer.NormalizerSerializer;
import org.nd4j.shade.jackson.databind.JsonNode;
import org.nd4j.shade.jackson.databind.ObjectMapper;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Optional;
import java.util.stream.IntStream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipException;
import java.util.zip.ZipFile;

/** Models as files: of Deeplearning4j as a zip archive, of Keras 2 in HDF5. The kind of a file is recognized by its content. */
final class SavedModel {

    private static final byte[] HDF5 = "\u0089HDF\r\n\u001a\n".getBytes(StandardCharsets.ISO_8859_1);
    /** Up to where a superblock's end-of-file address is. */
    private static final int SUPERBLOCK = 48;
    private static final String KERAS_2 = "Deeplearning4j imports whole models of Keras 2 in HDF5: in TensorFlow 2.15 or earlier, or with the "
            + "package tf_keras, build the model, load or copy its weights, and save it as FILE.h5";

    private SavedModel() {
    }

    /** Bytes of a model's file. */
    static long bytes(Network network) throws IOException {
        Path file = Files.createTempFile("multipoint", ".zip");
        file.toFile().deleteOnExit();
        try {
            ModelSerializer.writeModel(network.model(), file.toFile(), false);
            return Files.size(file);
        } finally {
            Files.delete(file);
        }
    }

    /**
     * Reads a model from a file of Deeplearning4j, plain, transformed or compiled, or of Keras 2.
     *
     * @throws IOException where it is missing or none of them, or is truncated or altered; the message says what the file seems to be
     */
    static Network read(Path file) throws IOException {
        if (Files.isDirectory(file)) {
            throw new IOException(file + ": this is a folder, expected the file of a model");
        }
        if (!Files.exists(file)) {
            throw new NoSuchFileException(file.toString());
        }
        byte[] head = head(file);
        boolean keras = startsWith(head, HDF5);
        if (!keras && !startsWith(head, new byte[]{'P', 'K'})) {
            throw new IOException(file + ": this is neither a model of Deeplearning4j (a zip archive) nor one of Keras 2 (an HDF5 file)");
        }
        try (Progress ignored = Progress.ofOneStep("reading " + file.getFileName())) {
            return keras ? readKeras(file, head) : readZip(file);
        }
    }

    private static byte[] head(Path file) throws IOException {
        try (InputStream in = Files.newInputStream(file)) {
            return in.readNBytes(SUPERBLOCK);
        }
    }

    private static boolean startsWith(byte[] bytes, byte[] start) {
        return bytes.length >= start.length && Arrays.equals(bytes, 0, start.length, start, 0, start.length);
    }

    private static Network readZip(Path file) throws IOException {
        try (ZipFile zip = new ZipFile(file.toFile())) {
            if (zip.getEntry("configuration.json") == null) {
                boolean keras = zip.getEntry("metadata.json") != null && zip.getEntry("config.json") != null;
                throw new IOException(file + (keras ? ": this is a model in the format of Keras 3 (.keras). " + KERAS_2
                        : ": this zip archive is no model of Deeplearning4j: it has no configuration.json"));
            }
        } catch (ZipException e) {
            throw altered(file.toString(), e);
        }
        Model model;
        try {
            model = ModelFiles.read(file);
        } catch (IOException | RuntimeException e) {
            throw altered(file.toString(), e);
        }
        return network(file, model);
    }

    private static Network network(Path file, Model model) throws IOException {
        try {
            return new Network(model);
        } catch (IllegalArgumentException e) {
            throw new IOException(file + ": " + e.getMessage(), e);
        }
    }

    private static IOException altered(String name, Throwable e) {
        return new IOException(name + ": this is no model of Deeplearning4j, or it is truncated or altered (" + e.getMessage() + ")", e);
    }

    private static Network readKeras(Path file, byte[] head) throws IOException {
        long length = hdf5Length(head);
        if (length > Files.size(file)) {
            throw new IOException(file + ": this HDF5 file is truncated: it has " + Files.size(file) + " bytes of " + length);
        }
        boolean sequential = kerasConfiguration(file).path("class_name").asText().equals("Sequential");
        Model model;
        try {
            model = sequential ? KerasModelImport.importKerasSequentialModelAndWeights(file.toString(), false)
                    : KerasModelImport.importKerasModelAndWeights(file.toString(), false);
        } catch (InvalidKerasConfigurationException | UnsupportedKerasConfigurationException | RuntimeException e) {
            throw new IOException(file + ": Deeplearning4j cannot import this model of Keras (" + e.getMessage() + ")", e);
        }
        return network(file, model);
    }

    /** The length that an HDF5 file says it has; 0 where its first bytes do not say. See "HDF5 File Format Specification", section II.A. */
    private static long hdf5Length(byte[] head) {
        if (head.length < SUPERBLOCK) {
            return Long.MAX_VALUE;
        }
        ByteBuffer superblock = ByteBuffer.wrap(head).order(ByteOrder.LITTLE_ENDIAN);
        int version = head[8];
        int bytesOfAnOffset = head[version < 2 ? 13 : 9];
        return bytesOfAnOffset != Long.BYTES || version > 3 ? 0 : superblock.getLong(version == 0 ? 40 : version == 1 ? 44 : 28);
    }

    /** The architecture that a file of Keras holds, as JSON. */
    private static JsonNode kerasConfiguration(Path file) throws IOException {
        // HDF5 would print a trace of its own for each error.
        Exception.dontPrint();
        Hdf5Archive archive = null;
        try {
            archive = new Hdf5Archive(file.toString());
            if (!archive.hasAttribute("model_config")) {
                throw new IOException(file + ": this HDF5 file holds no model of Keras, or its weights alone. " + KERAS_2);
            }
            String version = archive.hasAttribute("keras_version") ? archive.readAttributeAsString("keras_version") : "";
            if (version.startsWith("3.")) {
                throw new IOException(file + ": this is a model of Keras " + version + ". " + KERAS_2);
            }
            return new ObjectMapper().readTree(archive.readAttributeAsJson("model_config"));
        } catch (UnsupportedKerasConfigurationException | RuntimeException e) {
            throw new IOException(file + ": this HDF5 file cannot be read (" + e.getMessage() + ")", e);
        } finally {
            if (archive != null) {
                archive.close();
            }
        }
    }

    /**
     * Size of the images that a model of Keras takes, channels last; empty for one of Deeplearning4j, or where any size will do.
     *
     * @param file a file that {@link #read(Path)} could read
     */
    static Optional<Pixels> imageSize(Path file) throws IOException {
        return inputShape(file).filter(shape -> shape.length == 3).map(shape -> new Pixels((int) shape[0], (int) shape[1]));
    }

    /**
     * Sizes of the input of a model of Keras without the axis of examples; empty for one of Deeplearning4j, or where any size will do.
     *
     * @param file a file that {@link #read(Path)} could read
     */
    static Optional<long[]> inputShape(Path file) throws IOException {
        if (!startsWith(head(file), HDF5)) {
            return Optional.empty();
        }
        JsonNode shape = kerasConfiguration(file).findValue("batch_input_shape");
        if (shape == null || shape.size() < 2 || !IntStream.range(1, shape.size()).allMatch(i -> shape.get(i).isInt())) {
            return Optional.empty();
        }
        return Optional.of(IntStream.range(1, shape.size()).mapToLong(i -> shape.get(i).asInt()).toArray());
    }

    /**
     * Restores a graph.
     *
     * @param name for the error message
     * @throws IOException where the file is not a graph, or is truncated or altered
     */
    static Network read(InputStream in, String name) throws IOException {
        try {
            return new Network(ModelSerializer.restoreComputationGraph(in, false));
        } catch (IOException | RuntimeException e) {
            throw altered(name, e);
        }
    }

    /**
     * The normalizer that a file of Deeplearning4j holds beside its model; empty where there is none.
     *
     * @throws IOException where it cannot be read, or is none of inputs
     */
    static Optional<DataNormalization> normalizer(Path file) throws IOException {
        if (startsWith(head(file), HDF5)) {
            return Optional.empty();
        }
        try (ZipFile zip = new ZipFile(file.toFile())) {
            ZipEntry entry = zip.getEntry(ModelSerializer.NORMALIZER_BIN);
            return entry == null ? Optional.empty()
                    : Optional.of((DataNormalization) NormalizerSerializer.getDefault().restore(zip.getInputStream(entry)));
        } catch (java.lang.Exception e) {
            throw new IOException(file + ": its normalizer cannot be read (" + e.getMessage() + ")", e);
        }
    }

    /** Saves a model without the state of its updater. */
    static void write(Network network, Path file) throws IOException {
        write(network, Optional.empty(), file);
    }

    /** Saves a model without the state of its updater, and a normalizer beside it. */
    static void write(Network network, Optional<DataNormalization> normalizer, Path file) throws IOException {
        AtomicFile.write(file, part -> {
            ModelSerializer.writeModel(network.model(), part.toFile(), false);
            normalizer.ifPresent(n -> ModelSerializer.addNormalizerToModel(part.toFile(), n));
        });
    }

    /**
     * Restores a saved model and compares its outputs, bit for bit, with the model that was saved.
     *
     * @throws IllegalStateException where they differ
     */
    static void check(Path file, Network network, INDArray features) throws IOException {
        Network restored = readZip(file);
        try {
            INDArray[] expected = network.outputs(features);
            INDArray[] found = restored.outputs(features);
            for (int i = 0; i < expected.length; i++) {
                if (!Arrays.equals(expected[i].dup('c').data().asFloat(), found[i].dup('c').data().asFloat())) {
                    throw new IllegalStateException(file + ": the restored model's outputs differ from the saved model's");
                }
            }
            Network.close(expected);
            Network.close(found);
        } finally {
            restored.model().close();
        }
    }
}
