package org.multipoint.internal.engine;

import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/** Arrays of rank 2 to 4 as images of rank 4 in the order (example, channel, row, column), and back. */
public final class Images {

    private Images() {
    }

    /** Sizes or strides of an array's axes in the order of an image. */
    public static long[] ordered(long[] axes, long ofMissing, boolean channelsLast) {
        return switch (axes.length) {
            case 2 -> new long[]{axes[0], axes[1], ofMissing, ofMissing};
            case 3 -> channelsLast ? new long[]{axes[0], axes[2], axes[1], ofMissing}
                    : new long[]{axes[0], axes[1], axes[2], ofMissing};
            case 4 -> channelsLast ? new long[]{axes[0], axes[3], axes[1], axes[2]} : axes.clone();
            default -> throw new IllegalArgumentException("Expected an array of rank 2 to 4, found rank " + axes.length);
        };
    }

    /** Shape of the image that an array holds. */
    static Program.Shape shape(INDArray array, boolean channelsLast) {
        if (array.rank() < 2 || array.rank() > 4 || array.isEmpty()) {
            throw new IllegalArgumentException("Expected an array of rank 2 to 4 that is not empty, found shape "
                    + Arrays.toString(array.shape()));
        }
        if (array.dataType() != DataType.FLOAT) {
            throw new IllegalArgumentException("Expected an array of type FLOAT, found " + array.dataType());
        }
        long[] s = ordered(array.shape(), 1, channelsLast);
        return new Program.Shape((int) s[0], (int) s[1], (int) s[2], (int) s[3]);
    }

    /** The array as an image; a view wherever ND4J can make one. */
    static INDArray of(INDArray array, boolean channelsLast) {
        INDArray ordered = channelsLast && array.rank() == 3 ? array.permute(0, 2, 1)
                : channelsLast && array.rank() == 4 ? array.permute(0, 3, 1, 2) : array;
        return array.rank() == 4 ? ordered : ordered.reshape(ordered(array.shape(), 1, channelsLast));
    }

    /**
     * Shapes of the arrays that hold the results of a program.
     *
     * @param shapes of all values
     * @param ranks  of the results' arrays
     */
    static List<long[]> arrayShapes(Program program, List<Program.Shape> shapes, int[] ranks) {
        return IntStream.range(0, ranks.length)
                .mapToObj(i -> arrayShape(shapes.get(program.results().get(i)), ranks[i], program.channelsLast())).toList();
    }

    /** Shape of the array that holds an image. */
    public static long[] arrayShape(Program.Shape s, int rank, boolean channelsLast) {
        return switch (rank) {
            case 2 -> new long[]{s.n(), s.c()};
            case 3 -> channelsLast ? new long[]{s.n(), s.h(), s.c()} : new long[]{s.n(), s.c(), s.h()};
            default -> channelsLast ? new long[]{s.n(), s.h(), s.w(), s.c()} : new long[]{s.n(), s.c(), s.h(), s.w()};
        };
    }
}
