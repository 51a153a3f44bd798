package org.multipoint.transform;

import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.modelimport.keras.KerasModelImport;
import org.deeplearning4j.util.ModelSerializer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.multipoint.options.Method;
import org.multipoint.options.MultipointOptions;
import org.multipoint.report.LayerReport;
import org.multipoint.segments.CompiledGraph;
import org.multipoint.segments.Segments;
import org.multipoint.testing.TestData;
import org.multipoint.testing.TestNets;
import org.nd4j.linalg.api.ndarray.INDArray;

import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

/** A real network of Keras, channels last, with depthwise convolutions and BatchNormalization. */
@Timeout(300)
class KerasModelTest {

    @Test
    void efficientNetAtFourBits(@TempDir Path folder) throws Exception {
        Path weights = TestData.require("models/efficientnet-lite0.h5");
        ComputationGraph graph = KerasModelImport.importKerasModelAndWeights(weights.toString(), false);
        MultipointResult<ComputationGraph> result = Multipoint.of(graph).method(Method.GREEDY).bits(4).extraPoints(0.1)
                .options(MultipointOptions.builder().positionsPerImage(64).build())
                .calibrate(TestNets.iterator(1, 1, 1, 2, 224, 224, 3)).transform();

        assertEquals(Map.of(), result.report().kept());
        assertEquals(50, result.report().layers().size());
        assertEquals(16, result.report().layers().stream().filter(l -> l.kind().equals("depthwise_convolution")).count());
        assertTrue(result.report().codesPerWeight() > 1.099 && result.report().codesPerWeight() <= 1.1);
        for (LayerReport layer : result.report().layers()) {
            // Outputs that are all zero would have an error of 1.
            assertTrue(layer.outputError() < 1, layer.toString());
        }

        INDArray x = TestNets.random(2, 1, 224, 224, 3);
        INDArray output = result.model().outputSingle(x);
        assertEquals(1, output.sumNumber().doubleValue(), 1e-4);
        File file = folder.resolve("small.zip").toFile();
        ModelSerializer.writeModel(result.model(), file, false);
        assertTrue(Files.size(file.toPath()) < Files.size(weights) / 5, Files.size(file.toPath()) + " bytes");
        assertEquals(output, ModelSerializer.restoreComputationGraph(file).outputSingle(x));

        ComputationGraph reference = oneSegment(graph);
        assertTrue(graph.outputSingle(x).sub(reference.outputSingle(x)).amaxNumber().doubleValue() < 1e-5);
        ComputationGraph fused = oneSegment(result.model());
        assertTrue(output.sub(fused.outputSingle(x)).amaxNumber().doubleValue() < 1e-5);
        ModelSerializer.writeModel(fused, file, false);
        assertTrue(Files.size(file.toPath()) < Files.size(weights) / 5, Files.size(file.toPath()) + " bytes fused");
        assertEquals(fused.outputSingle(x), ModelSerializer.restoreComputationGraph(file).outputSingle(x));
    }

    private static ComputationGraph oneSegment(ComputationGraph graph) {
        CompiledGraph compiled = Segments.compile(graph);
        assertEquals(1, compiled.report().segments().size(), compiled.report().toString());
        assertEquals(Map.of(), compiled.report().outside());
        return compiled.graph();
    }
}
