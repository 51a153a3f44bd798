package org.multipoint.transform;

import org.deeplearning4j.nn.conf.graph.ElementWiseVertex;
import org.deeplearning4j.nn.conf.graph.ScaleVertex;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.junit.jupiter.api.Test;
import org.multipoint.points.CodeGrid;
import org.multipoint.points.MultipointMatrix;
import org.multipoint.points.ScaleLayout;
import org.multipoint.report.LayerReport;
import org.multipoint.testing.TestNets;
import org.multipoint.walk.CalibrationData;
import org.multipoint.walk.GraphWalk;
import org.multipoint.walk.LinearVertex;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;

import java.util.HashMap;
import java.util.List;
import java.util.Map;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

class SensitivityTest {

    /** Two branches alike, but that one counts a hundredth of the other. */
    private static ComputationGraph loudAndFaint() {
        return TestNets.graph(b -> b.addInputs("in").setInputTypes(InputType.feedForward(20))
                .addLayer("loud", new DenseLayer.Builder().nOut(10).activation(Activation.IDENTITY).build(), "in")
                .addLayer("faint", new DenseLayer.Builder().nOut(10).activation(Activation.IDENTITY).build(), "in")
                .addVertex("hundredth", new ScaleVertex(0.01), "faint")
                .addVertex("sum", new ElementWiseVertex(ElementWiseVertex.Op.Add), "loud", "hundredth")
                .setOutputs("sum").validateOutputLayerConfig(false));
    }

    @Test
    void changeIsTheErrorOfTheOutputsRelativeToTheirVariance() {
        ComputationGraph graph = loudAndFaint();
        GraphWalk walk = new GraphWalk(graph);
        Map<String, MultipointMatrix> zeros = new HashMap<>();
        for (LinearVertex vertex : walk.linear().values()) {
            MultipointMatrix.Builder matrix = new MultipointMatrix.Builder(10, 20, 2, CodeGrid.SYMMETRIC, ScaleLayout.PER_ROW);
            for (int r = 0; r < 10; r++) {
                matrix.digits(r, 1, 0f, new int[20]);
            }
            zeros.put(vertex.name(), matrix.build());
        }
        // 20 of the 24 examples, whatever their batches.
        Map<String, Double> change = new Sensitivity(walk, CalibrationData.of(TestNets.iterator(1, 2, 1, 12, 20), 1), 20)
                .measure(List.copyOf(walk.linear().values()), zeros);
        assertEquals(2, change.size());
        // Without its weights an operation leaves its bias: the error is the mean square of the rest.
        INDArray x = Nd4j.vstack(TestNets.random(1, 12, 20), TestNets.random(2, 12, 20)).get(NDArrayIndex.interval(0, 20), NDArrayIndex.all());
        Map<String, INDArray> outputs = graph.feedForward(x, false);
        double loud = meanSquare(graph, outputs, "loud");
        double faint = meanSquare(graph, outputs, "faint") * 1e-4;
        assertEquals(1, change.get("loud") / change.get("faint") / (loud / faint), 0.1);
        double variance = outputs.get("sum").var(false).getDouble(0);
        assertEquals(1, change.get("loud") / 20 / (loud / variance), 0.2);
    }

    private static double meanSquare(ComputationGraph graph, Map<String, INDArray> outputs, String vertex) {
        INDArray rest = outputs.get(vertex).subRowVector(graph.getVertex(vertex).paramTable(false).get("b"));
        return rest.norm2Number().doubleValue() * rest.norm2Number().doubleValue() / rest.length();
    }

    @Test
    void budgetsGoWhereErrorsChangeTheOutputs() {
        ComputationGraph graph = loudAndFaint();
        Map<String, Double> points = new HashMap<>();
        for (int examples : new int[]{0, 16}) {
            MultipointResult<ComputationGraph> result = Multipoint.of(graph).bits(3).extraPoints(0.5).sensitivityImages(examples)
                    .calibrate(TestNets.iterator(1, 4, 1, 16, 20)).transform();
            for (LayerReport layer : result.report().layers()) {
                points.put(layer.name() + examples, (double) layer.codes() / layer.weights());
            }
        }
        assertEquals(2, points.get("loud16"));
        assertEquals(1, points.get("faint16"));
        assertTrue(points.get("faint0") > 1.2, "without weighing both get points");
    }
}
