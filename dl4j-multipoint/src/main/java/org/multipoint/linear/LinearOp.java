package org.multipoint.linear;

import org.nd4j.linalg.api.ndarray.INDArray;

import java.util.Arrays;

/**
 * The one description of a linear operation: a (grouped, dilated, possibly transposed) convolution, of which a dense
 * layer is the 1x1 case. Every supported layer kind maps to one or two of these; folding, input statistics, quantizers
 * and engines know layers only in this form.
 *
 * <p>Weights are a matrix {@code [rows, columns]}: one row per output channel, columns in the order (input channel of
 * the group, kernel row, kernel column). Row {@code r} reads the input channels of group {@code r / (rows / groups)}.
 *
 * <p>Inputs may have rank 2 {@code [N, C]}, rank 3 {@code [N, C, T]} or {@code [N, T, C]}, or rank 4
 * {@code [N, C, H, W]} or {@code [N, H, W, C]}, the channel axis told by {@link #channelsLast()}. Sequences are images
 * of width 1.
 *
 * @param inChannels   channels of the input, a multiple of {@code groups}
 * @param outChannels  channels of the output, a multiple of {@code groups}
 * @param groups       1 for an ordinary convolution, {@code inChannels} for a depthwise one
 * @param kernel       height and width of the kernel
 * @param stride       stride over height and width
 * @param dilation     dilation over height and width
 * @param padding      zero padding at top/bottom and left/right; used by {@link PaddingMode#EXPLICIT} only
 * @param paddingMode  how the border is padded
 * @param transposed   true for a deconvolution (gradient of a convolution with respect to its input)
 * @param channelsLast true where the channel axis of rank 3 and 4 inputs is the last one
 */
public record LinearOp(int inChannels, int outChannels, int groups, Size kernel, Size stride, Size dilation,
                       Size padding, PaddingMode paddingMode, boolean transposed, boolean channelsLast) {

    /** A height and a width. */
    public record Size(int height, int width) {
        public static final Size ZERO = new Size(0, 0);
        public static final Size ONE = new Size(1, 1);
    }

    /** How the border of an input is padded. */
    public enum PaddingMode {
        /** The given padding on both sides; a last incomplete step is left out. */
        EXPLICIT,
        /** {@code ceil(in / stride)} outputs (a deconvolution: {@code in * stride}); an odd pixel goes to the bottom or right. */
        SAME,
        /** All padding before the first row: no output sees later rows (sequences). */
        CAUSAL
    }

    public LinearOp {
        if (groups < 1 || inChannels < 1 || outChannels < 1 || inChannels % groups != 0 || outChannels % groups != 0) {
            throw new IllegalArgumentException("Channels must be positive multiples of the groups: inChannels "
                    + inChannels + ", outChannels " + outChannels + ", groups " + groups);
        }
        if (transposed && groups != 1) {
            throw new IllegalArgumentException("A grouped deconvolution is not supported: groups " + groups);
        }
    }

    /** A dense layer: {@code [N, in] -> [N, out]}; on rank 3 inputs, the same at each step. */
    public static LinearOp dense(int inChannels, int outChannels, boolean channelsLast) {
        return new LinearOp(inChannels, outChannels, 1, Size.ONE, Size.ONE, Size.ONE, Size.ZERO,
                PaddingMode.EXPLICIT, false, channelsLast);
    }

    /** Rows of the weight matrix: one per output channel. */
    public int rows() {
        return outChannels;
    }

    /** Columns of the weight matrix: the fan-in of an output channel. */
    public int columns() {
        return inChannels / groups * kernel.height * kernel.width;
    }

    /** Number of weights. */
    public long weights() {
        return (long) rows() * columns();
    }

    /** Rows that share one group of input channels. */
    public int rowsPerGroup() {
        return outChannels / groups;
    }

    /** True where each input channel is a group of its own. */
    public boolean depthwise() {
        return groups > 1 && groups == inChannels;
    }

    /** True where each output depends on one input position only. */
    public boolean pointwise() {
        return kernel.equals(Size.ONE) && !transposed && padding.equals(Size.ZERO);
    }

    /** Sizes and padding for an input of the given height and width. */
    public Geometry geometry(int height, int width) {
        Extent h = extent(height, kernel.height, stride.height, dilation.height, padding.height);
        Extent w = extent(width, kernel.width, stride.width, dilation.width, padding.width);
        if (h.out < 1 || w.out < 1) {
            throw new IllegalArgumentException("An input of " + height + "x" + width + " is too small for a kernel of "
                    + kernel.height + "x" + kernel.width + " with stride " + stride.height + "x" + stride.width
                    + " and dilation " + dilation.height + "x" + dilation.width);
        }
        return new Geometry(height, width, h.out, w.out, h.before, w.before, h.after, w.after);
    }

    private record Extent(int out, int before, int after) {
    }

    private Extent extent(int in, int k, int s, int d, int p) {
        int effective = (k - 1) * d + 1;
        if (transposed) {
            int full = s * (in - 1) + effective;
            int out = paddingMode == PaddingMode.SAME ? in * s : full - 2 * p;
            // For a deconvolution padding is what is cut off the full output, halves rounded towards zero as ND4J does.
            int cut = full - out;
            int before = paddingMode == PaddingMode.SAME ? cut / 2 : p;
            return new Extent(out, before, cut - before);
        }
        return switch (paddingMode) {
            case EXPLICIT -> new Extent(Math.floorDiv(in + 2 * p - effective, s) + 1, p, p);
            case CAUSAL -> new Extent((in - 1) / s + 1, effective - 1, 0);
            case SAME -> {
                int out = (in + s - 1) / s;
                int total = Math.max((out - 1) * s + effective - in, 0);
                yield new Extent(out, total / 2, total - total / 2);
            }
        };
    }

    /**
     * The input as an image of rank 4 in this operation's own channel order (a view wherever ND4J can make one).
     *
     * @throws IllegalArgumentException where rank or channels do not fit
     */
    public INDArray toImage(INDArray input) {
        long[] s = input.shape();
        if (input.rank() < 2 || input.rank() > 4 || s[channelAxis(input.rank())] != inChannels) {
            throw new IllegalArgumentException("Expected an input of rank 2 to 4 with " + inChannels + " channels ("
                    + (channelsLast ? "channels last" : "channels first") + "), found shape " + Arrays.toString(s));
        }
        return switch (input.rank()) {
            case 2 -> channelsLast ? input.reshape(s[0], 1, 1, s[1]) : input.reshape(s[0], s[1], 1, 1);
            case 3 -> channelsLast ? input.reshape(s[0], s[1], 1, s[2]) : input.reshape(s[0], s[1], s[2], 1);
            default -> input;
        };
    }

    /** An output image of rank 4 in the rank of the input that {@link #toImage} was given. */
    public INDArray fromImage(INDArray image, int rank) {
        long[] s = image.shape();
        return switch (rank) {
            case 2 -> image.reshape(s[0], outChannels);
            case 3 -> channelsLast ? image.reshape(s[0], s[1], s[3]) : image.reshape(s[0], s[1], s[2]);
            default -> image;
        };
    }

    /** Axis of the channels in an array of the given rank. */
    public int channelAxis(int rank) {
        return channelsLast ? rank - 1 : 1;
    }

    /** Geometry for an image as {@link #toImage} gives it. */
    public Geometry geometry(INDArray image) {
        return channelsLast ? geometry((int) image.size(1), (int) image.size(2))
                : geometry((int) image.size(2), (int) image.size(3));
    }
}
