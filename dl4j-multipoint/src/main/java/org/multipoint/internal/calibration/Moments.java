package org.multipoint.internal.calibration;

import org.multipoint.internal.ops.LinearOp;
import org.multipoint.internal.ops.Tensor;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.memory.MemoryWorkspace;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;

import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.IntStream;

/**
 * First and second moments of the vectors that a layer's rows are multiplied with, for each group, over two networks that process
 * the same images: the reference network (inputs {@code x}) and the one to be quantized (inputs {@code y}, the same as {@code x} where
 * there is only one network). Only sums are held: memory does not grow with the number of images, and {@link #merge} is associative.
 * Means and covariances throw {@link IllegalStateException} before any input was added.
 *
 * <p>Products of a batch are single precision matrix products; batches are summed in double precision.
 *
 * <p>Where the fan-in exceeds {@link MemoryBound#MAX_BLOCK}, or its moments the memory bound, columns are split into blocks, and moments
 * between different blocks are taken as zero.
 *
 * <p>Few vectors are a poor sample of a layer's inputs: a single one has no variance at all. Means and covariances are therefore shrunk towards
 * zero, as if zeros had been added with {@code 1 / n^2} of the weight of all vectors, where {@code n} of them are independent
 * ({@link #independent()}): the mean of a single vector is halved, that of many hardly changes.
 *
 * <p>Sums over parts of the examples {@linkplain #merge merge}, on other machines too: {@link #writeTo} gives a form with a version, which Java
 * serialization uses.
 */
public final class Moments implements Mergeable<Moments> {

    private static final long serialVersionUID = 1;
    /** Of the form that is written. */
    private static final int VERSION = 1;

    /** Fan-ins up to this are summed in plain loops over groups: matrix products would be too small to be efficient. */
    private static final int SMALL = 32;
    /** Number of groups from which such loops are faster. */
    private static final int MANY = 8;

    /** Symmetric products are made of at most so many blocks of columns each way, which have at least so many. */
    private static final int MOST_BLOCKS = 8;
    private static final int LEAST_BLOCK = 288;

    /** Share of second moments, products of single precision, below which differences between them are noise. */
    private static final double KNOWN = 1e-4;
    /** Positions of an image that are enough, for each column, and at least. */
    private static final int POSITIONS_PER_COLUMN = 2;
    private static final int LEAST_POSITIONS = 64;
    /** About so many values of an example tell it from others. */
    private static final int HASHED = 4096;

    private final LinearOp op;
    private final Patches patches;
    private final boolean paired;
    private final MemoryBound bound;
    private final int[] blockStarts;
    private final double[] sumX;
    private final double[] sumY;
    private final double[][] yy;
    private final double[][] xy;
    /** Sums of the shortfall, and of its products with {@code y} for each block of columns; null where there is none. */
    private final double[] sumShortfall;
    private final double[][] shortfallY;
    private long count;
    /** Independent vectors of each different example, by the hash of its values. */
    private final Map<Integer, Integer> examples = new TreeMap<>();
    private long independent;

    /**
     * @param paired            whether reference inputs differ from the multiplied ones
     * @param positionsPerImage largest number of output positions of an image that are used
     * @param bound             bound on memory
     */
    public Moments(LinearOp op, boolean paired, int positionsPerImage, MemoryBound bound) {
        this(op, paired, positionsPerImage, bound, false);
    }

    /**
     * Moments of paired inputs of a layer whose output is added to others, which differ between the networks.
     *
     * @throws IllegalArgumentException where the operation has more than one group
     */
    public static Moments withShortfall(LinearOp op, int positionsPerImage, MemoryBound bound) {
        if (op.groups() > 1) {
            throw new IllegalArgumentException("An operation in groups cannot make up for a shortfall: " + op);
        }
        return new Moments(op, true, positionsPerImage, bound, true);
    }

    /**
     * Moments of inputs of which nothing is known: uncorrelated, with mean 0 and variance 1. Under these the error of an output is that of the
     * weights.
     */
    public static Moments isotropic(LinearOp op, MemoryBound bound) {
        Moments moments = new Moments(op, false, 1, bound, false);
        moments.count = op.columns();
        moments.independent = op.columns();
        for (int b = 0; b < moments.yy.length; b++) {
            int size = moments.blockSize(b % (moments.blockStarts.length - 1));
            for (int i = 0; i < size; i++) {
                moments.yy[b][i * size + i] = moments.weight();
            }
        }
        return moments;
    }

