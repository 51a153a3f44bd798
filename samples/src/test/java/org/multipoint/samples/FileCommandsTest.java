package org.multipoint.samples;

import org.deeplearning4j.nn.conf.CNN2DFormat;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.graph.PreprocessorVertex;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.ConvolutionLayer;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.conf.layers.SubsamplingLayer;
import org.deeplearning4j.nn.conf.preprocessor.CnnToFeedForwardPreProcessor;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.multipoint.datasets.SyntheticImages;
import org.multipoint.testing.TestData;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.dataset.api.preprocessor.ImagePreProcessingScaler;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.shade.jackson.databind.JsonNode;
import org.nd4j.shade.jackson.databind.ObjectMapper;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import javax.imageio.ImageIO;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

/** The commands for files, on the trained network of the quickstart and generated images. */
class FileCommandsTest {

    private static final int IMAGES = 60;
    private static final String[] VIEW = {"--mean", "84", "--deviation", "41"};

    @TempDir
    static Path shared;

    private static Path model;
    private static Path small;
    /** A folder for each class, whose sorted names are not in the order of the network's outputs. */
    private static Path images;
    /** The same images in one folder. */
    private static Path unlabelled;
    private static Path labels;

    @TempDir
    Path folder;

    @BeforeAll
    static void aTrainedModelAndItsImages() throws IOException {
        model = shared.resolve("shapes.zip");
        try (InputStream in = Samples.class.getResourceAsStream("quickstart.zip")) {
            Files.copy(in, model);
        }
        images = shared.resolve("images");
        unlabelled = Files.createDirectories(shared.resolve("unlabelled"));
        for (int i = 0; i < IMAGES; i++) {
            long index = SyntheticImages.FIRST_TEST_INDEX + i;
            Path of = Files.createDirectories(images.resolve(SyntheticImages.LABELS.get(SyntheticImages.label(index))));
            Path file = of.resolve(String.format("%03d.png", i));
            ImageIO.write(SyntheticImages.image(index).toBufferedImage(), "png", file.toFile());
            Files.copy(file, unlabelled.resolve(file.getFileName()));
        }
        labels = Files.write(shared.resolve("labels.txt"), SyntheticImages.LABELS);
        small = shared.resolve("small.zip");
        assertDone(run("quantize", model, "--images", unlabelled, "--bits", 4, "--size", 32, "--out", small));
    }

    /** Runs a command, with what the network sees of images. */
    private static CommandRun run(String command, Object... arguments) {
        Stream<Object> view = command.equals("inspect") ? Stream.empty() : Arrays.stream((Object[]) VIEW);
        return CommandRun.of(Stream.concat(Stream.concat(Stream.of(command), Arrays.stream(arguments)), view).toArray());
    }

    private static CommandRun assertDone(CommandRun run) {
        assertEquals(0, run.exitCode(), run.err() + run.out());
        return run;
    }

    private static void assertSays(CommandRun run, String... texts) {
        for (String text : texts) {
            assertTrue(run.out().contains(text), text + " in " + run.out());
        }
    }

    private static void assertComplaint(int exitCode, String complaint, CommandRun run) {
        assertEquals(exitCode, run.exitCode(), run.err() + run.out());
        assertEquals(1, run.err().lines().count(), run.err());
        assertTrue(run.err().contains(complaint), run.err());
    }

    private static JsonNode json(Path file) throws IOException {
        return new ObjectMapper().readTree(file.toFile());
    }

