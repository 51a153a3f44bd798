package org.multipoint.internal.engine;

import org.deeplearning4j.nn.conf.CNN2DFormat;
import org.deeplearning4j.nn.conf.ConvolutionMode;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.RNNFormat;
import org.deeplearning4j.nn.conf.graph.ElementWiseVertex;
import org.deeplearning4j.nn.conf.layers.Convolution1DLayer;
import org.deeplearning4j.nn.conf.layers.ConvolutionLayer;
import org.deeplearning4j.nn.conf.layers.Deconvolution2D;
import org.deeplearning4j.nn.conf.layers.DepthwiseConvolution2D;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.SeparableConvolution2D;
import org.deeplearning4j.nn.conf.layers.SubsamplingLayer;
import org.deeplearning4j.nn.conf.layers.SubsamplingLayer.PoolingType;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.multipoint.internal.engine.Program.PoolKind;
import org.multipoint.internal.ops.LinearOp;
import org.multipoint.internal.ops.Tensor;
import org.multipoint.internal.ops.Window;
import org.multipoint.layers.LayerKind;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

/** Wherever Deeplearning4j has an answer for a size of image, window and stride, engines have the same one. */
class Dl4jGeometryTest {

    private static final int LAYERS = 200;

    private final Engine[] engines = {Engines.nd4j(), new FallbackEngine(new OneDnnEngine(), Engines.nd4j())};

    enum Kind {
        CONVOLUTION, DEPTHWISE, SEPARABLE, DECONVOLUTION, SEQUENCE;

        Layer layer(int in, int[] k, int[] s, int[] d, int[] p, ConvolutionMode mode, boolean last) {
            CNN2DFormat format = last ? CNN2DFormat.NHWC : CNN2DFormat.NCHW;
            Activation identity = Activation.IDENTITY;
            return switch (this) {
                case CONVOLUTION -> new ConvolutionLayer.Builder(k, s, p).dilation(d).convolutionMode(mode).dataFormat(format)
                        .nIn(in).nOut(3).activation(identity).build();
                case DEPTHWISE -> new DepthwiseConvolution2D.Builder(k, s, p).dilation(d).convolutionMode(mode).dataFormat(format)
                        .nIn(in).depthMultiplier(2).nOut(2 * in).activation(identity).build();
                case SEPARABLE -> new SeparableConvolution2D.Builder(k, s, p).dilation(d).convolutionMode(mode).dataFormat(format)
                        .nIn(in).depthMultiplier(2).nOut(3).activation(identity).build();
                case DECONVOLUTION -> new Deconvolution2D.Builder(k, s, p).dilation(d).convolutionMode(mode).dataFormat(format)
                        .nIn(in).nOut(3).activation(identity).build();
                case SEQUENCE -> new Convolution1DLayer.Builder(k[0], s[0], p[0]).dilation(d[0]).convolutionMode(mode)
                        .rnnDataFormat(last ? RNNFormat.NWC : RNNFormat.NCW).nIn(in).nOut(3).activation(identity).build();
            };
        }
    }

    private static int[] pair(Random random, int from, int to) {
        return new int[]{from + random.nextInt(to - from + 1), from + random.nextInt(to - from + 1)};
    }

    /** Small integers: all sums are exact. */
    private static INDArray integers(Random random, long... shape) {
        INDArray x = Nd4j.create(shape);
        for (long i = 0; i < x.length(); i++) {
            x.putScalar(i, random.nextInt(9) - 4);
        }
        return x;
    }

    /** What Deeplearning4j's layer makes of an input, or nothing where it refuses it. */
    private static Optional<INDArray> activations(org.deeplearning4j.nn.api.Layer layer, INDArray x) {
        try {
            return Optional.of(layer.activate(x, false, LayerWorkspaceMgr.noWorkspaces()));
        } catch (RuntimeException e) {
            return Optional.empty();
        }
    }

    private static org.deeplearning4j.nn.api.Layer instance(Layer layer) {
        MultiLayerNetwork net = new MultiLayerNetwork(new NeuralNetConfiguration.Builder().list().layer(layer).build());
        net.init();
        return net.getLayer(0);
    }

