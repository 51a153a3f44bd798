package org.multipoint.testing;

import com.sun.management.OperatingSystemMXBean;
import org.deeplearning4j.nn.conf.ComputationGraphConfiguration.GraphBuilder;
import org.deeplearning4j.nn.conf.ConvolutionMode;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.graph.ElementWiseVertex;
import org.deeplearning4j.nn.conf.layers.ActivationLayer;
import org.deeplearning4j.nn.conf.layers.ConvolutionLayer;
import org.deeplearning4j.nn.conf.layers.GlobalPoolingLayer;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.conf.layers.PoolingType;
import org.deeplearning4j.nn.conf.layers.SubsamplingLayer;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.util.ModelSerializer;
import org.multipoint.internal.ops.InputQuantization;
import org.multipoint.internal.ops.LinearOp;
import org.multipoint.layers.LayerKind;
import org.multipoint.layers.MultipointWeights;
import org.multipoint.points.CodeGrid;
import org.multipoint.points.MultipointMatrix;
import org.multipoint.points.ScaleLayout;
import org.multipoint.segments.Segments;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

import java.io.File;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.Callable;

/**
 * Measures how long a large model with entropy-coded weights takes to load: a ResNet-50 (He et al., 2016) of 25.5 million random
 * weights, without BatchNormalization, as it is once that is folded. A program, not a test:
 *
 * <pre>
 *     java -cp ... org.multipoint.testing.LoadTime write FILE.zip
 *     java -cp ... org.multipoint.testing.LoadTime read FILE.zip [SHAPE]
 * </pre>
 *
 * Any other quantized graph can be read, too, with the shape of its input, as in 1,224,224,3. A load is fresh only in a JVM of its own, so the second command measures one. Deeplearning4j and ND4J are initialized before the time
 * begins: that takes longer than the load, whatever the model.
 */
public final class LoadTime {

    /** Spread of the integers: about 2.1 bits each. */
    private static final double SPREAD = 0.95;
    private static final int CLASSES = 1000;
    private static final int[] BLOCKS = {3, 4, 6, 3};
    private static final long[] IMAGE = {1, 3, 64, 64};

    private final Random random = new Random(1);
    private final GraphBuilder builder = new NeuralNetConfiguration.Builder().seed(1).graphBuilder().addInputs("in");
    private String last = "in";
    private long weights;
    private long bits;

    private LoadTime() {
    }

    public static void main(String[] args) throws Exception {
        if (args.length == 2 && args[0].equals("write")) {
            write(new File(args[1]));
        } else if (args.length > 1 && args.length < 4 && args[0].equals("read")) {
            read(new File(args[1]), args.length == 2 ? IMAGE : Arrays.stream(args[2].split(",")).mapToLong(Long::parseLong).toArray());
        } else {
            throw new IllegalArgumentException("Expected: write FILE.zip, or read FILE.zip [SHAPE]");
        }
    }

    private static void write(File file) throws IOException {
        LoadTime made = new LoadTime();
        ComputationGraph graph = made.resNet50();
        ModelSerializer.writeModel(graph, file, false);
        System.out.printf("%,d weights, %.3f bits each, file of %,d bytes%n", made.weights, (double) made.bits / made.weights, file.length());
    }

    private static void read(File file, long[] shape) throws Exception {
        warmUp();
        INDArray image = Nd4j.ones(shape);
        ComputationGraph graph = timed("load", () -> ModelSerializer.restoreComputationGraph(file, false));
        ComputationGraph compiled = timed("compile", () -> Segments.compile(graph).graph());
        timed("first output, compiled", () -> compiled.outputSingle(image));
        timed("first output, layer by layer", () -> graph.outputSingle(image));
    }

    /** Any network of a layer: classes and native libraries are loaded. */
    private static void warmUp() throws IOException {
        File file = File.createTempFile("warm-up", ".zip");
        try {
            LoadTime small = new LoadTime();
            small.layer("classes", new OutputLayer.Builder().nIn(4).nOut(2).activation(Activation.SOFTMAX).build());
            ModelSerializer.writeModel(small.graph(), file, false);
            ModelSerializer.restoreComputationGraph(file, false).outputSingle(Nd4j.ones(1, 4));
        } finally {
            file.delete();
        }
    }