    @Test
    void aModelIsInspected() throws IOException {
        CommandRun plain = assertDone(run("inspect", model, "--json", folder.resolve("i.json")));
        assertSays(plain, "weights in fp32", "images of 3 channels", "can be quantized", "Compiled, all of it runs in segments", "Next, ");
        JsonNode json = json(folder.resolve("i.json"));
        JsonNode linear = json.get("layers").get(json.get("layers").size() - 1);
        assertEquals("linear", linear.get("name").asText());
        assertEquals("10x64", linear.get("weights").asText());
        assertEquals(650, linear.get("parameters").asInt());
        assertEquals(2600, linear.get("bytes").asInt());

        CommandRun quantized = assertDone(run("inspect", small));
        assertSays(quantized, "points of 4 bits", "integers, inputs of 8 bits", "Made by dl4j-multipoint", "calibrated on 60 examples");
        assertFalse(quantized.out().contains("can be quantized"), quantized.out());
        SavedModel.write(SavedModel.read(small).compiled(), folder.resolve("compiled.zip"));
        assertSays(assertDone(run("inspect", folder.resolve("compiled.zip"))), "a compiled ComputationGraph", "points of 4 bits");
    }

    @Test
    void aModelIsQuantizedToASizeAndInSearchOfOne() throws IOException {
        CommandRun coded = assertDone(run("quantize", model, "--images", images, "--size", 32, "--stored-bits", 3, "--calibration", 16,
                "--leave-out", "linear", "--layer-bits", "conv1=6", "--activation-bits", 6, "--out", folder.resolve("coded.zip"),
                "--html", folder.resolve("coded.html")));
        assertSays(coded, "Quantized, calibrated on 16 images", "times smaller", "times faster", "the same, bit for bit", "Next, compare it",
                "compare " + model + " " + folder.resolve("coded.zip") + " --images " + images + " --size 32 --mean 84 --deviation 41");
        assertSays(assertDone(run("inspect", folder.resolve("coded.zip"))), "entropy-coded", "integers, inputs of 6 bits", "can be quantized");

        String page = Files.readString(folder.resolve("coded.html"));
        for (String part : new String[]{"<h1>shapes.zip</h1>", "size of the file", "time per example, compiled", "layer2.0.conv1"}) {
            assertTrue(page.contains(part), part + " in " + page);
        }

        CommandRun agreement = assertDone(run("quantize", model, "--images", unlabelled, "--size", 32, "--max-drop", 100, "--calibration", 8,
                "--out", folder.resolve("least.zip"), "--json", folder.resolve("q.json")));
        JsonNode json = json(folder.resolve("q.json"));
        assertEquals(Files.size(folder.resolve("least.zip")), json.get("bytes").asLong());
        assertTrue(json.get("attempts").size() > 0 && json.get("report").get("layers").size() == 10 && json.get("compiledMs").asDouble() > 0,
                json.toString());
        assertSays(agreement, "agreement %", "Tried on 52 examples", "holds");
        CommandRun top1 = assertDone(run("quantize", model, "--images", images, "--labels", labels, "--size", 32, "--max-drop", 100, "--method", "nearest",
                "--out", folder.resolve("least.zip")));
        assertSays(top1, "top-1 %", "Tried on 40 examples");
    }

    @Test
    void aModelIsEvaluated() throws IOException {
        for (Path file : new Path[]{model, small}) {
            CommandRun run = assertDone(run("evaluate", file, "--images", images, "--labels", labels, "--size", 32, "--json", folder.resolve("e.json")));
            assertSays(run, "top-1", "top-5", "ms each", "recognized %", "taken for", "Next, ");
            JsonNode json = json(folder.resolve("e.json"));
            // 90.1 % on 1,000 images; three standard deviations of 60.
            assertEquals(0.9, json.get("top1").asDouble(), 0.12);
            assertEquals(IMAGES, json.get("testImages").asInt());
            assertTrue(json.get("compiledMsPerImage").asDouble() > 0);
        }
        // The sorted names of the folders are not the classes in their order.
        CommandRun wrong = assertDone(run("evaluate", model, "--images", images, "--size", 32, "--json", folder.resolve("e.json")));
        assertTrue(json(folder.resolve("e.json")).get("top1").asDouble() < 0.5, wrong.out());
    }

