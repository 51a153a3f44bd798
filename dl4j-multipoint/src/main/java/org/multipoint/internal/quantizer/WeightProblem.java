package org.multipoint.internal.quantizer;

import org.multipoint.internal.calibration.Moments;
import org.multipoint.internal.linalg.Products;
import org.multipoint.internal.ops.LinearOp;

import java.util.Arrays;
import java.util.EnumMap;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.IntConsumer;
import java.util.stream.IntStream;

/** The weights of one linear operation and the statistics of its inputs: all that a quantizer needs. */
public final class WeightProblem {

    /**
     * Share of the mean variance of the layer's inputs that is added to the diagonal before factoring. Relative to the
     * layer, not to the group: a depthwise channel that is nearly always zero has a singular matrix of its own.
     */
    static final double DAMPING = 0.05;
    /** That share is at least this times the columns for each independent vector: few vectors do not span all directions. */
    private static final double UNSEEN = 0.1;

    private final String name;
    private final LinearOp op;
    private final float[] weights;
    private final Moments moments;
    private final boolean biasCorrected;
    private final int largestCode;
    private final double meanVariance;
    /** For each order, group and block of columns, made on first use; problems that differ in weights alone share them. */
    private final Map<GptqRounding.Order, GptqRounding[][]> roundings;

    /**
     * @param name          for messages
     * @param op            the operation
     * @param weights       {@code [rows, columns]} row by row; not to be changed
     * @param moments       moments of its inputs, or null for quantizers that look at weights alone; not to be changed any more
     * @param biasCorrected whether the mean output will be made exact through the bias, so that errors count around their mean
     * @throws IllegalArgumentException where second moments are beyond single precision; it names the operation
     */
    public WeightProblem(String name, LinearOp op, float[] weights, Moments moments, boolean biasCorrected) {
        this(name, op, weights, moments, biasCorrected, Integer.MAX_VALUE,
                moments == null ? 0 : moments.meanVariance(), new EnumMap<>(GptqRounding.Order.class));
        for (GptqRounding.Order order : GptqRounding.Order.values()) {
            roundings.put(order, new GptqRounding[op.groups()][]);
        }
        if (!Double.isFinite(meanVariance)) {
            throw new IllegalArgumentException("Layer \"" + name + "\": its inputs are too large to be squared in single precision");
        }
    }

    private WeightProblem(String name, LinearOp op, float[] weights, Moments moments, boolean biasCorrected, int largestCode,
                          double meanVariance, Map<GptqRounding.Order, GptqRounding[][]> roundings) {
        this.name = name;
        this.op = op;
        this.weights = weights;
        this.moments = moments;
        this.biasCorrected = biasCorrected;
        this.largestCode = largestCode;
        this.meanVariance = meanVariance;
        this.roundings = roundings;
    }

    public LinearOp op() {
        return op;
    }

    /** {@code [rows, columns]} row by row; not to be changed. */
    public float[] weights() {
        return weights;
    }

    /** Some rows, {@code [count, columns]}, copied. */
    float[] weights(Rows rows) {
        return Arrays.copyOfRange(weights, rows.first * op.columns(), (rows.first + rows.count) * op.columns());
    }

    public Moments moments() {
        return moments;
    }

    /** The same problem with other weights. */
    public WeightProblem withWeights(float[] other) {
        return new WeightProblem(name, op, other, moments, biasCorrected, largestCode, meanVariance, roundings);
    }

    /** The same problem with another bound on the integers of rows. */
    public WeightProblem withLargestCode(int largest) {
        return new WeightProblem(name, op, weights, moments, biasCorrected, largest, meanVariance, roundings);
    }

    /** Largest magnitude of the integer that the points of a weight may stand for, where they have one scale; unlimited at first. */
    public int largestCode() {
        return largestCode;
    }

    /** Bits of a code beyond which it would not use its range. */
    public int widestCode() {
        return Integer.SIZE + 1 - Integer.numberOfLeadingZeros(largestCode);
    }

    /** The same problem for some rows, evenly spread; all of them where there are no more, or where they have inputs of their own. */
    WeightProblem someRows(int most) {
        if (op.groups() > 1 || op.rows() <= most) {
            return this;
        }
        float[] some = new float[most * op.columns()];
        for (int i = 0; i < most; i++) {
            System.arraycopy(weights, (int) ((long) op.rows() * i / most) * op.columns(), some, i * op.columns(), op.columns());
        }
        return new WeightProblem(name, op.withRows(most), some, moments, biasCorrected, largestCode, meanVariance, roundings);
    }

