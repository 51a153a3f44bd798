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
import org.nd4j.linalg.activations.Activation;
import org.nd4j.shade.jackson.databind.JsonNode;
import org.nd4j.shade.jackson.databind.ObjectMapper;
import picocli.CommandLine;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

class BenchCommandTest {

    private static Path saved(Path folder) throws Exception {
        ComputationGraph graph = new ComputationGraph(new NeuralNetConfiguration.Builder().seed(1).graphBuilder().addInputs("input")
                .addLayer("conv", new ConvolutionLayer.Builder(3, 3).nOut(4).activation(Activation.IDENTITY).build(), "input")
                .addLayer("bn", new BatchNormalization(), "conv")
                .addLayer("classes", new OutputLayer.Builder().nOut(5).activation(Activation.SOFTMAX).build(), "bn")
                .setInputTypes(InputType.convolutional(8, 8, 3)).setOutputs("classes").build());
        graph.init();
        Path file = folder.resolve("small.zip");
        ModelSerializer.writeModel(graph, file.toFile(), false);
        return file;
    }

    @Test
    void measuresASavedModelInAllWays(@TempDir Path folder) throws Exception {
        Path json = folder.resolve("results.json");
        String net = saved(folder).toString();
        assertEquals(0, new CommandLine(new BenchCommand()).execute("--net", net, "--size", "8", "--batch", "2", "--threads", "1",
                "--seconds", "0.1", "--json", json.toString()));

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
        }
        assertEquals(List.of("dl4j-fp32", "nd4j-fp32", "engine-fp32", "multipoint-layers", "multipoint-fused", "onnxruntime-fp32",
                "onnxruntime-int8"), names);
    }

    @Test
    void refusesWhatMakesNoSense(@TempDir Path folder) throws Exception {
        StringWriter errors = new StringWriter();
        CommandLine bench = new CommandLine(new BenchCommand()).setErr(new PrintWriter(errors, true));
        assertEquals(2, bench.execute("--net", "resnet18", "--batch", "0"));
        assertTrue(errors.toString().contains("--batch"), errors::toString);

        Path missing = folder.resolve("missing.zip");
        assertNotEquals(0, bench.execute("--net", missing.toString()));
        assertTrue(Files.notExists(missing));
    }
}
