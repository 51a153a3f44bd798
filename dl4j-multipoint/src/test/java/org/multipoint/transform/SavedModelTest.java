package org.multipoint.transform;

import org.deeplearning4j.nn.conf.ComputationGraphConfiguration;
import org.deeplearning4j.nn.conf.ConvolutionMode;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.BatchNormalization;
import org.deeplearning4j.nn.conf.layers.ConvolutionLayer;
import org.deeplearning4j.nn.conf.layers.Deconvolution2D;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.DepthwiseConvolution2D;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.conf.layers.SeparableConvolution2D;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.util.ModelSerializer;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;
import org.multipoint.internal.ops.LinearOp;
import org.multipoint.layers.LayerKind;
import org.multipoint.layers.MultipointWeights;
import org.multipoint.options.Method;
import org.multipoint.report.LayerReport;
import org.multipoint.segments.Segments;
import org.multipoint.testing.TestNets;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.lossfunctions.LossFunctions;
import org.nd4j.shade.jackson.databind.JsonNode;
import org.nd4j.shade.jackson.databind.ObjectMapper;
import org.nd4j.shade.jackson.databind.node.ArrayNode;
import org.nd4j.shade.jackson.databind.node.ObjectNode;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Objects;
import java.util.function.Consumer;
import java.util.zip.ZipEntry;
import java.util.zip.ZipInputStream;
import java.util.zip.ZipOutputStream;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

class SavedModelTest {

    private static final Layer[] LAYERS = {
            new ConvolutionLayer.Builder(3, 3).convolutionMode(ConvolutionMode.Same).nOut(6).activation(Activation.IDENTITY).build(),
            new BatchNormalization(),
            new DepthwiseConvolution2D.Builder(3, 3).nOut(6).activation(Activation.RELU).build(),
            new SeparableConvolution2D.Builder(3, 3).stride(2, 2).nOut(5).activation(Activation.RELU).build(),
            new Deconvolution2D.Builder(2, 2).nOut(4).activation(Activation.TANH).build(),
            new DenseLayer.Builder().nOut(9).activation(Activation.RELU).build(),
            new OutputLayer.Builder(LossFunctions.LossFunction.MCXENT).nOut(3).activation(Activation.SOFTMAX).build()};
    private static final InputType INPUT = InputType.convolutional(9, 9, 3);

    private static MultipointResult<ComputationGraph> result;
    private static INDArray x;
    private static INDArray output;

    @BeforeAll
    static void transform() {
        result = Multipoint.of(TestNets.chain(INPUT, LAYERS)).bits(4).calibrate(TestNets.iterator(1, 3, 3, 4, 3, 9, 9)).transform();
        x = TestNets.random(2, 4, 3, 9, 9);
        output = result.model().outputSingle(x);
    }

    @Test
    void restoredGraphGivesTheSameBits(@TempDir Path folder) throws IOException {
        for (boolean updater : new boolean[]{false, true}) {
            File file = folder.resolve("graph.zip").toFile();
            ModelSerializer.writeModel(result.model(), file, updater);
            ComputationGraph restored = ModelSerializer.restoreComputationGraph(file);
            assertEquals(output, restored.outputSingle(x));
            assertEquals(result.model().getConfiguration(), restored.getConfiguration());
            assertEquals(result.model().getConfiguration().toJson(), restored.getConfiguration().toJson());
        }
    }

    @Test
    void restoredNetworkGivesTheSameBits(@TempDir Path folder) throws IOException {
        MultiLayerNetwork network = Multipoint.of(TestNets.network(INPUT, LAYERS)).bits(3).method(Method.GREEDY)
                .calibrate(TestNets.iterator(1, 3, 3, 4, 3, 9, 9)).transform().model();
        File file = folder.resolve("network.zip").toFile();
        ModelSerializer.writeModel(network, file, false);
        assertEquals(network.output(x), ModelSerializer.restoreMultiLayerNetwork(file).output(x));
    }

    @Test
    void theSameNetworkGivesTheSameConfiguration() {
        MultiLayerNetwork source = TestNets.network(INPUT, LAYERS);
        MultiLayerNetwork network = Multipoint.of(source).method(Method.GREEDY).calibrate(TestNets.iterator(1, 1, 3, 4, 3, 9, 9)).transform().model();
        assertEquals(source.getLayerWiseConfigurations().getConf(0).getSeed(), network.getLayerWiseConfigurations().getConf(0).getSeed());
        assertEquals(Multipoint.of(source).method(Method.GREEDY).calibrate(TestNets.iterator(1, 1, 3, 4, 3, 9, 9)).transform().model()
                .getLayerWiseConfigurations().toJson(), network.getLayerWiseConfigurations().toJson());
    }

