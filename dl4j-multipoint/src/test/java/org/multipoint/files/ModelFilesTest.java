package org.multipoint.files;

import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.ActivationLayer;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.util.ModelSerializer;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.multipoint.segments.Segments;
import org.multipoint.testing.TestNets;
import org.multipoint.transform.Multipoint;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.ObjectOutputStream;
import java.io.Serializable;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;

import static org.deeplearning4j.util.ModelSerializer.COEFFICIENTS_BIN;
import static org.deeplearning4j.util.ModelSerializer.CONFIGURATION_JSON;
import static org.deeplearning4j.util.ModelSerializer.NO_PARAMS_MARKER;
import static org.deeplearning4j.util.ModelSerializer.PREPROCESSOR_BIN;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

class ModelFilesTest {

    private static ComputationGraph source;
    private static ComputationGraph model;
    private static byte[] bytes;

    @TempDir
    private static Path folder;

    @BeforeAll
    static void write() throws IOException {
        source = TestNets.chain(InputType.feedForward(6), new DenseLayer.Builder().nOut(9).activation(Activation.RELU).build(),
                new OutputLayer.Builder().nOut(3).activation(Activation.SOFTMAX).build());
        model = Multipoint.of(source).calibrate(TestNets.iterator(1, 2, 3, 8, 6)).transform().model();
        Path file = folder.resolve("model.zip");
        ModelFiles.write(model, file);
        bytes = Files.readAllBytes(file);
    }

    private static Path file(byte[] content) throws IOException {
        return Files.write(folder.resolve("altered.zip"), content);
    }

    private static Path file(String entry, byte[] content) throws IOException {
        Map<String, byte[]> entries = ModelMutator.entries(bytes);
        entries.put(entry, content);
        return file(ModelMutator.zip(entries));
    }

    private static void refused(String expected, Path file) {
        String message = assertThrows(MalformedModelException.class, () -> ModelFiles.readGraph(file)).getMessage();
        assertTrue(message.startsWith(file + ": not a readable model: ") && message.contains(expected), message);
    }

    @Test
    void whatIsWrittenIsRead() throws IOException {
        INDArray x = TestNets.random(2, 4, 6);
        for (ComputationGraph graph : new ComputationGraph[]{source, model, Segments.compile(model).graph(), model.convertDataType(DataType.DOUBLE)}) {
            Path file = folder.resolve("written.zip");
            ModelFiles.write(graph, file);
            INDArray input = x.castTo(graph.getConfiguration().getDataType());
            for (ComputationGraph read : new ComputationGraph[]{ModelFiles.readGraph(file), ModelSerializer.restoreComputationGraph(file.toFile())}) {
                assertEquals(graph.getConfiguration().toJson(), read.getConfiguration().toJson());
                assertEquals(graph.params(), read.params());
                assertEquals(graph.outputSingle(input), read.outputSingle(input));
            }
            ModelSerializer.writeModel(graph, file.toFile(), true);
            assertEquals(graph.outputSingle(input), ModelFiles.readGraph(file).outputSingle(input));
        }
    }

    @Test
    void networksOfLayersAreReadAsSuch() throws IOException {
        MultiLayerNetwork network = TestNets.network(InputType.feedForward(6), new DenseLayer.Builder().nOut(4).activation(Activation.TANH).build());
        Path file = folder.resolve("network.zip");
        ModelFiles.write(network, file);
        INDArray x = TestNets.random(2, 4, 6);
        assertEquals(network.output(x), ModelFiles.readNetwork(file).output(x));
        refused("expected a configuration with the property \"vertices\", found", file);
        assertEquals(network.output(x), assertInstanceOf(MultiLayerNetwork.class, ModelFiles.read(file)).output(x));
        assertThrows(MalformedModelException.class, () -> ModelFiles.readNetwork(folder.resolve("model.zip")));
    }

    @Test
    void eitherKindIsRead() throws IOException {
        Path file = folder.resolve("written.zip");
        ModelFiles.write(source, file);
        assertEquals(source.params(), assertInstanceOf(ComputationGraph.class, ModelFiles.read(file)).params());
        Path neither = file("configuration.json", "{\"layers\": []}".getBytes(StandardCharsets.UTF_8));
        String message = assertThrows(MalformedModelException.class, () -> ModelFiles.read(neither)).getMessage();
        assertTrue(message.contains("expected a configuration with the property \"vertices\" or \"confs\", found [layers]"), message);
    }

    @Test
    void modelsWithoutParameters() throws IOException {
        ComputationGraph none = TestNets.chain(InputType.feedForward(6), new ActivationLayer(Activation.RELU));
        Path file = folder.resolve("none.zip");
        ModelFiles.write(none, file);
        INDArray x = TestNets.random(2, 4, 6);
        assertEquals(none.outputSingle(x), ModelFiles.readGraph(file).outputSingle(x));
    }

    @Test
    void filesThatAreNoModels() throws IOException {
        assertThrows(NoSuchFileException.class, () -> ModelFiles.readGraph(folder.resolve("missing.zip")));
        refused("", file(new byte[0]));
        refused("", file("not a zip archive".getBytes(StandardCharsets.UTF_8)));
        refused("it has no entry configuration.json", file(ModelMutator.zip(Map.of("readme", new byte[3]))));
        refused("it has no entry coefficients.bin", file(ModelMutator.zip(Map.of(CONFIGURATION_JSON, ModelMutator.entries(bytes).get(CONFIGURATION_JSON)))));
        refused("", file(Arrays.copyOf(bytes, bytes.length / 2)));
    }

