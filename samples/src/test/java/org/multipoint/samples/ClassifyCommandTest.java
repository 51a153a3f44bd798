package org.multipoint.samples;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.multipoint.datasets.ImageList;
import org.multipoint.samples.PublishedClassifier.Part;
import org.multipoint.testing.TestData;
import org.nd4j.shade.jackson.databind.JsonNode;
import org.nd4j.shade.jackson.databind.ObjectMapper;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

/** The sample for published classifiers. */
class ClassifyCommandTest {

    @TempDir
    Path folder;

    /** The figures are those of the same files in Keras; half of the images of vww's figure are here. */
    @ParameterizedTest
    @CsvSource({"KWS, 1000, 0.901, 0.005", "ESC10, 512, 0.967, 0.005", "RESNET8, 2000, 0.764, 0.005", "VWW, 128, 0.863, 0.02"})
    void publishedClassifiersAreAsGoodAsInKeras(PublishedClassifier net, int count, double top1, double tolerance) throws IOException {
        Path data = TestData.require("zoo");
        Network network = net.network(data);
        try (ImageList examples = net.examples(data, Part.TEST, network.format())) {
            Evaluations.Result found = Evaluations.evaluate(net.toString(), network.compiled(), examples);
            assertEquals(count, found.images());
            assertEquals(top1, found.top1(), tolerance);
        }
    }

    /** Words to calibrate on are not evaluated on. */
    @Test
    void aPublishedClassifierIsQuantized() throws IOException {
        CommandRun run = CommandRun.of("classify", "--net", "kws", "--data", TestData.require("zoo"), "--bits", 8, "--method", "nearest",
                "--json", folder.resolve("r.json"));
        assertEquals(0, run.exitCode(), run.err());
        assertTrue(run.out().stripTrailing().endsWith("--json " + folder.resolve("r.json") + " --out small.zip"), run.out());
        JsonNode json = new ObjectMapper().readTree(folder.resolve("r.json").toFile());
        assertEquals(256, json.get("calibrationImages").asInt());
        assertEquals(744, json.get("testImages").asInt());
        assertEquals(json.get("fp32").get("top1").asDouble(), json.get("quantized").get("top1").asDouble(), 0.02, json.toString());
    }

    @ParameterizedTest
    @CsvSource({"classify", "classify --net kws", "classify --net big --data /nowhere"})
    void argumentsThatMakeNoSense(String arguments) {
        CommandRun run = CommandRun.of((Object[]) arguments.split(" "));
        assertEquals(2, run.exitCode(), run.out() + run.err());
    }

    @Test
    void modelsThatAreNotThere() {
        CommandRun run = CommandRun.of("classify", "--net", "vww", "--data", folder);
        assertEquals(1, run.exitCode(), run.out());
        assertTrue(run.err().contains("mlperf_vww_96.h5"), run.err());
    }

    @Test
    void wordsWithoutClass() throws IOException {
        Files.createDirectories(folder.resolve("kws"));
        Files.write(folder.resolve("kws").resolve("yes.bin"), new byte[490]);
        String message = assertThrows(IOException.class, () -> PublishedClassifier.KWS.examples(folder, Part.TEST, null)).getMessage();
        assertTrue(message.contains("yes.bin"), message);
        Files.move(folder.resolve("kws").resolve("yes.bin"), folder.resolve("kws").resolve("yes_12.bin"));
        message = assertThrows(IllegalArgumentException.class, () -> PublishedClassifier.KWS.examples(folder, Part.TEST, null)).getMessage();
        assertTrue(message.contains("class 12"), message);
    }
}
