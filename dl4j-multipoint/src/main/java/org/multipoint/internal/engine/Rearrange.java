package org.multipoint.internal.engine;

import org.multipoint.internal.engine.Program.Frame;
import org.multipoint.internal.engine.Program.OneInput;
import org.multipoint.internal.engine.Program.Shape;
import org.multipoint.internal.engine.StridedCopy.Axis;

import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/** An instruction that only moves values: some of them, several times, or all of them into another shape. */
public sealed interface Rearrange extends OneInput {

    /**
     * What it copies between dense images in channels-last order, one copy after another; none where the memory stays as it is.
     *
     * @param in shape of the image that is read
     */
    List<StridedCopy> copies(Shape in);

    /** Calls the visitor's method for this kind. */
    <R> R acceptKind(Kinds<R> kinds);

    @Override
    default <R> R accept(Program.Visitor<R> visitor) {
        return visitor.visit(this);
    }

    @Override
    default boolean commutesWithRounding() {
        return true;
    }

    /**
     * One method for each kind.
     *
     * @param <R> the result
     */
    interface Kinds<R> {
        R visit(Upsample upsample);

        R visit(Crop crop);

        R visit(Select select);

        R visit(SpaceToDepth fold);

        R visit(Reshape reshape);

        R visit(Permute permute);

        R visit(Part part);
    }

    private static long row(Shape s) {
        return (long) s.w() * s.c();
    }

    private static long image(Shape s) {
        return s.h() * row(s);
    }

    /** Every pixel {@code rows x columns} times, which is interpolation by the nearest pixel. */
    record Upsample(int input, int rows, int columns) implements Rearrange {
        public Upsample {
            if (rows < 1 || columns < 1) {
                throw new IllegalArgumentException("Expected positive numbers of rows and columns, found " + rows + "x" + columns);
            }
        }

        @Override
        public Shape shape(List<Shape> read) {
            Shape x = read.get(0);
            return new Shape(x.n(), x.c(), x.h() * rows, x.w() * columns);
        }

        @Override
        public List<StridedCopy> copies(Shape in) {
            Shape out = shape(List.of(in));
            return List.of(StridedCopy.of(0, new Axis(in.n(), image(in), image(out)), new Axis(in.h(), row(in), rows * row(out)),
                    new Axis(rows, 0, row(out)), new Axis(in.w(), in.c(), (long) columns * in.c()), new Axis(columns, 0, in.c()),
                    new Axis(in.c(), 1, 1)));
        }

        @Override
        public <R> R acceptKind(Kinds<R> kinds) {
            return kinds.visit(this);
        }
    }

    /** The image without a frame. */
    record Crop(int input, Frame frame) implements Rearrange {
        @Override
        public Shape shape(List<Shape> read) {
            Shape x = read.get(0);
            Shape inside = new Shape(x.n(), x.c(), x.h() - frame.top() - frame.bottom(), x.w() - frame.left() - frame.right());
            if (inside.h() < 1 || inside.w() < 1) {
                throw new IllegalArgumentException("Nothing is left of an image of " + x + " without " + frame);
            }
            return inside;
        }

        @Override
        public List<StridedCopy> copies(Shape in) {
            Shape out = shape(List.of(in));
            return List.of(StridedCopy.of(frame.top() * row(in) + (long) frame.left() * in.c(), new Axis(in.n(), image(in), image(out)),
                    new Axis(out.h(), row(in), row(out)), new Axis(row(out), 1, 1)));
        }

        @Override
        public <R> R acceptKind(Kinds<R> kinds) {
            return kinds.visit(this);
        }
    }

    /**
     * A range of the channels.
     *
     * @param from the first one
     * @param to   the one after the last
     */
    record Select(int input, int from, int to) implements Rearrange {
        @Override
        public Shape shape(List<Shape> read) {
            Shape x = read.get(0);
            if (from < 0 || to <= from || to > x.c()) {
                throw new IllegalArgumentException("Expected channels " + from + " to " + (to - 1) + ", found an image of " + x);
            }
            return new Shape(x.n(), to - from, x.h(), x.w());
        }

        @Override
        public List<StridedCopy> copies(Shape in) {
            return List.of(StridedCopy.of(from, new Axis((long) in.n() * in.h() * in.w(), in.c(), to - from), new Axis(to - from, 1, 1)));
        }

        @Override
        public <R> R acceptKind(Kinds<R> kinds) {
            return kinds.visit(this);
        }
    }

    /** Blocks of pixels as pixels whose channels are those of the block's pixels, in the order (row, column, channel). */
    record SpaceToDepth(int input, int block) implements Rearrange {
        public SpaceToDepth {
            if (block < 1) {
                throw new IllegalArgumentException("Expected a positive size of blocks, found " + block);
            }
        }

        @Override
        public Shape shape(List<Shape> read) {
            Shape x = read.get(0);
            if (x.h() % block != 0 || x.w() % block != 0) {
                throw new IllegalArgumentException("Expected an image of whole blocks of " + block + "x" + block + ", found " + x);
            }
            return new Shape(x.n(), x.c() * block * block, x.h() / block, x.w() / block);
        }

        @Override
        public List<StridedCopy> copies(Shape in) {
            Shape out = shape(List.of(in));
            long inside = (long) block * in.c();
            return List.of(StridedCopy.of(0, new Axis(in.n(), image(in), image(out)), new Axis(out.h(), block * row(in), row(out)),
                    new Axis(block, row(in), inside), new Axis(out.w(), inside, out.c()), new Axis(inside, 1, 1)));
        }

        @Override
        public <R> R acceptKind(Kinds<R> kinds) {
            return kinds.visit(this);
        }
    }