    private Moments(LinearOp op, boolean paired, int positionsPerImage, MemoryBound bound, boolean shortfall) {
        this.op = op;
        this.paired = paired;
        this.patches = new Patches(op, positionsPerImage);
        this.bound = bound;
        int columns = op.columns();
        int splits = bound.splits(op, paired, shortfall);
        this.blockStarts = IntStream.rangeClosed(0, splits).map(i -> (int) ((long) columns * i / splits)).toArray();
        int blocks = op.groups() * splits;
        this.sumY = new double[op.groups() * columns];
        this.sumX = paired ? new double[sumY.length] : sumY;
        this.yy = new double[blocks][];
        for (int b = 0; b < blocks; b++) {
            int size = blockSize(b % splits);
            yy[b] = new double[size * size];
        }
        this.xy = paired ? IntStream.range(0, blocks).mapToObj(b -> new double[yy[b].length]).toArray(double[][]::new) : yy;
        this.sumShortfall = shortfall ? new double[op.rows()] : null;
        this.shortfallY = shortfall ? IntStream.range(0, splits).mapToObj(s -> new double[op.rows() * blockSize(s)])
                .toArray(double[][]::new) : null;
    }

    /**
     * Output positions of an image that are enough for an operation: the moments of groups of few columns need few vectors, and summing
     * them takes long.
     *
     * @param most as many are enough for any operation
     */
    public static int positionsPerImage(LinearOp op, int most) {
        return op.groups() == 1 ? most : Math.min(most, Math.max(LEAST_POSITIONS, POSITIONS_PER_COLUMN * op.columns()));
    }

    /** Adds a batch of inputs of the single network. */
    public void add(Tensor input) {
        if (paired) {
            throw new IllegalStateException("Paired moments need the inputs of both networks");
        }
        add(input, input);
    }

    /**
     * Adds a batch.
     *
     * @param x inputs of the reference network
     * @param y inputs of the network whose layer is to be quantized, same shape
     * @throws IllegalArgumentException where the shapes differ
     */
    public void add(Tensor x, Tensor y) {
        add(x, y, null);
    }

    /**
     * Adds a batch.
     *
     * @param x         inputs of the reference network
     * @param y         inputs of the network whose layer is to be quantized, same shape
     * @param shortfall what the reference network adds to the layer's output less what the other one adds, in the shape of the output;
     *                  null where there is none
     * @throws IllegalArgumentException where the shapes differ
     */
    public void add(Tensor x, Tensor y, Tensor shortfall) {
        if (shortfall == null != (sumShortfall == null)) {
            throw new IllegalStateException("Moments with a shortfall, and only those, need one with each batch");
        }
        if (!Arrays.equals(x.shape(), y.shape())) {
            throw new IllegalArgumentException("Inputs of two networks must have one shape, found " + Arrays.toString(x.shape())
                    + " and " + Arrays.toString(y.shape()));
        }
        int perExample = patches.perExample(y);
        if (op.columns() <= SMALL && op.groups() >= MANY && blockStarts.length == 2) {
            addGrouped(x, y);
        } else {
            int longest = shortfall == null ? op.columns() : Math.max(op.columns(), op.rows());
            int step = (int) Math.max(1, bound.patchFloats() / Math.max(1, (long) perExample * longest));
            for (int group = 0; group < op.groups(); group++) {
                for (int from = 0; from < y.examples(); from += step) {
                    int to = Math.min(y.examples(), from + step);
                    addLarge(x, y, shortfall, group, from, to);
                }
            }
        }
        count += (long) y.examples() * perExample;
        int fresh = Math.min(perExample, patches.disjoint(y));
        for (int hash : hashes(y)) {
            know(hash, fresh);
        }
    }

    private void know(int example, int vectors) {
        if (examples.putIfAbsent(example, vectors) == null) {
            independent += vectors;
        }
    }