    @Test
    void twoModelsAreCompared() throws IOException {
        CommandRun run = assertDone(run("compare", model, small, "--images", images, "--labels", labels, "--size", 32, "--json", folder.resolve("c.json")));
        assertSays(run, "The most likely class is the same for", "divergence of B from A", "A tells the class of", "Next, ");
        JsonNode json = json(folder.resolve("c.json"));
        assertEquals(IMAGES, json.get("images").asInt());
        assertTrue(json.get("top1A").asDouble() > 0.5, json.toString());
        assertEquals(IMAGES - Math.round(IMAGES * json.get("agreement").asDouble()), json.get("changed").size());
        assertTrue(json.get("bytesB").asLong() < json.get("bytesA").asLong() / 4);

        CommandRun same = assertDone(run("compare", model, model, "--images", unlabelled, "--size", 32, "--test", 20));
        assertSays(same, "the same for 100.00 %", "divergence of B from A 0.0000", "20 images");
        assertFalse(same.out().contains("tells the class"), same.out());
    }

    @Test
    void aModelIsCompiled() throws IOException {
        Path exact = folder.resolve("exact.zip");
        Path rounded = folder.resolve("rounded.zip");
        assertSays(assertDone(CommandRun.of("compile", small, "--out", exact)), "segment \"linear\" (int8)", "Written: " + exact, "Next, see how it differs");
        assertDone(CommandRun.of("compile", small, "--integer-additions", "--out", rounded));
        assertSays(assertDone(CommandRun.of("inspect", rounded)), "a compiled ComputationGraph");
        for (Path file : List.of(exact, rounded)) {
            assertDone(run("compare", small, file, "--images", unlabelled, "--size", 32, "--json", folder.resolve("c.json")));
            double divergence = json(folder.resolve("c.json")).get("kl").asDouble();
            assertTrue(file == exact ? divergence < 1e-6 : divergence > 1e-6 && divergence < 0.05, file + ": " + divergence);
        }
        assertComplaint(1, "is compiled already", CommandRun.of("compile", exact, "--out", folder.resolve("twice.zip")));
        assertComplaint(1, "there is no such file", CommandRun.of("compile", folder.resolve("none.zip"), "--out", exact));
        assertComplaint(2, "--out must be a file in a folder that can be written to", CommandRun.of("compile", small, "--out", "/no/such/folder/x"));
    }

    /** Folders of a part of the classes, as of an ImageNet subset. */
    @Test
    void foldersNeedNotBeTheClasses() throws IOException {
        Path part = folder.resolve("part");
        for (int i = 0; i < 40; i++) {
            Path own = Files.createDirectories(part.resolve("folder" + i % 2));
            Files.copy(unlabelled.resolve(String.format("%03d.png", i % 20)), own.resolve(i + ".png"));
        }
        CommandRun run = assertDone(run("compare", model, model, "--images", part, "--size", 32, "--json", folder.resolve("c.json")));
        assertSays(run, "the same for 100.00 %", "40 images");
        assertFalse(json(folder.resolve("c.json")).has("top1A"), run.out());
    }

    /** Files that cannot be read do not shift the names of others. */
    @Test
    void imagesWithAnotherClassAreNamed() throws IOException {
        Path some = Files.createDirectories(folder.resolve("some"));
        Files.writeString(some.resolve("000.png"), "no image");
        for (int i = 0; i < 5; i++) {
            Files.copy(unlabelled.resolve(String.format("%03d.png", i)), some.resolve(String.format("%03d.png", i + 1)));
        }
        Path other = folder.resolve("other.zip");
        SavedModel.write(new Network(network(3, 32)), other);
        CommandRun run = assertDone(run("compare", model, other, "--images", some, "--size", 32, "--json", folder.resolve("c.json")));
        assertSays(run, "not read: ", "change their class");
        json(folder.resolve("c.json")).get("changed").forEach(c -> assertFalse(c.get("file").asText().endsWith("000.png"), c.toString()));
    }

