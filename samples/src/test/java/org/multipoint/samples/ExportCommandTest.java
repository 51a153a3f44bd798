package org.multipoint.samples;

import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.ConvolutionLayer;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.LocalResponseNormalization;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.util.ModelSerializer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.multipoint.datasets.ImageView;
import org.multipoint.internal.ops.Tensor;
import org.multipoint.onnxruntime.OnnxRuntimeNetwork;
import org.multipoint.options.Method;
import org.multipoint.testing.TestData;
import org.multipoint.transform.Multipoint;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.dataset.adapter.SingletonDataSetIterator;
import org.nd4j.linalg.factory.Nd4j;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.stream.Stream;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

class ExportCommandTest {

    @TempDir
    Path folder;

    private static MultiLayerNetwork layers() {
        MultiLayerNetwork network = new MultiLayerNetwork(new NeuralNetConfiguration.Builder().seed(5).list()
                .layer(new ConvolutionLayer.Builder(3, 3).nOut(4).activation(Activation.RELU).build())
                .layer(new OutputLayer.Builder().nOut(3).activation(Activation.SOFTMAX).build())
                .setInputType(InputType.convolutional(8, 6, 2)).build());
        network.init();
        return network;
    }

    private Path saved(Model model) throws IOException {
        Path file = folder.resolve("model.zip");
        ModelSerializer.writeModel(model, file.toFile(), false);
        return file;
    }

    private static float[] run(Path model, String input, INDArray x) throws IOException {
        try (OnnxRuntimeNetwork runtime = new OnnxRuntimeNetwork(Files.readAllBytes(model), Map.of(input, x), 1)) {
            return runtime.run().values().iterator().next();
        }
    }

    @Test
    void writesNetworksInEveryForm() throws IOException {
        INDArray x = Nd4j.rand(Nd4j.getRandomFactory().getNewRandomInstance(1), 5, 2, 8, 6);
        MultiLayerNetwork plain = layers();
        MultiLayerNetwork small = Multipoint.of(plain).calibrate(new SingletonDataSetIterator(new DataSet(x, null))).bits(4).transform().model();
        ComputationGraph compiled = (ComputationGraph) new Network(small).compiled().model();
        Path onnx = folder.resolve("model.onnx");
        for (Model model : List.of(plain, small, compiled)) {
            CommandRun run = CommandRun.of("export", saved(model), "--input", "2x8x6", "--onnx", onnx);
            assertEquals(0, run.exitCode(), run.err());
            assertTrue(run.out().contains("Written: " + onnx), run.out());
            assertTrue(run.out().contains("{\"input\": x}), where x has the shape [N, 2, 8, 6]"), run.out());
            float[] expected = Tensor.of(new Network(model).output(x)).data();
            assertArrayEquals(expected, run(onnx, "input", x), model == plain ? 1e-5f : 1 / 255f);
        }
    }

    @Test
    void vectorsNeedNoSizes() throws IOException {
        MultiLayerNetwork network = new MultiLayerNetwork(new NeuralNetConfiguration.Builder().seed(5).list()
                .layer(new DenseLayer.Builder().nIn(7).nOut(4).activation(Activation.RELU).build())
                .layer(new OutputLayer.Builder().nIn(4).nOut(3).activation(Activation.SOFTMAX).build()).build());
        network.init();
        Path onnx = folder.resolve("model.onnx");
        CommandRun run = CommandRun.of("export", saved(network), "--full-range", "--onnx", onnx);
        assertEquals(0, run.exitCode(), run.err());
        INDArray x = Nd4j.rand(2, 7);
        assertArrayEquals(Tensor.of(network.output(x)).data(), run(onnx, "input", x), 1e-5f);
    }

    @Test
    void badInput() throws IOException {
        Path onnx = folder.resolve("model.onnx");
        Path file = saved(layers());
        assertComplaint(2, "--input is needed: model.zip does not tell", "export", file, "--onnx", onnx);
        assertComplaint(2, "--input must be one to three sizes, such as 3x32x32, found 3,8", "export", file, "--onnx", onnx, "--input", "3,8");
        assertComplaint(2, "--onnx must be a file in a folder that can be written to", "export", file, "--onnx",
                "/no/such/folder/x", "--input", "2x8x6");
        assertComplaint(1, "Expected 2 channels, found an image of [1, 3, 8, 6]", "export", file, "--onnx", onnx, "--input", "3x8x6");
        assertComplaint(1, "there is no such file", "export", folder.resolve("none.zip"), "--onnx", onnx);
        MultiLayerNetwork response = new MultiLayerNetwork(new NeuralNetConfiguration.Builder().list()
                .layer(new LocalResponseNormalization.Builder().name("response").build())
                .layer(new OutputLayer.Builder().nOut(3).activation(Activation.SOFTMAX).build())
                .setInputType(InputType.convolutional(8, 6, 2)).build());
        response.init();
        assertComplaint(1, "Vertex \"response\" cannot be written as ONNX", "export", saved(response), "--onnx", onnx, "--input", "2x8x6");
        try (Stream<Path> files = Files.list(folder)) {
            assertEquals(List.of("model.zip"), files.map(f -> f.getFileName().toString()).toList());
        }
    }

