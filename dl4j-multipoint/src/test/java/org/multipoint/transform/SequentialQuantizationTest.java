package org.multipoint.transform;

import org.deeplearning4j.nn.conf.ConvolutionMode;
import org.deeplearning4j.nn.conf.graph.ElementWiseVertex;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.ActivationLayer;
import org.deeplearning4j.nn.conf.layers.ConvolutionLayer;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.SeparableConvolution2D;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.multipoint.internal.calibration.CalibrationData;
import org.multipoint.internal.examples.Activations;
import org.multipoint.internal.examples.LocalExamples;
import org.multipoint.internal.graph.LinearVertex;
import org.multipoint.internal.graph.ReferenceNetwork;
import org.multipoint.internal.quantizer.FixedAllocation;
import org.multipoint.options.Method;
import org.multipoint.options.MultipointOptions;
import org.multipoint.testing.CountingEngine;
import org.multipoint.testing.TestNets;
import org.nd4j.linalg.activations.Activation;

import java.util.List;
import java.util.Map;
import java.util.Set;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

/** Nothing stays open, wherever the quantization ends. */
class SequentialQuantizationTest {

    private static final TransformListener SILENT = (phase, done, total, what) -> { };

    private ComputationGraph graph;
    private CalibrationData data;

    /** A residual block with a layer left out, two operations in a vertex, and a preprocessor. */
    @BeforeEach
    void setUp() {
        graph = TestNets.graph(b -> b.addInputs("in").setInputTypes(InputType.convolutional(5, 5, 3))
                .addLayer("conv", conv().build(), "in")
                .addLayer("leftOut", conv().activation(Activation.TANH).build(), "conv")
                .addLayer("residual", conv().build(), "leftOut")
                .addVertex("sum", new ElementWiseVertex(ElementWiseVertex.Op.Add), "conv", "residual")
                .addLayer("relu", new ActivationLayer(Activation.RELU), "sum")
                .addLayer("separable", new SeparableConvolution2D.Builder(3, 3).nOut(4).activation(Activation.ELU).build(), "relu")
                .addLayer("follower", new ActivationLayer(Activation.RELU6), "separable")
                .addLayer("second follower", new ActivationLayer(Activation.TANH), "follower")
                .addLayer("dense", new DenseLayer.Builder().nOut(2).activation(Activation.SOFTMAX).build(), "second follower")
                .setOutputs("dense").validateOutputLayerConfig(false));
        data = CalibrationData.of(TestNets.iterator(1, 2, 1, 4, 3, 5, 5), 1);
    }

    private static ConvolutionLayer.Builder conv() {
        return new ConvolutionLayer.Builder(3, 3).convolutionMode(ConvolutionMode.Same).nOut(4).activation(Activation.IDENTITY);
    }

    /** @param memory bytes of activations that stay on the heap */
    private Map<String, List<QuantizedOperation>> run(CountingEngine engine, Activations.Budget budget) {
        Settings settings = new Settings("ComputationGraph", Method.CALIBRATED, Map.of(), Budget.pointsPerRow(1), 8, Set.of(),
                1 << 24, MultipointOptions.defaults());
        ReferenceNetwork network = new ReferenceNetwork(graph, engine);
        List<LinearVertex> vertices = network.linear().values().stream().filter(vertex -> !vertex.name().equals("leftOut")).toList();
        LocalExamples examples = new LocalExamples(network, data, budget);
        CalibrationPass pass = new CalibrationPass(settings, network, examples, SILENT);
        pass.run(vertices, List.of(4));
        PointQuantizer quantizer = new PointQuantizer(pass.candidates(4), new FixedAllocation(1));
        return new SequentialQuantization(settings, network, quantizer, examples).run(SILENT);
    }

    @Test
    void everythingIsClosedAtTheEnd() {
        for (long bytes : new long[]{0, 2000, 1 << 20}) {
            CountingEngine engine = new CountingEngine(0);
            Activations.Budget budget = new Activations.Budget(bytes);
            assertEquals(Set.of("conv", "residual", "separable", "dense"), run(engine, budget).keySet());
            assertEquals(0, engine.open());
            assertEquals(0, budget.used());
            // One for each operation but the unread last one in the pass; two for each operation, and one for what is left out, afterwards.
            assertEquals(5 + 2 * 5 + 1, engine.compiled());
        }
    }

    @Test
    void everythingIsClosedWhereverTheEngineFails() {
        int failing = 1;
        for (boolean done = false; !done; failing++) {
            CountingEngine engine = new CountingEngine(failing);
            Activations.Budget budget = new Activations.Budget(2000);
            try {
                run(engine, budget);
                done = true;
            } catch (CountingEngine.Bug bug) {
                // Compilation failed.
            } catch (IllegalStateException e) {
                assertInstanceOf(CountingEngine.Bug.class, e.getCause());
                assertTrue(e.getMessage().startsWith("Layer \""), e.getMessage());
            }
            assertEquals(0, engine.open(), "failure at call " + failing);
            assertEquals(0, budget.used(), "failure at call " + failing);
        }
        assertTrue(failing > 40, "calls: " + failing);
    }
}
