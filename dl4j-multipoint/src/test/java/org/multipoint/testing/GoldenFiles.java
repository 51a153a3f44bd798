package org.multipoint.testing;

import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.conf.ConvolutionMode;
import org.deeplearning4j.nn.conf.graph.ElementWiseVertex;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.ActivationLayer;
import org.deeplearning4j.nn.conf.layers.BatchNormalization;
import org.deeplearning4j.nn.conf.layers.Convolution1DLayer;
import org.deeplearning4j.nn.conf.layers.ConvolutionLayer;
import org.deeplearning4j.nn.conf.layers.Deconvolution2D;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.DepthwiseConvolution2D;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.conf.layers.RnnOutputLayer;
import org.deeplearning4j.nn.conf.layers.SeparableConvolution2D;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.util.ModelSerializer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.multipoint.options.Method;
import org.multipoint.points.CodeGrid;
import org.multipoint.points.MultipointMatrix;
import org.multipoint.points.ScaleLayout;
import org.multipoint.segments.Additions;
import org.multipoint.segments.Segments;
import org.multipoint.transform.Multipoint;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.lossfunctions.LossFunctions;
import org.nd4j.shade.jackson.databind.ObjectMapper;
import org.nd4j.shade.jackson.databind.node.ArrayNode;
import org.nd4j.shade.jackson.databind.node.ObjectNode;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.Locale;
import java.util.Random;


/**
 * Golden files: payloads and saved models that this and every later version must read, and what is in them. They are made once, when the
 * format gets something new, and are then kept as they are:
 *
 * <pre>
 *     mvn test -pl dl4j-multipoint -Dtest=GoldenFiles -Dorg.multipoint.golden=FOLDER
 * </pre>
 *
 * writes all of them into a folder that must not hold any yet; what is new in it is then copied by hand to {@code src/test/resources/golden}.
 * A normal build never runs this.
 *
 * <ul>
 *     <li>{@code payloads.json}: for each grid, scale layout and number of points a payload in hexadecimal, and its scales and codes as they
 *     were given to the writer;</li>
 *     <li>{@code NAME.zip}: a saved model;</li>
 *     <li>{@code NAME.json}: its input and output, each a shape and values in C order.</li>
 * </ul>
 */
@EnabledIfSystemProperty(named = "org.multipoint.golden", matches = ".+")
public class GoldenFiles {

    /**
     * How far outputs of a saved model may be from the recorded ones. Its codes fuse exactly for the limits of all CPUs and no activation
     * lies near a rounding boundary, so all integers are the same everywhere; what is left is the order of sums in single precision.
     */
    public static final double TOLERANCE = 2e-5;

    private static final long[] IMAGES = {3, 2, 8, 8};
    private static final long[] SEQUENCES = {3, 4, 10};

    /** A golden file in the test resources. */
    public static InputStream open(String name) {
        InputStream in = GoldenFiles.class.getResourceAsStream("/golden/" + name);
        if (in == null) {
            throw new IllegalStateException("golden/" + name + " is missing from the test resources");
        }
        return in;
    }

    /** An array of a {@code NAME.json}. */
    public static INDArray array(ObjectNode recorded, String name) {
        ObjectMapper mapper = new ObjectMapper();
        return Nd4j.create(mapper.convertValue(recorded.get(name).get("values"), float[].class),
                mapper.convertValue(recorded.get(name).get("shape"), long[].class), 'c');
    }

    /** The output of a network of either kind. */
    public static INDArray output(Model model, INDArray x) {
        return model instanceof ComputationGraph graph ? graph.outputSingle(x) : ((MultiLayerNetwork) model).output(x);
    }

    @Test
    void write() throws IOException {
        Path folder = Files.createDirectories(Path.of(System.getProperty("org.multipoint.golden")));
        writeNew(folder.resolve("payloads.json"), payloads());
        writeNew(folder.resolve("coded-payloads.json"), codedPayloads());
        ComputationGraph graph = Multipoint.of(images()).bits(3).extraPoints(0.3).leaveOut("plain")
                .calibrate(TestNets.iterator(1, 6, 3, IMAGES)).transform().model();
        save(folder, "graph", graph, IMAGES);
        save(folder, "compiled", Segments.compile(graph).graph(), IMAGES);
        save(folder, "adding", Segments.compile(graph, Additions.INTEGER).graph(), IMAGES);
        save(folder, "coded", Multipoint.of(images()).method(Method.CODED).storedBits(4).leaveOut("plain")
                .calibrate(TestNets.iterator(1, 6, 3, IMAGES)).transform().model(), IMAGES);
        save(folder, "network", Multipoint.of(sequences()).bits(3).extraPoints(0.3).calibrate(TestNets.iterator(1, 6, SEQUENCES)).transform().model(), SEQUENCES);
    }

