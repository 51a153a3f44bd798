package org.multipoint.samples;

import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.conf.CNN2DFormat;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.ConvolutionLayer;
import org.deeplearning4j.nn.conf.layers.GlobalPoolingLayer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.dataset.adapter.SingletonDataSetIterator;
import org.nd4j.linalg.factory.Nd4j;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

class SavedModelTest {

    @TempDir
    Path folder;

    private static MultiLayerNetwork layers(CNN2DFormat format) {
        MultiLayerNetwork network = new MultiLayerNetwork(new NeuralNetConfiguration.Builder().seed(5).list()
                .layer(new ConvolutionLayer.Builder(3, 3).nOut(4).activation(Activation.RELU).dataFormat(format).build())
                .layer(new GlobalPoolingLayer.Builder().poolingDimensions(format == CNN2DFormat.NHWC ? new int[]{1, 2} : new int[]{2, 3})
                        .build())
                .layer(new OutputLayer.Builder().nOut(3).activation(Activation.SOFTMAX).build())
                .setInputType(InputType.convolutional(8, 8, 3, format)).build());
        network.init();
        return network;
    }

    private static INDArray images(CNN2DFormat format) {
        return format == CNN2DFormat.NHWC ? Nd4j.rand(DataType.FLOAT, 5, 8, 8, 3) : Nd4j.rand(DataType.FLOAT, 5, 3, 8, 8);
    }

    private static Network quantized(Network network, INDArray images) {
        return new Network((Model) network.quantizer().calibrate(new SingletonDataSetIterator(new DataSet(images, null))).bits(3)
                .transform().model());
    }

    @ParameterizedTest
    @CsvSource({"true, NCHW", "true, NHWC", "false, NCHW", "false, NHWC"})
    void everyFormComesBackAsItWas(boolean graph, CNN2DFormat format) throws IOException {
        MultiLayerNetwork layers = layers(format);
        Network plain = new Network(graph ? layers.toComputationGraph() : layers);
        INDArray images = images(format);
        String kind = graph ? "ComputationGraph" : "MultiLayerNetwork";
        assertIs(plain, images, format, true, "a " + kind + " of 3 layers, weights in fp32");
        assertIs(plain.compiled(), images, format, false, "a compiled ComputationGraph of");
        Network quantized = quantized(plain, images);
        assertIs(quantized, images, format, false, "a " + kind + " of 3 layers, 2 of them with weights as points of 3 bits");
        assertIs(quantized.compiled(), images, format, false, "a compiled ComputationGraph of");
        assertTrue(quantized.compiled().toString().contains("2 of them with weights as points of 3 bits"), quantized.compiled().toString());
        assertSame(quantized.getClass(), quantized.compiled().compiled().getClass());
    }

    private void assertIs(Network network, INDArray images, CNN2DFormat format, boolean plain, String text) throws IOException {
        Path file = folder.resolve("model.zip");
        SavedModel.write(network, file);
        Network restored = SavedModel.read(file);
        assertEquals(network.output(images), restored.output(images));
        assertEquals(plain, restored.isPlain());
        assertEquals(format, restored.format());
        assertTrue(restored.toString().startsWith(text), restored.toString());
        assertEquals(Files.size(file), SavedModel.bytes(network));
    }

    @Test
    void aGraphWithTwoOutputsHasNoSingleOne() {
        ComputationGraph graph = new ComputationGraph(new NeuralNetConfiguration.Builder().graphBuilder().addInputs("in")
                .addLayer("a", new OutputLayer.Builder().nIn(2).nOut(2).activation(Activation.SOFTMAX).build(), "in")
                .addLayer("b", new OutputLayer.Builder().nIn(2).nOut(2).activation(Activation.SOFTMAX).build(), "in")
                .setOutputs("a", "b").build());
        graph.init();
        Network network = new Network(graph);
        INDArray input = Nd4j.ones(3, 2);
        assertEquals(2, network.outputs(input).length);
        assertTrue(assertThrows(IllegalArgumentException.class, () -> network.output(input)).getMessage().contains("2 outputs"));
    }

    private static void assertRefused(Path file, String complaint) {
        IOException e = assertThrows(IOException.class, () -> SavedModel.read(file));
        assertTrue(e.getMessage().contains(file.toString()) && e.getMessage().contains(complaint), e.getMessage());
        assertFalse(e.getMessage().contains("\n"), e.getMessage());
    }

    private Path zip(String... entries) throws IOException {
        Path file = folder.resolve("some.zip");
        try (ZipOutputStream zip = new ZipOutputStream(Files.newOutputStream(file))) {
            for (String entry : entries) {
                zip.putNextEntry(new ZipEntry(entry));
                zip.write("{}".getBytes());
            }
        }
        return file;
    }

    @Test
    void aModelOfKeras3IsNamed() throws IOException {
        assertRefused(zip("metadata.json", "config.json", "model.weights.h5"), "Keras 3");
    }

    @Test
    void anotherArchiveIsNone() throws IOException {
        assertRefused(zip("readme.txt"), "no configuration.json");
    }

    @Test
    void aTruncatedArchiveIsNone() throws IOException {
        Path file = folder.resolve("model.zip");
        SavedModel.write(new Network(layers(CNN2DFormat.NCHW)), file);
        byte[] bytes = Files.readAllBytes(file);
        Files.write(file, Arrays.copyOf(bytes, bytes.length / 2));
        assertRefused(file, "truncated");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "PK", "some text"})
    void anotherFileIsNone(String content) throws IOException {
        Path file = Files.writeString(folder.resolve("model.h5"), content);
        assertRefused(file, "model");
    }

    @Test
    void aTruncatedHdf5FileIsNamed() throws IOException {
        byte[] superblock = new byte[96];
        System.arraycopy(new byte[]{(byte) 0x89, 'H', 'D', 'F', '\r', '\n', 0x1a, '\n'}, 0, superblock, 0, 8);
        superblock[13] = 8;
        superblock[41] = 1;
        assertRefused(Files.write(folder.resolve("model.h5"), superblock), "truncated: it has 96 bytes of 256");
        assertRefused(Files.write(folder.resolve("model.h5"), Arrays.copyOf(superblock, 10)), "truncated");
    }

    @Test
    void anAlteredHdf5FileCannotBeRead() throws IOException {
        byte[] bytes = new byte[96];
        System.arraycopy(new byte[]{(byte) 0x89, 'H', 'D', 'F', '\r', '\n', 0x1a, '\n'}, 0, bytes, 0, 8);
        assertRefused(Files.write(folder.resolve("model.h5"), bytes), "cannot be read");
    }

    @Test
    void aMissingFileIsNamed() {
        assertThrows(NoSuchFileException.class, () -> SavedModel.read(folder.resolve("none.zip")));
    }
}