    private static <T> T timed(String what, Callable<T> work) throws Exception {
        OperatingSystemMXBean system = (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
        long cpu = system.getProcessCpuTime();
        long start = System.nanoTime();
        T result = work.call();
        System.out.printf("%-30s %6.0f ms, of all threads %6.0f ms%n", what, (System.nanoTime() - start) / 1e6,
                (system.getProcessCpuTime() - cpu) / 1e6);
        return result;
    }

    private ComputationGraph graph() {
        ComputationGraph graph = new ComputationGraph(builder.setOutputs(last).build());
        graph.init();
        return graph;
    }

    private ComputationGraph resNet50() {
        convolution("stem", 3, 64, 7, 2, Activation.RELU);
        builder.addLayer("pool", new SubsamplingLayer.Builder(PoolingType.MAX).kernelSize(3, 3).stride(2, 2).padding(1, 1)
                .convolutionMode(ConvolutionMode.Truncate).build(), last);
        last = "pool";
        int in = 64;
        for (int stage = 0; stage < BLOCKS.length; stage++) {
            for (int block = 0; block < BLOCKS[stage]; block++) {
                bottleneck("stage" + stage + "/block" + block + "/", in, 64 << stage, stage > 0 && block == 0 ? 2 : 1);
                in = 256 << stage;
            }
        }
        builder.addLayer("mean", new GlobalPoolingLayer.Builder(PoolingType.AVG).build(), last);
        last = "mean";
        layer("classes", new OutputLayer.Builder().nIn(in).nOut(CLASSES).activation(Activation.SOFTMAX).build());
        return graph();
    }

    private void bottleneck(String name, int in, int width, int stride) {
        String shortcut = last;
        convolution(name + "1", in, width, 1, 1, Activation.RELU);
        convolution(name + "2", width, width, 3, stride, Activation.RELU);
        convolution(name + "3", width, 4 * width, 1, 1, Activation.IDENTITY);
        String residual = last;
        if (in != 4 * width) {
            last = shortcut;
            convolution(name + "shortcut", in, 4 * width, 1, stride, Activation.IDENTITY);
            shortcut = last;
        }
        builder.addVertex(name + "sum", new ElementWiseVertex(ElementWiseVertex.Op.Add), residual, shortcut);
        last = name + "relu";
        builder.addLayer(last, new ActivationLayer(Activation.RELU), name + "sum");
    }

    private void convolution(String name, int in, int out, int kernel, int stride, Activation activation) {
        layer(name, new ConvolutionLayer.Builder(kernel, kernel).nIn(in).nOut(out).stride(stride, stride).padding(kernel / 2, kernel / 2)
                .convolutionMode(ConvolutionMode.Truncate).activation(activation).build());
    }

    private void layer(String name, Layer layer) {
        LayerKind kind = LayerKind.ofPlain(layer).orElseThrow();
        LinearOp op = kind.ops(layer).get(0);
        layer.setLayerName(name);
        MultipointMatrix matrix = matrix(op.rows(), op.columns());
        weights += (long) op.rows() * op.columns();
        bits += matrix.storedBits();
        builder.addLayer(name, kind.quantized(layer, new MultipointWeights(List.of(MultipointWeights.Operation.of(matrix,
                Optional.of(new InputQuantization(0.02f, 0, 8)))), TestProvenance.PROVENANCE, 0)), last);
        last = name;
    }

    private MultipointMatrix matrix(int rows, int columns) {
        MultipointMatrix.Builder matrix = new MultipointMatrix.Builder(rows, columns, CodeGrid.MAX_BITS, CodeGrid.SYMMETRIC,
                ScaleLayout.PER_ROW).coded();
        for (int r = 0; r < rows; r++) {
            int[] codes = new int[columns];
            for (int c = 0; c < columns; c++) {
                codes[c] = (int) Math.max(-127, Math.min(127, Math.rint(SPREAD * random.nextGaussian())));
            }
            matrix.digits(r, 1, (float) (1 / (SPREAD * Math.sqrt(columns))), codes);
        }
        return matrix.build();
    }
}
