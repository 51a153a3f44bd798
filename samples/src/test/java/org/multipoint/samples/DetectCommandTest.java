package org.multipoint.samples;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.multipoint.datasets.Box;
import org.multipoint.datasets.BoxFormat;
import org.multipoint.datasets.DetectionFolder;
import org.multipoint.datasets.LabelledBox;
import org.multipoint.datasets.SyntheticScenes;
import org.multipoint.testing.TestData;
import org.nd4j.shade.jackson.databind.JsonNode;
import org.nd4j.shade.jackson.databind.ObjectMapper;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import javax.imageio.ImageIO;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

/** The sample for detectors, with the small one that is part of the project, and with published ones on real images. */
class DetectCommandTest {

    private static final int IMAGES = 48;

    @TempDir
    Path folder;

    private Path model;
    private String classes;

    private void write(BoxFormat format) throws IOException {
        model = folder.resolve("small.zip");
        try (InputStream in = GeneratedTask.class.getResourceAsStream("quickstart-detection.zip")) {
            Files.write(model, in.readAllBytes());
        }
        classes = format == BoxFormat.VOC ? String.join(",", SyntheticScenes.LABELS)
                : IntStream.range(0, SyntheticScenes.LABELS.size()).mapToObj(String::valueOf).collect(Collectors.joining(","));
        Files.createDirectories(folder.resolve("images"));
        Files.createDirectories(folder.resolve("labels"));
        for (int i = 0; i < IMAGES; i++) {
            SyntheticScenes.Picture picture = SyntheticScenes.picture(1_000_000 + i);
            ImageIO.write(picture.image().toBufferedImage(), "png", folder.resolve("images").resolve(i + ".png").toFile());
            Files.writeString(folder.resolve("labels").resolve(i + (format == BoxFormat.VOC ? ".xml" : ".txt")), format == BoxFormat.VOC
                    ? picture.objects().stream().map(DetectCommandTest::voc).collect(Collectors.joining("",
                            "<annotation><size><width>64</width><height>64</height></size>", "</annotation>"))
                    : picture.objects().stream().map(DetectCommandTest::yolo).collect(Collectors.joining("\n")));
        }
    }

    private static String yolo(LabelledBox object) {
        Box box = object.box();
        return String.format(Locale.ROOT, "%d %f %f %f %f", object.label(), box.centerX(), box.centerY(), box.width(), box.height());
    }

    private static String voc(LabelledBox object) {
        Box box = object.box();
        return String.format(Locale.ROOT, "<object><name>%s</name><bndbox><xmin>%.0f</xmin><ymin>%.0f</ymin><xmax>%.0f</xmax><ymax>%.0f</ymax>"
                + "</bndbox></object>", SyntheticScenes.LABELS.get(object.label()), 64 * box.left(), 64 * box.top(), 64 * box.right(),
                64 * box.bottom());
    }

    private CommandRun own(Path file, Object... more) {
        List<Object> arguments = new ArrayList<>(List.of("detect", "--model", file, "--images", folder.resolve("images"),
                "--labels", folder.resolve("labels"), "--classes", classes, "--view", "stretch", "--size", 64, "--mean", 84, "--deviation", 41));
        arguments.addAll(List.of(more));
        return CommandRun.of(arguments.toArray());
    }

    /** A third of the images is calibrated on. What was saved is evaluated again, with the same result. */
    @ParameterizedTest
    @EnumSource(BoxFormat.class)
    void aDetectorOfYourOwn(BoxFormat format) throws IOException {
        write(format);
        CommandRun run = own(model, "--head", "yolo2", "--format", format, "--bits", 4, "--activation-bits", 8, "--json",
                folder.resolve("r.json"), "--plot", folder.resolve("r.png"), "--out", folder.resolve("r.zip"));
        assertEquals(0, run.exitCode(), run.err());
        assertTrue(run.out().contains("16 to calibrate on, 32 others to evaluate on"), run.out());
        JsonNode json = json("r.json");
        double before = json.get("fp32").get("map").asDouble();
        double after = json.get("quantized").get("map").asDouble();
        assertTrue(before > 0.6 && before <= 1, json.toString());
        assertEquals(before, after, 0.05, json.toString());
        assertTrue(json.get("fp32").get("cocoMap").asDouble() < before, json.toString());
        assertEquals(List.of("map", "cocoMap", "bytes", "msPerImage", "compiledMsPerImage"), names(json.get("fp32")));
        assertTrue(names(json.get("quantized")).containsAll(List.of("map", "cocoMap", "storedBitsPerWeight", "bytes")), json.toString());
        assertFalse(run.out().contains("top-1") || run.out().contains("KL:"), run.out());
        assertEquals(4 * 320, ImageIO.read(folder.resolve("r.png").toFile()).getWidth());

        CommandRun again = own(folder.resolve("r.zip"), "--head", "yolo2", "--format", format, "--json", folder.resolve("again.json"));
        assertEquals(0, again.exitCode(), again.err());
        assertEquals(List.of("model", "testImages", "map", "cocoMap", "bytes", "msPerImage", "compiledMsPerImage"), names(json("again.json")));
        assertEquals(IMAGES, json("again.json").get("testImages").asInt());
        for (CommandRun told : new CommandRun[]{run, again}) {
            assertTrue(told.out().stripTrailing().endsWith("samples inspect " + folder.resolve("r.zip")), told.out());
        }
    }