    private static void assertComplaint(int exitCode, String complaint, Object... args) {
        CommandRun run = CommandRun.of(args);
        assertEquals(exitCode, run.exitCode(), run.err());
        assertTrue(run.err().contains(complaint), run.err());
        assertEquals(1, run.err().strip().lines().count(), run.err());
    }

    /** A published network with points of 4 bits, and one with entropy-coded weights, as saved files. */
    @Test
    void publishedResNet() throws IOException {
        Cifar10Data cifar10 = new Cifar10Data(TestData.require("cifar10").getParent(), "resnet20");
        Network network = cifar10.network();
        INDArray x = cifar10.images("test", network.format(), 400).next(400).getFeatures();
        for (boolean coded : new boolean[]{false, true}) {
            Multipoint<? extends Model> quantizer = network.quantizer().calibrate(cifar10.images("train", network.format(), 128));
            assertAgrees(0.995, new Network((coded ? quantizer.storedBits(2.15) : quantizer.bits(4)).transform().model()), "3x32x32", x);
        }
    }

    @Test
    void publishedEfficientNet() throws IOException {
        Network network = SavedModel.read(TestData.require("models/efficientnet-lite0.h5"));
        Path images = TestData.require("imagenet/evaluation").getParent();
        ImageView view = ImageView.efficientNetLite(224);
        Network small = new Network(network.quantizer().bits(5).points(1).method(Method.NEAREST).calibrate(
                ImagenetCommand.folder(images.resolve("calibration"), view, network.format(), OptionalInt.of(16))).transform().model());
        assertAgrees(0.995, small, "224x224x3", ImagenetCommand.folder(images.resolve("evaluation"), view, network.format(),
                OptionalInt.of(24)).next(24).getFeatures());
    }

    /** Several outputs. */
    @Test
    void publishedDetector() throws IOException {
        Path data = TestData.require("zoo/models").getParent();
        Network network = PublishedDetector.FACE_MASK.network(data);
        Network small = new Network(network.quantizer().bits(5).calibrate(PublishedDetector.FACE_MASK.calibration(data).format(network.format())
                .limit(8).build()).transform().model());
        INDArray x = PublishedDetector.FACE_MASK.test(data).format(network.format()).limit(4).build().next(4).getFeatures();
        ComputationGraph compiled = (ComputationGraph) small.compiled().model();
        Path onnx = exported(small, "260x260x3");
        INDArray[] expected = compiled.output(x);
        String input = compiled.getConfiguration().getNetworkInputs().get(0);
        try (OnnxRuntimeNetwork runtime = new OnnxRuntimeNetwork(Files.readAllBytes(onnx), Map.of(input, x), 1)) {
            Map<String, float[]> found = runtime.run();
            assertEquals(compiled.getConfiguration().getNetworkOutputs(), List.copyOf(found.keySet()));
            for (int i = 0; i < expected.length; i++) {
                float[] e = Tensor.of(expected[i]).data();
                float[] f = found.get(compiled.getConfiguration().getNetworkOutputs().get(i));
                double distance = 0;
                double length = 0;
                for (int k = 0; k < e.length; k++) {
                    distance += (e[k] - f[k]) * (e[k] - f[k]);
                    length += e[k] * e[k];
                }
                assertTrue(distance <= 0.02 * 0.02 * length, i + ": relative error " + Math.sqrt(distance / length));
            }
        }
    }

    private Path exported(Network network, String sizes) throws IOException {
        Path onnx = folder.resolve("published.onnx");
        CommandRun run = CommandRun.of("export", saved(network.model()), "--input", sizes, "--onnx", onnx);
        assertEquals(0, run.exitCode(), run.err());
        return onnx;
    }

    /** Whether the most likely class is that of the compiled graph on a share of the images. */
    private void assertAgrees(double least, Network small, String sizes, INDArray x) throws IOException {
        ComputationGraph compiled = (ComputationGraph) small.compiled().model();
        float[] expected = Tensor.of(compiled.outputSingle(x)).data();
        float[] found = run(exported(small, sizes), compiled.getConfiguration().getNetworkInputs().get(0), x);
        int images = (int) x.size(0);
        int classes = expected.length / images;
        int same = 0;
        for (int i = 0; i < images; i++) {
            same += best(expected, i * classes, classes) == best(found, i * classes, classes) ? 1 : 0;
        }
        assertTrue(same >= least * images, same + " of " + images);
    }

    private static int best(float[] values, int from, int count) {
        float[] some = Arrays.copyOfRange(values, from, from + count);
        int best = 0;
        for (int i = 1; i < count; i++) {
            best = some[i] > some[best] ? i : best;
        }
        return best;
    }
}
