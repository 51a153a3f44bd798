package org.multipoint.samples.models;

import org.deeplearning4j.nn.graph.ComputationGraph;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

class CifarResNetTest {

    private static final float TOLERANCE = 1e-5f;

    @TempDir
    Path folder;

    @ParameterizedTest
    @CsvSource({"1, 4, 10", "3, 2, 7"})
    void depthWidthAndClassesAreToldFromTheFile(int blocks, int width, int classes) throws IOException {
        ComputationGraph graph = load(NpzFiles.resNet(blocks, width, classes));
        long convolutions = Arrays.stream(graph.getLayers()).filter(l -> l.conf().getLayer().getLayerName().matches(".*conv\\d")).count();
        assertEquals(6 * blocks + 1, convolutions);
        try (INDArray out = graph.outputSingle(Nd4j.randn(2, 3, 32, 32))) {
            assertArrayEquals(new long[]{2, classes}, out.shape());
            assertEquals(2, out.sumNumber().doubleValue(), TOLERANCE);
        }
    }

    @Test
    void everyArrayHasItsPlace() throws IOException {
        Map<String, INDArray> arrays = NpzFiles.resNet(1, 4, 10);
        ComputationGraph graph = load(arrays);
        assertEquals(arrays.get("layer2.0.conv1.weight"), graph.getParam("layer2.0.conv1_W"));
        assertSame(arrays, "layer3.0.bn2.weight", graph, "layer3.0.bn2_gamma");
        assertSame(arrays, "layer3.0.bn2.bias", graph, "layer3.0.bn2_beta");
        assertSame(arrays, "layer3.0.bn2.running_mean", graph, "layer3.0.bn2_mean");
        assertSame(arrays, "layer3.0.bn2.running_var", graph, "layer3.0.bn2_var");
        assertSame(arrays, "linear.bias", graph, "linear_b");
        assertEquals(arrays.get("linear.weight"), graph.getParam("linear_W").transpose());
    }

    private static void assertSame(Map<String, INDArray> arrays, String array, ComputationGraph graph, String param) {
        assertEquals(arrays.get(array), graph.getParam(param).reshape(arrays.get(array).shape()), array);
    }

    @Test
    void aShortcutTakesEverySecondPixelAndPadsChannelsOnBothSides() throws IOException {
        Map<String, INDArray> arrays = NpzFiles.resNet(1, 4, 10);
        for (String part : new String[]{"weight", "bias"}) {
            arrays.get("layer2.0.bn2." + part).assign(0);
        }
        Map<String, INDArray> activations = load(arrays).feedForward(Nd4j.randn(2, 3, 32, 32), false);
        INDArray in = activations.get("layer1.0.relu2");
        INDArray out = activations.get("layer2.0.relu2");
        assertArrayEquals(new long[]{2, 8, 16, 16}, out.shape());
        INDArray pixels = in.get(NDArrayIndex.all(), NDArrayIndex.all(), NDArrayIndex.interval(0, 2, 32), NDArrayIndex.interval(0, 2, 32));
        assertTrue(pixels.equalsWithEps(channels(out, 2, 6), TOLERANCE));
        assertEquals(0, channels(out, 0, 2).amaxNumber().doubleValue());
        assertEquals(0, channels(out, 6, 8).amaxNumber().doubleValue());
        assertTrue(pixels.amaxNumber().doubleValue() > 0);
    }

    private static INDArray channels(INDArray array, int from, int to) {
        return array.get(NDArrayIndex.all(), NDArrayIndex.interval(from, to), NDArrayIndex.all(), NDArrayIndex.all());
    }

    @ParameterizedTest
    @CsvSource({"conv1.weight", "layer1.0.conv1.weight", "layer3.0.bn1.running_var", "linear.weight"})
    void aMissingArrayIsNamed(String name) {
        Map<String, INDArray> arrays = NpzFiles.resNet(1, 4, 10);
        arrays.remove(name);
        assertMessage(assertThrows(IllegalArgumentException.class, () -> load(arrays)), name, "missing");
    }

    @Test
    void anArrayOfAnotherShapeIsNamed() {
        Map<String, INDArray> arrays = NpzFiles.resNet(1, 4, 10);
        arrays.put("layer2.0.conv2.weight", Nd4j.zeros(8, 4, 3, 3));
        assertMessage(assertThrows(IllegalArgumentException.class, () -> load(arrays)), "layer2.0.conv2.weight", "[8, 4, 3, 3]",
                "[8, 8, 3, 3]");
    }

    @Test
    void anUnexpectedArrayIsNamed() {
        Map<String, INDArray> arrays = NpzFiles.resNet(1, 4, 10);
        arrays.put("layer2.0.downsample.weight", Nd4j.zeros(8, 4, 1, 1));
        assertMessage(assertThrows(IllegalArgumentException.class, () -> load(arrays)), "layer2.0.downsample.weight");
    }

    @ParameterizedTest
    @CsvSource({"NaN", "Infinity", "-Infinity"})
    void aWeightThatIsNoNumberIsNamed(double value) {
        Map<String, INDArray> arrays = NpzFiles.resNet(1, 4, 10);
        arrays.get("layer1.0.bn2.bias").putScalar(2, value);
        assertMessage(assertThrows(IllegalArgumentException.class, () -> load(arrays)), "layer1.0.bn2.bias", "NaN or infinite");
    }

    @Test
    void aMissingFileIsNamed() {
        assertMessage(assertThrows(IOException.class, () -> CifarResNet.load(folder.resolve("none.npz"))), "none.npz", "no such file");
    }

    @Test
    void aTruncatedFileIsNamed() throws IOException {
        Path file = NpzFiles.write(folder.resolve("net.npz"), NpzFiles.resNet(1, 4, 10));
        byte[] bytes = Files.readAllBytes(file);
        Files.write(file, Arrays.copyOf(bytes, bytes.length / 2));
        assertMessage(assertThrows(IOException.class, () -> CifarResNet.load(file)), "net.npz", "truncated or altered");
    }

    @ParameterizedTest
    @CsvSource({"0.25", "0.33", "0.5", "0.75"})
    void anAlteredFileIsNamed(double where) throws IOException {
        Path file = NpzFiles.write(folder.resolve("net.npz"), NpzFiles.resNet(1, 4, 10));
        byte[] bytes = Files.readAllBytes(file);
        bytes[(int) (bytes.length * where)] ^= 0x55;
        Files.write(file, bytes);
        assertMessage(assertThrows(IOException.class, () -> CifarResNet.load(file)), "net.npz", "truncated or altered");
    }

    private ComputationGraph load(Map<String, INDArray> arrays) throws IOException {
        return CifarResNet.load(NpzFiles.write(folder.resolve("net.npz"), arrays));
    }

    private static void assertMessage(Exception e, String... parts) {
        for (String part : parts) {
            assertTrue(e.getMessage().contains(part), e.getMessage());
        }
    }
}
