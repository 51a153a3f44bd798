package org.multipoint.internal.linalg;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.multipoint.testing.TestOps;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

class ProductsTest {

    /** Sizes on either side of the switch from a loop to native code. */
    @ParameterizedTest
    @CsvSource({"1, 1, 1", "3, 4, 5", "1, 7, 300", "31, 32, 33", "32, 32, 33", "70, 1, 600", "1, 600, 70"})
    void productIsTheSumOfProducts(int m, int k, int n) {
        float[] a = TestOps.normal(1, m, k).data();
        float[] b = TestOps.normal(2, k, n).data();
        float[] c = Products.multiply(a, b, m, k, n);
        assertEquals(m * n, c.length);
        for (int i = 0; i < m; i++) {
            for (int j = 0; j < n; j++) {
                double sum = 0;
                for (int l = 0; l < k; l++) {
                    sum += (double) a[i * k + l] * b[l * n + j];
                }
                assertEquals(sum, c[i * n + j], 1e-6 * k + 1e-6);
            }
        }
    }

    @Test
    void sliceTakesRowsAndColumns() {
        float[] a = {0, 1, 2, 3, 10, 11, 12, 13, 20, 21, 22, 23};
        assertArrayEquals(new float[]{11, 12, 21, 22}, Products.slice(a, 4, 1, 2, 1, 3));
    }

    @Test
    void productsInTheSameMemoryAreTheSame() {
        float[] large = TestOps.normal(1, 70, 90).data();
        float[] larger = TestOps.normal(2, 90, 110).data();
        float[] expected = Products.multiply(large, larger, 70, 90, 110);
        float[] transposed = Products.multiplyTransposed(large, larger, 70, 90, 110);
        try (Products.Reuse outer = Products.reuse()) {
            assertArrayEquals(Products.multiply(larger, larger, 90, 110, 90), Products.multiply(larger, larger, 90, 110, 90));
            try (Products.Reuse inner = Products.reuse()) {
                assertArrayEquals(expected, Products.multiply(large, larger, 70, 90, 110));
            }
            assertArrayEquals(transposed, Products.multiplyTransposed(large, larger, 70, 90, 110));
            assertArrayEquals(expected, Products.multiply(large, larger, 70, 90, 110));
        }
        assertArrayEquals(expected, Products.multiply(large, larger, 70, 90, 110));
    }
}