    private static int[] hashes(Tensor tensor) {
        int each = tensor.data().length / tensor.examples();
        int step = Math.max(1, each / HASHED);
        return IntStream.range(0, tensor.examples()).parallel().map(n -> {
            int hash = 1;
            for (int i = n * each; i < (n + 1) * each; i += step) {
                hash = 31 * hash + Float.floatToIntBits(tensor.data()[i]);
            }
            return hash;
        }).toArray();
    }

    private void addGrouped(Tensor x, Tensor y) {
        int blocks = (op.groups() + GroupedSums.LANES - 1) / GroupedSums.LANES;
        IntStream.range(0, blocks).parallel().forEach(b -> {
            int first = b * GroupedSums.LANES;
            GroupedSums sums = new GroupedSums(op.columns(), Math.min(GroupedSums.LANES, op.groups() - first), paired);
            for (int n = 0; n < y.examples(); n++) {
                float[][] py = patches.sideBySide(y, n, first, sums.groups());
                sums.add(paired ? patches.sideBySide(x, n, first, sums.groups()) : py, py);
            }
            sums.addTo(first, sumY, sumX, yy, xy);
        });
    }

    private void addLarge(Tensor x, Tensor y, Tensor shortfall, int group, int from, int to) {
        int d = op.columns();
        float[] py = patches.extract(y, group, from, to);
        float[] px = paired ? patches.extract(x, group, from, to) : py;
        addColumns(py, d, sumY, group * d);
        if (paired) {
            addColumns(px, d, sumX, group * d);
        }
        try (MemoryWorkspace ws = Nd4j.getMemoryManager().scopeOutOfWorkspaces();
             INDArray my = Tensor.array(py, 'c', py.length / d, d);
             INDArray mx = paired ? Tensor.array(px, 'c', px.length / d, d) : my) {
            int splits = blockStarts.length - 1;
            for (int s = 0; s < splits; s++) {
                INDArray by = block(my, s);
                INDArray bx = paired ? block(mx, s) : by;
                square(by, yy[group * splits + s]);
                if (paired) {
                    product(bx, by, xy[group * splits + s]);
                }
                if (shortfall != null) {
                    addShortfall(patches.outputs(shortfall, y, from, to), by, s);
                }
                if (splits > 1) {
                    by.close();
                    bx.close();
                }
            }
        }
    }

    private void addShortfall(float[] vectors, INDArray by, int split) {
        if (split == 0) {
            addColumns(vectors, op.rows(), sumShortfall, 0);
        }
        try (INDArray m = Tensor.array(vectors, 'c', vectors.length / op.rows(), op.rows())) {
            product(m, by, shortfallY[split]);
        }
    }

    /** The columns of a block: the array itself where there is one block only, else a copy. */
    private INDArray block(INDArray patches, int split) {
        return blockStarts.length == 2 ? patches : patches.get(NDArrayIndex.all(),
                NDArrayIndex.interval(blockStarts[split], blockStarts[split + 1])).dup('c');
    }

    /** Adds {@code a^T b}, row by row, to {@code sum}. */
    private static void product(INDArray a, INDArray b, double[] sum) {
        float[] values = product(a, b);
        int columns = (int) b.size(1);
        IntStream.range(0, values.length / columns).parallel().forEach(row -> {
            for (int i = row * columns; i < (row + 1) * columns; i++) {
                sum[i] += values[i];
            }
        });
    }

    /** {@code a^T b}, row by row. */
    private static float[] product(INDArray a, INDArray b) {
        try (INDArray p = Nd4j.createUninitialized(DataType.FLOAT, new long[]{b.size(1), a.size(1)}, 'f')) {
            // The result is laid out column by column, so b^T a column by column is a^T b row by row.
            Nd4j.gemm(b, a, p, true, false, 1.0, 0.0);
            return Tensor.values(p);
        }
    }

