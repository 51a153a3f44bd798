package org.multipoint.transform;

import org.deeplearning4j.nn.conf.CNN2DFormat;
import org.deeplearning4j.nn.conf.ConvolutionMode;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.BaseLayer;
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
import org.deeplearning4j.parallelism.ParallelInference;
import org.deeplearning4j.parallelism.inference.InferenceMode;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.multipoint.layers.MultipointWeights;
import org.multipoint.testing.TestNets;
import org.nd4j.evaluation.classification.Evaluation;
import org.nd4j.evaluation.classification.EvaluationCalibration;
import org.nd4j.evaluation.classification.ROCMultiClass;
import org.nd4j.evaluation.regression.RegressionEvaluation;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.dataset.api.iterator.DataSetIterator;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;
import org.nd4j.linalg.lossfunctions.LossFunctions;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

/** What Deeplearning4j's users do with a model, done with a transformed one. */
@Timeout(120)
class UseTest {

    private static final InputType INPUT = InputType.convolutional(8, 8, 3);
    private static final long[] SHAPE = {6, 3, 8, 8};

    private static Layer[] layers(CNN2DFormat format, Activation activation) {
        return new Layer[]{
                new ConvolutionLayer.Builder(3, 3).convolutionMode(ConvolutionMode.Same).dataFormat(format).nOut(6)
                        .activation(activation).build(),
                new DepthwiseConvolution2D.Builder(3, 3).dataFormat(format).nOut(6).activation(activation).build(),
                new SeparableConvolution2D.Builder(3, 3).dataFormat(format).nOut(5).activation(activation).build(),
                new Deconvolution2D.Builder(2, 2).dataFormat(format).nOut(4).activation(Activation.TANH).build(),
                new ConvolutionLayer.Builder(3, 3).dataFormat(format).nOut(4).activation(Activation.TANH).build(),
                new DenseLayer.Builder().nOut(9).activation(Activation.TANH).build(),
                new OutputLayer.Builder(LossFunctions.LossFunction.MCXENT).nOut(3).activation(Activation.SOFTMAX).build()};
    }

    private static DataSetIterator data() {
        return TestNets.iterator(1, 4, 3, SHAPE);
    }

    private static ComputationGraph small(String... leftOut) {
        return Multipoint.of(TestNets.chain(INPUT, layers(CNN2DFormat.NCHW, Activation.RELU))).leaveOut(leftOut).calibrate(data()).transform().model();
    }

    @Test
    void evaluations() {
        ComputationGraph graph = small();
        Evaluation top = new Evaluation(List.of("a", "b", "c"), 2);
        ROCMultiClass roc = new ROCMultiClass(0);
        EvaluationCalibration calibration = new EvaluationCalibration();
        RegressionEvaluation regression = new RegressionEvaluation(3);
        graph.doEvaluation(data(), top, roc, calibration, regression);
        assertEquals(24, top.getNumRowCounter());
        assertTrue(top.topNAccuracy() >= top.accuracy());
        assertEquals(8, roc.getCountActualPositive(0));
        assertTrue(roc.calculateAverageAUC() >= 0 && roc.calculateAverageAUC() <= 1);
        assertTrue(regression.averageMeanSquaredError() > 0);
        int right = 0;
        DataSetIterator iterator = data();
        while (iterator.hasNext()) {
            DataSet batch = iterator.next();
            INDArray found = graph.outputSingle(batch.getFeatures()).argMax(1);
            right += found.eq(batch.getLabels().argMax(1)).castTo(DataType.INT).sumNumber().intValue();
        }
        assertEquals(right / 24.0, top.accuracy(), 1e-9);
    }

    @Test
    void summaryAndFeedForward() {
        ComputationGraph graph = small();
        assertTrue(graph.summary().contains("l1 (MultipointDepthwiseConvolution2D"), graph.summary());
        INDArray x = TestNets.random(2, SHAPE);
        assertEquals(graph.outputSingle(x), graph.feedForward(x, false).get("l6"));
    }

    @Test
    void batchSizesDoNotMatter() {
        ComputationGraph graph = small();
        INDArray x = TestNets.random(2, SHAPE);
        INDArray all = graph.outputSingle(x);
        for (int n = 0; n < 6; n++) {
            INDArray one = graph.outputSingle(x.get(NDArrayIndex.interval(n, n + 1)));
            assertEquals(0, all.getRow(n, true).sub(one).amaxNumber().doubleValue(), 1e-5);
        }
    }

