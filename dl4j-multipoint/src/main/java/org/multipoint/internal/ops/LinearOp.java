package org.multipoint.internal.ops;

import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;

/**
 * The common description of a linear operation: a (grouped, dilated, possibly transposed) convolution, of which a dense
 * layer is the 1x1 case. Every supported layer kind maps to one or two of these; folding, input statistics, quantizers
 * and engines see layers only in this form.
 *
 * <p>Weights are a matrix {@code [rows, columns]}: one row per output channel, columns in the order (input channel of
 * the group, kernel row, kernel column). Row {@code r} reads the input channels of group {@code r / (rows / groups)}.
 *
 * <p>Inputs may have rank 2 {@code [N, C]}, rank 3 {@code [N, C, T]} or {@code [N, T, C]}, or rank 4
 * {@code [N, C, H, W]} or {@code [N, H, W, C]}; {@link #channelsLast()} says which axis has the channels. Sequences are images
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

        private void writeTo(DataOutput out) throws IOException {
            out.writeInt(height);
            out.writeInt(width);
        }

        private static Size readFrom(DataInput in) throws IOException {
            return new Size(in.readInt(), in.readInt());
        }
    }

    /** How the border of an input is padded. */
    public enum PaddingMode {
        /** The given padding on both sides; an incomplete last step is dropped. */
        EXPLICIT,
        /**
         * {@code ceil(in / stride)} outputs (a deconvolution: {@code in * stride}); an odd pixel goes to the bottom or right. Where the
         * stride is larger than the kernel, the pixels that no window needs are left out at both ends.
         */
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

    /** Writes the description, for statistics that are sent to other machines; their form has a version. */
    public void writeTo(DataOutput out) throws IOException {
        out.writeInt(inChannels);
        out.writeInt(outChannels);
        out.writeInt(groups);
        for (Size size : new Size[]{kernel, stride, dilation, padding}) {
            size.writeTo(out);
        }
        out.writeUTF(paddingMode.name());
        out.writeBoolean(transposed);
        out.writeBoolean(channelsLast);
    }

    /** The description that {@link #writeTo} wrote. */
    public static LinearOp readFrom(DataInput in) throws IOException {
        return new LinearOp(in.readInt(), in.readInt(), in.readInt(), Size.readFrom(in), Size.readFrom(in), Size.readFrom(in),
                Size.readFrom(in), PaddingMode.valueOf(in.readUTF()), in.readBoolean(), in.readBoolean());
    }

    /** The same operation with another number of output channels. */
    public LinearOp withRows(int rows) {
        return new LinearOp(inChannels, rows, groups, kernel, stride, dilation, padding, paddingMode, transposed, channelsLast);
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

    /** Sizes and padding for an input of the given height and width. */
    public Geometry geometry(int height, int width) {
        return window().geometry(height, width);
    }

    /** Shape of the output for an input of the given shape. */
    public long[] outputShape(long[] input) {
        long[] output = input.clone();
        output[channelAxis(input.length)] = outChannels;
        if (input.length > 2) {
            int first = channelsLast ? 1 : 2;
            Geometry g = geometry((int) input[first], input.length == 4 ? (int) input[first + 1] : 1);
            output[first] = g.outHeight();
            if (input.length == 4) {
                output[first + 1] = g.outWidth();
            }
        }
        return output;
    }

    /** The window that moves over the image. */
    public Window window() {
        return new Window(kernel, stride, dilation, padding, paddingMode, transposed);
    }

    /** Axis of the channels in an array of the given rank. */
    public int channelAxis(int rank) {
        return channelsLast ? rank - 1 : 1;
    }
}