    @Test
    void classesOfImagesAreTold() {
        Path first = unlabelled.resolve("000.png");
        CommandRun run = assertDone(run("predict", model, first, unlabelled.resolve("001.png"), "--labels", labels, "--size", 32, "--top", 2));
        assertSays(run, first.toString(), SyntheticImages.LABELS.get(SyntheticImages.label(SyntheticImages.FIRST_TEST_INDEX)), "ms each", "Next, ");
        assertEquals(4, run.out().lines().filter(line -> line.matches(" +[0-9.]+ %  .+")).count(), run.out());
        assertSays(assertDone(run("predict", model, first, "--size", 32)), "class ");
    }

    @Test
    void sensitivitiesOfLayers() throws IOException {
        CommandRun run = assertDone(run("sensitivity", model, "--images", unlabelled, "--size", 32, "--bits", 2, "--calibration", 32,
                "--json", folder.resolve("s.json")));
        assertSays(run, "layer2.0.conv1", "all layers: divergence", "Next, ", "--bits 2");
        JsonNode json = json(folder.resolve("s.json"));
        assertEquals(10, json.get("layers").size());
        assertEquals(4, json.get("examples").asInt());
    }

    private static MultiLayerNetwork network(int channels, int size) {
        MultiLayerNetwork network = new MultiLayerNetwork(new NeuralNetConfiguration.Builder().seed(3).list()
                .layer(new ConvolutionLayer.Builder(3, 3).nOut(4).activation(Activation.RELU).build())
                .layer(new SubsamplingLayer.Builder().kernelSize(2, 2).stride(2, 2).build())
                .layer(new DenseLayer.Builder().nOut(12).activation(Activation.RELU).build())
                .layer(new OutputLayer.Builder().nOut(10).activation(Activation.SOFTMAX).build())
                .setInputType(InputType.convolutional(size, size, channels, CNN2DFormat.NCHW)).build());
        network.init();
        return network;
    }

    /** A network of layers for grey images, whose size follows from its layers. */
    @Test
    void aNetworkForGreyImages() throws IOException {
        Path grey = folder.resolve("grey.zip");
        SavedModel.write(new Network(network(1, 28)), grey);
        assertSays(assertDone(run("inspect", grey)), "images of 1 channel, 28x28 pixels, in NCHW", "a MultiLayerNetwork");
        assertDone(run("quantize", grey, "--images", unlabelled, "--calibration", 16, "--out", folder.resolve("small.zip")));
        assertSays(assertDone(run("evaluate", folder.resolve("small.zip"), "--images", images, "--labels", labels)), "stretch 28x28", "top-1");
        assertDone(run("predict", folder.resolve("small.zip"), unlabelled.resolve("000.png")));
    }

    /** Keras tells the size of images; commands for images make squares of them. */
    @Test
    void imagesThatAreNoSquares() {
        Path sounds = TestData.require("zoo/models/miniresnetv2_1_esc10.h5");
        assertSays(assertDone(CommandRun.of("inspect", sounds)), "images of 1 channel, 64x50 pixels, in NHWC");
        CommandRun run = CommandRun.of("quantize", sounds, "--images", unlabelled, "--out", folder.resolve("small.zip"));
        assertEquals(1, run.exitCode(), run.err());
        assertTrue(run.err().contains("takes images of 64x50 pixels"), run.err());
    }

    /** Deeplearning4j's files do not tell the size of images, but where images become vectors, the layers do. */
    @Test
    void theSizeOfImagesFollowsFromTheLayers() throws IOException {
        MultiLayerNetwork layers = network(3, 32);
        assertEquals(32, new Network(layers).imageSize().getAsInt());
        assertEquals(32, new Network(layers.toComputationGraph()).imageSize().getAsInt());
        ComputationGraph vertex = new ComputationGraph(new NeuralNetConfiguration.Builder().graphBuilder().addInputs("in")
                .addLayer("conv", new ConvolutionLayer.Builder(3, 3).stride(2, 2).nIn(3).nOut(2).build(), "in")
                .addVertex("flat", new PreprocessorVertex(new CnnToFeedForwardPreProcessor(23, 23, 2)), "conv")
                .addLayer("out", new OutputLayer.Builder().nIn(2 * 23 * 23).nOut(4).activation(Activation.SOFTMAX).build(), "flat")
                .setOutputs("out").build());
        vertex.init();
        // Of 47 and 48.
        assertEquals(48, new Network(vertex).imageSize().getAsInt());
        assertTrue(SavedModel.read(model).imageSize().isEmpty());
    }