    private static boolean fits(LinearOp op, long[] shape) {
        try {
            op.outputShape(shape);
            return true;
        } catch (IllegalArgumentException e) {
            return false;
        }
    }

    private static float[] values(INDArray array) {
        return array.dup('c').data().asFloat();
    }

    @ParameterizedTest
    @EnumSource
    void convolutionsOfEverySize(Kind kind) {
        Random random = new Random(kind.ordinal());
        int compared = 0;
        while (compared < LAYERS) {
            int[] k = pair(random, 1, 5);
            int[] d = random.nextInt(3) > 0 ? new int[]{1, 1} : pair(random, 1, 3);
            ConvolutionMode mode = kind == Kind.SEQUENCE && random.nextInt(4) == 0 ? ConvolutionMode.Causal
                    : random.nextBoolean() ? ConvolutionMode.Same : ConvolutionMode.Truncate;
            int[] p = mode == ConvolutionMode.Truncate ? new int[]{random.nextInt(k[0] + 2), random.nextInt(k[1] + 2)} : new int[2];
            boolean last = random.nextBoolean();
            int in = 2 + random.nextInt(3);
            Layer layer = kind.layer(in, k, pair(random, 1, 4), d, p, mode, last);
            int[] size = pair(random, 1, 12);
            INDArray x = kind == Kind.SEQUENCE ? integers(random, 2, last ? size[0] : in, last ? in : size[0])
                    : last ? integers(random, 2, size[0], size[1], in) : integers(random, 2, in, size[0], size[1]);
            LayerKind known = LayerKind.ofPlain(layer).orElseThrow();
            List<LinearOp> ops = known.ops(layer);
            if (!fits(ops.get(0), x.shape())) {
                continue;
            }
            org.deeplearning4j.nn.api.Layer instance = instance(layer);
            instance.paramTable().values().forEach(w -> w.assign(integers(random, w.shape())));
            Optional<INDArray> expected = activations(instance, x);
            if (expected.isEmpty()) {
                continue;
            }
            for (Engine engine : engines) {
                INDArray y = x;
                for (int i = 0; i < ops.size(); i++) {
                    LinearOp op = ops.get(i);
                    float[] bias = i < ops.size() - 1 ? new float[op.rows()] : Tensor.of(instance.getParam("b")).data();
                    try (Kernel kernel = engine.floating(op, known.matrix(instance.getParam(known.weightKeys().get(i)), i), bias)) {
                        y = kernel.apply(y);
                    }
                }
                assertArrayEquals(expected.get().shape(), y.shape(), engine.name() + ": " + layer);
                assertArrayEquals(values(expected.get()), values(y), engine.name() + ": " + layer + " of " + x.shapeInfoToString());
            }
            compared++;
        }
    }

