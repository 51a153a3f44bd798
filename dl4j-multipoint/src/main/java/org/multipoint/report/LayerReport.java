package org.multipoint.report;

import java.util.List;
import java.util.Objects;

/**
 * One quantized linear operation.
 *
 * @param name          vertex, and the parameter where a layer has several operations
 * @param kind          kind of the layer
 * @param rows          output channels
 * @param columns       fan-in
 * @param bits          width of a code
 * @param pointsPerRow  element {@code n - 1} counts the rows with {@code n} points
 * @param magnitudes    element {@code k} counts the codes of magnitude {@code k}: what an entropy coder makes bits of
 * @param storedBits    bits that the file holds of this operation: codes, scales, point counts and headers
 * @param notionalBits  the same in a format made for the method, to compare methods by. Differs from {@code storedBits} only for
 *                      {@code Method.MIXED_PRECISION} and {@code Method.CHANNEL_SPLITTING}, whose weights are stored as 8-bit codes: it
 *                      counts codes of each row's own width, or the copies of channels
 * @param outputError   mean squared error of an output against the reference network, relative to the output's mean variance. Where weights
 *                      are fitted to inputs ({@code Method.CALIBRATED}, {@code Method.MIXED_PRECISION}) it is measured on every eighth
 *                      calibration example, which is held out and used for nothing else; with fewer than eight examples, on those that
 *                      weights were fitted to, and a warning says so. Other methods do not fit: it follows from the second moments of all
 *                      examples that are not held out
 * @param fusedExactly  rows whose points fuse into one int8 row without rounding
 * @param fusingError   largest change of a weight by fusing the points of its row into int8, relative to the row's largest weight
 * @param input         how its inputs are quantized
 */
public record LayerReport(String name, String kind, int rows, int columns, int bits, List<Integer> pointsPerRow,
                          List<Integer> magnitudes, long storedBits, long notionalBits, double outputError, int fusedExactly,
                          double fusingError, InputReport input) {

    public LayerReport {
        pointsPerRow = List.copyOf(pointsPerRow);
        magnitudes = List.copyOf(magnitudes);
        Objects.requireNonNull(input, "input");
    }

    /** Number of weights. */
    public long weights() {
        return (long) rows * columns;
    }

    /** Bytes of its weights in fp32. */
    public long fp32Bytes() {
        return weights() * Float.BYTES;
    }

    /** Number of codes. */
    public long codes() {
        long points = 0;
        for (int n = 1; n <= pointsPerRow.size(); n++) {
            points += (long) n * pointsPerRow.get(n - 1);
        }
        return points * columns;
    }

    /** Share of the codes that have a magnitude. */
    public double share(int magnitude) {
        return magnitude < magnitudes.size() ? (double) magnitudes.get(magnitude) / codes() : 0;
    }

    /** Mean magnitude of the codes. */
    public double meanMagnitude() {
        double sum = 0;
        for (int k = 0; k < magnitudes.size(); k++) {
            sum += (double) k * magnitudes.get(k);
        }
        return sum / codes();
    }

    /** Largest magnitude of a code. */
    public int largestMagnitude() {
        return magnitudes.size() - 1;
    }

    /** Stored bits for each weight. */
    public double bitsPerWeight() {
        return (double) storedBits / weights();
    }

    /** Notional bits for each weight. */
    public double notionalBitsPerWeight() {
        return (double) notionalBits / weights();
    }
}
