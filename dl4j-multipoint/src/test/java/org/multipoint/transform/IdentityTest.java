package org.multipoint.transform;

import org.deeplearning4j.nn.conf.CNN2DFormat;
import org.deeplearning4j.nn.conf.ConvolutionMode;
import org.deeplearning4j.nn.conf.RNNFormat;
import org.deeplearning4j.nn.conf.inputs.InputType;
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
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.multipoint.options.Method;
import org.multipoint.testing.TestNets;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.lossfunctions.LossFunctions;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

/**
 * With codes of 8 bits, three points a row and floating activations nothing of a network is lost: whatever a layer does, its
 * multipoint form does the same.
 */
class IdentityTest {

    private static final double SAME = 1e-3;

    /** A layer of each kind in each mode, with the input that it gets. */
    static Stream<Arguments> layers() {
        List<Arguments> cases = new ArrayList<>();
        for (CNN2DFormat format : CNN2DFormat.values()) {
            InputType odd = InputType.convolutional(9, 7, 3, format);
            for (ConvolutionMode mode : new ConvolutionMode[]{ConvolutionMode.Same, ConvolutionMode.Truncate}) {
                for (int stride : new int[]{1, 2}) {
                    add(cases, "convolution", format + " " + mode + " stride " + stride, odd, new ConvolutionLayer.Builder(3, 2)
                            .stride(stride, 1).convolutionMode(mode).dataFormat(format).nOut(5).activation(Activation.TANH).build());
                    add(cases, "depthwise", format + " " + mode + " stride " + stride, odd, new DepthwiseConvolution2D.Builder(3, 3)
                            .depthMultiplier(2).stride(stride, stride).convolutionMode(mode).dataFormat(format).nOut(6)
                            .activation(Activation.TANH).build());
                    add(cases, "separable", format + " " + mode + " stride " + stride, odd, new SeparableConvolution2D.Builder(3, 3)
                            .depthMultiplier(2).stride(stride, stride).convolutionMode(mode).dataFormat(format).nOut(5)
                            .activation(Activation.TANH).build());
                    add(cases, "deconvolution", format + " " + mode + " stride " + stride, odd, new Deconvolution2D.Builder(3, 3)
                            .stride(stride, stride).convolutionMode(mode).dataFormat(format).nOut(4)
                            .activation(Activation.TANH).build());
                }
                add(cases, "dilated convolution", format + " " + mode, odd, new ConvolutionLayer.Builder(3, 3).dilation(2, 1)
                        .convolutionMode(mode).dataFormat(format).nOut(4).activation(Activation.RELU).build());
                add(cases, "dilated depthwise", format + " " + mode, odd, new DepthwiseConvolution2D.Builder(3, 3).dilation(2, 2)
                        .convolutionMode(mode).dataFormat(format).nOut(3).activation(Activation.TANH).build());
            }
            add(cases, "padded convolution", format.name(), odd, new ConvolutionLayer.Builder(3, 3).stride(2, 2).padding(1, 2)
                    .convolutionMode(ConvolutionMode.Truncate).dataFormat(format).nOut(4).activation(Activation.TANH).build());
            add(cases, "strict convolution", format.name(), odd, new ConvolutionLayer.Builder(3, 3).stride(2, 2).padding(1, 1)
                    .convolutionMode(ConvolutionMode.Strict).dataFormat(format).nOut(4).activation(Activation.TANH).build());
            add(cases, "padded deconvolution", format.name(), odd, new Deconvolution2D.Builder(3, 3).stride(2, 2).padding(1, 1)
                    .convolutionMode(ConvolutionMode.Truncate).dataFormat(format).nOut(4).activation(Activation.TANH).build());
            add(cases, "small deconvolution", format.name(), odd, new Deconvolution2D.Builder(1, 2).stride(3, 3)
                    .convolutionMode(ConvolutionMode.Same).dataFormat(format).nOut(4).activation(Activation.TANH).build());
            add(cases, "pointwise convolution without bias", format.name(), odd, new ConvolutionLayer.Builder(1, 1).hasBias(false)
                    .dataFormat(format).nOut(4).activation(Activation.IDENTITY).build());
        }
        for (RNNFormat format : RNNFormat.values()) {
            InputType sequence = InputType.recurrent(4, 11, format);
            for (ConvolutionMode mode : new ConvolutionMode[]{ConvolutionMode.Same, ConvolutionMode.Truncate, ConvolutionMode.Causal}) {
                for (int stride : new int[]{1, 2}) {
                    for (int dilation = 1; dilation <= 3 - stride; dilation++) {
                        add(cases, "convolution 1d", format + " " + mode + " stride " + stride + " dilation " + dilation, sequence,
                                new Convolution1DLayer.Builder(3).stride(stride).dilation(dilation).convolutionMode(mode)
                                        .rnnDataFormat(format).nOut(5).activation(Activation.TANH).build());
                    }
                }
            }
            add(cases, "rnn output", format.name(), sequence, new RnnOutputLayer.Builder(LossFunctions.LossFunction.MCXENT)
                    .dataFormat(format).nOut(3).activation(Activation.SOFTMAX).build());
        }
        add(cases, "dense", "", InputType.feedForward(20), new DenseLayer.Builder().nOut(7).activation(Activation.TANH).build());
        add(cases, "dense without bias", "", InputType.feedForward(20),
                new DenseLayer.Builder().nOut(7).hasBias(false).activation(Activation.TANH).build());
        add(cases, "dense after an image", "", InputType.convolutional(4, 5, 3),
                new DenseLayer.Builder().nOut(7).activation(Activation.TANH).build());
        add(cases, "output", "", InputType.feedForward(20), new OutputLayer.Builder(LossFunctions.LossFunction.MCXENT)
                .nOut(5).activation(Activation.SOFTMAX).build());
        return cases.stream();
    }

    private static void add(List<Arguments> cases, String kind, String mode, InputType input, Layer layer) {
        cases.add(Arguments.of(kind + " " + mode, input, layer));
    }

    private static <M> Multipoint<M> exact(Multipoint<M> multipoint) {
        return multipoint.bits(8).points(3).activationBits(0);
    }

    private static void same(INDArray expected, INDArray found) {
        assertEquals(Arrays.toString(expected.shape()), java.util.Arrays.toString(found.shape()));
        double difference = expected.sub(found).amaxNumber().doubleValue();
        assertTrue(difference < SAME, "outputs differ by " + difference);
        assertTrue(expected.amaxNumber().doubleValue() > 0.1, "the outputs say nothing");
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("layers")
    void graphOfOneLayer(String name, InputType input, Layer layer) {
        ComputationGraph graph = TestNets.chain(input, layer);
        long[] shape = input.getShape(true).clone();
        shape[0] = 4;
        MultipointResult<ComputationGraph> result = exact(Multipoint.of(graph))
                .calibrate(TestNets.iterator(1, 2, 1, shape)).transform();
        assertEquals(List.of(), List.copyOf(result.report().kept().keySet()));
        INDArray x = TestNets.random(3, shape);
        same(graph.outputSingle(x), result.model().outputSingle(x));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("layers")
    void networkOfOneLayer(String name, InputType input, Layer layer) {
        MultiLayerNetwork network = TestNets.network(input, layer);
        long[] shape = input.getShape(true).clone();
        shape[0] = 4;
        MultipointResult<MultiLayerNetwork> result = exact(Multipoint.of(network)).method(Method.GREEDY)
                .calibrate(TestNets.iterator(1, 2, 1, shape)).transform();
        INDArray x = TestNets.random(3, shape);
        same(network.output(x), result.model().output(x));
    }
}
