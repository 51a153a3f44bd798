package org.multipoint.internal.quantizer;

/**
 * What codes cost where they are entropy-coded, row by row: a probability of zero, and a geometric distribution of the other magnitudes. An
 * adaptive coder that knows the columns, too, needs a little less.
 */
final class CodeRates {

    /** Largest magnitude of a code. */
    static final int LIMIT = 127;

    /** Codes of the whole layer that are added to those of each row: short rows know little about themselves. */
    private static final double PRIOR = 32;
    private static final double LEAST = 1e-4;

    private final double[] zero;
    private final double[] one;
    private final double[] more;

    /**
     * @param codes   {@code [rows, columns]} codes of a first rounding
     * @param columns fan-in of a row
     */
    CodeRates(int[] codes, int columns) {
        int rows = codes.length / columns;
        double[] zeros = new double[rows];
        double[] sums = new double[rows];
        double allZeros = 0;
        double allSums = 0;
        for (int i = 0; i < codes.length; i++) {
            zeros[i / columns] += codes[i] == 0 ? 1 : 0;
            sums[i / columns] += Math.abs(codes[i]);
            allZeros += codes[i] == 0 ? 1 : 0;
            allSums += Math.abs(codes[i]);
        }
        zero = new double[rows];
        one = new double[rows];
        more = new double[rows];
        for (int r = 0; r < rows; r++) {
            double share = PRIOR / codes.length;
            double count = columns + PRIOR;
            double z = bounded((zeros[r] + share * allZeros) / count);
            double mean = (sums[r] + share * allSums) / count;
            // Of codes that are not zero: how likely each is to be larger by one.
            double ratio = bounded(1 - (1 - z) / Math.max(mean, 1 - z));
            zero[r] = -log2(z);
            one[r] = 1 - log2((1 - z) * (1 - ratio));
            more[r] = -log2(ratio);
        }
    }

    private static double bounded(double probability) {
        return Math.max(LEAST, Math.min(1 - LEAST, probability));
    }

    private static double log2(double x) {
        return Math.log(x) / Math.log(2);
    }

    /** Bits of a code in a row. */
    double bits(int row, int code) {
        return code == 0 ? zero[row] : one[row] + (Math.abs(code) - 1) * more[row];
    }
}