    /** The normalizer of a file is applied, and kept; it says the same as the default here. */
    @Test
    void aModelWithANormalizer() throws IOException {
        Network network = new Network(network(3, 32));
        Path with = folder.resolve("with.zip");
        Path without = folder.resolve("without.zip");
        SavedModel.write(network, Optional.of(new ImagePreProcessingScaler(0, 1)), with);
        SavedModel.write(network, without);
        assertSays(assertDone(CommandRun.of("compare", without, with, "--images", unlabelled, "--test", 4)), "the same for 100.00 %");
        String[] told = new String[3];
        Path quantized = folder.resolve("small.zip");
        assertDone(CommandRun.of("quantize", with, "--images", unlabelled, "--calibration", 16, "--out", quantized));
        Path[] files = {with, without, quantized};
        for (int i = 0; i < files.length; i++) {
            CommandRun run = assertDone(CommandRun.of("predict", files[i], unlabelled.resolve("000.png"), "--top", 1));
            told[i] = run.out().lines().filter(line -> line.contains(" %  ")).findFirst().orElseThrow();
        }
        assertEquals(told[1], told[0]);
        assertTrue(SavedModel.normalizer(quantized).isPresent() && SavedModel.normalizer(without).isEmpty());
    }

    private static MultiLayerNetwork networkForVectors() {
        MultiLayerNetwork network = new MultiLayerNetwork(new NeuralNetConfiguration.Builder().seed(3).list()
                .layer(new DenseLayer.Builder().nIn(5).nOut(12).activation(Activation.RELU).build())
                .layer(new OutputLayer.Builder().nOut(3).activation(Activation.SOFTMAX).build())
                .setInputType(InputType.feedForward(5)).build());
        network.init();
        return network;
    }

    /** Vectors in lines, each with the class that a network thinks most likely. */
    private static List<String> lines(MultiLayerNetwork network, int count) {
        List<String> lines = new ArrayList<>(List.of("a,b,c,d,e,class"));
        Random random = new Random(1);
        for (int i = 0; i < count; i++) {
            float[] values = new float[5];
            for (int k = 0; k < values.length; k++) {
                values[k] = random.nextFloat() - 0.5f;
            }
            lines.add(IntStream.range(0, values.length).mapToObj(k -> String.valueOf(values[k])).collect(Collectors.joining(","))
                    + "," + network.output(Nd4j.createFromArray(new float[][]{values})).argMax(1).getInt(0));
        }
        return lines;
    }

