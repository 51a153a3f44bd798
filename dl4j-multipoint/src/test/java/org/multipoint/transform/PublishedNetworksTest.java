package org.multipoint.transform;

import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.modelimport.keras.KerasModelImport;
import org.deeplearning4j.util.ModelSerializer;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.multipoint.options.Method;
import org.multipoint.options.MultipointOptions;
import org.multipoint.segments.CompiledGraph;
import org.multipoint.segments.Segments;
import org.multipoint.testing.TestData;
import org.multipoint.testing.TestNets;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

import java.io.File;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.LongStream;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

/**
 * Published networks of Keras, detectors, audio, sequences and autoencoders among them: all can be transformed and compiled, compute what
 * they should in each form, and are saved and restored.
 */
@Timeout(300)
class PublishedNetworksTest {

    @TempDir
    Path folder;

    /**
     * @param segments of the compiled fp32 graph: a vertex that falls out of them is noticed
     * @param method   the quickest one for networks that take long
     */
    @ParameterizedTest(name = "{0}")
    @CsvSource({
            "mlperf_resnet8_cifar10, 32x32x3, 1, CALIBRATED",
            "mlperf_kws_dscnn, 49x10x1, 1, CALIBRATED",
            "mlperf_ad01, 640, 1, CALIBRATED",
            "mlperf_vww_96, 96x96x3, 1, CALIBRATED",
            "fer2013_mini_xception, 64x64x1, 1, CALIBRATED",
            "miniresnetv2_1_esc10, 64x50x1, 1, CALIBRATED",
            "crepe_tiny, 1024x1, 1, NEAREST",
            "nano-voc, 320x320x3, 1, NEAREST",
            "tiny_face_detector_416, 416x416x3, 1, CALIBRATED",
            "aizoo_face_mask_ssd_heads, 260x260x3, 1, NEAREST",
            "mobilenet_v2_1.0_224, 224x224x3, 1, NEAREST",
            "squeezenet_v1_0, 227x227x3, 1, NEAREST",
            "prisma-net, 256x256x3, 1, NEAREST"
    })
    void areTransformedCompiledAndSaved(String name, String input, int segments, Method method) throws Exception {
        Path file = TestData.require("zoo/models/" + name + ".h5");
        ComputationGraph graph = KerasModelImport.importKerasModelAndWeights(file.toString(), false);
        long[] shape = LongStream.concat(LongStream.of(2), Arrays.stream(input.split("x")).mapToLong(Long::parseLong)).toArray();
        INDArray x = inputs(1, shape);
        INDArray[] expected = graph.output(x);
        CompiledGraph compiled = Segments.compile(graph);
        assertEquals(segments, compiled.report().segments().size(), compiled.report().toString());
        assertNear(1e-5, expected, compiled.graph().output(x));

        ComputationGraph small = Multipoint.of(graph).method(method).bits(8).points(1)
                .options(MultipointOptions.builder().positionsPerImage(32).build())
                .calibrate(TestNets.iterator(1, 1, 1, shape)).transform().model();
        INDArray[] quantized = small.output(x);
        assertTrue(Arrays.stream(quantized).allMatch(y -> Double.isFinite(y.sumNumber().doubleValue())));
        ComputationGraph fused = Segments.compile(small).graph();
        assertAgree(small, fused, shape);
        for (ComputationGraph model : new ComputationGraph[]{small, fused}) {
            File saved = folder.resolve("model.zip").toFile();
            ModelSerializer.writeModel(model, saved, false);
            assertArrayEquals(model.output(x), ModelSerializer.restoreComputationGraph(saved, false).output(x));
        }
    }

    private static INDArray inputs(long seed, long[] shape) {
        return Nd4j.rand(Nd4j.getRandomFactory().getNewRandomInstance(seed), shape);
    }

    /**
     * Layers and segments agree on most inputs: where a value lies between two integers, the last bit of a sum decides which of them it
     * becomes, and one integer less is seen in the outputs of small networks.
     */
    private static void assertAgree(ComputationGraph layers, ComputationGraph fused, long[] shape) {
        List<Double> errors = LongStream.rangeClosed(1, 3).mapToObj(seed -> inputs(seed, shape))
                .map(x -> error(layers.output(x), fused.output(x))).sorted().toList();
        assertTrue(errors.get(1) <= 1e-3 && errors.get(2) <= 2e-2, "errors " + errors);
    }

    private static double error(INDArray[] expected, INDArray[] found) {
        return IntStream.range(0, expected.length)
                .mapToDouble(i -> expected[i].distance2(found[i]) / expected[i].norm2Number().doubleValue()).max().orElseThrow();
    }

    private static void assertNear(double tolerance, INDArray[] expected, INDArray[] found) {
        double error = error(expected, found);
        assertTrue(error <= tolerance, "error " + error);
    }
}
