package org.multipoint.internal.quantizer;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.multipoint.internal.engine.FusedRows;
import org.multipoint.internal.ops.LinearOp;
import org.multipoint.points.CodeGrid;
import org.multipoint.points.CodeTrellis;
import org.multipoint.points.MultipointMatrix;
import org.multipoint.points.ScaleLayout;
import org.multipoint.testing.TestProblems;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.DoubleStream;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

class CodedWeightsTest {

    private static WeightProblem problem(int rows, int seed) {
        LinearOp op = LinearOp.dense(48, rows, false);
        return TestProblems.of(op, TestProblems.correlated(400, 48, false, seed), seed);
    }

    private static double error(WeightProblem problem, MultipointMatrix matrix) {
        return DoubleStream.of(problem.outputErrors(matrix.toFloats())).average().getAsDouble() / problem.outputVariance();
    }

    @Test
    void dearerBitsAreFewerAndErrorsLarger() {
        WeightProblem problem = problem(32, 1);
        CodedWeights weights = new CodedWeights(problem, problem.outputVariance());
        double bits = Double.POSITIVE_INFINITY;
        double error = 0;
        for (double lambda = 1e-5; lambda < 0.1; lambda *= 8) {
            MultipointMatrix matrix = weights.find(lambda);
            assertTrue(matrix.isCoded());
            assertEquals(ScaleLayout.PER_LAYER, matrix.layout());
            assertTrue(matrix.storedBits() < bits, "lambda " + lambda);
            assertTrue(error(problem, matrix) > error, "lambda " + lambda);
            bits = matrix.storedBits();
            error = error(problem, matrix);
        }
    }

    /** At the same stored bits the error is well below that of packed points. */
    @Test
    void betterThanPackedPointsAtTheSameSize() {
        WeightProblem problem = problem(64, 2);
        GptqPoints packed = new GptqPoints(3, CodeGrid.SYMMETRIC, ScaleLayout.PER_ROW);
        int[] ones = new int[64];
        Arrays.fill(ones, 1);
        MultipointMatrix points = packed.find(problem, ones);
        CodedWeights weights = new CodedWeights(problem, problem.outputVariance());
        RateControl control = new RateControl(Map.of("layer", new RateCurve(weights)), points.storedBits());
        MultipointMatrix coded = control.next("layer", weights);
        assertTrue(coded.storedBits() <= points.storedBits(), coded.storedBits() + " bits of " + points.storedBits());
        assertTrue(error(problem, coded) < 0.75 * error(problem, points), error(problem, coded) + ", packed " + error(problem, points));
    }

    @ParameterizedTest
    @ValueSource(doubles = {1.5, 2.1, 3, 5})
    void aBudgetIsSpentAndNotExceeded(double bitsPerWeight) {
        Map<String, WeightProblem> problems = new LinkedHashMap<>();
        Map<String, RateCurve> curves = new LinkedHashMap<>();
        long weights = 0;
        for (int i = 0; i < 4; i++) {
            WeightProblem problem = problem(16 << i, i);
            problems.put("layer" + i, problem);
            curves.put("layer" + i, new RateCurve(new CodedWeights(problem, problem.outputVariance())));
            weights += problem.op().weights();
        }
        RateControl control = new RateControl(curves, bitsPerWeight * weights);
        long bits = 0;
        for (Map.Entry<String, WeightProblem> p : problems.entrySet()) {
            bits += control.next(p.getKey(), new CodedWeights(p.getValue(), p.getValue().outputVariance())).storedBits();
        }
        assertTrue(bits <= bitsPerWeight * weights, (double) bits / weights + " bits");
        assertTrue(bits > 0.995 * bitsPerWeight * weights, (double) bits / weights + " bits");
        assertThrows(IllegalArgumentException.class, () -> control.next("layer0", null));
    }

