package org.multipoint.samples;

import org.deeplearning4j.nn.conf.CNN2DFormat;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.ConvolutionLayer;
import org.deeplearning4j.nn.conf.layers.GlobalPoolingLayer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.conf.layers.PoolingType;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.util.ModelSerializer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.multipoint.samples.models.NpzFiles;
import org.multipoint.testing.TestData;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.shade.jackson.databind.JsonNode;
import org.nd4j.shade.jackson.databind.ObjectMapper;

import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import javax.imageio.ImageIO;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

/** Samples from end to end, with few images. */
class SamplesTest {

    private static final List<String> FIELDS = List.of("model", "method", "bits", "extraPoints", "calibrationImages", "testImages", "fp32",
            "quantized", "seconds", "peakMegabytes");

    @TempDir
    Path folder;

    @Test
    void quickstartTellsWhatItFoundInEveryForm() throws IOException {
        CommandRun run = CommandRun.of("quickstart", "--calibration", 32, "--test", 200, "--json", folder.resolve("r.json"),
                "--plot", folder.resolve("r.png"), "--out", folder.resolve("r.zip"), "--html", folder.resolve("r.html"));
        assertEquals(0, run.exitCode(), run.err());
        try (Stream<Path> files = Files.list(folder)) {
            assertEquals(List.of("r-3bit.html", "r-3bit.zip", "r-4bit.html", "r-4bit.zip", "r.json", "r.png"), files.map(f -> f.getFileName().toString()).sorted().toList());
        }
        assertTrue(run.out().contains("Side by side"), run.out());
        assertTrue(run.out().matches("(?s).*4-bit calibrated: [0-9.]+ times smaller, [0-9.]+ points of top-1 (lost|gained), [0-9.]+ times faster .*"),
                run.out());
        assertTrue(run.out().stripTrailing().endsWith("samples inspect FILE"), run.out());
        assertTrue(Files.readString(folder.resolve("r-3bit.html")).contains("top-1 on 200 test images"));
        assertTrue(ImageIO.read(folder.resolve("r.png").toFile()).getWidth() > 0);

        JsonNode json = json(folder.resolve("r.json"));
        assertShape(json, "further");
        assertEquals("quickstart", json.get("model").asText());
        assertEquals("calibrated", json.get("method").asText());
        assertEquals(4, json.get("bits").asInt());
        assertEquals(0.1, json.get("extraPoints").asDouble());
        assertEquals(32, json.get("calibrationImages").asInt());
        assertEquals(200, json.get("testImages").asInt());
        // 90.1 % on 1,000 images; three standard deviations of 200.
        assertEquals(0.9, json.get("fp32").get("top1").asDouble(), 0.065);
        assertEquals(json.get("fp32").get("top1").asDouble(), json.get("quantized").get("top1").asDouble(), 0.03);
        assertEquals(Files.size(folder.resolve("r-4bit.zip")), json.get("quantized").get("bytes").asLong());
        assertEquals(1.1, json.get("quantized").get("codesPerWeight").asDouble(), 0.01);
        assertTrue(json.get("quantized").get("storedBitsPerWeight").asDouble() > 4.4);
        assertEquals(1, json.get("further").size());
        assertShape(json.get("further").get(0));
        assertEquals(3, json.get("further").get(0).get("bits").asInt());

        ComputationGraph restored = ModelSerializer.restoreComputationGraph(folder.resolve("r-3bit.zip").toFile());
        assertEquals(10, restored.layerSize("linear"));
    }

    /** Two widths are drawn as bars, more of them as a curve. */
    @Test
    void anyNumberOfWidthsIsDrawn() throws IOException {
        CommandRun run = CommandRun.of("quickstart", "--bits", "4,3,2", "--calibration", 32, "--test", 100, "--plot", folder.resolve("r.png"));
        assertEquals(0, run.exitCode(), run.err());
        assertTrue(ImageIO.read(folder.resolve("r.png").toFile()).getWidth() > 0);
    }

