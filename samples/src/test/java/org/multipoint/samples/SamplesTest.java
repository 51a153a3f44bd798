package org.multipoint.samples;

import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.util.ModelSerializer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.nd4j.shade.jackson.databind.JsonNode;
import org.nd4j.shade.jackson.databind.ObjectMapper;

import javax.imageio.ImageIO;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

/** Samples from end to end, with few images. */
class SamplesTest {

    private static final List<String> FIELDS = List.of("model", "method", "bits", "extraPoints", "calibrationImages", "testImages", "fp32",
            "quantized", "seconds", "peakMegabytes");

    @TempDir
    Path folder;

    @Test
    void quickstartTellsWhatItFoundInEveryForm() throws IOException {
        CommandRun run = CommandRun.of("quickstart", "--calibration", 8, "--test", 20, "--json", folder.resolve("r.json"),
                "--plot", folder.resolve("r.png"), "--out", folder.resolve("r.zip"));
        assertEquals(0, run.exitCode(), run.err());
        try (Stream<Path> files = Files.list(folder)) {
            assertEquals(List.of("r-3bit.zip", "r-4bit.zip", "r.json", "r.png"), files.map(f -> f.getFileName().toString()).sorted().toList());
        }
        assertTrue(run.out().contains("Side by side"), run.out());
        assertTrue(ImageIO.read(folder.resolve("r.png").toFile()).getWidth() > 0);

        JsonNode json = json(folder.resolve("r.json"));
        assertShape(json, "further");
        assertEquals("quickstart", json.get("model").asText());
        assertEquals("calibrated", json.get("method").asText());
        assertEquals(4, json.get("bits").asInt());
        assertEquals(0.1, json.get("extraPoints").asDouble());
        assertEquals(8, json.get("calibrationImages").asInt());
        assertEquals(20, json.get("testImages").asInt());
        assertEquals(Files.size(folder.resolve("r-4bit.zip")), json.get("quantized").get("bytes").asLong());
        assertEquals(1.1, json.get("quantized").get("codesPerWeight").asDouble(), 0.01);
        assertTrue(json.get("quantized").get("storedBitsPerWeight").asDouble() > 4.4);
        assertEquals(1, json.get("further").size());
        assertShape(json.get("further").get(0));
        assertEquals(3, json.get("further").get(0).get("bits").asInt());

        ComputationGraph restored = ModelSerializer.restoreComputationGraph(folder.resolve("r-3bit.zip").toFile());
        assertEquals(10, restored.layerSize("linear"));
    }

    @Test
    void aTrainedModelServesAsQuickstart() throws IOException {
        Path model = folder.resolve("trained.zip");
        CommandRun train = CommandRun.of("train", "--images", 64, "--width", 2, "--test", 20, "--out", model);
        assertEquals(0, train.exitCode(), train.err());
        CommandRun run = CommandRun.of("quickstart", "--model", model, "--bits", 2, "--method", "nearest", "--calibration", 4, "--test", 4,
                "--json", folder.resolve("r.json"));
        assertEquals(0, run.exitCode(), run.err());
        JsonNode json = json(folder.resolve("r.json"));
        assertShape(json);
        assertEquals(0, json.get("extraPoints").asDouble());
        assertEquals(1, json.get("quantized").get("codesPerWeight").asDouble());
    }

    @Test
    void trainingIsDeterministic() throws IOException {
        for (String name : new String[]{"a.zip", "b.zip"}) {
            CommandRun.of("train", "--images", 64, "--width", 2, "--test", 4, "--out", folder.resolve(name));
        }
        assertEquals(ModelSerializer.restoreComputationGraph(folder.resolve("a.zip").toFile()).params(),
                ModelSerializer.restoreComputationGraph(folder.resolve("b.zip").toFile()).params());
    }

    @Test
    void realImagesGiveTheKnownAccuracy() throws IOException {
        Path data = Path.of(System.getProperty("multipoint.data", "")).toAbsolutePath().normalize();
        assumeTrue(Files.isDirectory(data.resolve("cifar10")), () -> "SKIPPED: no real images in " + data);
        CommandRun run = CommandRun.of("cifar10", "--data", data, "--bits", 4, "--calibration", 32, "--test", 200, "--json",
                folder.resolve("r.json"));
        assertEquals(0, run.exitCode(), run.err());
        JsonNode json = json(folder.resolve("r.json"));
        assertShape(json);
        assertEquals("resnet20", json.get("model").asText());
        // 81.03 % on all images; three standard deviations of 200.
        assertEquals(0.81, json.get("fp32").get("top1").asDouble(), 0.08);
        assertEquals(json.get("fp32").get("top1").asDouble(), json.get("quantized").get("top1").asDouble(), 0.04);
        assertTrue(json.get("quantized").get("bytes").asLong() < json.get("fp32").get("bytes").asLong() / 5);
    }

    private static JsonNode json(Path file) throws IOException {
        return new ObjectMapper().readTree(file.toFile());
    }

    private static void assertShape(JsonNode json, String... further) {
        List<String> expected = new ArrayList<>(FIELDS);
        expected.addAll(List.of(further));
        assertEquals(expected, names(json));
        assertEquals(List.of("top1", "bytes", "msPerImage"), names(json.get("fp32")));
        assertEquals(List.of("top1", "storedBitsPerWeight", "codesPerWeight", "bytes", "msPerImage"), names(json.get("quantized")));
        assertEquals(List.of("calibration", "quantization", "evaluation"), names(json.get("seconds")));
        for (String part : new String[]{"fp32", "quantized", "seconds"}) {
            json.get(part).forEach(value -> assertTrue(value.asDouble() >= 0 && Double.isFinite(value.asDouble()), json.toString()));
        }
        assertTrue(json.get("fp32").get("top1").asDouble() <= 1);
        assertTrue(json.get("quantized").get("top1").asDouble() <= 1);
        assertTrue(json.get("peakMegabytes").asDouble() > 50);
        assertFalse(json.get("model").asText().isEmpty());
    }

    private static List<String> names(JsonNode json) {
        List<String> names = new ArrayList<>();
        json.fieldNames().forEachRemaining(names::add);
        return names;
    }
}
