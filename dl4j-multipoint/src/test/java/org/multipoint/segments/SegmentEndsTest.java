package org.multipoint.segments;

import org.deeplearning4j.datasets.iterator.utilty.ListDataSetIterator;
import org.deeplearning4j.nn.conf.CNN2DFormat;
import org.deeplearning4j.nn.conf.ConvolutionMode;
import org.deeplearning4j.nn.conf.RNNFormat;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.CnnLossLayer;
import org.deeplearning4j.nn.conf.layers.Convolution1DLayer;
import org.deeplearning4j.nn.conf.layers.LSTM;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.RnnLossLayer;
import org.deeplearning4j.nn.conf.layers.RnnOutputLayer;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.multipoint.options.Method;
import org.multipoint.testing.TestNets;
import org.multipoint.transform.Multipoint;
import org.nd4j.evaluation.classification.Evaluation;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;
import org.nd4j.linalg.ops.transforms.Transforms;

import java.util.List;
import java.util.Map;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

/** Segments end with the losses of sequences and images, and score them as Deeplearning4j does. */
class SegmentEndsTest {

    private static final int EXAMPLES = 3;
    private static final int CLASSES = 4;
    private static final int STEPS = 9;

    /** A class for each row of the given shape, whose axis of classes is the given one. */
    private static INDArray classes(int axis, long... shape) {
        INDArray labels = Nd4j.zeros(shape);
        INDArray last = axis == 1 ? labels.permute(axisLast(shape.length)) : labels;
        for (long row = 0; row < labels.length() / CLASSES; row++) {
            long rest = row;
            long[] place = new long[shape.length];
            place[shape.length - 1] = row * 7 % CLASSES;
            for (int i = shape.length - 2; i >= 0; i--) {
                place[i] = rest % last.size(i);
                rest /= last.size(i);
            }
            last.putScalar(place, 1);
        }
        return labels;
    }

    private static int[] axisLast(int rank) {
        return rank == 3 ? new int[]{0, 2, 1} : new int[]{0, 2, 3, 1};
    }

    /**
     * The graph and its transformed copy have the outputs and scores of their compiled forms.
     *
     * @param scores whether Deeplearning4j's score is right; that of single examples fails for most of these layers
     * @param masks  of steps, or of as many axes as the labels
     */
    private static void assertSame(ComputationGraph graph, boolean scores, long[] input, INDArray labels, INDArray... masks) {
        ComputationGraph small = Multipoint.of(graph).method(Method.GREEDY).bits(5).points(1).calibrate(TestNets.iterator(1, 2, new long[][]{input}))
                .transform().model();
        for (ComputationGraph source : List.of(graph, small)) {
            CompiledGraph compiled = Segments.compile(source);
            assertEquals(1, compiled.report().segments().size(), compiled.report().toString());
            assertEquals(Map.of(), compiled.report().outside());
            INDArray x = TestNets.random(5, input);
            INDArray y = compiled.graph().outputSingle(x);
            assertTrue(source.outputSingle(x).equalsWithEps(y, source == graph ? 1e-5 : 0.02));
            INDArray all = Nd4j.ones(labels.shape());
            assertScores(source, compiled.graph(), scores, new DataSet(x, labels), losses(y, labels, all));
            for (INDArray mask : masks) {
                assertScores(source, compiled.graph(), scores, new DataSet(x, labels, null, mask), losses(y, labels,
                        all.mul(0).addi(mask.rank() == labels.rank() ? mask : mask.reshape(ofSteps(labels)))));
            }
        }
    }

    /** Shape of a mask of steps that has as many axes as the labels. */
    private static long[] ofSteps(INDArray labels) {
        return labels.size(1) == STEPS ? new long[]{EXAMPLES, STEPS, 1} : new long[]{EXAMPLES, 1, STEPS};
    }

    /** The loss of each example by its definition: cross-entropy of probabilities, or else the mean of squares over classes. */
    private static float[] losses(INDArray found, INDArray labels, INDArray mask) {
        boolean probabilities = Math.abs(found.sumNumber().doubleValue() * CLASSES / found.length() - 1) < 1e-3;
        INDArray each = probabilities ? labels.mul(Transforms.log(found)).negi() : Transforms.pow(labels.sub(found), 2).divi(CLASSES);
        each.muli(mask);
        float[] sums = new float[EXAMPLES];
        for (int i = 0; i < EXAMPLES; i++) {
            sums[i] = each.slice(i).sumNumber().floatValue();
        }
        return sums;
    }

    private static void assertScores(ComputationGraph source, ComputationGraph compiled, boolean scores, DataSet set, float[] losses) {
        assertArrayEquals(losses, compiled.scoreExamples(set, true).toFloatVector(), 1e-3f);
        double mean = (losses[0] + losses[1] + losses[2]) / EXAMPLES;
        assertEquals(mean, compiled.score(set), 1e-3);
        if (scores) {
            assertEquals(source.score(set), mean, 0.02 * mean);
        }
    }

