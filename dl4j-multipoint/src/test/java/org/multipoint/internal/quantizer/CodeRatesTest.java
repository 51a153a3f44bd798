package org.multipoint.internal.quantizer;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.multipoint.points.CodeGrid;
import org.multipoint.points.CodeTrellis;
import org.multipoint.points.MultipointMatrix;
import org.multipoint.points.ScaleLayout;

import java.util.Arrays;
import java.util.Random;

import static org.junit.jupiter.api.Assertions.assertEquals;

class CodeRatesTest {

    /** Rounding decides by these rates; the file pays the coder's. */
    @ParameterizedTest
    @CsvSource({"128, 144, 0.4", "128, 144, 1", "128, 144, 3", "64, 576, 0.6", "256, 64, 1.5"})
    void estimateIsCloseToWhatIsStored(int rows, int columns, double spread) {
        Random random = new Random(6);
        int[] codes = new int[rows * columns];
        for (int i = 0; i < codes.length; i++) {
            // Of laplacian weights, in some rows larger than in others.
            double magnitude = -spread * (1 + i / columns % 3) * Math.log(1 - random.nextDouble());
            codes[i] = (int) Math.min(127, Math.rint(magnitude)) * (random.nextBoolean() ? 1 : -1);
        }
        CodeRates rates = new CodeRates(codes, columns, CodeTrellis.FREE);
        MultipointMatrix.Builder builder = new MultipointMatrix.Builder(rows, columns, CodeGrid.MAX_BITS, CodeGrid.SYMMETRIC,
                ScaleLayout.PER_LAYER).coded();
        double estimate = 0;
        for (int r = 0; r < rows; r++) {
            int[] row = Arrays.copyOfRange(codes, r * columns, (r + 1) * columns);
            for (int code : row) {
                estimate += rates.bits(r, 0, code);
            }
            builder.digits(r, 1, 0.5f, row);
        }
        assertEquals(builder.build().storedBits(), estimate, 0.05 * estimate, rows + "x" + columns);
    }
}
