package org.multipoint.internal.engine;

import org.multipoint.internal.ops.Geometry;
import org.multipoint.internal.ops.LinearOp;
import org.multipoint.internal.ops.LinearOp.Size;

import java.util.ArrayList;
import java.util.List;

/**
 * The part of a deconvolution that computes each {@code stride}-th row and column of its output: an ordinary convolution with those taps
 * of the kernel that meet a pixel of the input there. Together the phases multiply each weight as often as the deconvolution does.
 *
 * @param rows    which rows
 * @param columns which columns
 * @param linear  the convolution
 */
record DeconvolutionPhase(Axis rows, Axis columns, FusedLinear linear) {

    /**
     * One axis of a phase.
     *
     * @param start  the first output
     * @param stride from one output to the next
     * @param taps   places in the kernel of those that meet pixels, in the order of the pixels; -1 alone where none does
     * @param first  the pixel that the first tap meets at the first output
     * @param step   from the pixel of a tap to the next tap's
     */
    record Axis(int start, int stride, List<Integer> taps, int first, int step) {

        private static List<Axis> all(int kernel, int stride, int dilation, int cut) {
            List<Axis> phases = new ArrayList<>();
            for (int start = 0; start < stride; start++) {
                List<Integer> taps = new ArrayList<>();
                for (int k = kernel - 1; k >= 0; k--) {
                    if (Math.floorMod(start + cut - k * dilation, stride) == 0) {
                        taps.add(k);
                    }
                }
                int step = taps.size() < 2 ? 1 : (taps.get(0) - taps.get(1)) * dilation / stride;
                phases.add(taps.isEmpty() ? new Axis(start, stride, List.of(-1), 0, 1)
                        : new Axis(start, stride, taps, Math.floorDiv(start + cut - taps.get(0) * dilation, stride), step));
            }
            return phases;
        }

        /** Number of outputs of this phase among all. */
        int outputs(int all) {
            return (all - start + stride - 1) / stride;
        }

        /** Padding behind the last pixel, or minus the pixels that no tap meets. */
        private int after(int pixels, int all) {
            return first + outputs(all) + (taps.size() - 1) * step - pixels;
        }
    }

    /** The phases of a deconvolution. */
    static List<DeconvolutionPhase> of(FusedLinear linear) {
        LinearOp op = linear.op();
        int size = 1 + 2 * Math.max(op.padding().height(), op.padding().width());
        // What is cut off at the start does not depend on the size of the image.
        Geometry any = op.geometry(size, size);
        List<DeconvolutionPhase> phases = new ArrayList<>();
        for (Axis rows : Axis.all(op.kernel().height(), op.stride().height(), op.dilation().height(), any.padTop())) {
            for (Axis columns : Axis.all(op.kernel().width(), op.stride().width(), op.dilation().width(), any.padLeft())) {
                phases.add(new DeconvolutionPhase(rows, columns, convolution(linear, rows, columns)));
            }
        }
        return phases;
    }

    private static FusedLinear convolution(FusedLinear linear, Axis rows, Axis columns) {
        LinearOp op = linear.op();
        LinearOp some = new LinearOp(op.inChannels(), op.outChannels(), 1, new Size(rows.taps.size(), columns.taps.size()), Size.ONE,
                new Size(rows.step, columns.step), Size.ZERO, LinearOp.PaddingMode.EXPLICIT, false, op.channelsLast());
        int[] from = new int[some.columns()];
        int i = 0;
        for (int channel = 0; channel < op.inChannels(); channel++) {
            for (int row : rows.taps) {
                for (int column : columns.taps) {
                    from[i++] = row < 0 || column < 0 ? -1 : (channel * op.kernel().height() + row) * op.kernel().width() + column;
                }
            }
        }
        return linear.withColumns(some, from);
    }

    /** Padding and sizes of the convolution, where those of the deconvolution are given. */
    Geometry geometry(Geometry g) {
        return new Geometry(g.inHeight(), g.inWidth(), rows.outputs(g.outHeight()), columns.outputs(g.outWidth()), -rows.first, -columns.first,
                rows.after(g.inHeight(), g.outHeight()), columns.after(g.inWidth(), g.outWidth()));
    }
}