    /** Biases and layers left in fp32 learn around the stored weights, which stay as they are. */
    @ParameterizedTest
    @EnumSource(CNN2DFormat.class)
    void fineTuning(CNN2DFormat format) {
        long[] shape = format == CNN2DFormat.NCHW ? SHAPE : new long[]{6, 8, 8, 3};
        ComputationGraph source = TestNets.chain(InputType.convolutional(8, 8, 3, format), layers(format, Activation.RELU));
        ComputationGraph graph = Multipoint.of(source).leaveOut("l4").calibrate(TestNets.iterator(1, 4, 3, shape)).transform().model();
        DataSet batch = TestNets.iterator(1, 1, 3, shape).next();
        double before = graph.score(batch);
        INDArray kept = graph.getVertex("l4").paramTable(false).get("W").dup();
        List<Layer> codes = new ArrayList<>();
        List<INDArray> biases = new ArrayList<>();
        for (org.deeplearning4j.nn.api.Layer layer : graph.getLayers()) {
            biases.add(layer.paramTable().get("b").dup());
            if (MultipointWeights.of(layer.conf().getLayer()).isPresent()) {
                codes.add(layer.conf().getLayer());
            }
        }
        assertEquals(6, codes.size());
        List<Integer> hashes = codes.stream().map(l -> MultipointWeights.of(l).hashCode()).toList();
        graph.setLearningRate(0.1);
        for (int i = 0; i < 20; i++) {
            graph.fit(batch);
        }
        assertTrue(graph.score(batch) < before, graph.score(batch) + " after " + before);
        assertNotEquals(kept, graph.getVertex("l4").paramTable(false).get("W"));
        assertEquals(hashes, codes.stream().map(l -> MultipointWeights.of(l).hashCode()).toList());
        for (int i = 0; i < biases.size(); i++) {
            assertNotEquals(biases.get(i), graph.getLayers()[i].paramTable().get("b"), "bias of layer " + i);
        }
    }

    /** What reaches a layer before stored weights is the slope of the loss with those weights. */
    @ParameterizedTest
    @EnumSource(CNN2DFormat.class)
    void gradientsPassThroughStoredWeights(CNN2DFormat format) {
        long[] shape = format == CNN2DFormat.NCHW ? SHAPE : new long[]{6, 8, 8, 3};
        ComputationGraph graph = Multipoint.of(TestNets.chain(InputType.convolutional(8, 8, 3, format), layers(format, Activation.TANH)))
                .leaveOut("l0").activationBits(0).bits(3).calibrate(TestNets.iterator(1, 3, 3, shape)).transform().model();
        DataSet batch = TestNets.iterator(2, 1, 3, shape).next();
        graph.setInput(0, batch.getFeatures());
        graph.setLabels(batch.getLabels());
        graph.computeGradientAndScore();
        // Summed over the examples; the score is their mean.
        INDArray gradient = graph.gradient().getGradientFor("l0_W").div(6);
        INDArray weights = graph.getVertex("l0").paramTable(false).get("W");
        double largest = 0;
        for (int i = 0; i < 12; i++) {
            int[] place = {i % 6, i % 3, i / 4, i % 2};
            float w = weights.getFloat(place);
            weights.putScalar(place, w + 1e-2f);
            double up = graph.score(batch);
            weights.putScalar(place, w - 1e-2f);
            double down = graph.score(batch);
            weights.putScalar(place, w);
            assertEquals((up - down) / 2e-2, gradient.getDouble(place), 2e-4, Arrays.toString(place));
            largest = Math.max(largest, Math.abs(gradient.getDouble(place)));
        }
        assertTrue(largest > 2e-3, "gradients that say nothing");
    }

    @ParameterizedTest
    @EnumSource(CNN2DFormat.class)
    void dropoutIsForTrainingOnly(CNN2DFormat format) {
        Layer[] layers = {new ConvolutionLayer.Builder(3, 3).dataFormat(format).dropOut(0.5).nOut(6).activation(Activation.TANH).build(),
                new DenseLayer.Builder().dropOut(0.5).nOut(9).activation(Activation.TANH).build(),
                new OutputLayer.Builder(LossFunctions.LossFunction.MCXENT).dropOut(0.5).nOut(3).activation(Activation.SOFTMAX).build()};
        long[] shape = format == CNN2DFormat.NCHW ? SHAPE : new long[]{6, 8, 8, 3};
        for (int i = 0; i < layers.length; i++) {
            Layer[] one = layers.clone();
            for (int j = 0; j < layers.length; j++) {
                one[j] = layers[j].clone();
                ((BaseLayer) one[j]).setIDropout(i == j ? ((BaseLayer) layers[j]).getIDropout() : null);
            }
            ComputationGraph graph = Multipoint.of(TestNets.chain(InputType.convolutional(8, 8, 3, format), one))
                    .calibrate(TestNets.iterator(1, 2, 3, shape)).transform().model();
            INDArray x = TestNets.random(2, shape);
            assertEquals(graph.outputSingle(x), graph.outputSingle(x));
            assertNotEquals(graph.outputSingle(x), graph.feedForward(x, true).get("l2"), "dropout of layer " + i);
        }
    }