    /**
     * The values of the array that holds the image, in the order of its axes, as an array of other sizes.
     *
     * @param channelsLast where the channel axis of arrays of rank 3 and 4 is the last one
     * @param regroups     whether the number of examples follows from the sizes; else it must stay
     * @param sizes        of the axes behind that of the examples, 1 to 3 of them
     */
    record Reshape(int input, boolean channelsLast, boolean regroups, List<Integer> sizes) implements Rearrange {
        public Reshape {
            sizes = List.copyOf(sizes);
            if (sizes.isEmpty() || sizes.size() > 3 || sizes.stream().anyMatch(s -> s < 1)) {
                throw new IllegalArgumentException("Expected 1 to 3 positive sizes of axes, found " + sizes);
            }
        }

        @Override
        public Shape shape(List<Shape> read) {
            Shape x = read.get(0);
            long each = sizes.stream().mapToLong(Integer::longValue).reduce(1, (a, b) -> a * b);
            long all = x.n() * image(x);
            if (all % each != 0 || !regroups && all / each != x.n()) {
                throw new IllegalArgumentException("An image of " + x + " cannot be given the sizes " + sizes);
            }
            long[] axes = new long[sizes.size() + 1];
            axes[0] = all / each;
            Arrays.setAll(axes, i -> i == 0 ? axes[0] : sizes.get(i - 1));
            long[] s = Images.ordered(axes, 1, channelsLast);
            return new Shape((int) s[0], (int) s[1], (int) s[2], (int) s[3]);
        }

        @Override
        public int rank(int read) {
            return sizes.size() + 1;
        }

        /** Arrays whose channels are not last have them last between steps. */
        @Override
        public List<StridedCopy> copies(Shape in) {
            Shape out = shape(List.of(in));
            boolean alike = in.n() == out.n() && in.c() == out.c();
            return channelsLast || alike ? List.of() : Stream.of(transposed(in, in.c(), in.h() * in.w()),
                    transposed(out, out.h() * out.w(), out.c())).flatMap(List::stream).toList();
        }

        /** Exchanges the two axes of each example. */
        private static List<StridedCopy> transposed(Shape s, long rows, long columns) {
            return rows == 1 || columns == 1 ? List.of() : List.of(StridedCopy.of(0, new Axis(s.n(), image(s), image(s)),
                    new Axis(rows, 1, columns), new Axis(columns, rows, 1)));
        }

        @Override
        public <R> R acceptKind(Kinds<R> kinds) {
            return kinds.visit(this);
        }
    }

    /**
     * The axes of the array that holds the image in another order.
     *
     * @param channelsLast where the channel axis of arrays of rank 3 and 4 is the last one
     * @param axes         for each axis of the result that of the array, as many as its rank, which is 3 or 4; the first is 0
     */
    record Permute(int input, boolean channelsLast, List<Integer> axes) implements Rearrange {
        public Permute {
            axes = List.copyOf(axes);
            if (axes.size() < 3 || axes.size() > 4 || axes.get(0) != 0
                    || !axes.stream().sorted().toList().equals(IntStream.range(0, axes.size()).boxed().toList())) {
                throw new IllegalArgumentException("Expected an order of 3 or 4 axes that begins with 0, found " + axes);
            }
        }

        @Override
        public Shape shape(List<Shape> read) {
            Shape x = read.get(0);
            if (axes.size() == 3 && x.w() != 1) {
                throw new IllegalArgumentException("An image of " + x + " is no sequence, whose axes could be in the order " + axes);
            }
            long[] sizes = Images.arrayShape(x, axes.size(), channelsLast);
            long[] s = Images.ordered(axes.stream().mapToLong(axis -> sizes[axis]).toArray(), 1, channelsLast);
            return new Shape((int) s[0], (int) s[1], (int) s[2], (int) s[3]);
        }

        @Override
        public List<StridedCopy> copies(Shape in) {
            Shape out = shape(List.of(in));
            long[] sizes = Images.arrayShape(out, axes.size(), channelsLast);
            long[] from = strides(in);
            long[] to = strides(out);
            return List.of(StridedCopy.of(0, IntStream.range(0, sizes.length).mapToObj(i -> new Axis(sizes[i], from[axes.get(i)], to[i]))
                    .toArray(Axis[]::new)));
        }

        /** Elements from one step to the next along each axis of the array. */
        private long[] strides(Shape s) {
            return axes.size() == 3 ? channelsLast ? new long[]{image(s), row(s), 1} : new long[]{image(s), 1, row(s)}
                    : channelsLast ? new long[]{image(s), row(s), s.c(), 1} : new long[]{image(s), 1, row(s), s.c()};
        }

        @Override
        public <R> R acceptKind(Kinds<R> kinds) {
            return kinds.visit(this);
        }
    }

    /**
     * One of several parts of equal numbers of examples; what is left is in none.
     *
     * @param part index of the part
     * @param of   number of parts
     */
    record Part(int input, int part, int of) implements Rearrange {
        public Part {
            if (part < 0 || part >= of) {
                throw new IllegalArgumentException("Expected a part from 0 to " + (of - 1) + ", found " + part);
            }
        }

        @Override
        public Shape shape(List<Shape> read) {
            Shape x = read.get(0);
            if (x.n() < of) {
                throw new IllegalArgumentException("Expected examples for " + of + " parts, found an image of " + x);
            }
            return new Shape(x.n() / of, x.c(), x.h(), x.w());
        }

        @Override
        public List<StridedCopy> copies(Shape in) {
            long length = in.n() / of * image(in);
            return List.of(StridedCopy.of(part * length, new Axis(length, 1, 1)));
        }

        @Override
        public <R> R acceptKind(Kinds<R> kinds) {
            return kinds.visit(this);
        }
    }
}