    @Test
    void aNetworkForVectors() throws IOException {
        MultiLayerNetwork network = networkForVectors();
        Path file = folder.resolve("vectors.zip");
        SavedModel.write(new Network(network), file);
        Path csv = Files.write(folder.resolve("rows.csv"), lines(network, 40));
        Path quantized = folder.resolve("small.zip");
        CommandRun run = assertDone(CommandRun.of("quantize", file, "--csv", csv, "--out", quantized, "--html", folder.resolve("v.html")));
        assertSays(run, "calibrated on 40 vectors", "times faster", "one vector takes",
                "compare " + file + " " + quantized + " --csv " + csv);
        assertTrue(Files.readString(folder.resolve("v.html")).contains("vectors.zip"));
        assertSays(assertDone(run("inspect", quantized)), "vectors of 5 values");
        assertSays(assertDone(CommandRun.of("quantize", file, "--csv", csv, "--max-drop", 100, "--bits", 4, "--out", quantized)),
                "calibrated on 13 vectors", "Tried on 27 examples", "agreement %");

        assertSays(assertDone(CommandRun.of("compare", file, file, "--csv", csv, "--test", 10)), "Agreement on 10 vectors",
                "the same for 100.00 % of the vectors");
        CommandRun evaluated = assertDone(CommandRun.of("evaluate", file, "--csv", csv, "--json", folder.resolve("e.json")));
        assertSays(evaluated, "Evaluation on 40 vectors", "top-1 100.00 %", "class 1", "quantize " + file + " --csv " + csv);
        assertEquals(40, json(folder.resolve("e.json")).get("testImages").asInt());
        CommandRun predicted = assertDone(CommandRun.of("predict", file, "--csv", csv, "--top", 1));
        assertEquals(40, predicted.out().lines().filter(line -> line.matches("line [0-9]+")).count(), predicted.out());
        assertSays(predicted, "line 2", "line 41", "evaluate " + file + " --csv " + csv);
        CommandRun sensitivity = assertDone(CommandRun.of("sensitivity", file, "--csv", csv, "--bits", 2));
        assertSays(sensitivity, "on 40 vectors", "all layers: divergence", "--csv " + csv);
    }

    /** Classes by their names, in another order; vectors that change their class are called by their lines. */
    @Test
    void classesOfVectorsByName() throws IOException {
        MultiLayerNetwork network = networkForVectors();
        Path file = folder.resolve("vectors.zip");
        SavedModel.write(new Network(network), file);
        Path names = Files.write(folder.resolve("names.txt"), List.of("red", "green", "blue"));
        Path csv = Files.write(folder.resolve("rows.csv"), lines(network, 30).stream()
                .map(l -> l.replaceAll(",0$", ",red").replaceAll(",1$", ",green").replaceAll(",2$", ",blue")).toList());
        assertSays(assertDone(CommandRun.of("evaluate", file, "--csv", csv, "--labels", names)), "top-1 100.00 %", "green");

        MultiLayerNetwork other = networkForVectors();
        other.params().negi();
        Path negated = folder.resolve("negated.zip");
        SavedModel.write(new Network(other), negated);
        CommandRun run = assertDone(CommandRun.of("compare", file, negated, "--csv", csv, "--json", folder.resolve("c.json")));
        assertSays(run, "vectors change their class", "| line ");
        assertTrue(json(folder.resolve("c.json")).get("changed").get(0).get("file").asText().startsWith(csv + ", line "), run.out());
    }

    @Test
    void vectorsThatDoNotFit() throws IOException {
        MultiLayerNetwork network = networkForVectors();
        Path file = folder.resolve("vectors.zip");
        SavedModel.write(new Network(network), file);
        Path out = folder.resolve("small.zip");
        List<String> lines = lines(network, 5);
        Path csv = folder.resolve("rows.csv");
        lines.set(3, "1,2,x,4,5");
        assertComplaint(1, "line 4: expected a number in column 3, found \"x\"", CommandRun.of("quantize", file, "--csv", Files.write(csv, lines),
                "--out", out));
        lines.set(3, "1,2");
        assertComplaint(1, "line 4: expected 5 values, found 2", CommandRun.of("quantize", file, "--csv", Files.write(csv, lines), "--out", out));
        for (String wrong : new String[]{"3", "1.5", "-1", "red", ""}) {
            lines.set(3, "1,2,3,4,5" + (wrong.isEmpty() ? "" : "," + wrong));
            assertComplaint(1, "line 4: expected a class in column 6, its name or an index of 0 to 2, found \"" + wrong + "\"",
                    CommandRun.of("evaluate", file, "--csv", Files.write(csv, lines)));
        }
        assertComplaint(1, "cannot be split", CommandRun.of("quantize", file, "--csv", Files.write(csv, lines.subList(0, 2)), "--max-drop", 1,
                "--out", out));
        assertComplaint(1, "there is no such file", CommandRun.of("predict", file, "--csv", folder.resolve("none.csv")));
        assertComplaint(1, "does not take vectors", CommandRun.of("quantize", model, "--csv", csv, "--out", out));
        assertComplaint(1, "vectors of 5 values, expected a network for images", CommandRun.of("predict", file, unlabelled.resolve("000.png")));
        assertFalse(Files.exists(out));
    }

