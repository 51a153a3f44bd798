package org.multipoint.options;

import org.multipoint.points.CodeGrid;
import org.multipoint.points.MultipointMatrix;
import org.multipoint.points.ScaleLayout;

import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * Options of the quantization algorithm itself, for tuning and for ablation studies; the defaults are those that all published figures were
 * measured with. Immutable, equal where all options are.
 *
 * <pre>{@code
 * Multipoint.of(graph).calibrate(iterator)
 *         .options(MultipointOptions.builder().clipping(Clipping.PERCENTILE).build())
 *         .transform();
 * }</pre>
 */
public final class MultipointOptions {

    /**
     * When channels between layers are scaled, where that leaves all outputs as they are, so that the channels of a quantized activation
     * have equal ranges. It makes the rounding of activations finer and that of weights coarser. Only methods that fit weights to
     * quantized activations do it.
     */
    public enum Equalization {
        /** Channels stay as they are. */
        NEVER,
        /**
         * Where the noise of rounding, as it is predicted for each network from the ranges that are seen and the width of activations, is
         * halved at least.
         */
        AUTO,
        /** Wherever activations are quantized. */
        ALWAYS
    }

    /** How the range of a quantized input is chosen from the values seen in calibration. */
    public enum Clipping {
        /** The smallest and largest value. */
        MIN_MAX,
        /** The range that leaves out {@link #TAIL} of the values at either end. */
        PERCENTILE,
        /** The range with the least squared error between values and their quantized values. */
        LEAST_SQUARES,
        /**
         * The range with the least squared error of the layer's outputs, searched from {@link #LEAST_SQUARES} on. The same as that at 8 bits,
         * where rounding costs too little to search, and where weights are not fitted to quantized inputs.
         */
        OUTPUT_ERROR;

        /** Share of values beyond each end under {@link #PERCENTILE}: 99.99 % of the values are inside. */
        public static final double TAIL = 1e-4 / 2;
    }

    /** Which weights share a step size. */
    public enum Granularity {
        /** Those of a row (output channel). */
        CHANNEL,
        /** All weights of a layer, for each point. */
        LAYER
    }

    private static final MultipointOptions DEFAULTS = builder().build();

    private final Integer maxPoints;
    private final Granularity granularity;
    private final CodeGrid grid;
    private final ScaleLayout scales;
    private final Clipping clipping;
    private final int inputBits;
    private final boolean foldBatchNormalization;
    private final Equalization equalization;
    private final boolean quantizedInputs;
    private final boolean targetMatching;
    private final boolean shortcutMatching;
    private final double ridge;
    private final boolean biasCorrection;
    private final int positionsPerImage;
    private final boolean reduceRange;
    private final double ompqBeta;
    private final int ompqLeastBits;
    private final int ompqMostBits;

    private MultipointOptions(Builder builder) {
        maxPoints = builder.maxPoints;
        granularity = builder.granularity;
        grid = builder.grid;
        scales = builder.scales;
        clipping = builder.clipping;
        inputBits = builder.inputBits;
        foldBatchNormalization = builder.foldBatchNormalization;
        equalization = builder.equalization;
        quantizedInputs = builder.quantizedInputs;
        targetMatching = builder.targetMatching;
        shortcutMatching = builder.shortcutMatching;
        ridge = builder.ridge;
        biasCorrection = builder.biasCorrection;
        positionsPerImage = builder.positionsPerImage;
        reduceRange = builder.reduceRange;
        ompqBeta = builder.ompqBeta;
        ompqLeastBits = builder.ompqLeastBits;
        ompqMostBits = builder.ompqMostBits;
    }

    /** All options at their defaults. */
    public static MultipointOptions defaults() {
        return DEFAULTS;
    }

    /** A builder with all options at their defaults. */
    public static Builder builder() {
        return new Builder();
    }

    /** A builder with the options of this object. */
    public Builder toBuilder() {
        Builder builder = new Builder();
        builder.maxPoints = maxPoints;
        builder.granularity = granularity;
        builder.grid = grid;
        builder.scales = scales;
        builder.clipping = clipping;
        builder.inputBits = inputBits;
        builder.foldBatchNormalization = foldBatchNormalization;
        builder.equalization = equalization;
        builder.quantizedInputs = quantizedInputs;
        builder.targetMatching = targetMatching;
        builder.shortcutMatching = shortcutMatching;
        builder.ridge = ridge;
        builder.biasCorrection = biasCorrection;
        builder.positionsPerImage = positionsPerImage;
        builder.reduceRange = reduceRange;
        builder.ompqBeta = ompqBeta;
        builder.ompqLeastBits = ompqLeastBits;
        builder.ompqMostBits = ompqMostBits;
        return builder;
    }

    /** See {@link Builder#maxPoints}; empty where the method decides. */
    public OptionalInt maxPoints() {
        return maxPoints == null ? OptionalInt.empty() : OptionalInt.of(maxPoints);
    }

    /** See {@link Builder#granularity}. */
    public Granularity granularity() {
        return granularity;
    }

    /** See {@link Builder#grid}; empty where the better grid is chosen for each layer. */
    public Optional<CodeGrid> grid() {
        return Optional.ofNullable(grid);
    }