    private static void writeNew(Path file, ArrayNode json) throws IOException {
        writeNew(file, new ObjectMapper().writerWithDefaultPrettyPrinter().writeValueAsString(json));
    }

    private static void writeNew(Path file, String text) throws IOException {
        if (Files.exists(file)) {
            throw new FileAlreadyExistsException(file + ": golden files are not overwritten");
        }
        Files.writeString(file, text + "\n");
    }

    private static ArrayNode payloads() {
        ArrayNode all = new ObjectMapper().createArrayNode();
        Random random = new Random(1);
        for (CodeGrid grid : CodeGrid.values()) {
            for (ScaleLayout layout : ScaleLayout.values()) {
                for (int most = 1; most <= 3; most++) {
                    all.add(payload(grid, layout, most, 1 + most + all.size() % 3, random));
                }
            }
        }
        return all;
    }

    /** Matrices of entropy-coded integers: few and many, small and large, with a scale for a row or for all. */
    private static ArrayNode codedPayloads() {
        ArrayNode all = new ObjectMapper().createArrayNode();
        Random random = new Random(2);
        for (double spread : new double[]{0.2, 1.5, 40}) {
            for (ScaleLayout layout : new ScaleLayout[]{ScaleLayout.PER_ROW, ScaleLayout.PER_LAYER}) {
                int rows = 8;
                int columns = 27;
                MultipointMatrix.Builder builder = new MultipointMatrix.Builder(rows, columns, 8, CodeGrid.SYMMETRIC, layout).coded();
                int[][] codes = new int[rows][columns];
                float[] scales = new float[rows];
                for (int r = 0; r < rows; r++) {
                    scales[r] = layout == ScaleLayout.PER_LAYER ? 0.125f : 0.125f * (r + 1);
                    for (int c = 0; c < columns; c++) {
                        codes[r][c] = (int) Math.max(-127, Math.min(127, Math.rint(spread * random.nextGaussian())));
                    }
                    builder.digits(r, 1, scales[r], codes[r]);
                }
                ObjectNode json = all.addObject();
                json.put("name", layout + " " + spread).put("layout", layout.name()).putPOJO("scales", scales);
                json.putPOJO("codes", codes).put("payload", HexFormat.of().formatHex(builder.build().toBytes()));
            }
        }
        return all;
    }

    /** Three rows of five columns; the last row has {@code most} points. */
    private static ObjectNode payload(CodeGrid grid, ScaleLayout layout, int most, int bits, Random random) {
        int columns = 5;
        MultipointMatrix.Builder builder = new MultipointMatrix.Builder(3, columns, bits, grid, layout);
        ObjectNode json = new ObjectMapper().createObjectNode();
        json.put("name", (grid + " " + layout + " " + most).toLowerCase(Locale.ROOT)).put("grid", grid.name()).put("layout", layout.name())
                .put("bits", bits);
        ArrayNode scales = json.putArray("scales");
        ArrayNode codes = json.putArray("codes");
        for (int r = 0; r < 3; r++) {
            int n = Math.min(most, r + 1);
            float[] rowScales = new float[n];
            int[][] rowCodes = new int[n][columns];
            for (int i = n - 1; i >= 0; i--) {
                // Of six bits, so that the digits' scales of a row are exact 16-bit floats or sums of them in single precision.
                rowScales[i] = switch (layout) {
                    case PER_POINT -> (33 + 2 * random.nextInt(16)) * Math.scalb(1f, -10 - 3 * i);
                    case PER_LAYER -> (63 - 2 * i) * Math.scalb(1f, -10 - 3 * i);
                    case PER_ROW -> i == n - 1 ? (33 + 2 * random.nextInt(16)) * Math.scalb(1f, -12) : rowScales[i + 1] * grid.levels(bits);
                };
                for (int c = 0; c < columns; c++) {
                    rowCodes[i][c] = grid.spacing() * random.nextInt(grid.levels(bits)) - grid.maxValue(bits);
                }
            }
            builder.points(r, rowScales, rowCodes);
            scales.addPOJO(rowScales);
            codes.addPOJO(rowCodes);
        }
        return json.put("payload", HexFormat.of().formatHex(builder.build().toBytes()));
    }

    private static void save(Path folder, String name, Model model, long[] shape) throws IOException {
        INDArray x = robustInput(model, shape);
        ObjectMapper mapper = new ObjectMapper();
        ObjectNode json = mapper.createObjectNode();
        json.set("input", array(x));
        json.set("output", array(output(model, x)));
        writeNew(folder.resolve(name + ".json"), mapper.writeValueAsString(json));
        ModelSerializer.writeModel(model, folder.resolve(name + ".zip").toFile(), false);
    }