    @ParameterizedTest
    @EnumSource
    void outputsOfSequences(RNNFormat format) {
        boolean last = format == RNNFormat.NWC;
        long[] shape = last ? new long[]{EXAMPLES, STEPS, 5} : new long[]{EXAMPLES, 5, STEPS};
        INDArray labels = classes(last ? 2 : 1, last ? new long[]{EXAMPLES, STEPS, CLASSES} : new long[]{EXAMPLES, CLASSES, STEPS});
        INDArray mask = Nd4j.ones(EXAMPLES, STEPS);
        mask.putScalar(1, 7, 0).putScalar(1, 8, 0).putScalar(2, 0, 0);
        List<Layer> ends = List.of(
                new RnnOutputLayer.Builder(LossFunction.MCXENT).nIn(6).nOut(CLASSES).dataFormat(format).activation(Activation.SOFTMAX).build(),
                new RnnOutputLayer.Builder(LossFunction.MSE).nIn(6).nOut(CLASSES).dataFormat(format).activation(Activation.SOFTSIGN).build());
        for (Layer end : ends) {
            ComputationGraph graph = TestNets.graph(b -> b.addInputs("in")
                    .addLayer("a", new Convolution1DLayer.Builder(3).convolutionMode(ConvolutionMode.Same).rnnDataFormat(format).nIn(5).nOut(6)
                            .activation(Activation.TANH).build(), "in")
                    .addLayer("end", end.clone(), "a").setOutputs("end"));
            assertSame(graph, true, shape, labels, mask);
        }
    }

    /** Losses of sequences that have no weights. */
    @Test
    void lossesOfSequences() {
        ComputationGraph graph = TestNets.graph(b -> b.addInputs("in")
                .addLayer("a", new Convolution1DLayer.Builder(3).convolutionMode(ConvolutionMode.Same).nIn(5).nOut(CLASSES)
                        .activation(Activation.IDENTITY).build(), "in")
                .addLayer("end", new RnnLossLayer.Builder(LossFunction.MCXENT).activation(Activation.SOFTMAX).build(), "a").setOutputs("end"));
        assertSame(graph, true, new long[]{EXAMPLES, 5, STEPS}, classes(1, EXAMPLES, CLASSES, STEPS));
    }

    /** Deeplearning4j's score of a batch takes all images for channels first. */
    @ParameterizedTest
    @EnumSource
    void lossesOfImages(CNN2DFormat format) {
        boolean last = format == CNN2DFormat.NHWC;
        INDArray labels = classes(last ? 3 : 1, last ? new long[]{EXAMPLES, 7, 5, CLASSES} : new long[]{EXAMPLES, CLASSES, 7, 5});
        for (Activation activation : new Activation[]{Activation.SOFTMAX, Activation.SIGMOID, Activation.SOFTSIGN}) {
            ComputationGraph graph = TestNets.graph(b -> b.addInputs("in").setInputTypes(InputType.convolutional(7, 5, 3, format))
                    .addLayer("a", SegmentArithmeticTest.conv(3, 3, CLASSES, format).build(), "in")
                    .addLayer("end", new CnnLossLayer.Builder(activation == Activation.SOFTMAX ? LossFunction.MCXENT : LossFunction.MSE)
                            .format(format).activation(activation).build(), "a").setOutputs("end"));
            INDArray mask = Nd4j.ones(EXAMPLES, 1, 7, 5);
            mask.putScalar(new int[]{1, 0, 2, 3}, 0);
            assertSame(graph, !last, SegmentArithmeticTest.images(format, EXAMPLES), labels, last ? new INDArray[0] : new INDArray[]{mask});
        }
    }

    @Test
    void stepsAreEvaluated() {
        ComputationGraph graph = TestNets.graph(b -> b.addInputs("in")
                .addLayer("a", new Convolution1DLayer.Builder(3).convolutionMode(ConvolutionMode.Same).nIn(5).nOut(6)
                        .activation(Activation.TANH).build(), "in")
                .addLayer("end", new RnnOutputLayer.Builder(LossFunction.MCXENT).nIn(6).nOut(CLASSES).activation(Activation.SOFTMAX).build(), "a")
                .setOutputs("end"));
        DataSet set = new DataSet(TestNets.random(5, EXAMPLES, 5, STEPS), classes(1, EXAMPLES, CLASSES, STEPS));
        Evaluation expected = graph.evaluate(new ListDataSetIterator<>(List.of(set), 1));
        Evaluation found = Segments.compile(graph).graph().evaluate(new ListDataSetIterator<>(List.of(set), 1));
        assertEquals(EXAMPLES * STEPS, found.getNumRowCounter());
        assertEquals(expected.getConfusionMatrix(), found.getConfusionMatrix());
    }

    /** Behind a recurrent layer Deeplearning4j gives the output layer masks, which a segment does not take. */
    @Test
    void outputsOfRecurrentLayersStayOutside() {
        ComputationGraph graph = TestNets.graph(b -> b.addInputs("in").setInputTypes(InputType.recurrent(5))
                .addLayer("a", new LSTM.Builder().nOut(6).build(), "in")
                .addLayer("end", new RnnOutputLayer.Builder(LossFunction.MCXENT).nOut(CLASSES).activation(Activation.SOFTMAX).build(), "a")
                .setOutputs("end"));
        CompiledGraph compiled = Segments.compile(graph);
        assertTrue(compiled.report().outside().get("end").contains("sequences"), compiled.report().toString());
        INDArray x = TestNets.random(5, EXAMPLES, 5, STEPS);
        assertTrue(graph.outputSingle(x).equalsWithEps(compiled.graph().outputSingle(x), 1e-6));
    }
}
