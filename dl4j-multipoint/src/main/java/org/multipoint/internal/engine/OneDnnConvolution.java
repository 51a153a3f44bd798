package org.multipoint.internal.engine;

import org.bytedeco.dnnl.memory;
import org.multipoint.internal.engine.Program.Shape;
import org.multipoint.internal.ops.Geometry;
import org.multipoint.internal.ops.InputQuantization;
import org.multipoint.internal.ops.LinearOp;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** A linear operation as steps of plans; separate steps do what the library by itself gets wrong. */
final class OneDnnConvolution implements AutoCloseable {

    /** Largest number of bytes that the library moves at once without regard to the number of channels. */
    private static final int VECTOR = 16;

    /** A range of the input channels of each group, and their weights. */
    private record Part(int from, int to, OneDnnLinear weights) {
    }

    private final LinearOp op;
    private final Optional<InputQuantization> form;
    private final List<Part> parts = new ArrayList<>();
    /** A floating operation over the other axis; null where its kernel has more than one column, or one row, and for integers. */
    private final FusedLinear turned;
    /** Made when it is first needed. */
    private OneDnnConvolution overRows;

    OneDnnConvolution(FusedLinear linear) {
        this.op = linear.op();
        this.form = linear.input();
        // On integers it is no faster, and with a zero point slower where there is padding.
        this.turned = form.isEmpty() && op.kernel().width() == 1 && op.kernel().height() > 1 ? linear.turned() : null;
        Cleanup.onFailure(this::close, () -> ChannelPart.of(linear).forEach(
                p -> parts.add(new Part(p.from(), p.to(), new OneDnnLinear(p.linear())))));
    }

    /**
     * The shape of the image as which this operation sees the memory of another, which post-operations must read in the same way: a batch of
     * images of one pixel as one column, since products over many pixels are faster than over many images; and images of one column as one
     * row, because the library computes several floating pixels of a row at once.
     *
     * @param g padding and sizes of an image
     */
    Shape seen(Shape s, Geometry g) {
        return ofSinglePixels(g) ? new Shape(1, s.c(), s.n(), 1) : ofSingleColumns(g) ? new Shape(s.n(), s.c(), s.w(), s.h()) : s;
    }

    private boolean ofSingleColumns(Geometry g) {
        return turned != null && g.inWidth() == 1 && g.outWidth() == 1 && g.padLeft() == 0 && g.padRight() == 0;
    }

    private boolean ofSinglePixels(Geometry g) {
        return op.kernel().equals(LinearOp.Size.ONE) && OneDnnMargins.all(g).equals(OneDnnMargins.all(pixels(1, 1)))
                && g.inHeight() == 1 && g.inWidth() == 1 && g.outHeight() == 1 && g.outWidth() == 1;
    }

    /**
     * Adds the operation to a plan.
     *
     * @param n      number of images
     * @param from   channels-last images, u8 or f32 as the weights require
     * @param to     channels-last images
     * @param g      padding and sizes of an image
     * @param extras post-operations on the result, with other images as they are {@link #seen}
     */
    void add(OneDnnPlan plan, int n, OneDnnPlan.Buffer from, OneDnnPlan.Buffer to, Geometry g, OneDnnExtras extras) {
        Shape in = new Shape(n, op.inChannels(), g.inHeight(), g.inWidth());
        Shape out = new Shape(n, op.outChannels(), g.outHeight(), g.outWidth());
        if (ofSinglePixels(g)) {
            add(plan, 1, seen(from, in, g), seen(to, out, g), LinearOp.Size.ONE, pixels(n, 1), extras);
            return;
        } else if (ofSingleColumns(g)) {
            overRows().add(plan, n, seen(from, in, g), seen(to, out, g), new Geometry(1, g.inHeight(), 1, g.outHeight(), 0, g.padTop(), 0, g.padBottom()), extras);
            return;
        }
        OneDnnMargins margins = margins(g);
        OneDnnPlan.Buffer x = margins.around(plan, from, in, form);
        Geometry rest = margins.rest(g);
        if (disturbsThreads(rest)) {
            add(plan, n, everyStride(plan, x, out), to, LinearOp.Size.ONE, pixels(out.h(), out.w()), extras);
        } else if (misplacesRows(rest)) {
            add(plan, n, x, to, new LinearOp.Size(op.stride().height(), 1), op.window().asOnlyColumn(rest), extras);
        } else {
            add(plan, n, x, to, op.stride(), rest, extras);
        }
    }

    /**
     * Whether the library would first collect the pixels that a kernel of one pixel reads, each thread beside the next one's, and write the
     * channels of each in whole vectors: beyond the last pixel too, where the next thread's first one is, or memory of others.
     */
    private boolean disturbsThreads(Geometry g) {
        return form.isPresent() && op.kernel().equals(LinearOp.Size.ONE) && !op.stride().equals(LinearOp.Size.ONE)
                && g.outHeight() * op.stride().height() == g.inHeight() && g.outWidth() * op.stride().width() == g.inWidth()
                && parts.stream().anyMatch(p -> (p.to - p.from) * op.groups() % VECTOR != 0);
    }

