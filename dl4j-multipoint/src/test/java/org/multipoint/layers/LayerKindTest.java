package org.multipoint.layers;

import org.deeplearning4j.nn.conf.ConvolutionMode;
import org.deeplearning4j.nn.conf.dropout.Dropout;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.BaseLayer;
import org.deeplearning4j.nn.conf.layers.BaseOutputLayer;
import org.deeplearning4j.nn.conf.layers.Convolution1DLayer;
import org.deeplearning4j.nn.conf.layers.ConvolutionLayer;
import org.deeplearning4j.nn.conf.layers.Deconvolution2D;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.DepthwiseConvolution2D;
import org.deeplearning4j.nn.conf.layers.FeedForwardLayer;
import org.deeplearning4j.nn.conf.layers.LSTM;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.conf.layers.RnnOutputLayer;
import org.deeplearning4j.nn.conf.layers.SeparableConvolution2D;
import org.deeplearning4j.nn.conf.layers.SubsamplingLayer;
import org.deeplearning4j.nn.conf.weightnoise.DropConnect;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.multipoint.internal.ops.LinearOp;
import org.multipoint.points.CodeGrid;
import org.multipoint.points.MultipointMatrix;
import org.multipoint.points.ScaleLayout;
import org.multipoint.testing.TestNets;
import org.multipoint.testing.TestProvenance;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.learning.config.Adam;

import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

class LayerKindTest {

    static Stream<Layer> layers() {
        Stream<Layer> layers = Stream.of(
                new ConvolutionLayer.Builder(3, 2).nIn(3).nOut(4).build(),
                new Convolution1DLayer.Builder(3).nIn(3).nOut(4).build(),
                new DepthwiseConvolution2D.Builder(3, 2).depthMultiplier(2).nIn(3).nOut(6).build(),
                new SeparableConvolution2D.Builder(3, 2).depthMultiplier(2).nIn(3).nOut(4).build(),
                new Deconvolution2D.Builder(3, 2).nIn(3).nOut(4).build(),
                new DenseLayer.Builder().nIn(3).nOut(4).build(),
                new OutputLayer.Builder().nIn(3).nOut(4).build(),
                new RnnOutputLayer.Builder().nIn(3).nOut(4).build());
        return layers.peek(layer -> {
            if (layer instanceof ConvolutionLayer c) {
                c.setConvolutionMode(ConvolutionMode.Same);
            }
        });
    }

    private static InputType input(Layer layer) {
        return layer instanceof Convolution1DLayer || layer instanceof RnnOutputLayer ? InputType.recurrent(3, 6)
                : layer instanceof ConvolutionLayer ? InputType.convolutional(7, 7, 3) : InputType.feedForward(3);
    }

    @ParameterizedTest
    @MethodSource("layers")
    void parametersComeBackFromTheirMatrices(Layer layer) {
        LayerKind kind = LayerKind.ofPlain(layer).orElseThrow();
        Map<String, INDArray> params = TestNets.network(input(layer), layer).getLayer(0).paramTable();
        List<LinearOp> ops = kind.ops(layer);
        assertEquals(ops.size(), kind.weightKeys().size());
        for (int operation = 0; operation < ops.size(); operation++) {
            INDArray param = params.get(kind.weightKeys().get(operation));
            float[] matrix = kind.matrix(param, operation);
            assertEquals(ops.get(operation).weights(), matrix.length);
            assertTrue(new TreeSet<>(floats(matrix)).size() > matrix.length / 2, "weights that say nothing");
            assertEquals(param, kind.param(layer, matrix, operation));
        }
    }

    private static List<Float> floats(float[] values) {
        List<Float> list = new ArrayList<>();
        for (float v : values) {
            list.add(v);
        }
        return list;
    }

    @ParameterizedTest
    @MethodSource("layers")
    void multipointLayerIsThePlainOneButForItsWeights(Layer layer) {
        LayerKind kind = LayerKind.ofPlain(layer).orElseThrow();
        FeedForwardLayer plain = (FeedForwardLayer) layer;
        plain.setLayerName("name");
        plain.setActivationFn(Activation.ELU.getActivationFunction());
        plain.setIUpdater(new Adam(0.123));
        plain.setIDropout(new Dropout(0.7));
        MultipointWeights weights = new MultipointWeights(
                kind.ops(layer).stream().map(op -> MultipointWeights.Operation.of(zeros(op), Optional.empty())).toList(), TestProvenance.PROVENANCE, 0.5);
        FeedForwardLayer quantized = (FeedForwardLayer) kind.quantized(layer, weights);
        assertEquals(weights, ((MultipointLayer) quantized).getMultipoint());
        assertEquals(Optional.of(weights), MultipointWeights.of(quantized));
        assertEquals(Optional.empty(), MultipointWeights.of(layer));
        assertEquals(kind.ops(layer), kind.ops(quantized));
        assertEquals(kind, LayerKind.ofMultipoint(quantized));
        assertEquals(Optional.of(kind), LayerKind.of(quantized));
        assertEquals(Optional.of(kind), LayerKind.of(layer));
        assertEquals(Optional.empty(), LayerKind.ofPlain(quantized));
        assertTrue(layer.getClass().isInstance(quantized));
        assertEquals("name", quantized.getLayerName());
        assertEquals(plain.getActivationFn(), quantized.getActivationFn());
        assertEquals(plain.getIUpdater(), quantized.getIUpdater());
        assertEquals(plain.getIDropout(), quantized.getIDropout());
        assertEquals(plain.getNIn(), quantized.getNIn());
        assertEquals(plain.getNOut(), quantized.getNOut());
    }

