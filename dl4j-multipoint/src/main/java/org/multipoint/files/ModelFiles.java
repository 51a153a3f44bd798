package org.multipoint.files;

import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.conf.ComputationGraphConfiguration;
import org.deeplearning4j.nn.conf.MultiLayerConfiguration;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.util.ModelSerializer;
import org.multipoint.internal.files.AtomicFile;
import org.nd4j.linalg.api.ndarray.INDArray;

import java.io.EOFException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Objects;
import java.util.function.Supplier;
import java.util.zip.ZipException;

/**
 * Files of models, plain, transformed or compiled, in the format of Deeplearning4j's {@link ModelSerializer}, without the state of an
 * updater: what one writes, the other reads. Unlike it, this leaves no half of a file, checks what it reads, and deserializes no Java
 * objects.
 *
 * <pre>{@code
 * ModelFiles.write(result.model(), Path.of("model.zip"));
 * ComputationGraph model = ModelFiles.readGraph(Path.of("model.zip"));
 * }</pre>
 */
public final class ModelFiles {

    /** Properties of their configurations. */
    private static final String OF_GRAPHS = "vertices";
    private static final String OF_NETWORKS = "confs";

    private ModelFiles() {
    }

    /**
     * Writes a model. If the process ends meanwhile or the disk is full, what was there before stays: an older file, or none.
     *
     * @param model an initialized {@code ComputationGraph} or {@code MultiLayerNetwork}
     * @throws IOException where the file cannot be written
     */
    public static void write(Model model, Path file) throws IOException {
        Objects.requireNonNull(model, "model");
        AtomicFile.write(file, part -> ModelSerializer.writeModel(model, part.toFile(), false));
    }

    /**
     * Reads a graph. Memory is asked for only as the file justifies: an entry that is larger than 64 MiB may be a hundred times as large as
     * its compressed form, and there are as many parameters as the file holds. A configuration nests at most 200 deep.
     *
     * @throws MalformedModelException where the file is no graph, or is truncated or altered
     * @throws IOException             where it cannot be read
     */
    public static ComputationGraph readGraph(Path file) throws IOException {
        return read(file, archive -> {
            archive.requireProperty(OF_GRAPHS);
            return graph(archive);
        });
    }

    /**
     * Reads a network of layers, within the bounds of {@link #readGraph}.
     *
     * @throws MalformedModelException where the file is no network of layers, or is truncated or altered
     * @throws IOException             where it cannot be read
     */
    public static MultiLayerNetwork readNetwork(Path file) throws IOException {
        return read(file, archive -> {
            archive.requireProperty(OF_NETWORKS);
            return network(archive);
        });
    }

    /**
     * Reads a graph or a network of layers, whichever the file has, within the bounds of {@link #readGraph}.
     *
     * @return a {@link ComputationGraph} or {@link MultiLayerNetwork}
     * @throws MalformedModelException where the file is neither, or is truncated or altered
     * @throws IOException             where it cannot be read
     */
    public static Model read(Path file) throws IOException {
        return ModelFiles.<Model>read(file, archive -> archive.requireProperty(OF_GRAPHS, OF_NETWORKS).equals(OF_GRAPHS) ? graph(archive)
                : network(archive));
    }

    private static ComputationGraph graph(ModelArchive archive) throws IOException {
        ComputationGraphConfiguration configuration = ComputationGraphConfiguration.fromJson(archive.configuration());
        INDArray params = archive.params(configuration.getDataType());
        return closingOnFailure(params, () -> {
            configuration.setDataType(params.dataType());
            ComputationGraph graph = new ComputationGraph(configuration);
            graph.init(params, false);
            return graph;
        });
    }

    private static MultiLayerNetwork network(ModelArchive archive) throws IOException {
        MultiLayerConfiguration configuration = MultiLayerConfiguration.fromJson(archive.configuration());
        INDArray params = archive.params(configuration.getDataType());
        return closingOnFailure(params, () -> {
            configuration.setDataType(params.dataType());
            MultiLayerNetwork network = new MultiLayerNetwork(configuration);
            network.init(params, false);
            return network;
        });
    }

    /** Makes a model of what a file holds. */
    private interface Restoring<M> {
        M of(ModelArchive archive) throws IOException;
    }

    /** Deeplearning4j refuses what it finds by exceptions of many kinds, none of which names the file. */
    private static <M> M read(Path file, Restoring<M> restoring) throws IOException {
        ModelArchive archive;
        try {
            archive = ModelArchive.read(file);
        } catch (ZipException | EOFException | RuntimeException e) {
            throw malformed(file, e);
        }
        try {
            return restoring.of(archive);
        } catch (IOException | RuntimeException e) {
            // All bytes are in memory: nothing else can be wrong than they.
            throw malformed(file, e);
        }
    }

    private static MalformedModelException malformed(Path file, Exception e) {
        return new MalformedModelException(file, e.getMessage() == null ? e.toString() : e.getMessage(), e);
    }

    private static <M> M closingOnFailure(INDArray params, Supplier<M> making) {
        try {
            return making.get();
        } catch (RuntimeException e) {
            params.close();
            throw e;
        }
    }
}
