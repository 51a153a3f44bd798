package org.multipoint.internal.quantizer;

import org.multipoint.points.MultipointMatrix;
import org.multipoint.points.ScaleLayout;

import java.util.Arrays;

/** An algorithm that finds the points of rows for given numbers of points. */
public interface PointFinder {

    /** Which scales its matrices store. */
    ScaleLayout layout();

    /** Width of its codes. */
    int bits();

    /**
     * Approximates the rows by points.
     *
     * @param points number of points of each row, {@code [rows]}
     */
    MultipointMatrix find(WeightProblem problem, int[] points);

    /**
     * Bits that a matrix found by {@link #find} would take in a format made for this method, codes, scales, counts and headers included.
     * They are those of the file format for methods whose points it stores as they are.
     *
     * @param problem what {@link #find} was given
     * @param points  what {@link #find} was given
     */
    default long notionalBits(WeightProblem problem, MultipointMatrix matrix, int[] points) {
        return matrix.storedBits();
    }

    /**
     * Output error of each row with 1 to {@code maxPoints} points.
     *
     * @return {@code [rows][maxPoints]}
     */
    default double[][] errors(WeightProblem problem, int maxPoints) {
        double[][] errors = new double[problem.op().rows()][maxPoints];
        int[] points = new int[problem.op().rows()];
        for (int n = 1; n <= maxPoints; n++) {
            Arrays.fill(points, n);
            double[] e = errors(problem, points);
            for (int r = 0; r < e.length; r++) {
                errors[r][n - 1] = e[r];
            }
        }
        return errors;
    }

    /**
     * Output error of each row for given numbers of points, to compare rows, numbers and finders by.
     *
     * @param points number of points of each row, {@code [rows]}
     * @return {@code [rows]}
     */
    default double[] errors(WeightProblem problem, int[] points) {
        return problem.outputErrors(find(problem, points).toFloats());
    }
}