    /** See {@link Builder#scales}. */
    public ScaleLayout scales() {
        return scales;
    }

    /** See {@link Builder#clipping}. */
    public Clipping clipping() {
        return clipping;
    }

    /** See {@link Builder#inputBits}. */
    public int inputBits() {
        return inputBits;
    }

    /** See {@link Builder#foldBatchNormalization}. */
    public boolean foldBatchNormalization() {
        return foldBatchNormalization;
    }

    /** See {@link Builder#equalization}. */
    public Equalization equalization() {
        return equalization;
    }

    /** See {@link Builder#quantizedInputs}. */
    public boolean quantizedInputs() {
        return quantizedInputs;
    }

    /** See {@link Builder#targetMatching}. */
    public boolean targetMatching() {
        return targetMatching;
    }

    /** See {@link Builder#shortcutMatching}. */
    public boolean shortcutMatching() {
        return shortcutMatching;
    }

    /** See {@link Builder#ridge}. */
    public double ridge() {
        return ridge;
    }

    /** See {@link Builder#biasCorrection}. */
    public boolean biasCorrection() {
        return biasCorrection;
    }

    /** See {@link Builder#positionsPerImage}. */
    public int positionsPerImage() {
        return positionsPerImage;
    }

    /** See {@link Builder#reduceRange}. */
    public boolean reduceRange() {
        return reduceRange;
    }

    /** See {@link Builder#ompqBeta}. */
    public double ompqBeta() {
        return ompqBeta;
    }

    /** See {@link Builder#ompqBits}. */
    public int ompqLeastBits() {
        return ompqLeastBits;
    }

    /** See {@link Builder#ompqBits}. */
    public int ompqMostBits() {
        return ompqMostBits;
    }

    private List<Object> values() {
        return Arrays.asList(maxPoints, granularity, grid, scales, clipping, inputBits, foldBatchNormalization, equalization, quantizedInputs,
                targetMatching, shortcutMatching, ridge, biasCorrection, positionsPerImage, reduceRange, ompqBeta, ompqLeastBits, ompqMostBits);
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof MultipointOptions options && values().equals(options.values());
    }

    @Override
    public int hashCode() {
        return values().hashCode();
    }

    @Override
    public String toString() {
        return "MultipointOptions[maxPoints=" + maxPoints + ", granularity=" + granularity + ", grid=" + grid + ", scales=" + scales
                + ", clipping=" + clipping + ", inputBits=" + inputBits + ", foldBatchNormalization=" + foldBatchNormalization
                + ", equalization=" + equalization + ", quantizedInputs=" + quantizedInputs + ", targetMatching=" + targetMatching
                + ", shortcutMatching=" + shortcutMatching + ", ridge=" + ridge + ", biasCorrection=" + biasCorrection
                + ", positionsPerImage=" + positionsPerImage + ", reduceRange=" + reduceRange + ", ompqBeta=" + ompqBeta + ", ompqLeastBits="
                + ompqLeastBits + ", ompqMostBits=" + ompqMostBits + "]";
    }

    /** Sets options; each setter throws an {@link IllegalArgumentException} where its value is out of range. */
    public static final class Builder {

        private Integer maxPoints;
        private Granularity granularity = Granularity.CHANNEL;
        private CodeGrid grid;
        private ScaleLayout scales = ScaleLayout.PER_ROW;
        private Clipping clipping = Clipping.LEAST_SQUARES;
        private int inputBits = 8;
        private boolean foldBatchNormalization = true;
        private Equalization equalization = Equalization.AUTO;
        private boolean quantizedInputs = true;
        private boolean targetMatching = true;
        private boolean shortcutMatching = true;
        private double ridge = 0.1;
        private boolean biasCorrection = true;
        private int positionsPerImage = 512;
        private boolean reduceRange = true;
        private double ompqBeta = 1;
        private int ompqLeastBits = CodeGrid.MIN_BITS;
        private int ompqMostBits = CodeGrid.MAX_BITS;

        private Builder() {
        }

        /**
         * Largest number of points that a budget or threshold may give a row, 1 to {@link MultipointMatrix#MAX_POINTS}. By default as many
         * as fuse exactly into one int8 row ({@link Method#CALIBRATED}), or 4.
         */
        public Builder maxPoints(int points) {
            if (points < 1 || points > MultipointMatrix.MAX_POINTS) {
                throw new IllegalArgumentException("Points per row must be 1 to " + MultipointMatrix.MAX_POINTS + ", found " + points);
            }
            this.maxPoints = points;
            return this;
        }

        /** Which weights share a step size under {@link Method#GREEDY} and {@link Method#NEAREST}; default {@link Granularity#CHANNEL}. */
        public Builder granularity(Granularity granularity) {
            this.granularity = Objects.requireNonNull(granularity, "granularity");
            return this;
        }

        /** The integers that codes stand for under {@link Method#CALIBRATED}; by default the better grid for each layer. */
        public Builder grid(CodeGrid grid) {
            this.grid = Objects.requireNonNull(grid, "grid");
            return this;
        }

