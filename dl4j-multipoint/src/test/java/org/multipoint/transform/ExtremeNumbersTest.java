package org.multipoint.transform;

import org.deeplearning4j.nn.conf.ConvolutionMode;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.ConvolutionLayer;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.multipoint.options.Method;
import org.multipoint.options.MultipointOptions;
import org.multipoint.segments.Segments;
import org.multipoint.testing.TestNets;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.api.iterator.DataSetIterator;
import org.nd4j.linalg.indexing.NDArrayIndex;

import java.util.EnumSet;
import java.util.Set;
import java.util.function.BiConsumer;
import java.util.function.Consumer;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

/**
 * Weights and inputs that no training gives: each model is represented within a bound, or refused with the name of the layer.
 */
class ExtremeNumbersTest {

    /**
     * Largest error of an output, relative to the largest weight of its row times the sum of the magnitudes of an example's inputs: with codes of
     * 8 bits, half a step of each weight is 0.004, and half a step of the inputs is of the same size.
     */
    private static final double BOUND = 0.02;
    /** Scales of rows are 16-bit floats with one exponent for all: rows that are smaller than this share of the largest may vanish. */
    private static final double VANISHING = 1e-5;
    /** Of single precision, with what is added to sums. */
    private static final double ROUNDING = 1e-6;
    private static final int IN = 40;

    private static final Set<Method> ONE_STEP = EnumSet.of(Method.CODED, Method.MIXED_PRECISION);

    private enum Case {
        ORDINARY((w, b) -> { }),
        TINY_WEIGHTS((w, b) -> w.muli(1e-30)),
        TINY_WEIGHTS_AND_BIAS((w, b) -> {
            w.muli(1e-30);
            b.muli(1e-30);
        }),
        HUGE_WEIGHTS((w, b) -> w.muli(1e15)),
        HUGER_WEIGHTS((w, b) -> w.muli(1e30)),
        DENORMALS((w, b) -> {
            w.muli(1e-41);
            b.assign(0);
        }),
        ZERO_ROWS((w, b) -> w.get(NDArrayIndex.all(), NDArrayIndex.interval(0, 2)).assign(0)),
        ALL_ZERO((w, b) -> w.assign(0)),
        ONE_WEIGHT_DWARFS_ITS_ROW((w, b) -> w.putScalar(3, 1, 1e4)),
        ONE_WEIGHT_DWARFS_ALL((w, b) -> w.putScalar(3, 1, 1e12)),
        ROWS_OF_ALL_SIZES((w, b) -> {
            for (int r = 0; r < w.size(1); r++) {
                w.getColumn(r).muli(Math.pow(10, r - 15));
            }
        }),
        BIAS_DWARFS_THE_SUM((w, b) -> b.addi(1e6)),
        HUGE_BIAS((w, b) -> b.addi(1e30));

        private final BiConsumer<INDArray, INDArray> change;

        Case(BiConsumer<INDArray, INDArray> change) {
            this.change = change;
        }
    }

    private static ComputationGraph graph(BiConsumer<INDArray, INDArray> change) {
        ComputationGraph graph = TestNets.chain(InputType.feedForward(IN), new DenseLayer.Builder().nOut(30).activation(Activation.IDENTITY).build());
        change.accept(graph.getVertex("l0").paramTable(false).get("W"), graph.getVertex("l0").paramTable(false).get("b"));
        return graph;
    }

    /** Mixed precision is held to the bounds of codes of 8 bits, which it has in the whole range alone. */
    private static MultipointOptions range(Method method) {
        return MultipointOptions.builder().reduceRange(method != Method.MIXED_PRECISION).build();
    }

