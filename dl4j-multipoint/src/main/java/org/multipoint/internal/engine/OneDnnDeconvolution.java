package org.multipoint.internal.engine;

import org.bytedeco.dnnl.memory;
import org.multipoint.internal.engine.Program.Shape;
import org.multipoint.internal.ops.Geometry;
import org.multipoint.internal.ops.InputQuantization;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * A deconvolution as steps of plans: a convolution for each phase, whose results are interleaved. Like the library's own deconvolutions it
 * multiplies no zeros; unlike some of those it is as fast with a zero point as without.
 */
final class OneDnnDeconvolution implements AutoCloseable {

    private record Part(DeconvolutionPhase phase, OneDnnConvolution convolution) {
    }

    private final List<Part> parts = new ArrayList<>();

    OneDnnDeconvolution(FusedLinear linear) {
        Cleanup.onFailure(this::close, () -> DeconvolutionPhase.of(linear).forEach(
                phase -> parts.add(new Part(phase, new OneDnnConvolution(phase.linear())))));
    }

    /**
     * Adds the operation to a plan.
     *
     * @param from   channels-last images, u8 or f32 as the weights require
     * @param to     channels-last images
     * @param out    their shape
     * @param form   how they are written
     * @param g      what is cut off the full output, and sizes of an image
     * @param extras post-operations on the result that read no other image
     */
    void add(OneDnnPlan plan, OneDnnPlan.Buffer from, OneDnnPlan.Buffer to, Shape out, Optional<InputQuantization> form, Geometry g,
             OneDnnExtras extras) {
        for (Part part : parts) {
            Geometry some = part.phase.geometry(g);
            if (parts.size() == 1) {
                part.convolution.add(plan, out.n(), from, to, some, extras);
            } else if (some.outHeight() > 0 && some.outWidth() > 0) {
                Shape s = new Shape(out.n(), out.c(), some.outHeight(), some.outWidth());
                OneDnnPlan.Buffer dense = plan.buffer(OneDnnImage.between(s, form));
                part.convolution.add(plan, out.n(), from, dense, some, extras);
                for (Range rows : Range.of(part.phase.rows(), s.h(), out.h())) {
                    for (Range columns : Range.of(part.phase.columns(), s.w(), out.w())) {
                        long[] size = {s.n(), s.c(), rows.size, columns.size};
                        plan.reorder(dense.as(dense.desc().submemory_desc(size, new long[]{0, 0, rows.from, columns.from})),
                                interleaved(part.phase, to, out, rows, columns));
                    }
                }
            }
        }
    }

    /** Some outputs of a phase along one axis. */
    private record Range(int from, int size) {

        /** All outputs, the last one apart where the library would count what lies between it and the next one as part of the next row. */
        static List<Range> of(DeconvolutionPhase.Axis axis, int outputs, int all) {
            return outputs == 1 || outputs * axis.stride() <= all ? List.of(new Range(0, outputs))
                    : List.of(new Range(0, outputs - 1), new Range(outputs - 1, 1));
        }
    }

    /** Pixels of a phase in the whole image. */
    private static OneDnnPlan.Buffer interleaved(DeconvolutionPhase phase, OneDnnPlan.Buffer to, Shape all, Range rows, Range columns) {
        long row = (long) all.w() * all.c();
        int down = phase.rows().stride();
        int right = phase.columns().stride();
        memory.desc strided = new memory.desc(new long[]{all.n(), all.c(), rows.size, columns.size}, to.desc().get_data_type(),
                new long[]{all.h() * row, 1, down * row, (long) right * all.c()});
        return to.at((phase.rows().start() + rows.from * down) * row + (phase.columns().start() + columns.from * right) * all.c(), strided);
    }

    @Override
    public void close() {
        parts.forEach(p -> p.convolution.close());
    }
}