    /**
     * Whether the library would take output rows of one column, with AVX-512 and one channel in each group, from wrong places. It does not where the
     * stride between columns, of which there is no second one, is said to be one.
     */
    private boolean misplacesRows(Geometry g) {
        return g.outWidth() == 1 && op.stride().width() > 1 && op.kernel().width() > 1 && op.inChannels() == op.groups();
    }

    /** The pixels that a kernel of one pixel reads, in an image of their own. */
    private OneDnnPlan.Buffer everyStride(OneDnnPlan plan, OneDnnPlan.Buffer x, Shape out) {
        Shape read = new Shape(out.n(), op.inChannels(), out.h(), out.w());
        OneDnnPlan.Buffer to = plan.buffer(OneDnnImage.between(read, form));
        long column = (long) op.stride().width() * read.c();
        long row = op.stride().height() * read.w() * column;
        plan.reorder(x.as(new memory.desc(new long[]{read.n(), read.c(), read.h(), read.w()}, OneDnn.U8,
                new long[]{read.h() * row, 1, row, column})), to);
        return to;
    }

    private OneDnnMargins margins(Geometry g) {
        // Where windows read nothing but padding, some of the library's convolutions leave the output uninitialized.
        OneDnnMargins first = op.window().readsOnlyPaddingSomewhere(g) ? OneDnnMargins.all(g) : OneDnnMargins.negative(g);
        // The library takes padding at the left and as many columns beyond the last window for none: in-place additions go wrong.
        Geometry rest = first.rest(g);
        int beyond = op.window().columnsBeyond(rest);
        return first.cutRight(beyond == rest.padLeft() || misplacesRows(rest) ? beyond : 0);
    }

    private OneDnnPlan.Buffer seen(OneDnnPlan.Buffer buffer, Shape s, Geometry g) {
        return buffer.as(OneDnnImage.dense(seen(s, g), true).desc(buffer.desc().get_data_type()));
    }

    private OneDnnConvolution overRows() {
        if (overRows == null) {
            overRows = new OneDnnConvolution(turned);
        }
        return overRows;
    }

    /** The geometry of a kernel of one pixel without stride and padding. */
    private static Geometry pixels(int height, int width) {
        return new Geometry(height, width, height, width, 0, 0, 0, 0);
    }

    private void add(OneDnnPlan plan, int n, OneDnnPlan.Buffer x, OneDnnPlan.Buffer to, LinearOp.Size stride, Geometry g,
                     OneDnnExtras extras) {
        if (parts.size() == 1) {
            parts.get(0).weights.add(plan, x, to, stride, g, extras);
            return;
        }
        Shape in = new Shape(n, op.inChannels(), g.inHeight(), g.inWidth());
        OneDnnPlan.Buffer sums = plan.buffer(OneDnnImage.between(new Shape(n, op.outChannels(), g.outHeight(), g.outWidth()),
                Optional.empty()));
        Part last = parts.get(parts.size() - 1);
        for (Part part : parts) {
            OneDnnPlan.Buffer some = channels(plan, x, in, part);
            if (part == last) {
                part.weights.add(plan, some, to, stride, g, extras.addFirst(sums));
            } else {
                part.weights.add(plan, some, sums, stride, g, part == parts.get(0) ? new OneDnnExtras() : new OneDnnExtras().addTarget());
            }
        }
    }

    private OneDnnPlan.Buffer channels(OneDnnPlan plan, OneDnnPlan.Buffer x, Shape in, Part part) {
        Shape some = new Shape(in.n(), (part.to - part.from) * op.groups(), in.h(), in.w());
        OneDnnPlan.Buffer to = plan.buffer(OneDnnImage.between(some, form));
        memory.desc all = plan.scope().own(grouped(in));
        long[] sizes = {in.n(), op.groups(), part.to - part.from, in.h(), in.w()};
        plan.reorder(x.as(all.submemory_desc(sizes, new long[]{0, 0, part.from, 0, 0})), to.as(grouped(some)));
        return to;
    }

    /** A quantized image as (example, group, channel of the group, row, column). */
    private memory.desc grouped(Shape s) {
        long channels = s.c();
        return new memory.desc(new long[]{s.n(), op.groups(), channels / op.groups(), s.h(), s.w()}, OneDnn.U8,
                new long[]{s.h() * s.w() * channels, channels / op.groups(), 1, s.w() * channels, channels});
    }

    @Override
    public void close() {
        parts.forEach(p -> p.weights.close());
        if (overRows != null) {
            overRows.close();
        }
    }
}
