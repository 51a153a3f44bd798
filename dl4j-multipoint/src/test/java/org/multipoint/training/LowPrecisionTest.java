package org.multipoint.training;

import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.conf.GradientNormalization;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.dropout.Dropout;
import org.deeplearning4j.nn.conf.graph.ElementWiseVertex;
import org.deeplearning4j.nn.conf.graph.MergeVertex;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.ActivationLayer;
import org.deeplearning4j.nn.conf.layers.BatchNormalization;
import org.deeplearning4j.nn.conf.layers.ConvolutionLayer;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.EmbeddingLayer;
import org.deeplearning4j.nn.conf.layers.GlobalPoolingLayer;
import org.deeplearning4j.nn.conf.layers.LSTM;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.conf.layers.RnnOutputLayer;
import org.deeplearning4j.nn.conf.layers.SubsamplingLayer;
import org.deeplearning4j.nn.conf.layers.objdetect.Yolo2OutputLayer;
import org.deeplearning4j.nn.conf.weightnoise.DropConnect;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.nn.weights.WeightInit;
import org.deeplearning4j.optimize.listeners.CollectScoresIterationListener;
import org.deeplearning4j.util.ModelSerializer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.multipoint.formats.NumberFormat;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.learning.config.IUpdater;
import org.nd4j.linalg.learning.config.Sgd;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;
import org.nd4j.linalg.schedule.PolySchedule;
import org.nd4j.linalg.schedule.ScheduleType;

import java.io.File;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

class LowPrecisionTest {

    private static final TensorKind[] PASSES = {TensorKind.WEIGHTS, TensorKind.ACTIVATIONS, TensorKind.ERRORS, TensorKind.GRADIENTS};

    private static NeuralNetConfiguration.Builder settings(IUpdater updater) {
        return new NeuralNetConfiguration.Builder().seed(3).weightInit(WeightInit.RELU).updater(updater);
    }

    /** Two branches of convolutions that are added up and merged, with all that changes gradients on the way to the weights. */
    private static ComputationGraph graph() {
        ComputationGraph graph = new ComputationGraph(settings(new Adam(new PolySchedule(ScheduleType.ITERATION, 0.01, 1, 50)))
                .l2(1e-3).weightDecay(1e-3).biasUpdater(new Sgd(0.02)).gradientNormalization(GradientNormalization.ClipL2PerLayer)
                .gradientNormalizationThreshold(0.5).graphBuilder()
                .addInputs("in").setInputTypes(InputType.convolutional(8, 8, 3))
                .addLayer("conv1", new ConvolutionLayer.Builder(3, 3).padding(1, 1).hasBias(false).nOut(5).activation(Activation.IDENTITY).build(), "in")
                .addLayer("norm", new BatchNormalization(), "conv1")
                .addLayer("relu", new ActivationLayer(Activation.RELU), "norm")
                .addLayer("conv2", new ConvolutionLayer.Builder(3, 3).padding(1, 1).nOut(5).activation(Activation.TANH).build(), "relu")
                .addVertex("sum", new ElementWiseVertex(ElementWiseVertex.Op.Add), "conv2", "relu")
                .addVertex("merged", new MergeVertex(), "sum", "conv1")
                .addLayer("pool", new GlobalPoolingLayer(), "merged")
                .addLayer("dense", new DenseLayer.Builder().nOut(7).activation(Activation.SIGMOID).dropOut(new Dropout(0.9)).build(), "pool")
                .addLayer("out", new OutputLayer.Builder(LossFunction.MCXENT).nOut(4).activation(Activation.SOFTMAX).build(), "dense")
                .setOutputs("out").build());
        graph.init();
        return graph;
    }

    private static MultiLayerNetwork network(IUpdater updater) {
        MultiLayerNetwork network = new MultiLayerNetwork(settings(updater).list()
                .layer(new ConvolutionLayer.Builder(3, 3).nOut(4).activation(Activation.LEAKYRELU).build())
                .layer(new SubsamplingLayer.Builder().kernelSize(2, 2).stride(2, 2).build())
                .layer(new BatchNormalization())
                .layer(new DenseLayer.Builder().nOut(6).activation(Activation.TANH).build())
                .layer(new OutputLayer.Builder(LossFunction.MCXENT).nOut(4).activation(Activation.SOFTMAX).build())
                .setInputType(InputType.convolutional(8, 8, 3)).build());
        network.init();
        return network;
    }

