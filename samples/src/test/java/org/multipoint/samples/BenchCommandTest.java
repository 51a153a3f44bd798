package org.multipoint.samples;

import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.BatchNormalization;
import org.deeplearning4j.nn.conf.layers.ConvolutionLayer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.util.ModelSerializer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.shade.jackson.databind.JsonNode;
import org.nd4j.shade.jackson.databind.ObjectMapper;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

class BenchCommandTest {

    static Path saved(Path folder) throws Exception {
        return saved(folder, "classes");
    }

    private static Path saved(Path folder, String... outputs) throws Exception {
        ComputationGraph graph = new ComputationGraph(new NeuralNetConfiguration.Builder().seed(1).graphBuilder().addInputs("input")
                .addLayer("conv", new ConvolutionLayer.Builder(3, 3).nOut(4).activation(Activation.IDENTITY).build(), "input")
                .addLayer("bn", new BatchNormalization(), "conv")
                .addLayer("classes", new OutputLayer.Builder().nOut(5).activation(Activation.SOFTMAX).build(), "bn")
                .addLayer("maps", new ConvolutionLayer.Builder(3, 3).nOut(2).activation(Activation.IDENTITY).build(), "bn")
                .setInputTypes(InputType.convolutional(8, 8, 3)).setOutputs(outputs).validateOutputLayerConfig(false).allowDisconnected(true)
                .build());
        graph.init();
        Path file = folder.resolve("small.zip");
        ModelSerializer.writeModel(graph, file.toFile(), false);
        return file;
    }

    @Test
    void measuresASavedModelInAllWays(@TempDir Path folder) throws Exception {
        Path json = folder.resolve("results.json");
        String net = saved(folder).toString();
        CommandRun run = CommandRun.of("bench", "--net", net, "--size", 8, "--batch", 2, "--seconds", 0.1, "--leave-out", "conv", "--json", json);
        assertEquals(0, run.exitCode(), run::err);

        JsonNode results = new ObjectMapper().readTree(json.toFile());
        assertTrue(results.get("cpu").isTextual());
        assertEquals(net, results.get("net").asText());
        assertEquals(2, results.get("batch").asInt());
        assertEquals(1, results.get("threads").asInt());
        List<String> names = new ArrayList<>();
        for (JsonNode result : results.get("results")) {
            names.add(result.get("name").asText());
            double median = result.get("medianMs").asDouble();
            double p10 = result.get("p10Ms").asDouble();
            assertTrue(0 < p10 && p10 <= median, result::toString);
            assertTrue(run.out().contains(result.get("name").asText()), run::out);
        }
        assertEquals(List.of("dl4j-fp32", "nd4j-fp32", "engine-fp32", "multipoint-layers", "multipoint-fused", "multipoint-int-add",
                "onnxruntime-fp32", "onnxruntime-int8"), names);
    }

    /** As detectors have them: 5 probabilities and two maps of 4x4 pixels for each of two examples. */
    @Test
    void severalOutputs(@TempDir Path folder) throws Exception {
        try (BenchmarkSubjects made = new BenchmarkSubjects(BenchNetwork.load(saved(folder, "classes", "maps").toString(), 8), 2,
                new LayerOptions(), line -> { })) {
            List<BenchmarkSubject> subjects = made.all(1);
            float[] expected = subjects.get(0).run();
            assertEquals(2 * (5 + 2 * 4 * 4), expected.length);
            assertEquals(8, subjects.size());
            for (BenchmarkSubject subject : subjects) {
                assertArrayEquals(expected, subject.run(), 0.3f, subject.name());
            }
        }
    }

    /** Options for layers reach the process that measures. */
    @Test
    void layersThatAreNotThere(@TempDir Path folder) throws Exception {
        assertEquals(1, CommandRun.of("bench", "--net", saved(folder), "--size", 8, "--seconds", 0.1, "--leave-out", "nose").exitCode());
    }

    @ParameterizedTest
    @CsvSource({"--batch 0, '1 or more, found 0'", "--threads -1, '1 or more, found -1'", "--size 0, '1 or more, found 0'",
        "--seconds 0, 'more than 0, found 0.0'", "--json /no/such/folder/a.json, /no/such/folder/a.json"})
    void argumentsThatMakeNoSense(String arguments, String complaint) {
        String[] words = arguments.split(" ");
        CommandRun run = CommandRun.of("bench", "--net", "resnet18", words[0], words[1]);
        assertEquals(2, run.exitCode());
        assertTrue(run.err().contains(words[0]) && run.err().contains(complaint), run::err);
    }

    /** Ended by a signal while its second process runs, it takes that along, with all temporary files. */
    @Test
    void aKilledBenchLeavesNothingBehind(@TempDir Path folder) throws Exception {
        Path arguments = Files.writeString(folder.resolve("arguments"), "-cp\n\"" + System.getProperty("java.class.path").replace("\\", "\\\\") + '"');
        Path temporary = Files.createDirectory(folder.resolve("tmp"));
        Process bench = new ProcessBuilder(Path.of(System.getProperty("java.home"), "bin", "java").toString(), "@" + arguments,
                "-Djava.io.tmpdir=" + temporary, Samples.class.getName(), "bench", "--net", "resnet18", "--threads", "7").inheritIO().start();
        try {
            while (bench.isAlive() && bench.descendants().findAny().isEmpty()) {
                Thread.onSpinWait();
            }
            List<ProcessHandle> children = bench.descendants().toList();
            assertEquals(1, children.size());
            bench.destroy();
            bench.waitFor();
            assertFalse(children.get(0).isAlive());
            assertArrayEquals(new String[0], temporary.toFile().list());
        } finally {
            bench.destroyForcibly();
        }
    }

    @Test
    void noSuchModel(@TempDir Path folder) {
        assertEquals(1, CommandRun.of("bench", "--net", folder.resolve("missing.zip")).exitCode());
    }
}