    /** The files that attackers make first. */
    @Test
    void hostileFiles() throws IOException {
        refused("its configuration nests more than 200 deep", file(CONFIGURATION_JSON, ("{\"vertices\":" + "[".repeat(100_000) + "]".repeat(100_000) + "}").getBytes(StandardCharsets.UTF_8)));
        refused("its configuration has a number of 1000 characters", file(CONFIGURATION_JSON, ("{\"vertices\":" + "9".repeat(1000) + "}").getBytes(StandardCharsets.UTF_8)));
        refused("Duplicate field", file(CONFIGURATION_JSON, "{\"vertices\":{}, \"vertices\":{}}".getBytes(StandardCharsets.UTF_8)));
        refused("its configuration goes on behind its end", file(CONFIGURATION_JSON, "{\"vertices\":{}} {}".getBytes(StandardCharsets.UTF_8)));
        refused("its configuration is no JSON object", file(CONFIGURATION_JSON, "[]".getBytes(StandardCharsets.UTF_8)));
        refused("it has two entries configuration.json", file(twice()));
        refused("its entry coefficients.bin has 100000000 bytes, expected at most", file(bomb(100_000_000)));
    }

    /** A name in the archive that is changed to one that it already has. */
    private static byte[] twice() throws IOException {
        Map<String, byte[]> entries = ModelMutator.entries(bytes);
        entries.put("configuratiox.json", entries.get(CONFIGURATION_JSON));
        return new String(ModelMutator.zip(entries), StandardCharsets.ISO_8859_1).replace("configuratiox.json", CONFIGURATION_JSON)
                .getBytes(StandardCharsets.ISO_8859_1);
    }

    /** A few bytes that unpack to zeros without end. */
    private static byte[] bomb(int size) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (ZipOutputStream zip = new ZipOutputStream(out)) {
            zip.putNextEntry(new ZipEntry(CONFIGURATION_JSON));
            zip.write(ModelMutator.entries(bytes).get(CONFIGURATION_JSON));
            zip.putNextEntry(new ZipEntry(COEFFICIENTS_BIN));
            for (int written = 0; written < size; written += 1_000_000) {
                zip.write(new byte[1_000_000]);
            }
            zip.closeEntry();
        }
        return out.toByteArray();
    }

    private interface Written {
        void to(DataOutputStream out) throws IOException;
    }

    private static byte[] coefficients(Written written) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        written.to(new DataOutputStream(bytes));
        return bytes.toByteArray();
    }

    private static void header(DataOutputStream out, String mode, long length, String type) throws IOException {
        out.writeUTF(mode);
        out.writeLong(length);
        out.writeUTF(type);
    }

    @Test
    void parametersOfOtherSizes() throws IOException {
        for (long length : new long[]{-1, 0, 1L << 40, Long.MAX_VALUE / 4 + 1}) {
            refused("", file(COEFFICIENTS_BIN, coefficients(out -> header(out, "MIXED_DATA_TYPES", length, "LONG"))));
            refused("it has 8 bytes of parameters", file(COEFFICIENTS_BIN, coefficients(out -> {
                header(out, "MIXED_DATA_TYPES", 8, "LONG");
                out.write(new byte[64]);
                header(out, "MIXED_DATA_TYPES", length, "FLOAT");
                out.write(new byte[8]);
            })));
        }
        refused("expected length 12, got length 2", file(COEFFICIENTS_BIN, coefficients(out -> {
            header(out, "MIXED_DATA_TYPES", 8, "LONG");
            out.write(new byte[64]);
            header(out, "MIXED_DATA_TYPES", 2, "FLOAT");
            out.write(new byte[8]);
        })));
        refused("its parameters are of type UTF8", file(COEFFICIENTS_BIN, coefficients(out -> {
            header(out, "MIXED_DATA_TYPES", 8, "LONG");
            out.write(new byte[64]);
            header(out, "MIXED_DATA_TYPES", 8, "UTF8");
            out.write(new byte[8]);
        })));
    }

    /** Without parameters Deeplearning4j would make up random ones. */
    @Test
    void missingParametersAreNotMadeUp() throws IOException {
        Map<String, byte[]> entries = new LinkedHashMap<>(ModelMutator.entries(bytes));
        entries.remove(COEFFICIENTS_BIN);
        entries.put(NO_PARAMS_MARKER, new byte[0]);
        refused("", file(ModelMutator.zip(entries)));
    }

    /** Shapes, strides and offsets of a file never reach native code. */
    @Test
    void onlyTheLengthOfAShapeIsUsed() throws IOException {
        byte[] altered = ModelMutator.entries(bytes).get(COEFFICIENTS_BIN);
        DataInputStream in = new DataInputStream(new ByteArrayInputStream(altered));
        in.readUTF();
        int numbers = (int) in.readLong();
        in.readUTF();
        int shape = altered.length - in.available();
        Arrays.fill(altered, shape, shape + Long.BYTES * numbers, (byte) 0x3f);
        assertEquals(model.params(), ModelFiles.readGraph(file(COEFFICIENTS_BIN, altered)).params());
    }

    /** A class that tells when it is deserialized. */
    static final class Trap implements Serializable {
        private static final long serialVersionUID = 1;
        static boolean sprung;

        private Object readResolve() {
            sprung = true;
            return this;
        }
    }

    @Test
    void javaObjectsAreNotDeserialized() throws IOException {
        ByteArrayOutputStream object = new ByteArrayOutputStream();
        try (ObjectOutputStream out = new ObjectOutputStream(object)) {
            out.writeObject(new Trap());
        }
        Path file = file(PREPROCESSOR_BIN, object.toByteArray());
        assertThrows(ClassCastException.class, () -> ModelSerializer.restoreComputationGraph(file.toFile()));
        assertTrue(Trap.sprung, "ModelSerializer deserializes what it finds");
        Trap.sprung = false;
        assertEquals(model.params(), ModelFiles.readGraph(file).params());
        assertTrue(!Trap.sprung);
    }
}
