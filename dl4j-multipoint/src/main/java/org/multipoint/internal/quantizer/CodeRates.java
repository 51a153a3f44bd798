package org.multipoint.internal.quantizer;

import org.multipoint.points.CodeTrellis;

/**
 * What codes cost where they are entropy-coded, row by row: a probability of zero, and a geometric distribution of the other magnitudes. An
 * adaptive coder that knows the columns, too, needs a little less.
 */
final class CodeRates {

    /** Codes of the whole layer that are added to those of each row: short rows know little about themselves. */
    private static final double PRIOR = 32;
    private static final double LEAST = 1e-4;

    private final CodeTrellis trellis;
    /** For each row and set of values. */
    private final double[] zero;
    private final double[] one;
    private final double[] more;

    /**
     * @param codes   {@code [rows, columns]} codes of a first rounding, on the trellis
     * @param columns fan-in of a row
     */
    CodeRates(int[] codes, int columns, CodeTrellis trellis) {
        this.trellis = trellis;
        int rows = codes.length / columns;
        int sets = trellis.sets();
        double[] counts = new double[rows * sets];
        double[] zeros = new double[rows * sets];
        double[] sums = new double[rows * sets];
        double[] allCounts = new double[sets];
        double[] allZeros = new double[sets];
        double[] allSums = new double[sets];
        for (int r = 0; r < rows; r++) {
            int state = 0;
            for (int i = r * columns; i < (r + 1) * columns; i++) {
                int set = state % sets;
                int index = trellis.index(state, codes[i]);
                counts[r * sets + set]++;
                zeros[r * sets + set] += index == 0 ? 1 : 0;
                sums[r * sets + set] += Math.abs(index);
                state = trellis.next(state, index);
            }
            for (int set = 0; set < sets; set++) {
                allCounts[set] += counts[r * sets + set];
                allZeros[set] += zeros[r * sets + set];
                allSums[set] += sums[r * sets + set];
            }
        }
        zero = new double[rows * sets];
        one = new double[rows * sets];
        more = new double[rows * sets];
        for (int i = 0; i < zero.length; i++) {
            double share = PRIOR / Math.max(1, allCounts[i % sets]);
            double count = counts[i] + PRIOR;
            double z = bounded((zeros[i] + share * allZeros[i % sets]) / count);
            double mean = (sums[i] + share * allSums[i % sets]) / count;
            // Of codes that are not zero: how likely each is to be larger by one.
            double ratio = bounded(1 - (1 - z) / Math.max(mean, 1 - z));
            zero[i] = -log2(z);
            one[i] = 1 - log2((1 - z) * (1 - ratio));
            more[i] = -log2(ratio);
        }
    }

    private static double bounded(double probability) {
        return Math.max(LEAST, Math.min(1 - LEAST, probability));
    }

    private static double log2(double x) {
        return Math.log(x) / Math.log(2);
    }

    /** Bits of the code with an index in a row and a state. */
    double bits(int row, int state, int index) {
        int i = row * trellis.sets() + state % trellis.sets();
        return index == 0 ? zero[i] : one[i] + (Math.abs(index) - 1) * more[i];
    }
}