    @Test
    void whatDoesNotFit() throws IOException {
        Path out = folder.resolve("out.zip");
        assertComplaint(1, "give --size", run("quantize", model, "--images", unlabelled, "--out", out));
        assertComplaint(1, "expected a model in fp32", run("quantize", small, "--images", unlabelled, "--size", 32, "--out", out));
        assertComplaint(1, "expected a model in fp32", run("sensitivity", small, "--images", unlabelled, "--size", 32));
        assertComplaint(1, "There is no layer \"nose\"; the layers are ", run("quantize", model, "--images", unlabelled, "--size", 32, "--layer-bits", "nose=8",
                "--out", out));
        assertComplaint(1, "expected one for each class", run("evaluate", model, "--images", unlabelled, "--size", 32));
        assertComplaint(1, "there is no such file", run("evaluate", folder.resolve("none.zip"), "--images", images));
        assertComplaint(1, "a.png: not an image", run("predict", model, Files.writeString(folder.resolve("a.png"), "x"), "--size", 32));
        assertComplaint(1, "none: there is no such file or folder", run("evaluate", model, "--images", folder.resolve("none"), "--size", 32));
        Files.createDirectories(folder.resolve("two/a"));
        Files.copy(unlabelled.resolve("000.png"), folder.resolve("two/a/0.png"));
        assertComplaint(1, "give --labels", run("evaluate", model, "--images", folder.resolve("two"), "--size", 32));
        assertComplaint(1, "names 1 classes", run("evaluate", model, "--images", folder.resolve("two"), "--labels",
                Files.writeString(folder.resolve("l.txt"), "a\n"), "--size", 32));
        assertFalse(Files.exists(out));
    }

    @ParameterizedTest
    @CsvSource({
        "quantize m.zip --out o.zip, '--images'",
        "quantize m.zip --images i, '--out'",
        "quantize m.zip --images i --csv c --out o.zip, 'mutually exclusive'",
        "quantize m.zip --images i --out /no/such/folder/o.zip, 'a file in a folder'",
        "'quantize m.zip --images i --bits 3,4 --out o.zip', 'one width'",
        "'sensitivity m.zip --images i --bits 3,4', 'one width'",
        "sensitivity m.zip --images i --max-drop 1, '--max-drop'",
        "quantize m.zip --images i --layer-bits a=9 --out o.zip, '2 to 8, found 9'",
        "evaluate m.zip, '--images'",
        "compare a.zip --images i, 'B'",
        "predict m.zip, 'IMAGE'",
        "predict m.zip a.png --csv a.csv, 'either IMAGE... or --csv'",
        "quantize m.zip --images i --out o.zip --html /no/such/folder/r.html, 'a file in a folder'",
        "predict m.zip a.png --top 0, '1 or more, found 0'",
        "evaluate m.zip --images i --size 0, '1 or more, found 0'",
        "evaluate m.zip --images i --deviation 0, 'more than 0'",
        "'evaluate m.zip --images i --mean 1,2', 'one number, or three'",
        "evaluate m.zip --images i --view sideways, sideways",
        "inspect, 'FILE'"})
    void argumentsThatMakeNoSense(String arguments, String complaint) {
        assertComplaint(2, complaint, CommandRun.of((Object[]) arguments.split(" ")));
    }

    @Test
    void viewsThatScalePixelsThemselves() {
        assertComplaint(2, "go with the views stretch, crop, letterbox, pad", run("predict", model, unlabelled.resolve("000.png"), "--size", 32,
                "--view", "keras"));
        assertComplaint(2, "is for images of 32x32 pixels", CommandRun.of("predict", model, unlabelled.resolve("000.png"), "--size", 31, "--view", "cifar10"));
    }
}