    private static String check(String what, ComputationGraph graph, Method method, DataSetIterator data, INDArray x) {
        try {
            MultipointResult<ComputationGraph> result = Multipoint.of(graph).method(method).options(range(method)).bits(8).calibrate(data).transform();
            INDArray expected = graph.outputSingle(x);
            INDArray w = graph.getVertex("l0").paramTable(false).get("W");
            double worst = 0;
            for (INDArray found : new INDArray[]{result.model().outputSingle(x), Segments.compile(result.model()).graph().outputSingle(x)}) {
                for (int c = 0; c < expected.size(1); c++) {
                    double weight = Math.max(largest(w.getColumn(c)), ONE_STEP.contains(method) ? largest(w) : VANISHING * largest(w));
                    double error = largest(expected.getColumn(c).sub(found.getColumn(c)));
                    worst = Math.max(worst, Math.max(0, error - ROUNDING * largest(expected.getColumn(c)) - Float.MIN_NORMAL)
                            / (weight * largest(x.norm1(1)) + Float.MIN_NORMAL));
                }
                for (float v : found.dup('c').data().asFloat()) {
                    if (!Float.isFinite(v)) {
                        worst = Double.POSITIVE_INFINITY;
                    }
                }
            }
            assertTrue(result.report().toString().contains("l0"));
            return worst <= BOUND ? "" : what + " " + method + ": error " + worst + "\n";
        } catch (IllegalArgumentException e) {
            return e.getMessage().contains("l0") ? "" : what + " " + method + ": " + e + "\n";
        } catch (RuntimeException | AssertionError e) {
            return what + " " + method + ": " + e + "\n";
        }
    }

    private static double largest(INDArray values) {
        return values.amaxNumber().doubleValue();
    }

    @ParameterizedTest
    @EnumSource(Method.class)
    void weights(Method method) {
        StringBuilder wrong = new StringBuilder();
        for (Case c : Case.values()) {
            wrong.append(check(c.name(), graph(c.change), method, TestNets.iterator(1, 4, 3, 16, IN), TestNets.random(9, 20, IN)));
        }
        assertEquals("", wrong.toString());
    }

    private enum Inputs {
        DEAD_INPUTS(x -> x.get(NDArrayIndex.all(), NDArrayIndex.interval(0, 5)).assign(0)),
        CONSTANT_INPUTS(x -> x.get(NDArrayIndex.all(), NDArrayIndex.interval(0, 5)).assign(2.5)),
        ALL_DEAD(x -> x.assign(0)),
        ALL_CONSTANT(x -> x.assign(-1.5)),
        TINY(x -> x.muli(1e-30)),
        DENORMAL(x -> x.muli(1e-41)),
        LARGE(x -> x.muli(1e12)),
        HUGE(x -> x.muli(1e30));

        private final Consumer<INDArray> change;

        Inputs(Consumer<INDArray> change) {
            this.change = change;
        }
    }

    @ParameterizedTest
    @EnumSource(Method.class)
    void inputs(Method method) {
        StringBuilder wrong = new StringBuilder();
        for (Inputs c : Inputs.values()) {
            DataSetIterator data = TestNets.iterator(1, 4, 3, 16, IN);
            while (data.hasNext()) {
                c.change.accept(data.next().getFeatures());
            }
            INDArray x = TestNets.random(9, 20, IN);
            c.change.accept(x);
            wrong.append(check(c.name(), graph((w, b) -> { }), method, data, x));
        }
        assertEquals("", wrong.toString());
    }

    /** A single image, and fewer images than weights in a row. */
    @ParameterizedTest
    @EnumSource(Method.class)
    void fewImages(Method method) {
        for (int images : new int[]{1, 2, 9}) {
            ComputationGraph graph = TestNets.chain(InputType.convolutional(6, 6, 2),
                    new ConvolutionLayer.Builder(3, 3).convolutionMode(ConvolutionMode.Same).nOut(4).activation(Activation.RELU).build(),
                    new DenseLayer.Builder().nOut(40).activation(Activation.RELU).build(),
                    new DenseLayer.Builder().nOut(5).activation(Activation.IDENTITY).build());
            MultipointResult<ComputationGraph> result = Multipoint.of(graph).method(method).options(range(method)).bits(8)
                    .calibrate(TestNets.iterator(1, 1, 3, images, 2, 6, 6)).transform();
            INDArray x = TestNets.random(9, 20, 2, 6, 6);
            INDArray expected = graph.outputSingle(x);
            double error = expected.sub(result.model().outputSingle(x)).norm2Number().doubleValue() / expected.norm2Number().doubleValue();
            assertTrue(error < 0.5, method + " with " + images + " images: " + error);
        }
    }
}