    @Test
    void clonesAndOtherPrecisionsComputeTheSame() {
        assertEquals(output, result.model().clone().outputSingle(x));
        INDArray inDouble = result.model().convertDataType(DataType.DOUBLE).outputSingle(x.castTo(DataType.DOUBLE));
        assertEquals(0, inDouble.castTo(DataType.FLOAT).sub(output).amaxNumber().doubleValue(), 1e-5);
    }

    @Test
    void weightsAreStoredAsPointsAndNowhereElse() {
        assertEquals(6 + 6 + 5 + 4 + 9 + 3, result.model().numParams(), "biases only");
        long bytes = 0;
        long weights = 0;
        for (org.deeplearning4j.nn.api.Layer layer : result.model().getLayers()) {
            Layer conf = layer.conf().getLayer();
            List<LinearOp> ops = LayerKind.of(conf).orElseThrow().ops(conf);
            MultipointWeights stored = MultipointWeights.of(conf).orElseThrow();
            for (int operation = 0; operation < ops.size(); operation++) {
                for (String piece : stored.operations().get(operation).payload()) {
                    bytes += Base64.getDecoder().decode(piece).length;
                }
                weights += ops.get(operation).weights();
            }
            assertEquals(result.report().provenance(), stored.provenance());
        }
        assertEquals(bytes, result.report().storedBytes());
        assertEquals(weights, result.report().weights());
        assertEquals(8.0 * bytes / weights, result.report().storedBitsPerWeight(), 1e-9);
        assertEquals(result.model().numParams(), result.report().floatParameters());
        assertEquals(7, result.report().layers().stream().map(LayerReport::name).distinct().count());
    }

    @Test
    void codesAreInEqualsAndNotInToString() {
        ComputationGraphConfiguration conf = result.model().getConfiguration();
        ComputationGraph other = Multipoint.of(TestNets.chain(INPUT, LAYERS)).bits(3)
                .calibrate(TestNets.iterator(1, 3, 3, 4, 3, 9, 9)).transform().model();
        assertNotEquals(conf, other.getConfiguration());
        for (org.deeplearning4j.nn.api.Layer layer : result.model().getLayers()) {
            assertTrue(layer.conf().getLayer().toString().length() < 3000, layer.conf().getLayer().toString());
        }
    }

    /** The model's configuration after an edit of the stored weights of the first layer. */
    private static String altered(Consumer<ObjectNode> edit) {
        return json(root -> edit.accept((ObjectNode) root.get("vertices").get("l0").findValue("multipoint")));
    }