    /** Runs an action for each group, in parallel where there are several. */
    void forEachGroup(IntConsumer action) {
        IntStream groups = IntStream.range(0, op.groups());
        (op.groups() > 1 ? groups.parallel() : groups).forEach(action);
    }

    /**
     * Rows of one group.
     *
     * @param first the first of them, counted over all groups
     */
    record Rows(int group, int first, int count) {
    }

    /** Runs an action on all rows, on as many of a group at once as memory allows. */
    void forEachRows(Consumer<Rows> action) {
        int most = moments.rowsAtOnce();
        int each = op.rowsPerGroup();
        forEachGroup(g -> {
            for (int from = 0; from < each; from += most) {
                action.accept(new Rows(g, g * each + from, Math.min(most, each - from)));
            }
        });
    }

    /**
     * The ridge that is added to the diagonal of second moments.
     *
     * @param share ridge where there are many vectors, as a share of the mean variance of the layer's inputs
     */
    double ridge(double share) {
        return Math.max(share, UNSEEN * op.columns() / moments.independent()) * meanVariance;
    }

    /** GPTQ rounding under the damped second moments of a group, one for each block of columns. Threads may ask for different groups. */
    GptqRounding[] roundings(int group, GptqRounding.Order order) {
        GptqRounding[][] made = roundings.get(order);
        if (made[group] == null) {
            double ridge = ridge(DAMPING);
            int[] starts = moments.blockStarts();
            made[group] = IntStream.range(0, starts.length - 1)
                    .mapToObj(s -> new GptqRounding(moments.covariance(group, s), starts[s + 1] - starts[s], ridge, order))
                    .toArray(GptqRounding[]::new);
        }
        return made[group];
    }

    /** The same in the order that is best for a single point of few bits. */
    GptqRounding[] roundings(int group) {
        return roundings(group, GptqRounding.Order.LARGEST_FIRST);
    }

    /**
     * Output error of each row, {@code E[(w x - a x)^2]} (Liu et al. 2021, section 3.2), from second moments alone.
     *
     * @param approximation {@code [rows, columns]}
     * @return {@code [rows]}
     */
    public double[] outputErrors(float[] approximation) {
        float[] difference = new float[weights.length];
        for (int i = 0; i < difference.length; i++) {
            difference[i] = weights[i] - approximation[i];
        }
        return quadraticForms(difference, !biasCorrected);
    }

    /** Mean variance of an output of this operation, to compare output errors of different layers by. */
    public double outputVariance() {
        double sum = 0;
        for (double e : quadraticForms(weights, false)) {
            sum += e;
        }
        return sum / op.rows();
    }

    private double[] quadraticForms(float[] vectors, boolean withMean) {
        double[] result = new double[op.rows()];
        forEachGroup(g -> {
            int first = g * op.rowsPerGroup();
            int[] starts = moments.blockStarts();
            for (int s = 0; s + 1 < starts.length; s++) {
                addForms(vectors, g, s, first, starts[s], starts[s + 1], result);
            }
            for (int r = first; withMean && r < first + op.rowsPerGroup(); r++) {
                double mean = 0;
                for (int c = 0; c < op.columns(); c++) {
                    mean += moments.meanY(g, c) * vectors[r * op.columns() + c];
                }
                result[r] += mean * mean;
            }
        });
        return result;
    }

    private void addForms(float[] vectors, int group, int split, int first, int from, int to, double[] result) {
        int size = to - from;
        int rows = op.rowsPerGroup();
        double[] covariance = moments.covariance(group, split);
        float[] h = new float[covariance.length];
        for (int i = 0; i < h.length; i++) {
            h[i] = (float) covariance[i];
        }
        float[] v = Products.slice(vectors, op.columns(), first, rows, from, to);
        float[] vh = Products.multiply(v, h, rows, size, size);
        for (int r = 0; r < rows; r++) {
            double sum = 0;
            for (int c = 0; c < size; c++) {
                sum += (double) vh[r * size + c] * v[r * size + c];
            }
            result[first + r] += Math.max(0, sum);
        }
    }
}