    private static MultiLayerNetwork recurrent() {
        MultiLayerNetwork network = new MultiLayerNetwork(settings(new Adam(0.01)).list()
                .layer(new LSTM.Builder().nIn(3).nOut(5).activation(Activation.TANH).build())
                .layer(new RnnOutputLayer.Builder(LossFunction.MCXENT).nIn(5).nOut(4).activation(Activation.SOFTMAX).build())
                .build());
        network.init();
        return network;
    }

    /** ND4J takes the time for a seed of zero. */
    private static void seed(int seed) {
        Nd4j.getRandom().setSeed(seed + 1);
    }

    private static DataSet images(int seed) {
        seed(seed);
        INDArray labels = Nd4j.zeros(DataType.FLOAT, 6, 4);
        for (int i = 0; i < 6; i++) {
            labels.putScalar(i, (i + seed) % 4, 1);
        }
        return new DataSet(Nd4j.randn(DataType.FLOAT, 6, 3, 8, 8), labels);
    }

    private static DataSet sequences(int seed) {
        seed(seed);
        INDArray labels = Nd4j.zeros(DataType.FLOAT, 2, 4, 6);
        for (int i = 0; i < 12; i++) {
            labels.putScalar(i / 6, (i + seed) % 4, i % 6, 1);
        }
        return new DataSet(Nd4j.randn(DataType.FLOAT, 2, 3, 6), labels);
    }

    private static void fit(Model model, DataSet batch) {
        // Dropout draws from the generator.
        seed(99);
        if (model instanceof ComputationGraph graph) {
            graph.fit(batch);
        } else {
            ((MultiLayerNetwork) model).fit(batch);
        }
    }

    private static <M extends Model> void checkSinglePrecisionChangesNothing(LowPrecision<M> lowPrecision, M model, boolean sequence) {
        List<LossScaling> scalings = List.of(LossScaling.none(), LossScaling.fixed(0x1p20), LossScaling.dynamic(0x1p-3, 2).withFloor(3, 64));
        Map<LossScaling, LowPrecisionTraining<M>> trainings = new LinkedHashMap<>();
        for (LossScaling scaling : scalings) {
            trainings.put(scaling, lowPrecision.round(NumberFormat.FP32, TensorKind.values()).lossScaling(scaling).build());
        }
        for (int step = 0; step < 6; step++) {
            DataSet batch = sequence ? sequences(step) : images(step);
            fit(model, batch);
            for (LossScaling scaling : scalings) {
                LowPrecisionTraining<M> training = trainings.get(scaling);
                fit(training.network(), batch);
                assertEquals(model.score(), training.network().score(), scaling.toString());
                assertEquals(0, difference(model, training.plain()), scaling + ", step " + step);
                assertEquals(0, training.report().skipped());
                assertEquals(TensorKind.values().length, training.report().rows().size());
                assertTrue(training.report().rows().stream().allMatch(r -> r.values() > 0 && r.underflows() == 0 && r.overflows() == 0));
            }
        }
    }

    private static double difference(Model a, Model b) {
        return a.params().distance1(b.params());
    }

    @Test
    void singlePrecisionTrainsAGraphBitForBitAsDeeplearning4jDoes() {
        ComputationGraph graph = graph();
        checkSinglePrecisionChangesNothing(LowPrecision.of(graph), graph, false);
    }

    @Test
    void singlePrecisionTrainsANetworkBitForBitAsDeeplearning4jDoes() {
        MultiLayerNetwork network = network(new Adam(0.01));
        checkSinglePrecisionChangesNothing(LowPrecision.of(network), network, false);
    }

    @Test
    void singlePrecisionTrainsCellsBitForBitAsDeeplearning4jDoes() {
        MultiLayerNetwork network = recurrent();
        checkSinglePrecisionChangesNothing(LowPrecision.of(network), network, true);
    }

    @Test
    void theSourceIsNotChanged() {
        ComputationGraph graph = graph();
        String configuration = graph.getConfiguration().toJson();
        INDArray params = graph.params().dup();
        LowPrecisionTraining<ComputationGraph> training = LowPrecision.of(graph).round(NumberFormat.E5M2, TensorKind.values()).build();
        fit(training.network(), images(1));
        assertEquals(configuration, graph.getConfiguration().toJson());
        assertEquals(params, graph.params());
        assertEquals(configuration, training.plain().getConfiguration().toJson());
        assertNotEquals(params, training.plain().params());
    }

