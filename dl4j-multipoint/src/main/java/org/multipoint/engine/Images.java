package org.multipoint.engine;

import org.nd4j.linalg.api.ndarray.INDArray;

import java.util.Arrays;

/** Arrays of rank 2 to 4 as images of rank 4 in the order (example, channel, row, column), and back. */
final class Images {

    private Images() {
    }

    /** A view wherever ND4J can make one. */
    static INDArray of(INDArray array, boolean channelsLast) {
        long[] s = array.shape();
        return switch (array.rank()) {
            case 2 -> array.reshape(s[0], s[1], 1, 1);
            case 3 -> (channelsLast ? array.permute(0, 2, 1) : array).reshape(s[0], s[channelsLast ? 2 : 1],
                    s[channelsLast ? 1 : 2], 1);
            case 4 -> channelsLast ? array.permute(0, 3, 1, 2) : array;
            default -> throw new IllegalArgumentException("Expected an array of rank 2 to 4, found shape " + Arrays.toString(s));
        };
    }

    static Program.Shape shape(INDArray image) {
        return new Program.Shape((int) image.size(0), (int) image.size(1), (int) image.size(2), (int) image.size(3));
    }

    /** Shape of the array that holds an image. */
    static long[] arrayShape(Program.Shape s, int rank, boolean channelsLast) {
        return switch (rank) {
            case 2 -> new long[]{s.n(), s.c()};
            case 3 -> channelsLast ? new long[]{s.n(), s.h(), s.c()} : new long[]{s.n(), s.c(), s.h()};
            default -> channelsLast ? new long[]{s.n(), s.h(), s.w(), s.c()} : new long[]{s.n(), s.c(), s.h(), s.w()};
        };
    }
}
