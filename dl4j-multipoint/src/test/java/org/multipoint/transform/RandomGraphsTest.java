package org.multipoint.transform;

import org.deeplearning4j.nn.conf.graph.LayerVertex;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.util.ModelSerializer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.multipoint.internal.engine.Engines;
import org.multipoint.internal.graph.EngineRunners;
import org.multipoint.segments.Segments;
import org.multipoint.testing.RandomGraphs;
import org.multipoint.testing.TestNets;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

import java.io.File;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.stream.LongStream;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

/**
 * Graphs drawn at random: compiled or not, in fp32 or quantized, on either engine, saved and restored, they compute the same. The system
 * property {@code org.multipoint.graphs} sets how many, {@code org.multipoint.seed} the first seed.
 */
class RandomGraphsTest {

    private static final int GRAPHS = Integer.getInteger("org.multipoint.graphs", 25);
    private static final long FIRST = Long.getLong("org.multipoint.seed", 1);

    @TempDir
    Path folder;
    private int checked;

    @Test
    void computeTheSameInEveryForm() {
        for (long seed = FIRST; seed < FIRST + GRAPHS; seed++) {
            check(seed);
        }
        assertTrue(checked > GRAPHS / 2, "only " + checked + " of " + GRAPHS + " graphs run in Deeplearning4j");
    }

    private void check(long seed) {
        ComputationGraph graph;
        INDArray x;
        INDArray[] expected;
        long[] shape;
        try {
            RandomGraphs.Drawn drawn = RandomGraphs.draw(seed);
            graph = drawn.graph();
            shape = drawn.shape();
            x = TestNets.random(seed, batch(3, shape));
            expected = graph.output(x);
        } catch (RuntimeException e) {
            // What Deeplearning4j cannot build or run itself says nothing about the plugin.
            Nd4j.getMemoryManager().setCurrentWorkspace(null);
            Nd4j.getWorkspaceManager().destroyAllWorkspacesForCurrentThread();
            return;
        }
        if (Arrays.stream(expected).anyMatch(INDArray::isEmpty)) {
            return;
        }
        checked++;
        try {
            assertNear(1e-4, expected, Segments.compile(graph).graph().output(x), "compiled fp32");
            if (graph.paramTable().keySet().stream().noneMatch(k -> k.endsWith("_W"))) {
                return;
            }
            ComputationGraph exact = transform(graph, shape).bits(8).points(3).activationBits(0).transform().model();
            assertNear(5e-3, expected, exact.output(x), "8 bits and three points");
            // One point for each row: rows of more are rounded to what the engine and the CPU at hand multiply exactly.
            checkQuantized(transform(graph, shape).bits(5).points(1).transform().model(), x);
        } catch (Exception | AssertionError e) {
            throw new AssertionError("seed " + seed + ": " + e.getMessage() + "\n" + describe(graph), e);
        }
    }

    private static Multipoint<ComputationGraph> transform(ComputationGraph graph, long[] shape) {
        return Multipoint.of(graph).calibrate(TestNets.iterator(1, 2, 1, batch(8, shape)));
    }

    private void checkQuantized(ComputationGraph small, INDArray x) throws Exception {
        INDArray[] expected = small.output(x);
        ComputationGraph compiled = Segments.compile(small).graph();
        INDArray[] found = compiled.output(x);
        // A sum that is rounded in another order may take the next step of an 8-bit activation.
        assertNear(0.03, expected, found, "compiled int8");
        File file = folder.resolve("graph.zip").toFile();
        ModelSerializer.writeModel(small, file, false);
        assertArrayEquals(expected, ModelSerializer.restoreComputationGraph(file, false).output(x));
        ModelSerializer.writeModel(compiled, file, false);
        assertArrayEquals(found, ModelSerializer.restoreComputationGraph(file, false).output(x));
        assertNear(0.03, expected, onNd4j(small.clone()).output(x), "ND4J");
        assertNear(0.03, expected, onNd4j(compiled).output(x), "compiled int8 on ND4J");
    }

    private static ComputationGraph onNd4j(ComputationGraph graph) {
        EngineRunners.of(graph).forEach(r -> r.runOn(Engines.nd4j()));
        return graph;
    }

    private static String describe(ComputationGraph graph) {
        StringBuilder text = new StringBuilder();
        graph.getConfiguration().getVertices().forEach((name, vertex) -> text.append(name).append(" of ")
                .append(graph.getConfiguration().getVertexInputs().get(name)).append(": ").append(vertex instanceof LayerVertex v
                        ? v.getLayerConf().getLayer() + " after " + v.getPreProcessor() : vertex).append('\n'));
        return text.toString();
    }

    private static long[] batch(int examples, long[] shape) {
        return LongStream.concat(LongStream.of(examples), LongStream.of(shape)).toArray();
    }

    private static void assertNear(double tolerance, INDArray[] expected, INDArray[] found, String message) {
        assertEquals(expected.length, found.length, message);
        for (int i = 0; i < expected.length; i++) {
            assertArrayEquals(expected[i].shape(), found[i].shape(), message);
            double error = expected[i].sub(found[i]).norm2Number().doubleValue();
            double size = expected[i].norm2Number().doubleValue();
            // Outputs that a rectifier has left nothing of are as good as those of the size that values mostly have.
            assertTrue(error <= tolerance * (size + 0.01), message + ", output " + i + ": error " + error + " of " + size);
        }
    }
}
