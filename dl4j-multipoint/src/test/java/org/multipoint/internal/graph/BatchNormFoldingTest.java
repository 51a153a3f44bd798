package org.multipoint.internal.graph;

import org.deeplearning4j.nn.conf.CNN2DFormat;
import org.deeplearning4j.nn.conf.ComputationGraphConfiguration.GraphBuilder;
import org.deeplearning4j.nn.conf.RNNFormat;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.ActivationLayer;
import org.deeplearning4j.nn.conf.layers.BatchNormalization;
import org.deeplearning4j.nn.conf.layers.Convolution1DLayer;
import org.deeplearning4j.nn.conf.layers.ConvolutionLayer;
import org.deeplearning4j.nn.conf.layers.Deconvolution2D;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.DepthwiseConvolution2D;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.SeparableConvolution2D;
import org.deeplearning4j.nn.conf.layers.SubsamplingLayer;
import org.deeplearning4j.nn.conf.preprocessor.CnnToFeedForwardPreProcessor;
import org.deeplearning4j.nn.conf.weightnoise.DropConnect;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.multipoint.options.MultipointOptions;
import org.multipoint.testing.TestNets;
import org.multipoint.transform.Multipoint;
import org.multipoint.transform.MultipointResult;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.ndarray.INDArray;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import java.util.stream.Stream;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

class BatchNormFoldingTest {