    /** Adds {@code a^T a}, which is symmetric, to {@code sum}: of large ones only the blocks on one side of the diagonal are multiplied. */
    private static void square(INDArray a, double[] sum) {
        int columns = (int) a.size(1);
        int blocks = Math.min(MOST_BLOCKS, columns / LEAST_BLOCK);
        if (blocks < 2) {
            product(a, a, sum);
            return;
        }
        int[] starts = IntStream.rangeClosed(0, blocks).map(i -> columns * i / blocks).toArray();
        for (int first = 0; first < blocks; first++) {
            INDArray left = a.get(NDArrayIndex.all(), NDArrayIndex.interval(starts[first], starts[first + 1]));
            for (int second = first; second < blocks; second++) {
                INDArray right = a.get(NDArrayIndex.all(), NDArrayIndex.interval(starts[second], starts[second + 1]));
                float[] values = product(left, right);
                int height = starts[first + 1] - starts[first];
                int width = starts[second + 1] - starts[second];
                int row = starts[first];
                int column = starts[second];
                IntStream.range(0, height).parallel().forEach(i -> {
                    for (int j = 0; j < width; j++) {
                        sum[(row + i) * columns + column + j] += values[i * width + j];
                    }
                });
                if (first < second) {
                    // Written in order: the block of values stays in the cache, the sums do not.
                    IntStream.range(0, width).parallel().forEach(j -> {
                        for (int i = 0; i < height; i++) {
                            sum[(column + j) * columns + row + i] += values[i * width + j];
                        }
                    });
                }
            }
        }
    }

    private static void addColumns(float[] vectors, int d, double[] sum, int offset) {
        for (int v = 0; v < vectors.length; v += d) {
            for (int i = 0; i < d; i++) {
                sum[offset + i] += vectors[v + i];
            }
        }
    }

    /** Adds the sums of another over inputs of the same layer. */
    @Override
    public void merge(Moments other) {
        if (!op.equals(other.op) || paired != other.paired || hasShortfall() != other.hasShortfall()) {
            throw new IllegalArgumentException("Only moments of one layer merge: " + op + " and " + other.op);
        }
        List<double[]> others = other.sums();
        List<double[]> own = sums();
        for (int i = 0; i < own.size(); i++) {
            addAll(own.get(i), others.get(i));
        }
        count += other.count;
        other.examples.forEach(this::know);
    }

    private static void addAll(double[] sum, double[] more) {
        for (int i = 0; i < sum.length; i++) {
            sum[i] += more[i];
        }
    }

    /**
     * Writes the sums: a version, the operation and how it is summed, and each sum once, in double precision. Squares are written whole: products of
     * single precision are not symmetric to the last bit.
     */
    public void writeTo(DataOutput out) throws IOException {
        out.writeByte(VERSION);
        op.writeTo(out);
        out.writeInt(patches.positionsPerImage());
        out.writeLong(bound.bytes());
        out.writeBoolean(paired);
        out.writeBoolean(hasShortfall());
        out.writeLong(count);
        out.writeInt(examples.size());
        for (Map.Entry<Integer, Integer> example : examples.entrySet()) {
            out.writeInt(example.getKey());
            out.writeInt(example.getValue());
        }
        out.writeLong(independent);
        for (double[] sums : sums()) {
            Doubles.write(out, sums);
        }
    }

    /**
     * The sums that {@link #writeTo} wrote.
     *
     * @throws IOException where the form has another version, or ends early
     */
    public static Moments readFrom(DataInput in) throws IOException {
        Mergeable.requireVersion("moments", VERSION, in.readUnsignedByte());
        LinearOp op = LinearOp.readFrom(in);
        int positions = in.readInt();
        MemoryBound bound = new MemoryBound(in.readLong());
        boolean paired = in.readBoolean();
        Moments moments = new Moments(op, paired, positions, bound, in.readBoolean());
        moments.count = in.readLong();
        for (int i = in.readInt(); i > 0; i--) {
            moments.examples.put(in.readInt(), in.readInt());
        }
        moments.independent = in.readLong();
        for (double[] sums : moments.sums()) {
            Doubles.read(in, sums);
        }
        return moments;
    }

    /** All sums, each once. */
    private List<double[]> sums() {
        List<double[]> sums = new ArrayList<>(List.of(yy));
        sums.add(sumY);
        if (paired) {
            sums.add(sumX);
            sums.addAll(List.of(xy));
        }
        if (hasShortfall()) {
            sums.add(sumShortfall);
            sums.addAll(List.of(shortfallY));
        }
        return sums;
    }

