package org.multipoint.internal.engine;

import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.conf.ConvolutionMode;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.ConvolutionLayer;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.LocalResponseNormalization;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.conf.layers.SeparableConvolution2D;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.junit.jupiter.api.Test;
import org.multipoint.internal.graph.EngineRunners;
import org.multipoint.internal.ops.LinearOp;
import org.multipoint.segments.Segments;
import org.multipoint.testing.TestNets;
import org.multipoint.transform.Multipoint;
import org.multipoint.transform.MultipointModels;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.factory.Nd4j;

import java.util.List;
import java.util.function.Supplier;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

/** Which engine layers and segments run on, and that what it made for them is closed. Scopes of oneDNN are counted. */
class EngineRunnerTest {

    private static final InputType IMAGES = InputType.convolutional(8, 8, 3);

    private final INDArray x = TestNets.random(1, 2, 3, 8, 8);
    private final int before = OneDnnScope.open();

    /** A convolution, one of two operations, what ends a segment, and a layer with a loss. */
    private static Layer[] layers() {
        return new Layer[]{new ConvolutionLayer.Builder(3, 3).nOut(8).convolutionMode(ConvolutionMode.Same).activation(Activation.RELU).build(),
            new SeparableConvolution2D.Builder(3, 3).nOut(8).convolutionMode(ConvolutionMode.Same).activation(Activation.RELU).build(),
            new LocalResponseNormalization(),
            new OutputLayer.Builder().nOut(5).activation(Activation.SOFTMAX).build()};
    }

    private static ComputationGraph quantized(int activationBits) {
        return Multipoint.of(TestNets.chain(IMAGES, layers())).calibrate(TestNets.iterator(1, 2, 5, 8, 3, 8, 8))
                .activationBits(activationBits).transform().model();
    }

    private void closesAllAndRunsAgain(Model model, Supplier<INDArray> run) {
        INDArray expected = run.get();
        assertTrue(OneDnnScope.open() > before);
        for (int i = 0; i < 3; i++) {
            MultipointModels.close(model);
            assertEquals(before, OneDnnScope.open());
            assertEquals(expected, run.get());
        }
        MultipointModels.close(model);
        MultipointModels.close(model);
        assertEquals(before, OneDnnScope.open());
    }

    @Test
    void aGraphOfLayers() {
        ComputationGraph graph = quantized(8);
        assertEquals(before, OneDnnScope.open(), "left by the transformation");
        closesAllAndRunsAgain(graph, () -> graph.outputSingle(x));
    }

    @Test
    void aNetworkOfLayers() {
        MultiLayerNetwork network = Multipoint.of(TestNets.network(IMAGES, layers()))
                .calibrate(TestNets.iterator(1, 2, 5, 8, 3, 8, 8)).transform().model();
        closesAllAndRunsAgain(network, () -> network.output(x));
    }

    @Test
    void aCompiledGraph() {
        ComputationGraph graph = Segments.compile(quantized(8)).graph();
        assertEquals(2, EngineRunners.of(graph).size());
        closesAllAndRunsAgain(graph, () -> graph.outputSingle(x));
        DataSet examples = TestNets.iterator(2, 1, 5, 8, 3, 8, 8).next();
        double score = graph.score(examples);
        MultipointModels.close(graph);
        assertEquals(score, graph.score(examples));
        MultipointModels.close(graph);
        assertEquals(before, OneDnnScope.open());
    }

    @Test
    void newParametersAreReadAfterClosing() {
        ComputationGraph graph = Segments.compile(TestNets.chain(IMAGES, layers())).graph();
        INDArray first = graph.outputSingle(x);
        graph.params().muli(0.5);
        MultipointModels.close(graph);
        assertFalse(first.equalsWithEps(graph.outputSingle(x), 1e-3));
        MultipointModels.close(graph);
    }

    @Test
    void kernelsOnFloatsDoNotOutliveTheirCall() {
        quantized(0).outputSingle(x);
        assertEquals(before, OneDnnScope.open());
    }