    @Test
    void poolingsOfEverySize() {
        Random random = new Random(9);
        int negative = 0;
        for (int compared = 0; compared < 3 * LAYERS; ) {
            int[] k = pair(random, 1, 4);
            int[] s = pair(random, 1, 4);
            int[] d = random.nextInt(3) > 0 ? new int[]{1, 1} : pair(random, 1, 3);
            boolean same = random.nextBoolean();
            int[] p = same ? new int[2] : new int[]{random.nextInt(k[0] + 1), random.nextInt(k[1] + 1)};
            boolean last = random.nextBoolean();
            PoolKind kind = PoolKind.values()[random.nextInt(3)];
            Window window = new Window(LayerKind.size(k), LayerKind.size(s), LayerKind.size(d), LayerKind.size(p),
                    LayerKind.padding(same ? ConvolutionMode.Same : ConvolutionMode.Truncate), false);
            Program program = new Program(1, last, List.of(new Program.Pool(0, kind, window)));
            int[] size = pair(random, 1, 12);
            INDArray x = last ? integers(random, 2, size[0], size[1], 3) : integers(random, 2, 3, size[0], size[1]);
            try {
                program.shapes(List.of(Images.shape(x, last)));
            } catch (IllegalArgumentException e) {
                continue;
            }
            SubsamplingLayer layer = new SubsamplingLayer.Builder(kind == PoolKind.MAX ? PoolingType.MAX : PoolingType.AVG, k, s, p)
                    .dilation(d).avgPoolIncludePadInDivisor(kind == PoolKind.MEAN_WITH_PADDING)
                    .convolutionMode(same ? ConvolutionMode.Same : ConvolutionMode.Truncate)
                    .dataFormat(last ? CNN2DFormat.NHWC : CNN2DFormat.NCHW).build();
            float[] expected = values(activations(instance(layer), x).orElseThrow());
            for (Engine engine : engines) {
                try (Executable executable = engine.compile(program)) {
                    float[] found = values(executable.run(x));
                    for (int i = 0; i < expected.length; i++) {
                        float delta = 1e-5f * Math.max(1, Math.abs(expected[i]));
                        assertTrue(Math.abs(found[i] - expected[i]) <= delta, engine.name() + ": " + layer + " of " + x.shapeInfoToString()
                                + ": expected " + expected[i] + ", found " + found[i]);
                    }
                }
            }
            compared++;
            negative += window.geometry(size[0], size[1]).padTop() < 0 ? 1 : 0;
        }
        assertTrue(negative > 10, "only " + negative + " poolings left out rows before the first window");
    }

    @Test
    void sumsOfDifferentSizes() {
        long[] image = {2, 3, 4, 5};
        compareSums(image, new long[]{2, 3, 1, 1});
        compareSums(new long[]{2, 3, 1, 1}, image);
        compareSums(image, new long[]{2, 1, 4, 5});
        compareSums(image, new long[]{2, 1, 1, 1}, image);
        compareSums(image, new long[]{1, 3, 1, 1}, new long[]{2, 3, 4, 1});
        compareSums(new long[]{2, 3, 4, 1}, new long[]{2, 3, 1, 5});
        compareSums(new long[]{2, 3, 4, 1}, new long[]{2, 1, 1, 1}, new long[]{2, 1, 1, 5});
        compareSums(new long[]{2, 3, 4}, new long[]{2, 3, 1});
        compareSums(new long[]{2, 3, 4}, new long[]{2, 1, 4}, new long[]{2, 3, 4});
        compareSums(new long[]{2, 3}, new long[]{2, 1});
    }

    private void compareSums(long[]... shapes) {
        Random random = new Random(1);
        String[] names = new String[shapes.length];
        INDArray[] x = new INDArray[shapes.length];
        List<Integer> reads = new ArrayList<>();
        for (int i = 0; i < shapes.length; i++) {
            names[i] = "input" + i;
            x[i] = integers(random, shapes[i]);
            reads.add(i);
        }
        ComputationGraph graph = new ComputationGraph(new NeuralNetConfiguration.Builder().graphBuilder().addInputs(names)
                .addVertex("sum", new ElementWiseVertex(ElementWiseVertex.Op.Add), names).setOutputs("sum").build());
        graph.init();
        INDArray expected = graph.output(x)[0];
        for (Engine engine : engines) {
            for (boolean last : new boolean[]{false, true}) {
                try (Executable executable = engine.compile(new Program(shapes.length, last, List.of(new Program.Add(reads))))) {
                    INDArray found = executable.run(x);
                    assertArrayEquals(expected.shape(), found.shape());
                    assertArrayEquals(values(expected), values(found), engine.name());
                }
            }
        }
    }

    /** Deeplearning4j lines up the last axes: examples with rows. No program means that. */
    @Test
    void sumsOfDifferentRanksAreRefused() {
        for (Engine engine : engines) {
            try (Executable executable = engine.compile(new Program(2, false, List.of(new Program.Add(List.of(0, 1)))))) {
                assertThrows(IllegalArgumentException.class, () -> executable.run(Nd4j.ones(2, 3), Nd4j.ones(2, 3, 1, 1)));
            }
        }
    }
}