    @Test
    void inputsOfTheCallerAreNotChanged() {
        ComputationGraph network = LowPrecision.of(graph()).round(NumberFormat.E5M2, TensorKind.values()).build().network();
        DataSet batch = images(1);
        INDArray before = batch.getFeatures().dup();
        fit(network, batch);
        network.output(batch.getFeatures());
        assertEquals(before, batch.getFeatures());
    }

    @Test
    void weightsAreRoundedInBothPassesAndTheGradientIsAppliedToTheMaster() {
        MultiLayerNetwork source = network(new Sgd(0.5));
        LowPrecisionTraining<MultiLayerNetwork> training = LowPrecision.of(source).round(NumberFormat.E5M2, TensorKind.WEIGHTS).build();
        MultiLayerNetwork rounded = source.clone();
        for (String key : List.of("0_W", "0_b", "3_W", "3_b", "4_W", "4_b")) {
            new Rounder(NumberFormat.E5M2, false, 1).round(rounded.getParam(key), true);
        }
        DataSet batch = images(1);
        assertEquals(rounded.output(batch.getFeatures()), training.network().output(batch.getFeatures()));
        INDArray before = rounded.params().dup();
        fit(rounded, batch);
        fit(training.network(), batch);
        INDArray change = before.subi(rounded.params());
        assertTrue(change.norm1Number().doubleValue() > 0);
        assertEquals(0, source.params().sub(change).distance1(training.plain().params()), 1e-3);
        assertEquals(source.numParams() - 2 * 2 * 4, training.report().rows().get(0).values() + 0, "once in a step, but for the parameters of the norm");
    }

    @Test
    void whatVerticesComputeIsRounded() {
        ComputationGraph network = LowPrecision.of(graph()).round(NumberFormat.E5M2, TensorKind.ACTIVATIONS)
                .round(NumberFormat.FP16, TensorKind.INPUTS).build().network();
        for (boolean train : new boolean[]{true, false}) {
            Map<String, INDArray> activations = network.feedForward(images(1).getFeatures(), train);
            // Dropout changes what the layer before it has rounded.
            activations.remove(train ? "pool-rounded" : "");
            for (String name : List.of("conv1", "norm-rounded", "relu", "conv2", "sum-rounded", "merged-rounded", "pool-rounded", "dense")) {
                if (activations.containsKey(name)) {
                    assertRounded(NumberFormat.E5M2, activations.get(name));
                }
            }
            assertRounded(NumberFormat.FP16, activations.get("in-rounded"));
            assertThrows(AssertionError.class, () -> assertRounded(NumberFormat.FP16, activations.get("out")));
            assertEquals(train ? 14 : 15, activations.size(), activations.keySet().toString());
        }
    }

    private static void assertRounded(NumberFormat format, INDArray array) {
        for (float value : array.dup('c').reshape(array.length()).toFloatVector()) {
            assertEquals(format.nearest(value), value);
        }
    }

    @Test
    void gradientsUpdatesAndMasterWeightsAreRounded() {
        MultiLayerNetwork source = network(new Sgd(0.5));
        DataSet batch = images(1);
        MultiLayerNetwork plain = source.clone();
        fit(plain, batch);
        INDArray update = source.params().sub(plain.params());

        INDArray change = source.params().sub(trained(source, batch, TensorKind.UPDATE).params());
        assertEquals(0, change.distance1(update), 0.1 * update.norm1Number().doubleValue());
        assertTrue(change.distance1(update) > 0.01 * update.norm1Number().doubleValue());

        MultiLayerNetwork gradients = trained(source, batch, TensorKind.GRADIENTS);
        assertNotEquals(0, difference(plain, gradients));
        // The gradient that was summed over 6 examples has been rounded.
        INDArray summed = source.getParam("0_W").sub(gradients.getParam("0_W")).muli(6 / 0.5);
        INDArray nearest = summed.dup();
        new Rounder(NumberFormat.E5M2, false, 1).round(nearest, true);
        assertEquals(0, summed.distance1(nearest), 1e-4 * summed.norm1Number().doubleValue());

        MultiLayerNetwork master = trained(source, batch, TensorKind.MASTER);
        assertRounded(NumberFormat.E5M2, master.getParam("0_W"));
        assertRounded(NumberFormat.E5M2, master.getParam("4_b"));
        assertThrows(AssertionError.class, () -> assertRounded(NumberFormat.E5M2, master.getParam("2_mean")));
    }

    private static MultiLayerNetwork trained(MultiLayerNetwork source, DataSet batch, TensorKind kind) {
        LowPrecisionTraining<MultiLayerNetwork> training = LowPrecision.of(source).round(NumberFormat.E5M2, kind).build();
        fit(training.network(), batch);
        return training.plain();
    }