    @Test
    void sequencesLearnToo() {
        MultiLayerNetwork network = Multipoint.of(TestNets.network(InputType.recurrent(4, 7),
                        new Convolution1DLayer.Builder(3).convolutionMode(ConvolutionMode.Same).nOut(5).activation(Activation.TANH).build(),
                        new RnnOutputLayer.Builder(LossFunctions.LossFunction.MCXENT).nOut(3).activation(Activation.SOFTMAX).build()))
                .calibrate(TestNets.iterator(1, 3, 1, 6, 4, 7)).transform().model();
        INDArray labels = Nd4j.zeros(6, 3, 7);
        labels.get(NDArrayIndex.all(), NDArrayIndex.point(1)).assign(1);
        DataSet batch = new DataSet(TestNets.random(3, 6, 4, 7), labels);
        double before = network.score(batch);
        network.setLearningRate(0.05);
        for (int i = 0; i < 10; i++) {
            network.fit(batch);
        }
        assertTrue(network.score(batch) < before, network.score(batch) + " after " + before);
    }

    /** Masked steps are zero, as they are in fp32. */
    @Test
    void masks() {
        ComputationGraph source = TestNets.chain(InputType.recurrent(4, 7),
                new Convolution1DLayer.Builder(3).convolutionMode(ConvolutionMode.Same).nOut(5).activation(Activation.TANH).build(),
                new RnnOutputLayer.Builder(LossFunctions.LossFunction.MCXENT).nOut(3).activation(Activation.SOFTMAX).build());
        ComputationGraph graph = Multipoint.of(source).bits(8).points(3).activationBits(0)
                .calibrate(TestNets.iterator(1, 3, 1, 6, 4, 7)).transform().model();
        INDArray[] x = {TestNets.random(3, 2, 4, 7)};
        INDArray[] mask = {Nd4j.createFromArray(new float[][]{{1, 1, 1, 1, 1, 0, 0}, {1, 1, 1, 0, 0, 0, 0}})};
        INDArray expected = source.output(false, x, mask)[0];
        INDArray found = graph.output(false, x, mask)[0];
        assertEquals(0, expected.sub(found).amaxNumber().doubleValue(), 1e-3);
    }

    @Test
    void parallelInference() {
        ComputationGraph graph = small();
        INDArray[] inputs = new INDArray[8];
        INDArray[] expected = new INDArray[8];
        for (int i = 0; i < 8; i++) {
            inputs[i] = TestNets.random(10 + i, 1 + i % 3, 3, 8, 8);
            expected[i] = graph.outputSingle(inputs[i]);
        }
        for (InferenceMode mode : new InferenceMode[]{InferenceMode.SEQUENTIAL, InferenceMode.BATCHED}) {
            ParallelInference inference = new ParallelInference.Builder(graph).workers(2).inferenceMode(mode).batchLimit(8).build();
            try {
                for (int i = 0; i < 8; i++) {
                    assertEquals(0, expected[i].sub(inference.output(inputs[i])).amaxNumber().doubleValue(), 1e-5, mode.name());
                }
            } finally {
                inference.shutdown();
            }
        }
    }

    @Test
    void severalThreadsAndChangingBiases() throws Exception {
        ComputationGraph graph = small();
        ComputationGraph other = graph.clone();
        other.params().addi(0.5);
        INDArray x = TestNets.random(2, SHAPE);
        INDArray expected = graph.outputSingle(x);
        INDArray shifted = other.outputSingle(x);
        assertNotEquals(expected, shifted);
        ExecutorService threads = Executors.newFixedThreadPool(3);
        try {
            List<Future<?>> runs = new ArrayList<>();
            for (int t = 0; t < 3; t++) {
                runs.add(threads.submit(() -> {
                    for (int i = 0; i < 20; i++) {
                        assertEquals(expected, graph.outputSingle(x));
                        assertEquals(shifted, other.outputSingle(x));
                    }
                }));
            }
            for (Future<?> run : runs) {
                run.get();
            }
        } finally {
            threads.shutdownNow();
        }
        graph.params().addi(0.5);
        assertEquals(shifted, graph.outputSingle(x));
    }
}
