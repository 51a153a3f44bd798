package org.multipoint.points;

import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.Random;
import java.util.zip.CRC32;

/** Random matrices of points for properties. */
public final class Matrices {

    private Matrices() {
    }

    /** Matrices of any width, grid and layout. */
    public static Arbitrary<MultipointMatrix> any() {
        return Arbitraries.of(ScaleLayout.class).flatMap(Matrices::of);
    }

    public static Arbitrary<MultipointMatrix> of(ScaleLayout layout) {
        return Combinators.combine(Arbitraries.integers().between(1, 6), Arbitraries.integers().between(1, 9),
                Arbitraries.integers().between(CodeGrid.MIN_BITS, CodeGrid.MAX_BITS), Arbitraries.of(CodeGrid.class),
                Arbitraries.integers().between(1, 5), Arbitraries.longs())
                .as((rows, columns, bits, grid, most, seed) -> random(rows, columns, bits, grid, layout, most, seed)).withoutEdgeCases();
    }

    /** A matrix whose rows have 1 to {@code most} points, fewer where the layout allows no more. */
    static MultipointMatrix random(int rows, int columns, int bits, CodeGrid grid, ScaleLayout layout, int most, long seed) {
        Random random = new Random(seed);
        while (layout == ScaleLayout.PER_ROW && grid.maxValue(bits, most) > MultipointMatrix.MAX_INTEGER) {
            most--;
        }
        float[] shared = scales(most, random);
        MultipointMatrix.Builder builder = new MultipointMatrix.Builder(rows, columns, bits, grid, layout);
        for (int r = 0; r < rows; r++) {
            int n = 1 + random.nextInt(most);
            switch (layout) {
                case PER_ROW -> {
                    int[] values = new int[columns];
                    for (int c = 0; c < columns; c++) {
                        values[c] = value(grid, grid.maxValue(bits, n), random);
                    }
                    builder.digits(r, n, scales(1, random)[0], values);
                }
                case PER_LAYER -> builder.points(r, Arrays.copyOf(shared, n), codes(n, columns, bits, grid, random));
                case PER_POINT -> builder.points(r, scales(n, random), codes(n, columns, bits, grid, random));
            }
        }
        return builder.build();
    }

    /** A matrix of entropy-coded integers of a two-sided distribution of the given spread, with a scale for each row or one for all. */
    static MultipointMatrix coded(int rows, int columns, double spread, ScaleLayout layout, long seed) {
        Random random = new Random(seed);
        MultipointMatrix.Builder builder = new MultipointMatrix.Builder(rows, columns, CodeGrid.MAX_BITS, CodeGrid.SYMMETRIC, layout).coded();
        float[] scales = scales(1, random);
        for (int r = 0; r < rows; r++) {
            int[] values = new int[columns];
            for (int c = 0; c < columns; c++) {
                values[c] = (int) Math.max(-127, Math.min(127, Math.rint(spread * random.nextGaussian())));
            }
            builder.digits(r, 1, layout == ScaleLayout.PER_ROW ? scales(1, random)[0] : scales[0], values);
        }
        return builder.build();
    }

    /** Stored bytes with a checksum that holds, which is written over the last ones. */
    static byte[] sealed(byte[] bytes) {
        int end = bytes.length - MultipointPayload.CHECKSUM_BYTES;
        CRC32 crc = new CRC32();
        crc.update(bytes, 0, end);
        ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).putInt(end, (int) crc.getValue());
        return bytes;
    }

    private static int[][] codes(int n, int columns, int bits, CodeGrid grid, Random random) {
        int[][] codes = new int[n][columns];
        for (int[] point : codes) {
            for (int c = 0; c < columns; c++) {
                point[c] = value(grid, grid.maxValue(bits), random);
            }
        }
        return codes;
    }

    private static int value(CodeGrid grid, int max, Random random) {
        return grid.spacing() * random.nextInt(2 * max / grid.spacing() + 1) - max;
    }

    /** Falling scales, as points have them, of any magnitude that weights have. */
    private static float[] scales(int n, Random random) {
        float[] scales = new float[n];
        float scale = (float) Math.exp(random.nextDouble() * 12 - 8);
        for (int i = 0; i < n; i++) {
            scales[i] = scale;
            scale *= 0.05f + 0.3f * random.nextFloat();
        }
        return scales;
    }
}