    @Test
    void smallGradientsVanishUnlessTheLossIsScaled() {
        // Steps must be large for gradients so small to change a weight at all.
        MultiLayerNetwork network = network(new Sgd(1e4));
        network.getParam("4_W").muli(1e-8);
        LowPrecision<MultiLayerNetwork> fp16 = LowPrecision.of(network)
                .round(NumberFormat.FP16, TensorKind.ACTIVATIONS, TensorKind.ERRORS, TensorKind.GRADIENTS);
        LowPrecisionTraining<MultiLayerNetwork> without = fp16.build();
        LowPrecisionTraining<MultiLayerNetwork> with = fp16.lossScaling(LossScaling.fixed(0x1p14)).build();
        fit(without.network(), images(1));
        fit(with.network(), images(1));
        assertEquals(network.getParam("0_W"), without.plain().getParam("0_W"));
        assertNotEquals(network.getParam("0_W"), with.plain().getParam("0_W"));
        assertTrue(errors(without).underflows() > errors(with).underflows());
    }

    private static LowPrecisionReport.Row errors(LowPrecisionTraining<?> training) {
        return training.report().rows().stream().filter(r -> r.kind() == TensorKind.ERRORS).findFirst().orElseThrow();
    }

    @Test
    void stepsThatOverflowChangeNothingAndLowerTheScale() {
        ComputationGraph source = graph();
        LowPrecisionTraining<ComputationGraph> training = LowPrecision.of(source).round(NumberFormat.FP16, PASSES)
                .lossScaling(LossScaling.dynamic(0x1p8, 100)).build();
        fit(training.network(), images(0));
        INDArray params = training.network().params().dup();
        INDArray state = training.network().getUpdater().getStateViewArray().dup();
        DataSet huge = images(1);
        huge.getFeatures().muli(1e20);
        fit(training.network(), huge);
        assertEquals(params, training.network().params());
        assertEquals(state, training.network().getUpdater().getStateViewArray());
        assertEquals(1, training.report().skipped());
        assertEquals(2, training.report().steps());
        assertEquals(new LowPrecisionReport.Scale(128, 128, 256), training.report().scale());
        fit(training.network(), images(2));
        assertNotEquals(params, training.network().params());
        assertEquals(1, training.report().skipped());
        assertTrue(training.report().toString().startsWith("3 steps, 1 skipped; loss scale 2^7 at the end, from 2^7 to 2^8"));
    }

    @Test
    void aNetworkWithoutItsListenerIsNotTrainedWithScaledGradients() {
        MultiLayerNetwork network = LowPrecision.of(network(new Sgd(0.1))).lossScaling(LossScaling.fixed(4)).build().network();
        network.addListeners(new CollectScoresIterationListener());
        fit(network, images(1));
        network.setListeners(new CollectScoresIterationListener());
        String message = assertThrows(IllegalStateException.class, () -> fit(network, images(1))).getMessage();
        assertTrue(message.contains("addListeners"), message);
    }

    @Test
    void trainingIsThatOfTheSeed() {
        LowPrecision<ComputationGraph> settings = LowPrecision.of(graph()).roundStochastically(NumberFormat.E5M2, TensorKind.values())
                .lossScaling(LossScaling.dynamic());
        INDArray first = trained(settings.seed(1));
        assertEquals(first, trained(settings.seed(1)));
        assertNotEquals(first, trained(settings.seed(2)));
    }

    private static INDArray trained(LowPrecision<ComputationGraph> settings) {
        LowPrecisionTraining<ComputationGraph> training = settings.build();
        for (int step = 0; step < 3; step++) {
            fit(training.network(), images(step));
        }
        return training.network().params();
    }

    @Test
    void savedNetworksComputeTheSameAndAreNotTrainedFurther(@TempDir Path folder) throws IOException {
        LowPrecisionTraining<ComputationGraph> training = LowPrecision.of(graph()).roundStochastically(NumberFormat.E4M3, TensorKind.values())
                .lossScaling(LossScaling.fixed(8)).build();
        fit(training.network(), images(1));
        File file = folder.resolve("model.zip").toFile();
        ModelSerializer.writeModel(training.network(), file, true);
        ComputationGraph restored = ModelSerializer.restoreComputationGraph(file);
        assertEquals(training.network().outputSingle(images(2).getFeatures()), restored.outputSingle(images(2).getFeatures()));
        assertEquals(training.network().getUpdater().getStateViewArray(), restored.getUpdater().getStateViewArray());
        assertThrows(IllegalStateException.class, () -> fit(restored, images(1)));
        ModelSerializer.writeModel(training.plain(), file, false);
        fit(ModelSerializer.restoreComputationGraph(file), images(1));
    }

