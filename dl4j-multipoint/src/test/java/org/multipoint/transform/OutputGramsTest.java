package org.multipoint.transform;

import org.deeplearning4j.datasets.iterator.utilty.ListDataSetIterator;
import org.deeplearning4j.nn.conf.graph.ElementWiseVertex;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.ConvolutionLayer;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.GravesLSTM;
import org.deeplearning4j.nn.conf.layers.LSTM;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.conf.layers.RnnOutputLayer;
import org.deeplearning4j.nn.conf.layers.SeparableConvolution2D;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.junit.jupiter.api.Test;
import org.multipoint.internal.calibration.CalibrationData;
import org.multipoint.internal.examples.Activations;
import org.multipoint.internal.graph.ReferenceNetwork;
import org.multipoint.internal.ompq.GramMatrix;
import org.multipoint.internal.ops.Tensor;
import org.multipoint.testing.CountingEngine;
import org.multipoint.testing.TestNets;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.dataset.api.iterator.DataSetIterator;
import org.nd4j.linalg.factory.Nd4j;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

class OutputGramsTest {

    private final CountingEngine engine = new CountingEngine(0);
    private final List<String> events = new ArrayList<>();

    private static ComputationGraph graph() {
        return TestNets.graph(b -> b.addInputs("in").setInputTypes(InputType.convolutional(6, 6, 2))
                .addLayer("first", new ConvolutionLayer.Builder(3, 3).nOut(3).activation(Activation.RELU).build(), "in")
                .addLayer("left", new SeparableConvolution2D.Builder(1, 1).nOut(3).activation(Activation.TANH).build(), "first")
                .addLayer("right", new ConvolutionLayer.Builder(1, 1).nOut(3).activation(Activation.IDENTITY).build(), "first")
                .addVertex("sum", new ElementWiseVertex(ElementWiseVertex.Op.Add), "left", "right")
                .addLayer("out", new OutputLayer.Builder().nOut(4).activation(Activation.SOFTMAX).build(), "sum")
                .setOutputs("out"));
    }

    private Map<String, GramMatrix> grams(ComputationGraph graph, DataSetIterator data, long memory) {
        return new OutputGrams(new ReferenceNetwork(graph, engine), new Activations.Budget(memory),
                (phase, done, total, what) -> events.add(what + ", " + done + " of " + total)).of(CalibrationData.of(data, 1));
    }

    private static GramMatrix gram(INDArray outputs) {
        Tensor all = Tensor.of(outputs);
        GramMatrix gram = new GramMatrix(all.examples());
        gram.add(0, all, 0, all);
        return gram;
    }

    /** Fewer than eight examples, of which none is held out, in batches of 3; on the heap, or in a file. */
    @Test
    void theyAreThoseOfTheOutputsThatDeeplearning4jComputes() {
        ComputationGraph graph = graph();
        INDArray all = Nd4j.concat(0, TestNets.random(1, 3, 2, 6, 6), TestNets.random(2, 3, 2, 6, 6));
        Map<String, INDArray> outputs = graph.feedForward(all, false);
        for (long memory : new long[]{1 << 20, 1}) {
            Map<String, GramMatrix> grams = grams(graph, TestNets.iterator(1, 2, 3, 3, 2, 6, 6), memory);
            assertEquals(List.of("first", "left/W", "left/pW", "right", "out"), List.copyOf(grams.keySet()));
            for (String name : List.of("first", "right", "out")) {
                assertEquals(1, gram(outputs.get(name)).orthogonality(grams.get(name)), 1e-6, name);
                assertEquals(gram(outputs.get(name)).orthogonality(gram(outputs.get("left"))),
                        grams.get(name).orthogonality(grams.get("left/pW")), 1e-6, name);
            }
        }
        assertEquals(0, engine.open());
        assertEquals("left/W, 2 of 5", events.get(1));
    }

    @Test
    void atMost64ExamplesPassAndNoneThatIsHeldOut() {
        Map<String, GramMatrix> few = grams(graph(), TestNets.iterator(1, 3, 3, 7, 2, 6, 6), 1 << 20);
        few.get("out").merge(new GramMatrix(19));
        Map<String, GramMatrix> many = grams(graph(), TestNets.iterator(1, 12, 3, 7, 2, 6, 6), 1 << 20);
        many.get("out").merge(new GramMatrix(OutputGrams.EXAMPLES));
    }

    /** Dense layers of sequences compute a row for each step. */
    @Test
    void stepsOfSequencesBelongToTheirExample() {
        ComputationGraph graph = TestNets.chain(InputType.recurrent(3, 4), new LSTM.Builder().nOut(5).build(),
                new DenseLayer.Builder().nOut(4).activation(Activation.RELU).build(), new RnnOutputLayer.Builder().nOut(2).build());
        INDArray all = TestNets.random(1, 5, 3, 4);
        Map<String, INDArray> outputs = graph.feedForward(all, false);
        Map<String, GramMatrix> grams = grams(graph, TestNets.iterator(1, 1, 2, 5, 3, 4), 1 << 20);
        assertEquals(List.of("l0/W", "l0/RW", "l1", "l2"), List.copyOf(grams.keySet()));
        assertEquals(1, gram(outputs.get("l0")).orthogonality(grams.get("l0/RW")), 1e-6);
        // Deeplearning4j's own array of the dense layer has a row for each step of each example, the examples of the first step first.
        INDArray dense = outputs.get("l1").dup('c').reshape('c', 4, 5, 4).permute(1, 0, 2).dup('c');
        assertEquals(1, gram(dense).orthogonality(grams.get("l1")), 1e-6);
        assertEquals(gram(outputs.get("l0")).orthogonality(gram(dense)), grams.get("l0/W").orthogonality(grams.get("l1")), 1e-6);
    }

    @Test
    void sequencesOfDifferentLengthsAreRefusedByTheNameOfTheLayer() {
        ComputationGraph graph = TestNets.chain(InputType.recurrent(3), new GravesLSTM.Builder().nOut(5).build(),
                new RnnOutputLayer.Builder().nOut(2).build());
        ListDataSetIterator<DataSet> data =
                new ListDataSetIterator<>(List.of(
                        new DataSet(TestNets.random(1, 2, 3, 4), Nd4j.zeros(2, 2, 4)),
                        new DataSet(TestNets.random(2, 2, 3, 6), Nd4j.zeros(2, 2, 6))), 1);
        assertEquals("Layer \"l0\": OMPQ compares its outputs for examples of one shape: Expected batches with as many features for each "
                + "example, found 30 and 20", assertThrows(IllegalArgumentException.class, () -> grams(graph, data, 1 << 20)).getMessage());
        assertEquals(0, engine.open());
    }
}