    @Test
    void aTrainedModelServesAsQuickstart() throws IOException {
        Path model = folder.resolve("trained.zip");
        CommandRun train = CommandRun.of("train", "--images", 64, "--width", 2, "--test", 20, "--out", model);
        assertEquals(0, train.exitCode(), train.err());
        assertTrue(train.out().contains("This will take about") && train.out().contains("quickstart --task classification --model " + model),
                train.out());
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
        Path data = TestData.require("cifar10").getParent();
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

    @Test
    void theSmallestModelThatHoldsIsFound() throws IOException {
        CommandRun run = CommandRun.of("quickstart", "--calibration", 8, "--test", 20, "--max-drop", 100, "--method", "calibrated",
                "--json", folder.resolve("r.json"));
        assertEquals(0, run.exitCode(), run.err());
        assertTrue(run.out().contains("holds"), run.out());
        assertTrue(run.out().contains("8 to calibrate on, 20 to search on, 20 others to evaluate on"), run.out());
        assertTrue(run.out().contains("On images that the search has not seen"), run.out());
        // Everything is within a drop of 100 points: the narrowest codes, without extra points.
        JsonNode json = json(folder.resolve("r.json"));
        assertEquals(2, json.get("bits").asInt());
        assertEquals(1, json.get("quantized").get("codesPerWeight").asDouble());
        assertTrue(json.get("attempts").size() > 0 && json.get("attempts").get(0).get("holds").asBoolean(), json.toString());
    }

    @Test
    void helpTellsExitCodesAndTheVersionIsKnown() {
        for (String command : new String[]{"quickstart", "inspect", "quantize", "evaluate", "compare", "predict", "sensitivity", "curve"}) {
            CommandRun help = CommandRun.of(command, "--help");
            assertEquals(0, help.exitCode());
            assertTrue(help.out().contains("Exit codes:") && help.out().contains("2   The arguments are invalid."), help.out());
        }
        assertTrue(CommandRun.of("--version").out().matches("dl4j-multipoint \\d+\\.\\d+\\.\\S+\\R"), CommandRun.of("--version").out());
    }

    @Test
    void trainingInFewBitsIsComparedAndContinued() throws IOException {
        Path file = folder.resolve("low.json");
        Object[] few = {"low-precision", "--images", 64, "--epochs", 2, "--test", 64, "--width", 2, "--seeds", 1, "--settings", "fp32,fp16,fp8_stochastic",
            "--json", file, "--plot", folder.resolve("low.png"), "--resume"};
        CommandRun run = CommandRun.of(few);
        assertEquals(0, run.exitCode(), run.err());
        assertTrue(ImageIO.read(folder.resolve("low.png").toFile()).getWidth() > 0);
        JsonNode json = json(file);
        assertEquals(List.of("DENSE FP32", "DENSE FP16", "DENSE FP8_STOCHASTIC",
                        "SMALL_LOSS FP32", "SMALL_LOSS FP16", "SMALL_LOSS FP8_STOCHASTIC"),
                StreamSupport.stream(json.get("runs").spliterator(), false)
                        .map(r -> r.get("network").asText() + " " + r.get("setting").asText()).toList());
        for (JsonNode one : json.get("runs")) {
            assertEquals(4, one.get("losses").size());
            assertTrue(one.get("losses").get(0).asDouble() > 1 && one.get("losses").get(0).asDouble() < 10, one.toString());
        }
        assertTrue(run.out().contains("fp8 e5m2, stochastic"), run.out());
        String before = Files.readString(file);
        assertEquals(0, CommandRun.of(few).exitCode());
        assertEquals(before, Files.readString(file));
        CommandRun others = CommandRun.of("low-precision", "--images", 64, "--test", 65, "--json", file, "--resume");
        assertEquals(1, others.exitCode(), others.err());
    }

    @Test
    void aSizeIsSpentOnEntropyCodedWeights() throws IOException {
        CommandRun run = CommandRun.of("quickstart", "--calibration", 32, "--test", 100, "--stored-bits", 3.2, "--json", folder.resolve("r.json"),
                "--plot", folder.resolve("r.png"), "--out", folder.resolve("r.zip"));
        assertEquals(0, run.exitCode(), run.err());
        JsonNode json = json(folder.resolve("r.json"));
        assertShape(json);
        assertEquals("coded", json.get("method").asText());
        double bits = json.get("quantized").get("storedBitsPerWeight").asDouble();
        assertTrue(bits <= 3.2 && bits > 3.1, bits + " bits");
        assertTrue(run.out().contains(String.format(Locale.ROOT, "coded, %.2f stored bits", bits)), run.out());
        assertFalse(run.out().contains("-bit"), run.out());
        for (String column : new String[]{"top-1", "interval", "KL", "agreement"}) {
            assertTrue(run.out().lines().anyMatch(line -> line.contains("|") && line.contains(column)), column + " in " + run.out());
        }
        CommandRun saved = CommandRun.of("quickstart", "--model", folder.resolve("r.zip"), "--test", 4);
        assertTrue(saved.out().contains("with weights entropy-coded"), saved.out());
        assertEquals(Files.size(folder.resolve("r.zip")), json.get("quantized").get("bytes").asLong());
    }

    @Test
    void aSizeIsSpentOnPointsWhereTheirWidthIsGiven() throws IOException {
        CommandRun run = CommandRun.of("quickstart", "--calibration", 8, "--test", 20, "--bits", 3, "--bytes", 1_000_000, "--json",
                folder.resolve("r.json"));
        assertEquals(0, run.exitCode(), run.err());
        assertEquals("calibrated", json(folder.resolve("r.json")).get("method").asText());
        assertTrue(run.out().contains("3-bit calibrated"), run.out());
    }

    /** A small network for CIFAR-10 and a black image in each of some folders. */
    private Path cifar10(String... parts) throws IOException {
        for (String part : parts) {
            Path of = Files.createDirectories(folder.resolve(part).resolve("cat"));
            ImageIO.write(new BufferedImage(32, 32, BufferedImage.TYPE_INT_RGB), "png", of.resolve("0.png").toFile());
        }
        return NpzFiles.write(folder.resolve("tiny.npz"), NpzFiles.resNet(1, 2, 10));
    }

    @Test
    void ablationFillsItsTables() throws IOException {
        CommandRun run = CommandRun.of("ablation", "--data", folder, "--model", cifar10("train", "test"), "--calibration", 1, "--test", 1, "--markdown",
                folder.resolve("a.md"));
        assertEquals(0, run.exitCode(), run.err());
        List<String> lines = Files.readAllLines(folder.resolve("a.md"));
        for (String method : new String[]{"calibrated", "greedy", "mixed precision", "channel splitting", "nearest, a step per layer"}) {
            assertTrue(lines.stream().anyMatch(l -> l.matches("\\| " + method + " \\|( [0-9.]+ \\([0-9.]+\\) [0-9.]+ \\|){3}")), () -> method + " in " + lines);
        }
        assertTrue(lines.stream().anyMatch(l -> l.matches("\\| fp8 e4m3 \\| [0-9.]+ \\(8.00\\) [0-9.]+ \\|")), lines::toString);
        CommandRun one = CommandRun.of("ablation", "--data", folder, "--model", folder.resolve("tiny.npz"), "--calibration", 1, "--test", 1, "--rows", "mixed precision",
                "--markdown", folder.resolve("a.md"));
        assertEquals(0, one.exitCode(), one.err());
        assertEquals(1, Files.readAllLines(folder.resolve("a.md")).stream().filter(l -> l.matches("\\| .* \\(.*\\) .*")).count(), one.out());
    }

    /** All methods get the bytes of codes of one width; BSQ takes what it needs. */
    @Test
    void neighboursAreComparedAtEqualBytes() throws IOException {
        CommandRun run = CommandRun.of("neighbours", "--data", folder, "--model", cifar10("train", "test", "train-more"), "--calibration", 1, "--test", 1,
                "--bits", 3, "--alphas", 0.5, "--train", 1, "--epochs", 1, "--tune-epochs", 1, "--json", folder.resolve("n.json"), "--markdown",
                folder.resolve("n.md"), "--plot", folder.resolve("n.png"));
        assertEquals(0, run.exitCode(), run.err());
        JsonNode points = json(folder.resolve("n.json")).get("points");
        assertEquals(List.of("packed, 3 bits", "packed, 2 bits", "entropy-coded", "OMPQ, error feedback", "OMPQ, nearest", "nearest", "BSQ"),
                StreamSupport.stream(points.spliterator(), false).map(p -> p.get("series").asText()).toList());
        double bits = points.get(0).get("bits").asDouble();
        for (int i = 1; i < points.size() - 1; i++) {
            assertTrue(points.get(i).get("bits").asDouble() <= bits, points.toString());
        }
        List<String> lines = Files.readAllLines(folder.resolve("n.md"));
        assertTrue(lines.stream().anyMatch(l -> l.matches("\\| BSQ \\| alpha 0.5 \\| [0-9,]+ \\| [0-9.]+ \\| [0-9.]+ \\| [0-9.]+ \\|")), lines.toString());
        assertTrue(ImageIO.read(folder.resolve("n.png").toFile()).getWidth() > 0);
        assertTrue(run.out().contains("trained in fp32 for as many epochs: top-1"), run.out());
        CommandRun more = CommandRun.of("neighbours", "--data", folder, "--model", folder.resolve("tiny.npz"), "--calibration", 1, "--test", 1, "--bits", 3,
                "--alphas", "0.5,1", "--train", 1, "--epochs", 1, "--tune-epochs", 1, "--json", folder.resolve("n.json"), "--resume");
        assertEquals(0, more.exitCode(), more.err());
        JsonNode resumed = json(folder.resolve("n.json")).get("points");
        assertEquals(points.size() + 1, resumed.size());
        assertEquals("alpha 1.0", resumed.get(points.size()).get("setting").asText());
        CommandRun onwards = CommandRun.of("neighbours", "--data", folder, "--model", folder.resolve("tiny.npz"), "--calibration", 1, "--test", 1,
                "--alphas", 1, "--no-rewind", "--train", 1, "--epochs", 1, "--tune-epochs", 1, "--json", folder.resolve("n.json"), "--resume");
        assertEquals(0, onwards.exitCode(), onwards.err());
        assertEquals("BSQ, not rewound", json(folder.resolve("n.json")).get("points").get(points.size() + 1).get("series").asText());
    }

    /** A curve is measured point by point; a later run measures only what is missing. */
    @Test
    void aCurveIsContinued() throws IOException {
        Path file = folder.resolve("c.json");
        Object[] curve = {"curve", "--model", imageNet(), "--images", folder.resolve("images"), "--view", "torchvision", "--json", file, "--plot",
            folder.resolve("c.png"), "--budgets", "3", "--resume"};
        CommandRun run = CommandRun.of(curve);
        assertEquals(0, run.exitCode(), run.err());
        assertTrue(ImageIO.read(folder.resolve("c.png").toFile()).getWidth() > 0);
        JsonNode json = json(file);
        assertEquals("net", json.get("model").asText());
        assertEquals(List.of("entropy-coded 3.00 bits", "packed, 3 bits + 0 %", "packed, 3 bits + 10 %", "packed, 3 bits + 30 %",
                        "mixed precision 3.00 bits"),
                StreamSupport.stream(json.get("points").spliterator(), false)
                        .map(p -> p.get("series").asText() + " " + p.get("setting").asText()).toList());
        for (JsonNode point : json.get("points")) {
            // Headers and scales weigh much in so small a network.
            double bits = point.get("bits").asDouble();
            assertTrue(bits > 2 && bits < 8 && point.get("divergence").asDouble() >= 0, point.toString());
        }
        Files.writeString(file, Files.readString(file).replaceFirst("\"divergence\" : [0-9.E-]+", "\"divergence\" : 0.4321"));
        CommandRun again = CommandRun.of(curve);
        assertTrue(again.out().contains("0.4321") && json(file).get("points").size() == 5, again.out());
        CommandRun others = CommandRun.of(Stream.concat(Stream.of(curve), Stream.of("--test", "1")).toArray());
        assertEquals(1, others.exitCode());
        assertTrue(others.err().contains("of another network or of other images: net, calibrated on 1 images and evaluated on 3"), others.err());
    }

    /** Four images of two of the classes, and a small network for all 1,000. */
    private Path imageNet() throws IOException {
        Files.write(folder.resolve("labels.tsv"), IntStream.range(0, 1000)
                .mapToObj(i -> String.format("%d\tn%08d\tclass %d", i, i, i)).toList());
        for (int i = 0; i < 4; i++) {
            BufferedImage image = new BufferedImage(40, 36, BufferedImage.TYPE_INT_RGB);
            for (int p = 0; p < 40 * 36; p++) {
                image.setRGB(p % 40, p / 40, 0x010203 * (p * (i + 3) % 80));
            }
            Path of = Files.createDirectories(folder.resolve("images").resolve(String.format("n%08d", 7 * (i % 2))));
            ImageIO.write(image, "png", of.resolve(i + ".png").toFile());
        }
        ComputationGraph network = new ComputationGraph(new NeuralNetConfiguration.Builder().seed(5).graphBuilder().addInputs("in")
                .setInputTypes(InputType.convolutional(24, 24, 3, CNN2DFormat.NHWC))
                .addLayer("conv", new ConvolutionLayer.Builder(3, 3).nOut(6).activation(Activation.RELU)
                        .dataFormat(CNN2DFormat.NHWC).build(), "in")
                .addLayer("pool", new GlobalPoolingLayer.Builder(PoolingType.AVG).poolingDimensions(1, 2).build(), "conv")
                .addLayer("out", new OutputLayer.Builder().nOut(1000).activation(Activation.SOFTMAX).build(), "pool")
                .setOutputs("out").build());
        network.init();
        ModelSerializer.writeModel(network, folder.resolve("net.zip").toFile(), false);
        return folder.resolve("net.zip");
    }

    @Test
    void anImageNetModelOnAFolderOfImages() throws IOException {
        CommandRun run = CommandRun.of("imagenet", "--model", imageNet(), "--images", folder.resolve("images"), "--size", 24,
                "--view", "torchvision", "--bits", 4, "--json", folder.resolve("r.json"), "--out", folder.resolve("small.zip"));
        assertEquals(0, run.exitCode(), run.err());
        JsonNode json = json(folder.resolve("r.json"));
        assertShape(json);
        // One of the four images is for calibration.
        assertEquals(1, json.get("calibrationImages").asInt());
        assertEquals(3, json.get("testImages").asInt());
        assertEquals("net.zip", json.get("model").asText());
        assertEquals(1000, ModelSerializer.restoreComputationGraph(folder.resolve("small.zip").toFile()).layerSize("out"));
        // Deeplearning4j's own layers say the same.
        CommandRun slow = CommandRun.of("imagenet", "--model", folder.resolve("net.zip"), "--images", folder.resolve("images"), "--size", 24,
                "--view", "torchvision", "--dl4j", "--json", folder.resolve("s.json"));
        assertEquals(0, slow.exitCode(), slow.err());
        assertEquals(json.get("fp32").get("top5"), json(folder.resolve("s.json")).get("fp32").get("top5"));
    }

    @Test
    void aSearchHasImagesOfItsOwn() throws IOException {
        CommandRun run = CommandRun.of("imagenet", "--model", imageNet(), "--images", folder.resolve("images"), "--size", 24,
                "--view", "torchvision", "--max-drop", 100);
        assertEquals(0, run.exitCode(), run.err());
        assertTrue(run.out().contains("1 to calibrate on, 1 to search on, 2 others to evaluate on"), run.out());
        CommandRun same = CommandRun.of("imagenet", "--model", folder.resolve("net.zip"), "--images", folder.resolve("images"), "--size", 24,
                "--view", "torchvision", "--calibration", folder.resolve("images"));
        assertEquals(0, same.exitCode(), same.err());
        assertTrue(same.out().contains("Calibrated on the images that it is evaluated on"), same.out());
    }

    @Test
    void halfOfTheImagesIsReportedOn() throws IOException {
        CommandRun run = CommandRun.of("imagenet", "--model", imageNet(), "--images", folder.resolve("images"), "--size", 24, "--view", "torchvision",
                "--calibration", folder.resolve("images"), "--half", "second");
        assertEquals(0, run.exitCode(), run.err());
        assertTrue(run.out().contains("4 to calibrate on, 2 others to evaluate on"), run.out());
    }

    /** What was saved plain, transformed or compiled, of both kinds, says of itself what it is and is evaluated. */
    @Test
    void savedModelsAreEvaluated() throws IOException {
        Path plain = imageNet();
        Path small = folder.resolve("small.zip");
        Path[] files = {small, folder.resolve("compiled.zip")};
        CommandRun made = CommandRun.of("imagenet", "--model", plain, "--images", folder.resolve("images"), "--size", 24, "--view", "torchvision",
                "--out", small);
        assertEquals(0, made.exitCode(), made.err());
        SavedModel.write(SavedModel.read(small).compiled(), files[1]);
        for (Path file : files) {
            CommandRun run = CommandRun.of("imagenet", "--model", file, "--images", folder.resolve("images"), "--size", 24,
                    "--view", "torchvision", "--json", folder.resolve("e.json"));
            assertEquals(0, run.exitCode(), run.err());
            assertTrue(run.out().contains("with weights as points of 4 bits") && run.out().contains("4 to evaluate on"), run.out());
            JsonNode json = json(folder.resolve("e.json"));
            assertEquals(List.of("model", "testImages", "top1", "top5", "bytes", "msPerImage", "compiledMsPerImage", "top1Low", "top1High"), names(json));
            assertEquals(4, json.get("testImages").asInt());
        }
        CommandRun again = CommandRun.of("imagenet", "--model", small, "--images", folder.resolve("images"), "--size", 24, "--bits", 3);
        assertEquals(1, again.exitCode());
        assertTrue(again.err().contains("small.zip is a ComputationGraph") && again.err().contains("--bits"), again.err());
    }

    private Path networkOfLayers(int classes) throws IOException {
        MultiLayerNetwork network = new MultiLayerNetwork(new NeuralNetConfiguration.Builder().seed(5).list()
                .layer(new ConvolutionLayer.Builder(5, 5).stride(2, 2).nOut(6).activation(Activation.RELU).build())
                .layer(new GlobalPoolingLayer.Builder(PoolingType.AVG).build())
                .layer(new OutputLayer.Builder().nOut(classes).activation(Activation.SOFTMAX).build())
                .setInputType(InputType.convolutional(32, 32, 3)).build());
        network.init();
        ModelSerializer.writeModel(network, folder.resolve("layers.zip").toFile(), false);
        return folder.resolve("layers.zip");
    }

    @Test
    void aNetworkOfLayersIsQuantized() throws IOException {
        CommandRun run = CommandRun.of("quickstart", "--model", networkOfLayers(10), "--bits", 4, "--calibration", 8, "--test", 20,
                "--max-drop", 100, "--out", folder.resolve("small.zip"));
        assertEquals(0, run.exitCode(), run.err());
        assertTrue(run.out().contains("a MultiLayerNetwork of 3 layers"), run.out());
        assertEquals(3, ModelSerializer.restoreMultiLayerNetwork(folder.resolve("small.zip").toFile()).getnLayers());
        CommandRun small = CommandRun.of("quickstart", "--model", folder.resolve("small.zip"), "--test", 20);
        assertEquals(0, small.exitCode(), small.err());
    }

    @Test
    void anotherNumberOfClassesIsNamed() throws IOException {
        CommandRun run = CommandRun.of("quickstart", "--model", networkOfLayers(7), "--test", 4);
        assertEquals(1, run.exitCode());
        assertTrue(run.err().contains("[4, 7]") && run.err().contains("10 classes"), run.err());
    }

    @Test
    void imageNetWithoutItsClassesIsRefused() throws IOException {
        Path model = imageNet();
        Files.delete(folder.resolve("labels.tsv"));
        CommandRun run = CommandRun.of("imagenet", "--model", model, "--images", folder.resolve("images"), "--size", 24);
        assertEquals(1, run.exitCode());
        assertTrue(run.err().contains("labels.tsv"), run.err());
    }

    private static JsonNode json(Path file) throws IOException {
        return new ObjectMapper().readTree(file.toFile());
    }

    private static void assertShape(JsonNode json, String... further) {
        List<String> expected = new ArrayList<>(FIELDS);
        expected.addAll(List.of(further));
        assertEquals(expected, names(json));
        assertEquals(List.of("top1", "top5", "bytes", "msPerImage", "compiledMsPerImage", "top1Low", "top1High"), names(json.get("fp32")));
        assertEquals(List.of("top1", "top5", "storedBitsPerWeight", "codesPerWeight", "bytes", "msPerImage", "compiledMsPerImage", "divergence", "kl", "agreement",
                "top1Low", "top1High"), names(json.get("quantized")));
        assertEquals(json.get("quantized").get("divergence"), json.get("quantized").get("kl"));
        for (String network : new String[]{"fp32", "quantized"}) {
            double top1 = json.get(network).get("top1").asDouble();
            assertTrue(json.get(network).get("top1Low").asDouble() < top1 + 1e-9 && top1 < json.get(network).get("top1High").asDouble() + 1e-9, json.toString());
        }
        assertTrue(json.get("quantized").get("agreement").asDouble() <= 1);
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
