package org.multipoint.internal.linalg;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.multipoint.testing.TestOps;

import java.util.Random;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

@Timeout(60)
class UpperFactorTest {

    /** Sizes for plain loops and for LAPACK, within one block of a solve and beyond. */
    @ParameterizedTest
    @ValueSource(ints = {1, 2, 9, 64, 65, 128, 129, 300})
    void factorTimesItsTransposeIsTheMatrixAndTheRidge(int n) {
        double[] h = covariance(n, 2 * n, 1);
        double ridge = 0.05;
        UpperFactor factor = UpperFactor.of(h, n, ridge);
        assertEquals(n, factor.size());
        for (int i = 0; i < n; i++) {
            assertTrue(factor.get(i, i) > 0);
            for (int j = 0; j < n; j++) {
                double sum = 0;
                for (int k = 0; k < n; k++) {
                    sum += (double) factor.get(i, k) * factor.get(j, k);
                }
                assertEquals(h[i * n + j] + (i == j ? ridge : 0), sum, 1e-5);
                assertTrue(j >= i || factor.get(i, j) == 0, "below the diagonal");
            }
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 9, 64, 65, 128, 129, 300})
    void solutionTimesTheMatrixIsTheRightHandSide(int n) {
        double[] h = covariance(n, 2 * n, 2);
        double ridge = 0.05;
        float[] t = TestOps.normal(3, 4, n).data();
        float[] before = t.clone();
        float[] x = UpperFactor.of(h, n, ridge).solve(t, 4);
        for (int r = 0; r < 4; r++) {
            for (int j = 0; j < n; j++) {
                double sum = ridge * x[r * n + j];
                for (int i = 0; i < n; i++) {
                    sum += x[r * n + i] * h[i * n + j];
                }
                assertEquals(t[r * n + j], sum, 2e-3);
                assertEquals(before[r * n + j], t[r * n + j]);
            }
        }
    }

    /** Dead columns, fewer examples than columns, nothing at all: the ridge makes them definite. */
    @ParameterizedTest
    @ValueSource(ints = {3, 64, 65, 200})
    void singularMatricesAreFactored(int n) {
        double[] dead = covariance(n, 2 * n, 4);
        for (int i = 0; i < n; i++) {
            dead[i * n + 1] = 0;
            dead[n + i] = 0;
        }
        for (double[] h : new double[][]{dead, covariance(n, 2, 5), new double[n * n]}) {
            for (double ridge : new double[]{0, 1e-9, 0.01}) {
                UpperFactor factor = UpperFactor.of(h, n, ridge);
                for (float v : factor.values()) {
                    assertTrue(Float.isFinite(v));
                }
                for (float v : factor.solve(TestOps.normal(6, 1, n).data(), 1)) {
                    assertTrue(Float.isFinite(v));
                }
            }
        }
    }

    /** A ridge of a little over 0.001 is needed: tenfold of it is the most that is added. */
    @ParameterizedTest
    @ValueSource(ints = {3, 100})
    void matricesThatRoundingMadeIndefiniteGetALargerRidge(int n) {
        double[] h = new double[n * n];
        for (int i = 0; i < n; i++) {
            h[i * n + i] = i == 0 ? -1e-3 : 1;
        }
        double pivot = UpperFactor.of(h, n, 2e-6).get(0, 0);
        assertTrue(pivot > 0 && pivot * pivot < 1e-2, "found " + pivot);
    }

    @ParameterizedTest
    @ValueSource(ints = {3, 100})
    void matricesThatAreNotFiniteAreRefused(int n) {
        for (double bad : new double[]{Double.NaN, Double.POSITIVE_INFINITY, 1e300}) {
            double[] h = covariance(n, 2 * n, 8);
            h[n + 1] = bad;
            String message = assertThrows(IllegalArgumentException.class, () -> UpperFactor.of(h, n, 0.01)).getMessage();
            assertTrue(message.contains(String.valueOf(bad)), message);
        }
        assertThrows(IllegalArgumentException.class, () -> UpperFactor.of(covariance(n, 2 * n, 8), n, Double.NaN));
    }

    @Test
    void theMatrixIsNotChanged() {
        for (int n : new int[]{5, 100}) {
            double[] h = covariance(n, 2 * n, 9);
            double[] before = h.clone();
            UpperFactor.of(h, n, 0.1);
            assertArrayEquals(before, h);
        }
    }

    /** Second moments of correlated values: of rank {@code examples} at most. */
    private static double[] covariance(int n, int examples, long seed) {
        Random random = new Random(seed);
        double[] h = new double[n * n];
        for (int e = 0; e < examples; e++) {
            double common = random.nextGaussian();
            double[] x = random.doubles(n, -1, 1).map(v -> v + common).toArray();
            for (int i = 0; i < n; i++) {
                for (int j = 0; j < n; j++) {
                    h[i * n + j] += x[i] * x[j] / examples;
                }
            }
        }
        return h;
    }
}