    private static ObjectNode array(INDArray array) {
        INDArray values = array.dup('c');
        ObjectNode json = new ObjectMapper().createObjectNode();
        json.putPOJO("shape", values.shape());
        json.putPOJO("values", values.reshape(values.length()).toFloatVector());
        return json;
    }

    /**
     * An input none of whose activations lies near a rounding boundary: outputs stay as they are, up to a fifth of the tolerance, where
     * all parameters change by far more than rounding in single precision.
     */
    private static INDArray robustInput(Model model, long[] shape) {
        for (long seed = 100; seed < 1100; seed++) {
            INDArray x = TestNets.random(seed, shape);
            INDArray expected = output(model, x).dup();
            double worst = 0;
            for (int sign : new int[]{-1, 1}) {
                for (int pattern = 0; pattern < 6; pattern++) {
                    worst = Math.max(worst, output(perturbed(model, sign, pattern), x).sub(expected).amaxNumber().doubleValue());
                }
            }
            if (worst <= TOLERANCE / 2) {
                System.out.println("input " + seed + ": " + worst + " of outputs up to " + expected.amaxNumber());
                return x;
            }
        }
        throw new IllegalStateException("No input is robust");
    }

    /** A copy whose parameters are a few millionths off, all to one side or each to a side of its own. */
    private static Model perturbed(Model model, int sign, int pattern) {
        Model copy = model instanceof ComputationGraph graph ? graph.clone() : ((MultiLayerNetwork) model).clone();
        Random random = new Random(pattern);
        INDArray params = copy.params();
        for (long i = 0; i < params.length(); i++) {
            params.putScalar(i, params.getFloat(i) + 3e-6f * sign * (pattern == 0 || random.nextBoolean() ? 1 : -1));
        }
        return copy;
    }

    /** Every kind of layer for images, batch normalization before and behind an addition, an activation that ends a segment, and a plain layer. */
    private static ComputationGraph images() {
        ComputationGraph graph = TestNets.graph(b -> b.addInputs("in").setInputTypes(InputType.convolutional(8, 8, 2))
                .addLayer("conv", convolution(1, Activation.IDENTITY), "in")
                .addLayer("norm", new BatchNormalization(), "conv")
                .addLayer("relu", activation(Activation.RELU), "norm")
                .addLayer("residual", convolution(3, Activation.IDENTITY), "relu")
                .addLayer("residualNorm", new BatchNormalization(), "residual")
                .addVertex("sum", new ElementWiseVertex(ElementWiseVertex.Op.Add), "residualNorm", "relu")
                .addLayer("sumNorm", new BatchNormalization(), "sum")
                .addLayer("sumRelu", activation(Activation.RELU), "sumNorm")
                .addLayer("depthwise", same(new DepthwiseConvolution2D.Builder(3, 3).nOut(6).activation(Activation.RELU6).build()), "sumRelu")
                .addLayer("separable", same(new SeparableConvolution2D.Builder(3, 3).stride(2, 2).nOut(5).activation(Activation.TANH).build()),
                        "depthwise")
                .addLayer("deconvolution", new Deconvolution2D.Builder(2, 2).stride(2, 2).nOut(3).activation(Activation.RELU).build(), "separable")
                .addLayer("plain", new DenseLayer.Builder().nOut(8).activation(Activation.IDENTITY).build(), "deconvolution")
                .addLayer("dense", new DenseLayer.Builder().nOut(9).activation(Activation.RELU).build(), "plain")
                .addLayer("classes", new OutputLayer.Builder(LossFunctions.LossFunction.MCXENT).nOut(3).activation(Activation.SOFTMAX).build(),
                        "dense")
                .setOutputs("classes"));
        // So that outputs depend on the image, and most units are active.
        graph.getLayer("plain").getParam("W").muli(8);
        graph.getLayer("dense").getParam("b").addi(0.7);
        return graph;
    }

    private static Layer convolution(int kernel, Activation activation) {
        return same(new ConvolutionLayer.Builder(kernel, kernel).nOut(6).activation(activation).build());
    }

    private static <T extends ConvolutionLayer> T same(T layer) {
        layer.setConvolutionMode(ConvolutionMode.Same);
        return layer;
    }

    private static Layer activation(Activation activation) {
        return new ActivationLayer.Builder().activation(activation).build();
    }

    private static MultiLayerNetwork sequences() {
        return TestNets.network(InputType.recurrent(4, 10),
                new Convolution1DLayer.Builder(3).convolutionMode(ConvolutionMode.Causal).nOut(6).activation(Activation.RELU).build(),
                new RnnOutputLayer.Builder(LossFunctions.LossFunction.MCXENT).nOut(3).activation(Activation.SOFTMAX).build());
    }
}
