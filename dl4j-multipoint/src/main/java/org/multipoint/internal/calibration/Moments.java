package org.multipoint.internal.calibration;

import org.multipoint.internal.linalg.Products;
import org.multipoint.internal.ops.LinearOp;
import org.multipoint.internal.ops.Tensor;

import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.IntToDoubleFunction;
import java.util.function.IntUnaryOperator;
import java.util.stream.IntStream;

/**
 * First and second moments of the vectors {@code y} that a layer's rows are multiplied with, for each group, and their moments with the
 * layer's targets where there are any: the outputs {@code t = W x + s} of a reference network that processes the same images, {@code W} its
 * weights, {@code x} its inputs, {@code s} the shortfall of what else is added to the output. Only sums are held: memory does not grow with
 * the number of images, and {@link #merge} is associative. Means and covariances throw {@link IllegalStateException} before any input was
 * added.
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
    private static final int VERSION = 2;

    /** Fan-ins up to this are summed in plain loops over groups: matrix products would be too small to be efficient. */
    private static final int SMALL = 32;
    /** Number of groups from which such loops are faster. */
    private static final int MANY = 8;

    /** Share of second moments, products of single precision, below which differences between them are noise. */
    private static final double KNOWN = 1e-4;
    /** Positions of an image that are enough, for each column, and at least. */
    private static final int POSITIONS_PER_COLUMN = 2;
    private static final int LEAST_POSITIONS = 64;
    /** About so many values of an example tell it from others. */
    private static final int HASHED = 4096;

    private final LinearOp op;
    private final Patches patches;
    private final boolean targeted;
    /** {@code [rows, columns]}; null where there are no targets, or where these are sums that were read. */
    private final float[] weights;
    private final MemoryBound bound;
    private final int[] blockStarts;
    private final double[] sumY;
    private final double[][] yy;
    /** Where there are targets, for each block the sums of the outputs of its columns, and of the products of targets with {@code y}. */
    private final double[][] sumOutputs;
    private final double[][] targetY;
    private final double[] sumShortfall;
    private long count;
    /** Independent vectors of each different example, by the hash of its values. */
    private final Map<Integer, Integer> examples = new TreeMap<>();
    private long independent;

    /**
     * Moments without targets.
     *
     * @param positionsPerImage largest number of output positions of an image that are used
     * @param bound             bound on memory
     */
    public Moments(LinearOp op, int positionsPerImage, MemoryBound bound) {
        this(op, null, false, positionsPerImage, bound);
    }

    /**
     * Moments with targets.
     *
     * @param weights           of the reference network, {@code [rows, columns]} row by row; not to be changed
     * @param positionsPerImage largest number of output positions of an image that are used
     * @param bound             bound on memory
     */
    public Moments(LinearOp op, float[] weights, int positionsPerImage, MemoryBound bound) {
        this(op, weights, true, positionsPerImage, bound);
    }

    /**
     * Moments of inputs of which nothing is known: uncorrelated, with mean 0 and variance 1. Under these the error of an output is that of the
     * weights.
     */
    public static Moments isotropic(LinearOp op, MemoryBound bound) {
        Moments moments = new Moments(op, 1, bound);
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

    private Moments(LinearOp op, float[] weights, boolean targeted, int positionsPerImage, MemoryBound bound) {
        this.op = op;
        this.weights = weights;
        this.targeted = targeted;
        this.patches = new Patches(op, positionsPerImage);
        this.bound = bound;
        int columns = op.columns();
        int splits = bound.splits(op, targeted);
        this.blockStarts = IntStream.rangeClosed(0, splits).map(i -> (int) ((long) columns * i / splits)).toArray();
        int blocks = op.groups() * splits;
        this.sumY = new double[op.groups() * columns];
        this.yy = blocks(blocks, b -> blockSize(b % splits) * blockSize(b % splits));
        this.sumOutputs = targeted ? blocks(blocks, b -> op.rowsPerGroup()) : null;
        this.targetY = targeted ? blocks(blocks, b -> op.rowsPerGroup() * blockSize(b % splits)) : null;
        this.sumShortfall = targeted ? new double[op.rows()] : null;
    }

    private static double[][] blocks(int count, IntUnaryOperator size) {
        return IntStream.range(0, count).mapToObj(b -> new double[size.applyAsInt(b)]).toArray(double[][]::new);
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

    /** Adds a batch of inputs where there are no targets. */
    public void add(Tensor input) {
        if (targeted) {
            throw new IllegalStateException("Moments with targets need the inputs of both networks");
        }
        add(input, input, null);
    }

    /**
     * Adds a batch.
     *
     * @param x inputs of the reference network
     * @param y inputs of the network whose layer is to be quantized, same shape
     * @throws IllegalArgumentException where the shapes differ
     * @throws IllegalStateException    where there are no targets
     */
    public void addPair(Tensor x, Tensor y) {
        addPair(x, y, null);
    }

    /**
     * Adds a batch.
     *
     * @param x         inputs of the reference network
     * @param y         inputs of the network whose layer is to be quantized, same shape
     * @param shortfall what the reference network adds to the layer's output less what the other one adds, in the shape of the output;
     *                  null where there is none
     * @throws IllegalArgumentException where the shapes differ, or where there is a shortfall of an operation in groups
     * @throws IllegalStateException    where there are no targets
     */
    public void addPair(Tensor x, Tensor y, Tensor shortfall) {
        if (weights == null) {
            throw new IllegalStateException(targeted ? "Moments that were read can be merged, not added to" : "There are no targets");
        }
        if (shortfall != null && op.groups() > 1) {
            throw new IllegalArgumentException("An operation in groups cannot make up for a shortfall: " + op);
        }
        if (!Arrays.equals(x.shape(), y.shape())) {
            throw new IllegalArgumentException("Inputs of two networks must have one shape, found " + Arrays.toString(x.shape())
                    + " and " + Arrays.toString(y.shape()));
        }
        add(x, y, shortfall);
    }

    private void add(Tensor x, Tensor y, Tensor shortfall) {
        int perExample = patches.perExample(y);
        if (op.columns() <= SMALL && op.groups() >= MANY && blockStarts.length == 2) {
            addGrouped(x, y);
        } else {
            int longest = targeted ? Math.max(op.columns(), op.rowsPerGroup()) : op.columns();
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
            int groups = Math.min(GroupedSums.LANES, op.groups() - first);
            GroupedSums sums = new GroupedSums(op, first, groups, weights);
            for (int n = 0; n < y.examples(); n++) {
                float[][] py = patches.sideBySide(y, n, first, groups);
                sums.add(targeted ? patches.sideBySide(x, n, first, groups) : py, py);
            }
            sums.addTo(sumY, yy, sumOutputs, targetY);
        });
    }

    private void addLarge(Tensor x, Tensor y, Tensor shortfall, int group, int from, int to) {
        int d = op.columns();
        float[] py = patches.extract(y, group, from, to);
        float[] px = targeted ? patches.extract(x, group, from, to) : null;
        float[] lacking = shortfall == null ? null : patches.outputs(shortfall, y, from, to);
        addColumns(py, d, sumY, group * d);
        if (lacking != null) {
            addColumns(lacking, op.rows(), sumShortfall, 0);
        }
        for (int s = 0; s + 1 < blockStarts.length; s++) {
            float[] by = block(py, s);
            Products.addSquare(by, py.length / d, blockSize(s), yy[block(group, s)]);
            if (targeted) {
                addTargets(block(px, s), lacking, by, group, s);
            }
        }
    }

    /**
     * @param bx      columns of a block of the reference network's vectors, {@code [vectors, size]}
     * @param lacking shortfall at each, {@code [vectors, rows]}, or null
     * @param by      the same columns of the other network's vectors
     */
    private void addTargets(float[] bx, float[] lacking, float[] by, int group, int split) {
        int rows = op.rowsPerGroup();
        int size = blockSize(split);
        int vectors = bx.length / size;
        int block = block(group, split);
        float[] targets = Products.multiplyTransposed(bx,
                Products.slice(weights, op.columns(), group * rows, rows, blockStarts[split], blockStarts[split + 1]), vectors, size, rows);
        addColumns(targets, rows, sumOutputs[block], 0);
        for (int i = 0; lacking != null && i < targets.length; i++) {
            targets[i] += lacking[i];
        }
        float[] products = Products.transposedMultiply(targets, by, vectors, rows, size);
        double[] sum = targetY[block];
        IntStream.range(0, rows).parallel().forEach(r -> {
            for (int i = r * size; i < (r + 1) * size; i++) {
                sum[i] += products[i];
            }
        });
    }

    /** The columns of a block: the vectors themselves where there is one block only. */
    private float[] block(float[] vectors, int split) {
        int d = op.columns();
        return blockStarts.length == 2 ? vectors
                : Products.slice(vectors, d, 0, vectors.length / d, blockStarts[split], blockStarts[split + 1]);
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
        if (!op.equals(other.op) || targeted != other.targeted) {
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
        out.writeBoolean(targeted);
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
     * The sums that {@link #writeTo} wrote; with targets they can be merged and looked at, not added to.
     *
     * @throws IOException where the form has another version, or ends early
     */
    public static Moments readFrom(DataInput in) throws IOException {
        Mergeable.requireVersion("moments", VERSION, in.readUnsignedByte());
        LinearOp op = LinearOp.readFrom(in);
        int positions = in.readInt();
        MemoryBound bound = new MemoryBound(in.readLong());
        Moments moments = new Moments(op, null, in.readBoolean(), positions, bound);
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
        if (targeted) {
            sums.addAll(List.of(sumOutputs));
            sums.addAll(List.of(targetY));
            sums.add(sumShortfall);
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
        return bound.rowsAtOnce(op, targeted);
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

    /** Whether there are targets. */
    public boolean hasTargets() {
        return targeted;
    }

    /** Mean of the target of output {@code row}, counted over all groups. */
    public double meanTarget(int row) {
        double sum = sumShortfall[row];
        for (int s = 0; s + 1 < blockStarts.length; s++) {
            sum += sumOutputs[block(row / op.rowsPerGroup(), s)][row % op.rowsPerGroup()];
        }
        return sum / weight();
    }

    /** Mean of input {@code column} of a group that is multiplied. */
    public double meanY(int group, int column) {
        return sumY[group * op.columns() + column] / weight();
    }

    /** {@code E[y y^T] - mean(y) mean(y)^T} of a block, {@code [size, size]} row by row. */
    public double[] covariance(int group, int split) {
        int offset = group * op.columns() + blockStarts[split];
        return centred(yy[block(group, split)], i -> sumY[offset + i], group, split);
    }

    /**
     * {@code E[t y^T] - mean(t) mean(y)^T} of a block, {@code [rows of the group, size]} row by row; outputs in {@code t} are those of the block's
     * columns alone.
     */
    public double[] targetCovariance(int group, int split) {
        double[] outputs = sumOutputs[block(group, split)];
        int first = group * op.rowsPerGroup();
        return centred(targetY[block(group, split)], r -> outputs[r] + sumShortfall[first + r], group, split);
    }

    private int block(int group, int split) {
        return group * (blockStarts.length - 1) + split;
    }

    /**
     * @param sums     the products, row by row
     * @param sumOfRow sum of what each row of them is made of
     */
    private double[] centred(double[] sums, IntToDoubleFunction sumOfRow, int group, int split) {
        int size = blockSize(split);
        int offset = group * op.columns() + blockStarts[split];
        double[] out = new double[sums.length];
        double weight = weight();
        IntStream.range(0, sums.length / size).parallel().forEach(i -> {
            double row = sumOfRow.applyAsDouble(i) / weight / weight;
            for (int j = 0; j < size; j++) {
                out[i * size + j] = sums[i * size + j] / weight - row * sumY[offset + j];
            }
        });
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