    @Test
    void plainModelsHoldNothing() {
        ComputationGraph graph = TestNets.chain(IMAGES, layers());
        MultipointModels.close(graph);
        assertEquals(List.of(), EngineRunners.of(graph));
        assertTrue(graph.outputSingle(x).meanNumber().doubleValue() > 0);
    }

    @Test
    void engineIsSetBeforeAndAfterTheFirstRun() {
        for (ComputationGraph graph : List.of(quantized(8), Segments.compile(quantized(8)).graph())) {
            EngineRunners.of(graph).forEach(r -> r.runOn(Engines.nd4j()));
            INDArray onNd4j = graph.outputSingle(x);
            assertEquals(before, OneDnnScope.open());
            EngineRunners.of(graph).forEach(r -> r.runOn(Engines.preferred()));
            INDArray onOneDnn = graph.outputSingle(x);
            assertTrue(OneDnnScope.open() > before);
            assertArrayEquals(onNd4j.data().asFloat(), onOneDnn.data().asFloat(), 0.03f);
            EngineRunners.of(graph).forEach(r -> r.runOn(Engines.nd4j()));
            assertEquals(before, OneDnnScope.open());
            assertEquals(onNd4j, graph.outputSingle(x));
        }
    }

    /** Compiles some programs, and fails then. */
    private static final class Failing implements Engine {
        private final IllegalStateException failure = new IllegalStateException("no more kernels");
        private int left;

        Failing(int left) {
            this.left = left;
        }

        @Override
        public String name() {
            return "failing";
        }

        @Override
        public boolean supports(Program program) {
            return true;
        }

        @Override
        public Executable compile(Program program) {
            if (left-- == 0) {
                throw failure;
            }
            return Engines.preferred().compile(program);
        }
    }

    @Test
    void kernelsBeforeOneThatFailsAreClosed() {
        ComputationGraph graph = Multipoint.of(TestNets.chain(IMAGES, layers()[1], layers()[3]))
                .calibrate(TestNets.iterator(1, 2, 5, 8, 3, 8, 8)).transform().model();
        Failing engine = new Failing(1);
        EngineRunners.of(graph).get(0).runOn(engine);
        assertSame(engine.failure, assertThrows(IllegalStateException.class, () -> graph.outputSingle(x)));
        assertEquals(before, OneDnnScope.open());
        Nd4j.getWorkspaceManager().destroyAllWorkspacesForCurrentThread();
        engine.left = 2;
        INDArray found = graph.outputSingle(x);
        EngineRunners.of(graph).get(0).runOn(Engines.preferred());
        assertEquals(graph.outputSingle(x), found);
        MultipointModels.close(graph);
    }

    @Test
    void programsThatCannotBeCompiledOrPlannedLeaveNothing() {
        OneDnnEngine engine = new OneDnnEngine();
        LinearOp op = LinearOp.dense(3, 3, false);
        Program.Weights weights = new Program.FloatWeights(new float[9]);
        Program broken = new Program(1, false, List.of(new Program.Linear(0, op, weights, new float[3]),
                new Program.Linear(1, op, weights, null)));
        assertThrows(NullPointerException.class, () -> engine.compile(broken));
        assertEquals(before, OneDnnScope.open());

        Program.Frame vast = new Program.Frame(1 << 15, 1 << 15, 1 << 15, 1 << 15);
        Program large = new Program(1, false, List.of(new Program.Linear(0, op, weights, new float[3]), new Program.Pad(1, vast),
                new Program.Affine(2, new float[3], new float[3]), new Program.GlobalPool(3, Program.PoolKind.MEAN)));
        try (Executable executable = engine.compile(large)) {
            int compiled = OneDnnScope.open();
            assertThrows(Throwable.class, () -> executable.run(Nd4j.ones(1, 3, 4, 4)));
            assertEquals(compiled, OneDnnScope.open());
        }
        assertEquals(before, OneDnnScope.open());
    }
}
