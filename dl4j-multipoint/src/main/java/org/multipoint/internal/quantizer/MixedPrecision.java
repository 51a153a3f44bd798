package org.multipoint.internal.quantizer;

import org.multipoint.points.CodeGrid;
import org.multipoint.points.MultipointMatrix;
import org.multipoint.points.ScaleLayout;
import org.multipoint.points.StoredSize;

import java.util.Arrays;
import java.util.stream.IntStream;

/**
 * True mixed precision, a baseline: each row is one vector whose codes have a width of the row's own, found like
 * {@link GptqPoints}. A "point" is a bit here: {@code n} of them are codes of {@code n} bits. Unlike points it would need
 * a kernel for each width. Its matrices store 8-bit codes; {@link #notionalBits} counts what codes of these widths would take.
 */
public final class MixedPrecision implements PointFinder {

    /** Widest codes of a row. */
    public static final int MAX_BITS = CodeGrid.MAX_BITS;

    private final CodeGrid grid;

    public MixedPrecision(CodeGrid grid) {
        this.grid = grid;
    }

    @Override
    public ScaleLayout layout() {
        return ScaleLayout.PER_ROW;
    }

    /** Bits that one more "point" adds to a code. */
    @Override
    public int bits() {
        return 1;
    }

    @Override
    public MultipointMatrix find(WeightProblem problem, int[] widths) {
        int columns = problem.op().columns();
        MultipointMatrix.Builder matrix = new MultipointMatrix.Builder(problem.op().rows(), columns, MAX_BITS, grid, layout());
        problem.forEachRows(rows -> {
            int[] max = IntStream.range(0, rows.count())
                    .map(r -> Math.min(problem.largestCode(), grid.maxValue(widths[rows.first() + r]))).toArray();
            StepSearch.Rounded found = new StepSearch(problem, rows, grid).search(problem.weights(rows), max);
            for (int r = 0; r < rows.count(); r++) {
                matrix.digits(rows.first() + r, 1, found.scales()[r], Arrays.copyOfRange(found.codes(), r * columns, (r + 1) * columns));
            }
        });
        return matrix.build();
    }

    @Override
    public long notionalBits(WeightProblem problem, MultipointMatrix matrix, int[] widths) {
        return 8L * StoredSize.payloadBytes(widths, matrix.columns(), bits(), layout());
    }
}