    /** The model's configuration after an edit. */
    private static String json(Consumer<JsonNode> edit) {
        try {
            ObjectMapper mapper = new ObjectMapper();
            JsonNode root = mapper.readTree(result.model().getConfiguration().toJson());
            edit.accept(root);
            return mapper.writeValueAsString(root);
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    private static String message(String json) {
        return assertThrows(IllegalStateException.class,
                () -> new ComputationGraph(ComputationGraphConfiguration.fromJson(json)).init()).getMessage();
    }

    private static ObjectNode operation(ObjectNode weights) {
        return (ObjectNode) weights.get("operations").get(0);
    }

    @Test
    void alteredModelsAreRefusedAndTheLayerIsNamed() {
        assertTrue(message(altered(w -> {
            ArrayNode payload = (ArrayNode) operation(w).get("payload");
            String text = payload.get(0).asText();
            payload.set(0, payload.textNode((text.charAt(40) == 'A' ? "B" : "A") + text.substring(1)));
        })).matches("(?s)Layer \"l0\": Not a readable multipoint payload: .*"));
        assertTrue(message(altered(w -> operation(w).putArray("payload"))).contains("Layer \"l0\": Not a readable multipoint payload"));
        assertTrue(message(altered(w -> ((ArrayNode) w.get("operations")).removeAll()))
                .contains("Layer \"l0\": expected weights of 1 operations, found 0"));
        assertTrue(message(altered(w -> operation(w).put("inputBits", 99))).contains("Layer \"l0\": Activation bits must be 2 to 8, found 99"));
        assertTrue(message(json(root -> ((ObjectNode) root.get("vertices").get("l3").findValue("operations").get(1)).put("inputBits", 0)))
                .contains("Layer \"l3\": expected all of its operations or none to have a quantized input, found 1 of 2"));
        assertTrue(message(altered(w -> operation(w).put("inputScale", -1))).contains("Layer \"l0\": An activation scale and its reciprocal must be positive"));
    }

    @Test
    void weightsOfAnotherVersionAreRefusedAndTheLayerIsNamed(@TempDir Path folder) throws IOException {
        String json = altered(w -> w.put("version", 7));
        Path file = folder.resolve("graph.zip");
        ModelSerializer.writeModel(result.model(), file.toFile(), false);
        Path later = folder.resolve("later.zip");
        Files.write(later, withConfiguration(Files.readAllBytes(file), json));
        for (Executable read : List.<Executable>of(() -> ComputationGraphConfiguration.fromJson(json),
                () -> ModelSerializer.restoreComputationGraph(later.toFile()))) {
            String messages = messages(assertThrows(RuntimeException.class, read));
            assertTrue(messages.contains("Multipoint weights: found format version 7, this program reads version 1"), messages);
            assertTrue(messages.contains("[\"l0\"]"), messages);
        }
    }

    private static String messages(Throwable e) {
        return e == null ? "" : e.getMessage() + "\n" + messages(e.getCause());
    }

    @Test
    void layersWithoutWeightsAreRefusedAndNamed() {
        String message = message(json(root -> ((ObjectNode) root.get("vertices").get("l0").findParent("multipoint")).remove("multipoint")));
        assertTrue(message.contains("Layer \"l0\": expected weights"), message);
    }

    @Test
    void weightsOfAnotherLayerAreRefused() {
        String message = message(json(root -> ((ObjectNode) root.get("vertices").get("l0").findValue("multipoint"))
                .set("operations", root.get("vertices").get("l5").findValue("operations"))));
        assertTrue(message.contains("Layer \"l0\": expected weights of 6x27, found 9x"), message);
    }

    @Test
    void alteredCompiledModelsAreRefusedAndTheLayerIsNamed() throws IOException {
        String compiled = Segments.compile(result.model()).graph().getConfiguration().toJson();
        new ComputationGraph(ComputationGraphConfiguration.fromJson(compiled)).init();
        for (String layer : List.of("l3", "l5")) {
            JsonNode root = new ObjectMapper().readTree(compiled);
            JsonNode part = root.findValues("segment").stream().map(segment -> segment.get("vertices").get(layer)).filter(Objects::nonNull)
                    .findFirst().orElseThrow();
            ((ObjectNode) part.findValue("operations").get(0)).putArray("payload");
            String message = message(root.toString());
            assertTrue(message.contains("Layer \"" + layer + "\": Not a readable multipoint payload"), message);
        }
    }

    @Test
    void truncatedAndAlteredFilesAreRefused(@TempDir Path folder) throws IOException {
        Path file = folder.resolve("graph.zip");
        ModelSerializer.writeModel(result.model(), file.toFile(), false);
        byte[] bytes = Files.readAllBytes(file);
        for (double share : new double[]{0, 0.3, 0.9}) {
            Path cut = folder.resolve("cut.zip");
            Files.write(cut, Arrays.copyOf(bytes, (int) (bytes.length * share)));
            assertThrows(Exception.class, () -> ModelSerializer.restoreComputationGraph(cut.toFile()), share + " of the file");
        }
        Path edited = folder.resolve("edited.zip");
        Files.write(edited, withConfiguration(bytes, altered(w -> operation(w).putArray("payload").add("AAAA"))));
        String message = assertThrows(IllegalStateException.class, () -> ModelSerializer.restoreComputationGraph(edited.toFile())).getMessage();
        assertTrue(message.contains("Layer \"l0\": Not a readable multipoint payload"), message);
    }

    private static byte[] withConfiguration(byte[] zip, String json) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (ZipInputStream in = new ZipInputStream(new ByteArrayInputStream(zip)); ZipOutputStream out = new ZipOutputStream(bytes)) {
            for (ZipEntry entry = in.getNextEntry(); entry != null; entry = in.getNextEntry()) {
                out.putNextEntry(new ZipEntry(entry.getName()));
                out.write(entry.getName().equals("configuration.json") ? json.getBytes(StandardCharsets.UTF_8) : in.readAllBytes());
                out.closeEntry();
            }
        }
        return bytes.toByteArray();
    }
}