    @Test
    void everyKindIsTested() {
        assertEquals(EnumSet.allOf(LayerKind.class),
                layers().map(layer -> LayerKind.ofPlain(layer).orElseThrow()).collect(Collectors.toCollection(() -> EnumSet.noneOf(LayerKind.class))));
    }

    @ParameterizedTest
    @MethodSource("layers")
    void weightNoiseIsAnObstacleToEveryKind(Layer layer) {
        LayerKind kind = LayerKind.ofPlain(layer).orElseThrow();
        assertEquals(Optional.empty(), kind.obstacle(layer));
        ((BaseLayer) layer).setWeightNoise(new DropConnect(0.5));
        assertEquals(Optional.of("it has weight noise"), kind.obstacle(layer));
    }

    @Test
    void layerNormalizationIsAnObstacle() {
        Layer layer = new DenseLayer.Builder().nIn(3).nOut(4).hasLayerNorm(true).build();
        assertEquals(Optional.of("it has layer normalization"), LayerKind.DENSE.obstacle(layer));
    }

    @ParameterizedTest
    @MethodSource("layers")
    void layersThatGetABiasStayAsTheyAreOtherwise(Layer layer) {
        LayerKind kind = LayerKind.ofPlain(layer).orElseThrow();
        assertEquals(layer, kind.withBias(layer));
        if (layer instanceof ConvolutionLayer c) {
            c.setHasBias(false);
        } else if (layer instanceof BaseOutputLayer o) {
            o.setHasBias(false);
        } else {
            ((DenseLayer) layer).setHasBias(false);
        }
        Layer biased = kind.withBias(layer);
        assertNotEquals(layer, biased);
        assertEquals(biased, kind.withBias(biased));
    }

    /** A vector, or the steps of a sequence one by one, where a softmax goes over channels. */
    @ParameterizedTest
    @MethodSource("layers")
    void activationsAreDeeplearning4js(Layer layer) {
        LayerKind kind = LayerKind.ofPlain(layer).orElseThrow();
        ((BaseLayer) layer).setActivationFn(Activation.IDENTITY.getActivationFunction());
        MultiLayerNetwork network = TestNets.network(input(layer), layer);
        long[] shape = input(layer).getShape(true).clone();
        shape[0] = 2;
        INDArray z = network.output(TestNets.random(1, shape));
        ((BaseLayer) network.getLayer(0).conf().getLayer()).setActivationFn(Activation.SOFTMAX.getActivationFunction());
        ((BaseLayer) layer).setActivationFn(Activation.SOFTMAX.getActivationFunction());
        INDArray activated = z.dup('c');
        kind.activate(layer, activated);
        assertEquals(network.output(TestNets.random(1, shape)), activated);
    }

    @Test
    void layersWithoutABiasGetOne() {
        DenseLayer dense = new DenseLayer.Builder().nIn(3).nOut(1).hasBias(false).build();
        assertTrue(((DenseLayer) LayerKind.DENSE.quantized(dense, dense(1))).hasBias());
        ConvolutionLayer conv = new ConvolutionLayer.Builder(1, 1).convolutionMode(ConvolutionMode.Same).nIn(3).nOut(1).hasBias(false).build();
        assertTrue(((ConvolutionLayer) LayerKind.CONVOLUTION.quantized(conv, dense(1))).hasBias());
    }

    private static MultipointMatrix zeros(LinearOp op) {
        MultipointMatrix.Builder builder = new MultipointMatrix.Builder(op.rows(), op.columns(), 4, CodeGrid.SYMMETRIC, ScaleLayout.PER_ROW);
        for (int r = 0; r < op.rows(); r++) {
            builder.digits(r, 1, 1f, new int[op.columns()]);
        }
        return builder.build();
    }

    @Test
    void equalityLooksAtTheWeights() {
        Layer layer = new DenseLayer.Builder().nIn(3).nOut(1).build();
        Layer one = LayerKind.DENSE.quantized(layer, dense(1));
        assertEquals(one, LayerKind.DENSE.quantized(layer, dense(1)));
        assertEquals(one.hashCode(), LayerKind.DENSE.quantized(layer, dense(1)).hashCode());
        assertTrue(!one.equals(LayerKind.DENSE.quantized(layer, dense(2))));
        assertTrue(!one.equals(layer));
        assertTrue(one.toString().length() < 1000, "codes have no place in toString");
    }

    private static MultipointWeights dense(int code) {
        return new MultipointWeights(List.of(MultipointWeights.Operation.of(
                new MultipointMatrix.Builder(1, 3, 4, CodeGrid.SYMMETRIC, ScaleLayout.PER_ROW).digits(0, 1, 1f, new int[]{code, 0, 1})
                        .build(), Optional.empty())), TestProvenance.PROVENANCE, 0);
    }

    @Test
    void onlyExactClassesAreOfAKind() {
        class Special extends ConvolutionLayer {
        }
        assertEquals(Optional.empty(), LayerKind.ofPlain(new Special()));
        assertEquals(Optional.empty(), LayerKind.of(new Special()));
        assertEquals(Optional.empty(), LayerKind.ofPlain(new SubsamplingLayer()));
        assertEquals(Optional.empty(), LayerKind.ofPlain(new LSTM()));
        assertEquals(Optional.of(LayerKind.DEPTHWISE_CONVOLUTION), LayerKind.ofPlain(new DepthwiseConvolution2D()));
    }
}