    private Object writeReplace() {
        return WireForm.of(this);
    }

    /** The operation whose inputs these are. */
    public LinearOp op() {
        return op;
    }

    /** Number of vectors added for each group. */
    public long count() {
        return count;
    }

    /**
     * Number of vectors added for each group that are independent: of an image, where windows overlap, as many as fit into it side by
     * side; of an example that was added before, none.
     */
    public long independent() {
        return independent;
    }

    /** Rows of one group for which candidates are held at a time. */
    public int rowsAtOnce() {
        return bound.rowsAtOnce(op, paired, hasShortfall());
    }

    /** Column at which each block begins, and the number of columns at the end. */
    public int[] blockStarts() {
        return blockStarts;
    }

    private int blockSize(int split) {
        return blockStarts[split + 1] - blockStarts[split];
    }

    /** Weight of all vectors and of the zeros that shrink means: the divisor of sums. */
    private double weight() {
        if (count == 0) {
            throw new IllegalStateException("No inputs were seen");
        }
        return count * (1 + 1.0 / independent / independent);
    }

    /** Mean of input {@code column} of a group in the reference network. */
    public double meanX(int group, int column) {
        return sumX[group * op.columns() + column] / weight();
    }

    /** Mean of input {@code column} of a group in the network to be quantized. */
    public double meanY(int group, int column) {
        return sumY[group * op.columns() + column] / weight();
    }

    /** {@code E[y y^T] - mean(y) mean(y)^T} of a block, {@code [size, size]} row by row. */
    public double[] covariance(int group, int split) {
        return centred(yy, sumY, group, split);
    }

    /** {@code E[x y^T] - mean(x) mean(y)^T} of a block: rows belong to the reference network. */
    public double[] crossCovariance(int group, int split) {
        return centred(xy, sumX, group, split);
    }

    /** Whether moments with a shortfall are held. */
    public boolean hasShortfall() {
        return sumShortfall != null;
    }

    /** Mean shortfall of what is added to output channel {@code row}. */
    public double meanShortfall(int row) {
        return sumShortfall == null ? 0 : sumShortfall[row] / weight();
    }

    /** {@code E[s y^T] - mean(s) mean(y)^T} of a block of columns, {@code [rows, size]} row by row, {@code s} the shortfall. */
    public double[] shortfallCovariance(int split) {
        int size = blockSize(split);
        double[] out = new double[op.rows() * size];
        double weight = weight();
        for (int r = 0; r < op.rows(); r++) {
            for (int j = 0; j < size; j++) {
                out[r * size + j] = shortfallY[split][r * size + j] / weight
                        - sumShortfall[r] / weight * (sumY[blockStarts[split] + j] / weight);
            }
        }
        return out;
    }

    private double[] centred(double[][] second, double[] sumRows, int group, int split) {
        int size = blockSize(split);
        int offset = group * op.columns() + blockStarts[split];
        double[] sums = second[group * (blockStarts.length - 1) + split];
        double[] out = new double[sums.length];
        double weight = weight();
        for (int i = 0; i < size; i++) {
            double row = sumRows[offset + i] / weight / weight;
            for (int j = 0; j < size; j++) {
                out[i * size + j] = sums[i * size + j] / weight - row * sumY[offset + j];
            }
        }
        return out;
    }

    /**
     * Mean over groups and columns of the diagonal of the covariance: the unit of damping. At least {@link #KNOWN} of the mean
     * square, so that damping exceeds the rounding errors of inputs that never change.
     */
    public double meanVariance() {
        double variance = 0;
        double square = 0;
        double weight = weight();
        for (int g = 0; g < op.groups(); g++) {
            for (int s = 0; s < blockStarts.length - 1; s++) {
                double[] second = yy[g * (blockStarts.length - 1) + s];
                int size = blockSize(s);
                for (int i = 0; i < size; i++) {
                    double mean = sumY[g * op.columns() + blockStarts[s] + i] / weight;
                    square += second[i * size + i] / weight;
                    variance += second[i * size + i] / weight - mean * mean;
                }
            }
        }
        return Math.max(variance, KNOWN * square) / sumY.length;
    }
}
