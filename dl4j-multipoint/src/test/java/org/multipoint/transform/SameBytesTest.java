package org.multipoint.transform;

import org.deeplearning4j.nn.conf.ConvolutionMode;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.ConvolutionLayer;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.DepthwiseConvolution2D;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.multipoint.files.ModelFiles;
import org.multipoint.layers.MultipointWeights;
import org.multipoint.options.Method;
import org.multipoint.points.MultipointMatrix;
import org.multipoint.testing.ForkedJvm;
import org.multipoint.testing.Reliability;
import org.multipoint.testing.TestNets;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.lossfunctions.LossFunctions;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

/**
 * Processes with any number of Java threads make the same model. Single precision sums of native code depend on its number of threads and on the
 * instructions of the CPU: models then differ in codes that are nearly as good, and are of the same size and quality.
 */
@Tag(Reliability.TAG)
class SameBytesTest {

    private static final Method[] METHODS = {Method.CALIBRATED, Method.CODED};
    /** Ratio of the errors of two models of the same quality. */
    private static final double SAME_QUALITY = 1.25;
    private static final double SAME_SIZE = 1.01;

    private static ComputationGraph source() {
        return TestNets.chain(InputType.convolutional(10, 10, 3),
                new ConvolutionLayer.Builder(3, 3).convolutionMode(ConvolutionMode.Same).nOut(24).activation(Activation.RELU).build(),
                new DepthwiseConvolution2D.Builder(3, 3).nOut(24).activation(Activation.RELU).build(),
                new ConvolutionLayer.Builder(3, 3).convolutionMode(ConvolutionMode.Same).stride(2, 2).nOut(32).activation(Activation.TANH).build(),
                new DenseLayer.Builder().nOut(40).activation(Activation.RELU).build(),
                new OutputLayer.Builder(LossFunctions.LossFunction.MCXENT).nOut(10).activation(Activation.SOFTMAX).build());
    }

    /** What the forked processes do. */
    public static void main(String[] args) throws IOException {
        for (Method method : METHODS) {
            ModelFiles.write(Multipoint.of(source()).method(method).calibrate(TestNets.iterator(1, 4, 10, 16, 3, 10, 10)).transform().model(),
                    Path.of(args[0]).resolve(method + ".zip"));
        }
    }

    private static boolean same(ComputationGraph a, ComputationGraph b) {
        return a.getConfiguration().toJson().equals(b.getConfiguration().toJson()) && a.params().equals(b.params());
    }

    /** Bytes of all payloads. */
    private static double stored(ComputationGraph model) {
        return Arrays.stream(model.getLayers()).flatMap(layer -> MultipointWeights.matrices(layer.conf().getLayer()).stream())
                .mapToLong(MultipointMatrix::storedBits).sum() / 8.0;
    }

    private static double error(ComputationGraph model, ComputationGraph source) {
        INDArray x = TestNets.random(3, 64, 3, 10, 10);
        INDArray expected = source.outputSingle(x);
        return expected.sub(model.outputSingle(x)).norm2Number().doubleValue() / expected.norm2Number().doubleValue();
    }

    private static Path made(Path folder, String name, Map<String, String> environment, String... options) throws Exception {
        Path own = Files.createDirectory(folder.resolve(name));
        ForkedJvm.run(environment, Duration.ofMinutes(9), Stream.concat(Stream.of("-Xmx1g"), Stream.of(options)).toList(), SameBytesTest.class, own.toString());
        return own;
    }

    @Test
    void anyNumberOfJavaThreads(@TempDir Path folder) throws Exception {
        Path one = made(folder, "one", Map.of(), "-Djava.util.concurrent.ForkJoinPool.common.parallelism=1");
        Path usual = made(folder, "usual", Map.of());
        for (Method method : METHODS) {
            assertTrue(same(ModelFiles.readGraph(one.resolve(method + ".zip")), ModelFiles.readGraph(usual.resolve(method + ".zip"))), method.name());
        }
    }

    @Test
    void otherSumsOfNativeCode(@TempDir Path folder) throws Exception {
        assumeTrue(Reliability.LONG, "only with -Dorg.multipoint.long=true");
        Path one = made(folder, "one", Map.of("OMP_NUM_THREADS", "1"));
        Map<String, Path> others = new LinkedHashMap<>(Map.of("two native threads", made(folder, "two", Map.of("OMP_NUM_THREADS", "2"))));
        for (String isa : List.of("SSE41", "AVX2")) {
            others.put("instructions up to " + isa, made(folder, isa, Map.of("OMP_NUM_THREADS", "1", "ONEDNN_MAX_CPU_ISA", isa)));
        }
        ComputationGraph source = source();
        for (Map.Entry<String, Path> other : others.entrySet()) {
            for (Method method : METHODS) {
                ComputationGraph a = ModelFiles.readGraph(one.resolve(method + ".zip"));
                ComputationGraph b = ModelFiles.readGraph(other.getValue().resolve(method + ".zip"));
                double errorA = error(a, source);
                double errorB = error(b, source);
                Reliability.figure("%s, %s: %s; %.0f and %.0f bytes, output errors %.4f and %.4f", method, other.getKey(),
                        same(a, b) ? "the same bytes" : "other bytes", stored(a), stored(b), errorA, errorB);
                assertTrue(Math.max(errorA, errorB) <= SAME_QUALITY * Math.min(errorA, errorB), method + " " + other.getKey() + ": " + errorA + ", " + errorB);
                assertTrue(Math.max(stored(a), stored(b)) <= SAME_SIZE * Math.min(stored(a), stored(b)), method + " " + other.getKey());
            }
        }
    }
}