    static Stream<Arguments> foldable() {
        List<Arguments> cases = new ArrayList<>();
        for (CNN2DFormat format : CNN2DFormat.values()) {
            InputType image = InputType.convolutional(6, 5, 3, format);
            cases.add(Arguments.of("convolution " + format, image, new ConvolutionLayer.Builder(3, 3).hasBias(false)
                    .dataFormat(format).nOut(4).activation(Activation.IDENTITY).build(), format));
            cases.add(Arguments.of("depthwise " + format, image, new DepthwiseConvolution2D.Builder(3, 3).depthMultiplier(2)
                    .dataFormat(format).nOut(6).activation(Activation.IDENTITY).build(), format));
            cases.add(Arguments.of("separable " + format, image, new SeparableConvolution2D.Builder(3, 3).depthMultiplier(2)
                    .dataFormat(format).nOut(4).activation(Activation.IDENTITY).build(), format));
            cases.add(Arguments.of("deconvolution " + format, image, new Deconvolution2D.Builder(2, 2).stride(2, 2)
                    .dataFormat(format).nOut(4).activation(Activation.IDENTITY).build(), format));
        }
        cases.add(Arguments.of("dense", InputType.feedForward(8),
                new DenseLayer.Builder().nOut(4).hasBias(false).activation(Activation.IDENTITY).build(), CNN2DFormat.NCHW));
        return cases.stream();
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("foldable")
    void foldedGraphGivesTheSameOutputs(String name, InputType input, Layer layer, CNN2DFormat format) {
        for (boolean logStd : new boolean[]{false, true}) {
            ComputationGraph graph = TestNets.chain(input, layer,
                    new BatchNormalization.Builder().useLogStd(logStd).eps(0.01).dataFormat(format).build(),
                    new ActivationLayer(Activation.RELU));
            long[] shape = input.getShape(true).clone();
            shape[0] = 3;
            INDArray x = TestNets.random(1, shape);
            INDArray before = graph.outputSingle(x);
            GraphEdit edit = GraphEdit.of(graph);
            assertEquals(Map.of(), BatchNormFolding.fold(edit, Set.of()));
            ComputationGraph folded = edit.toGraph();
            assertEquals(3, folded.getVertices().length, "input, layer and activation");
            assertTrue(before.amaxNumber().doubleValue() > 0.1);
            assertEquals(0, before.sub(folded.outputSingle(x)).amaxNumber().doubleValue(), 1e-5);
        }
    }

    @Test
    void oneAfterAnotherAndAtTheEnd() {
        ComputationGraph graph = TestNets.chain(InputType.convolutional(6, 5, 3), conv().build(),
                new BatchNormalization(), new BatchNormalization());
        GraphEdit edit = GraphEdit.of(graph);
        assertEquals(Map.of(), BatchNormFolding.fold(edit, Set.of()));
        INDArray x = TestNets.random(2, 2, 3, 6, 5);
        assertEquals(List.of("l0"), edit.conf().getNetworkOutputs());
        assertEquals(0, graph.outputSingle(x).sub(edit.toGraph().outputSingle(x)).amaxNumber().doubleValue(), 1e-5);
    }

    /** Deeplearning4j normalizes sequences in this format only. */
    @Test
    void sequencesFoldOverTheirChannels() {
        ComputationGraph graph = TestNets.chain(InputType.recurrent(3, 8, RNNFormat.NWC),
                new Convolution1DLayer.Builder(3).rnnDataFormat(RNNFormat.NWC).nOut(5).activation(Activation.IDENTITY).build(),
                new BatchNormalization.Builder().dataFormat(CNN2DFormat.NHWC).build());
        INDArray x = TestNets.random(3, 2, 8, 3);
        INDArray before = graph.outputSingle(x);
        GraphEdit edit = GraphEdit.of(graph);
        assertEquals(Map.of(), BatchNormFolding.fold(edit, Set.of()));
        assertEquals(0, before.sub(edit.toGraph().outputSingle(x)).amaxNumber().doubleValue(), 1e-5);
    }

    @Test
    void networksFoldToo() {
        MultiLayerNetwork network = TestNets.network(InputType.convolutional(6, 6, 3), conv().build(), new BatchNormalization(),
                new ActivationLayer(Activation.RELU), new DenseLayer.Builder().nOut(4).activation(Activation.IDENTITY).build(),
                new BatchNormalization());
        MultipointResult<MultiLayerNetwork> result = Multipoint.of(network).bits(8).points(3).activationBits(0)
                .calibrate(TestNets.iterator(1, 2, 1, 4, 3, 6, 6)).transform();
        assertEquals(Map.of(), result.report().kept());
        assertEquals(3, result.model().getnLayers());
        INDArray x = TestNets.random(4, 2, 3, 6, 6);
        assertEquals(0, network.output(x).sub(result.model().output(x)).amaxNumber().doubleValue(), 1e-3);
    }

    private static ConvolutionLayer.Builder conv() {
        return new ConvolutionLayer.Builder(3, 3).nOut(4).activation(Activation.IDENTITY);
    }

    private static void refused(String why, Consumer<GraphBuilder> layers) {
        ComputationGraph graph = TestNets.graph(builder -> {
            builder.addInputs("in").setInputTypes(InputType.convolutional(6, 5, 3));
            layers.accept(builder);
            builder.validateOutputLayerConfig(false);
        });
        GraphEdit edit = GraphEdit.of(graph);
        String reason = BatchNormFolding.fold(edit, Set.of()).get("bn");
        assertTrue(reason.startsWith("not folded: ") && reason.contains(why), reason);
        assertEquals(graph.getConfiguration().toJson(), edit.conf().toJson());
    }

    @Test
    void whatCannotBeFoldedStaysAndIsNamed() {
        refused("\"conv\" before it has an activation", b -> b.addLayer("conv", conv().activation(Activation.RELU).build(), "in")
                .addLayer("bn", new BatchNormalization(), "conv").setOutputs("bn"));
        refused("\"conv\" is used elsewhere", b -> b.addLayer("conv", conv().build(), "in")
                .addLayer("bn", new BatchNormalization(), "conv")
                .addLayer("other", new ActivationLayer(Activation.RELU), "conv").setOutputs("bn", "other"));
        refused("\"conv\" is used elsewhere", b -> b.addLayer("conv", conv().build(), "in")
                .addLayer("bn", new BatchNormalization(), "conv").setOutputs("bn", "conv"));
        refused("gamma and beta are locked", b -> b.addLayer("conv", conv().build(), "in")
                .addLayer("bn", new BatchNormalization.Builder().lockGammaBeta(true).gamma(1.5).beta(0.2).build(), "conv").setOutputs("bn"));
        refused("\"in\" before it is no convolution", b -> b.addLayer("bn", new BatchNormalization(), "in")
                .addLayer("conv", conv().build(), "bn").setOutputs("conv"));
        refused("\"pool\" before it is no convolution", b -> b.addLayer("conv", conv().build(), "in")
                .addLayer("pool", new SubsamplingLayer.Builder().kernelSize(2, 2).build(), "conv")
                .addLayer("bn", new BatchNormalization(), "pool").setOutputs("bn"));
        refused("it has a preprocessor", b -> b.addLayer("conv", conv().build(), "in")
                .addLayer("bn", new BatchNormalization.Builder().nIn(48).nOut(48).build(),
                        new CnnToFeedForwardPreProcessor(4, 3, 4), "conv").setOutputs("bn"));
        refused("weight noise", b -> b.addLayer("conv", conv().build(), "in").addLayer("noisy", conv()
                .weightNoise(new DropConnect(0.5)).build(), "conv").addLayer("bn", new BatchNormalization(), "noisy").setOutputs("bn"));
        refused("layer normalization", b -> b.addLayer("conv", conv().build(), "in").addLayer("dense", new DenseLayer.Builder().nOut(4)
                .hasLayerNorm(true).activation(Activation.IDENTITY).build(), "conv").addLayer("bn", new BatchNormalization(), "dense")
                .setOutputs("bn"));
    }

    @Test
    void whatIsNotFoldedIsReportedAndComputesAsBefore() {
        ComputationGraph graph = TestNets.chain(InputType.convolutional(6, 5, 3), conv().activation(Activation.RELU).build(),
                new BatchNormalization(), conv().build());
        MultipointResult<ComputationGraph> result = Multipoint.of(graph).bits(8).points(3).activationBits(0)
                .calibrate(TestNets.iterator(1, 2, 1, 4, 3, 6, 5)).transform();
        assertEquals(Map.of("l1", "not folded: \"l0\" before it has an activation"), result.report().kept());
        INDArray x = TestNets.random(5, 2, 3, 6, 5);
        assertEquals(0, graph.outputSingle(x).sub(result.model().outputSingle(x)).amaxNumber().doubleValue(), 1e-3);
    }

    @Test
    void leftOutOrSwitchedOffStays() {
        ComputationGraph graph = TestNets.chain(InputType.convolutional(6, 5, 3), conv().build(), new BatchNormalization());
        for (Multipoint<ComputationGraph> multipoint : List.of(Multipoint.of(graph).leaveOut("l1"),
                Multipoint.of(graph).options(MultipointOptions.builder().foldBatchNormalization(false).build()))) {
            MultipointResult<ComputationGraph> result = multipoint.calibrate(TestNets.iterator(1, 2, 1, 4, 3, 6, 5)).transform();
            assertTrue(result.report().kept().containsKey("l1"), result.report().kept().toString());
            assertTrue(result.model().getVertex("l1") != null);
        }
    }

    @Test
    void theSourceIsLeftAlone() {
        ComputationGraph graph = TestNets.chain(InputType.convolutional(6, 5, 3), conv().hasBias(false).build(), new BatchNormalization());
        String conf = graph.getConfiguration().toJson();
        float[] params = graph.params().dup().data().asFloat();
        BatchNormFolding.fold(GraphEdit.of(graph), Set.of());
        assertEquals(conf, graph.getConfiguration().toJson());
        assertArrayEquals(params, graph.params().data().asFloat());
        assertFalse(((ConvolutionLayer) graph.getVertex("l0").getLayer().conf().getLayer()).hasBias());
    }
}