    @Test
    void layersThatAreLeftOutStayInSinglePrecision() {
        LowPrecisionTraining<ComputationGraph> training = LowPrecision.of(graph()).round(NumberFormat.E5M2, TensorKind.values())
                .leaveOut("conv1", "sum").build();
        Map<String, INDArray> activations = training.network().feedForward(images(1).getFeatures(), false);
        assertThrows(AssertionError.class, () -> assertRounded(NumberFormat.E5M2, activations.get("conv1")));
        assertFalse(activations.containsKey("sum-rounded"));
        assertRounded(NumberFormat.E5M2, activations.get("conv2"));
        fit(training.network(), images(1));
        assertThrows(AssertionError.class, () -> assertRounded(NumberFormat.E5M2, training.plain().getLayer("conv1").getParam("W")));
        assertRounded(NumberFormat.E5M2, training.plain().getLayer("conv2").getParam("W"));
    }

    @Test
    void whatCannotBeDoneIsRefused() {
        String unknown = refused(LowPrecision.of(graph()).leaveOut("nothing"));
        assertTrue(unknown.contains("\"nothing\"") && unknown.contains("conv1"), unknown);
        MultiLayerNetwork words = new MultiLayerNetwork(settings(new Sgd(0.1)).list()
                .layer(new EmbeddingLayer.Builder().nIn(9).nOut(5).build())
                .layer(new OutputLayer.Builder().nIn(5).nOut(4).activation(Activation.SOFTMAX).build()).build());
        words.init();
        String embedding = refused(LowPrecision.of(words).round(NumberFormat.FP16, PASSES));
        assertTrue(embedding.contains("EmbeddingLayer") && embedding.contains("leave it out"), embedding);
        LowPrecision.of(words).round(NumberFormat.FP16, PASSES).leaveOut("layer0").build();

        MultiLayerNetwork noisy = new MultiLayerNetwork(settings(new Sgd(0.1)).weightNoise(new DropConnect(0.5)).list()
                .layer(new OutputLayer.Builder().nIn(5).nOut(4).activation(Activation.SOFTMAX).build()).build());
        noisy.init();
        assertTrue(refused(LowPrecision.of(noisy).round(NumberFormat.FP16, TensorKind.WEIGHTS)).contains("DropConnect"));

        ComputationGraph detector = new ComputationGraph(settings(new Sgd(0.1)).graphBuilder().addInputs("in")
                .setInputTypes(InputType.convolutional(8, 8, 3))
                .addLayer("conv", new ConvolutionLayer.Builder(3, 3).nOut(7).build(), "in")
                .addLayer("boxes", new Yolo2OutputLayer.Builder().boundingBoxPriors(Nd4j.ones(1, 2)).build(), "conv").setOutputs("boxes").build());
        detector.init();
        assertTrue(refused(LowPrecision.of(detector).lossScaling(LossScaling.dynamic())).contains("boxes"));

        MultiLayerNetwork doubles = new MultiLayerNetwork(settings(new Sgd(0.1)).dataType(DataType.DOUBLE).list()
                .layer(new OutputLayer.Builder().nIn(5).nOut(4).activation(Activation.SOFTMAX).build()).build());
        assertThrows(IllegalArgumentException.class, () -> LowPrecision.of(doubles));
        doubles.init();
        assertTrue(assertThrows(IllegalArgumentException.class, () -> LowPrecision.of(doubles)).getMessage().contains("DOUBLE"));
    }

    private static String refused(LowPrecision<?> settings) {
        return assertThrows(IllegalArgumentException.class, settings::build).getMessage();
    }

    /** A network that is made once more is independent of the first one. */
    @Test
    void settingsCanBeUsedAgain() {
        LowPrecision<ComputationGraph> settings = LowPrecision.of(graph()).round(NumberFormat.FP16, PASSES);
        LowPrecisionTraining<ComputationGraph> first = settings.build();
        LowPrecisionTraining<ComputationGraph> second = settings.build();
        fit(first.network(), images(1));
        assertEquals(1, first.report().steps());
        assertEquals(0, second.report().steps());
        assertEquals(Set.of(0L), Set.copyOf(second.report().rows().stream().map(LowPrecisionReport.Row::values).toList()));
        assertNotEquals(0, difference(first.plain(), second.plain()));
    }
}