    /** What layers take more than their curves say is not taken from a small last one. */
    @Test
    void aSmallLastLayerDoesNotPayForTheOthers() {
        WeightProblem large = problem(128, 7);
        WeightProblem small = problem(8, 8);
        RateCurve curve = new RateCurve(new CodedWeights(large, large.outputVariance()));
        RateCurve last = new RateCurve(new CodedWeights(small, small.outputVariance()));
        double lambda = 1e-4;
        // The first layer is quantized with larger weights than its curve was made of, so that it takes more bits.
        float[] grown = large.weights().clone();
        for (int i = 0; i < grown.length; i++) {
            grown[i] *= 1.3f;
        }
        Map<String, RateCurve> curves = new LinkedHashMap<>();
        curves.put("large", curve);
        curves.put("small", last);
        RateControl control = new RateControl(curves, curve.bits(lambda) + last.bits(lambda));
        MultipointMatrix first = control.next("large", new CodedWeights(large.withWeights(grown), large.outputVariance()));
        assertEquals(curve.bits(lambda), first.storedBits(), 0.01 * curve.bits(lambda));
        MultipointMatrix second = control.next("small", new CodedWeights(small, small.outputVariance()));
        assertEquals(last.bits(lambda), second.storedBits(), 0.15 * last.bits(lambda));
    }

    /** Of many rows a part tells how many bits all take. */
    @ParameterizedTest
    @ValueSource(doubles = {1e-6, 1e-4, 1e-2})
    void bitsOfManyRowsAreThoseOfSome(double lambda) {
        WeightProblem problem = problem(600, 9);
        CodedWeights weights = new CodedWeights(problem, problem.outputVariance());
        double all = weights.estimate(lambda).storedBits();
        assertEquals(all, weights.bits(lambda), 0.03 * all);
        assertNotEquals(all, weights.bits(lambda));
    }

    /** No weight is clipped: where the step of the layer is too small for a row, it has one of its own. */
    @Test
    void rowsWithOutliersHaveStepsOfTheirOwn() {
        WeightProblem problem = problem(8, 3);
        float[] weights = problem.weights().clone();
        weights[5] = 500;
        WeightProblem outlier = problem.withWeights(weights);
        MultipointMatrix matrix = new CodedWeights(outlier, problem.outputVariance()).find(1e-5);
        assertEquals(ScaleLayout.PER_ROW, matrix.layout());
        assertEquals(500, matrix.toFloats()[5], 5);
    }

    /** Large codes would not fit the rows of every processor on the trellis: where steps are fine, codes are free. */
    @Test
    void fineStepsLeaveTheTrellis() {
        WeightProblem problem = problem(16, 4);
        CodedWeights weights = new CodedWeights(problem, problem.outputVariance());
        assertEquals(CodeTrellis.EIGHT_STATES.value(0, CodeTrellis.EIGHT_STATES.maxIndex()), 62);
        assertEquals(ScaleLayout.PER_LAYER, weights.find(1e-3).layout());
        MultipointMatrix fine = weights.find(1e-8);
        assertEquals(ScaleLayout.PER_ROW, fine.layout());
        assertTrue(FusedRows.of(fine, FusedRows.SAFE_LIMIT).exact());
    }

    /** At the same size, the error is less by about the tenth of a bit that makes a trellis worth its while. */
    @Test
    void betterThanFreeCodesAtTheSameSize() {
        WeightProblem problem = problem(128, 5);
        double price = 1e-3;
        MultipointMatrix coded = new CodedWeights(problem, problem.outputVariance()).find(price);
        double step = 2 * coded.scale(0, 0);
        MultipointMatrix nearest = rounded(problem, step);
        double bits = 0.5 * Math.log(error(problem, nearest) / error(problem, coded)) / Math.log(2)
                + (double) (nearest.storedBits() - coded.storedBits()) / problem.op().weights();
        assertTrue(bits > 0.1, bits + " bits");
    }

    /** GPTQ rounding to nearest with the same step, entropy-coded. */
    private static MultipointMatrix rounded(WeightProblem problem, double step) {
        int rows = problem.op().rows();
        int columns = problem.op().columns();
        GptqRounding gptq = problem.roundings(0, GptqRounding.Order.STORED)[0];
        float[] steps = new float[rows];
        int[] most = new int[rows];
        Arrays.fill(steps, (float) step);
        Arrays.fill(most, 127);
        int[] codes = new int[rows * columns];
        gptq.round(problem.weights(), rows, steps, CodeGrid.SYMMETRIC, most, codes);
        MultipointMatrix.Builder builder = new MultipointMatrix.Builder(rows, columns, 8, CodeGrid.SYMMETRIC, ScaleLayout.PER_LAYER).coded();
        for (int r = 0; r < rows; r++) {
            builder.digits(r, 1, (float) step, Arrays.copyOfRange(codes, r * columns, (r + 1) * columns));
        }
        return builder.build();
    }
}