        /**
         * Which scales are stored under {@link Method#CALIBRATED}: {@link ScaleLayout#PER_ROW}, the default, whose points fuse exactly, or
         * {@link ScaleLayout#PER_POINT}.
         */
        public Builder scales(ScaleLayout scales) {
            if (Objects.requireNonNull(scales, "scales") == ScaleLayout.PER_LAYER) {
                throw new IllegalArgumentException("Scales must be PER_ROW or PER_POINT, found PER_LAYER: a step per layer is an option of "
                        + "the methods GREEDY and NEAREST, see granularity");
            }
            this.scales = scales;
            return this;
        }

        /** How the ranges of quantized activations are clipped; default {@link Clipping#LEAST_SQUARES}. */
        public Builder clipping(Clipping clipping) {
            this.clipping = Objects.requireNonNull(clipping, "clipping");
            return this;
        }

        /**
         * Width of the network's own quantized inputs, such as images, 2 to 8; default 8. It is apart from the width of all other activations
         * since these inputs are few, as a rule bytes anyway, and what rounding them loses is lost to all layers.
         */
        public Builder inputBits(int bits) {
            if (bits < 2 || bits > 8) {
                throw new IllegalArgumentException("The width of network inputs must be 2 to 8, found " + bits);
            }
            this.inputBits = bits;
            return this;
        }

        /** Whether BatchNormalization is folded into the layer before it; default true. */
        public Builder foldBatchNormalization(boolean fold) {
            this.foldBatchNormalization = fold;
            return this;
        }

        /** When channels between layers are scaled to equal ranges; default {@link Equalization#AUTO}. */
        public Builder equalization(Equalization when) {
            this.equalization = Objects.requireNonNull(when, "equalization");
            return this;
        }

        /**
         * Whether a layer is rounded under the second moments of the inputs that the network quantized so far gives it, rather than under
         * those of the reference network; default true.
         */
        public Builder quantizedInputs(boolean on) {
            this.quantizedInputs = on;
            return this;
        }

        /** Whether weights are first matched to the reference network's output on quantized inputs; needs those; default true. */
        public Builder targetMatching(boolean on) {
            this.targetMatching = on;
            return this;
        }

        /**
         * Whether the target of a layer whose output is only added to others, as at the end of a residual block, includes the error of
         * those others against the reference network; part of the target matching; default true.
         */
        public Builder shortcutMatching(boolean on) {
            this.shortcutMatching = on;
            return this;
        }

        /**
         * Ridge of the target matching, positive and finite, in units of the mean variance of a layer's inputs; more is taken where
         * there are few input vectors. Default 0.1.
         */
        public Builder ridge(double ridge) {
            if (!(ridge > 0) || Double.isInfinite(ridge)) {
                throw new IllegalArgumentException("The ridge must be positive and finite, found " + ridge);
            }
            this.ridge = ridge;
            return this;
        }

        /** Whether biases are corrected so that the mean output is exact; default true. */
        public Builder biasCorrection(boolean on) {
            this.biasCorrection = on;
            return this;
        }

        /**
         * Largest number of output positions of an image that second moments are summed over, evenly spread; default 512. Of grouped
         * convolutions fewer suffice and are taken, two for each column, but no fewer than 64.
         */
        public Builder positionsPerImage(int positions) {
            if (positions < 1) {
                throw new IllegalArgumentException("Positions per image must be positive, found " + positions);
            }
            this.positionsPerImage = positions;
            return this;
        }

        /**
         * Whether the integers that are multiplied with quantized activations stay within ±63 rather than ±127, whatever the points of a row;
         * default true. On x86 CPUs without VNNI, sums of larger products overflow, so that the engine would round such rows once more,
         * which costs more than a bit. Codes of 8 bits would not use their range then: they are stored with 7. Entropy-coded weights are always
         * within ±63.
         */
        public Builder reduceRange(boolean on) {
            this.reduceRange = on;
            return this;
        }

        /**
         * How much more a bit of a layer counts under {@link Method#OMPQ} whose outputs are nearly orthogonal to those of the others: its beta,
         * not negative and finite; 0 counts all bits alike. Default 1.
         */
        public Builder ompqBeta(double beta) {
            if (!(beta >= 0) || Double.isInfinite(beta)) {
                throw new IllegalArgumentException("OMPQ's beta must be finite and not negative, found " + beta);
            }
            this.ompqBeta = beta;
            return this;
        }

        /** The widths that a layer's codes may have under {@link Method#OMPQ}, within 2 to 8; default all of them. */
        public Builder ompqBits(int least, int most) {
            if (least < CodeGrid.MIN_BITS || most < least || most > CodeGrid.MAX_BITS) {
                throw new IllegalArgumentException("OMPQ's widths must be within " + CodeGrid.MIN_BITS + " to " + CodeGrid.MAX_BITS
                        + ", the least first, found " + least + " to " + most);
            }
            this.ompqLeastBits = least;
            this.ompqMostBits = most;
            return this;
        }

        /** The options as they are now; the builder can be used further. */
        public MultipointOptions build() {
            return new MultipointOptions(this);
        }
    }
}
