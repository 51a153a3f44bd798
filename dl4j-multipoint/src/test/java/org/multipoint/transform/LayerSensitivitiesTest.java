package org.multipoint.transform;

import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.ConvolutionLayer;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.junit.jupiter.api.Test;
import org.multipoint.report.SensitivityReport;
import org.multipoint.report.SensitivityReport.LayerSensitivity;
import org.multipoint.testing.TestNets;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.dataset.adapter.SingletonDataSetIterator;
import org.nd4j.linalg.dataset.api.iterator.DataSetIterator;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.shade.jackson.databind.JsonNode;
import org.nd4j.shade.jackson.databind.ObjectMapper;

import java.util.ArrayList;
import java.util.List;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

/** What quantized layers do to the outputs. */
class LayerSensitivitiesTest {

    private static final ComputationGraph SOURCE = TestNets.chain(InputType.convolutional(6, 6, 3),
            new ConvolutionLayer.Builder(3, 3).nOut(12).activation(Activation.RELU).build(),
            new ConvolutionLayer.Builder(3, 3).nOut(12).activation(Activation.RELU).build(),
            new OutputLayer.Builder().nOut(5).activation(Activation.SOFTMAX).build());

    private static DataSetIterator images() {
        return TestNets.iterator(1, 4, 8, 8, 3, 6, 6);
    }

    @Test
    void aLayerOfFewBitsHurtsMost() throws Exception {
        INDArray before = SOURCE.params().dup();
        SensitivityReport report = Multipoint.of(SOURCE).calibrate(images()).bits(8).bits("l1", 2).sensitivity();
        assertEquals(before, SOURCE.params());
        assertEquals(List.of("l0", "l1", "l2"), report.layers().stream().map(LayerSensitivity::name).toList());
        assertEquals(4, report.examples());
        LayerSensitivity worst = report.layers().get(1);
        assertEquals("l1", report.byGain().get(0).name());
        assertTrue(report.layers().stream().allMatch(l -> l.alone() <= worst.alone()), report.toString());
        // Not all of it: the weights of l2 are matched to what the errors of l1 make of its inputs.
        assertTrue(worst.allButOne() < 0.5 * report.all(), report.toString());
        assertEquals(report.all() - worst.allButOne(), report.gain(worst));
        assertEquals(12 * 27, report.layers().get(0).weights());
        assertTrue(worst.bytesInFp32() > 12 * 108 * 3.5, report.toString());

        JsonNode json = new ObjectMapper().readTree(report.toJson());
        assertEquals(worst.alone(), json.get("layers").get(1).get("alone").asDouble());
        assertEquals(report.all(), json.get("all").asDouble());
    }

    /** With the only layer left out, nothing is quantized; the whole of it is this layer alone. */
    @Test
    void theOnlyLayerIsAllOfIt() {
        MultiLayerNetwork network = new MultiLayerNetwork(new NeuralNetConfiguration.Builder().seed(4).list()
                .layer(new DenseLayer.Builder().nIn(7).nOut(5).activation(Activation.IDENTITY).build())
                .layer(new OutputLayer.Builder().nOut(3).activation(Activation.SOFTMAX).build())
                .setInputType(InputType.feedForward(7)).build());
        network.init();
        DataSetIterator rows = new SingletonDataSetIterator(new DataSet(Nd4j.rand(DataType.FLOAT, 5, 7), null));
        SensitivityReport report = Multipoint.of(network).calibrate(rows).leaveOut("layer1").bits(2).sensitivity();
        LayerSensitivity layer = report.layers().get(0);
        assertEquals(1, report.layers().size());
        assertEquals(0, layer.allButOne());
        assertEquals(report.all(), layer.alone());
        assertTrue(report.all() > 0);
        // Fewer than eight: none is held out.
        assertEquals(5, report.examples());
    }

    @Test
    void progressIsTold() {
        List<String> layers = new ArrayList<>();
        Multipoint.of(SOURCE).calibrate(images()).listener((phase, done, total, what) -> {
            if (phase == TransformListener.Phase.SENSITIVITY) {
                layers.add(done + "/" + total + " " + what);
            }
        }).sensitivity();
        assertEquals(List.of("1/3 l0", "2/3 l1", "3/3 l2"), layers);
    }

    @Test
    void aBudgetIsNeeded() {
        assertTrue(assertThrows(IllegalStateException.class, () -> Multipoint.of(SOURCE).calibrate(images()).maxDrop(0.1, m -> 1).sensitivity())
                .getMessage().contains("a budget"));
        assertTrue(assertThrows(IllegalStateException.class, () -> Multipoint.of(SOURCE).sensitivity()).getMessage().contains("calibrate"));
    }
}