    @Test
    void quickstartFindsShapes() throws IOException {
        CommandRun run = CommandRun.of("quickstart", "--task", "detection", "--calibration", 32, "--test", 100, "--bits", 4, "--json",
                folder.resolve("r.json"));
        assertEquals(0, run.exitCode(), run.err());
        JsonNode json = json("r.json");
        assertEquals("quickstart-detection", json.get("model").asText());
        assertTrue(json.get("fp32").get("map").asDouble() > 0.6, json.toString());
        assertEquals(json.get("fp32").get("map").asDouble(), json.get("quantized").get("map").asDouble(), 0.03, json.toString());
    }

    @Test
    void aDetectorIsTrained() {
        CommandRun train = CommandRun.of("train", "--task", "detection", "--images", 32, "--width", 2, "--test", 8, "--out",
                folder.resolve("trained.zip"));
        assertEquals(0, train.exitCode(), train.err());
        assertTrue(train.out().contains("mAP@0.5"), train.out());
        CommandRun run = CommandRun.of("quickstart", "--task", "detection", "--model", folder.resolve("trained.zip"), "--bits", 2, "--method",
                "nearest", "--calibration", 4, "--test", 4);
        assertEquals(0, run.exitCode(), run.err());
    }

    @Test
    void theSmallestDetectorThatHolds() throws IOException {
        write(BoxFormat.YOLO);
        CommandRun run = own(model, "--head", "yolo2", "--format", "yolo", "--bits", 4, "--max-drop", 100, "--leave-out", "head");
        assertEquals(0, run.exitCode(), run.err());
        assertTrue(run.out().contains("16 to calibrate on, 16 to search on, 16 others to evaluate on"), run.out());
        assertTrue(run.out().contains("On images that the search has not seen, mAP@0.5 is"), run.out());
        assertTrue(run.out().contains("head"), run.out());
    }

    @ParameterizedTest
    @CsvSource({"yolo3, needs --anchors with 2 numbers", "ssd, needs --anchors with 1 numbers"})
    void headsNeedAnchors(String head, String complaint) throws IOException {
        write(BoxFormat.YOLO);
        CommandRun run = own(model, "--head", head, "--format", "yolo");
        assertEquals(1, run.exitCode(), run.out());
        assertTrue(run.err().contains(complaint), run.err());
    }

    @Test
    void headsOfAnotherNetwork() throws IOException {
        write(BoxFormat.YOLO);
        CommandRun ssd = own(model, "--head", "ssd", "--format", "yolo", "--anchors", "0.1,0.2");
        assertEquals(1, ssd.exitCode(), ssd.out());
        assertTrue(ssd.err().contains("1 outputs, expected 2"), ssd.err());
    }

    @ParameterizedTest
    @CsvSource({"detect", "detect --net nano-voc", "detect --net big --data /nowhere",
        "detect --net nano-voc --data /nowhere --model small.zip"})
    void argumentsThatMakeNoSense(String arguments) {
        CommandRun run = CommandRun.of((Object[]) arguments.split(" "));
        assertEquals(2, run.exitCode(), run.out() + run.err());
    }

    @Test
    void dataThatAreNotThere() {
        CommandRun run = CommandRun.of("detect", "--net", "tiny-face", "--data", folder);
        assertEquals(1, run.exitCode(), run.out());
        assertTrue(run.err().contains("tiny_face_detector_416.h5"), run.err());
    }

    /** The figures are those of the same files in Keras, with all images. */
    @ParameterizedTest
    @CsvSource({"NANO_VOC, 128, 0.347", "TINY_FACE, 65, 0.936", "FACE_MASK, 155, 0.855"})
    void publishedDetectorsFindWhatTheyFindInKeras(PublishedDetector net, int count, double map) throws IOException {
        Path data = TestData.require("zoo");
        Network network = net.network(data);
        try (DetectionFolder images = net.test(data).format(network.format()).build()) {
            DetectionJudge.Result found = new DetectionJudge(net.detector()).evaluate(net.toString(), network, images, null);
            assertEquals(count, found.images());
            assertEquals(map, found.mainValue(), 0.001);
        }
    }

    @Test
    void aPublishedDetectorIsQuantized() throws IOException {
        CommandRun run = CommandRun.of("detect", "--net", "face-mask", "--data", TestData.require("zoo"), "--bits", 8,
                "--test", 30, "--json", folder.resolve("r.json"));
        assertEquals(0, run.exitCode(), run.err());
        JsonNode json = json("r.json");
        assertTrue(run.out().contains("Next, keep the quantized model:") && run.out().contains("samples detect --net face-mask --data "), run.out());
        assertEquals(39, json.get("calibrationImages").asInt());
        assertEquals(30, json.get("testImages").asInt());
        assertEquals(json.get("fp32").get("map").asDouble(), json.get("quantized").get("map").asDouble(), 0.03, json.toString());
    }

    private JsonNode json(String file) throws IOException {
        return new ObjectMapper().readTree(folder.resolve(file).toFile());
    }

    private static List<String> names(JsonNode json) {
        List<String> names = new ArrayList<>();
        json.fieldNames().forEachRemaining(names::add);
        return names;
    }
}
