package org.multipoint.internal.engine;

import org.bytedeco.dnnl.global.dnnl;
import org.bytedeco.dnnl.pooling_forward;
import org.multipoint.internal.engine.Program.PoolKind;
import org.multipoint.internal.engine.Program.Shape;
import org.multipoint.internal.ops.Geometry;
import org.multipoint.internal.ops.InputQuantization;
import org.multipoint.internal.ops.LinearOp;
import org.multipoint.internal.ops.Window;

import java.util.Optional;

/** Poolings as steps of plans; separate steps do what the library by itself does not support. */
final class OneDnnPooling {

    private OneDnnPooling() {
    }

    /** A pooling over whole images. */
    static void global(OneDnnPlan plan, PoolKind kind, OneDnnPlan.Buffer x, Shape in, OneDnnPlan.Buffer to) {
        Window all = new Window(new LinearOp.Size(in.h(), in.w()), LinearOp.Size.ONE, LinearOp.Size.ONE, LinearOp.Size.ZERO,
                LinearOp.PaddingMode.EXPLICIT, false);
        primitive(plan, kind, all, x, to, all.geometry(in.h(), in.w()));
    }

    /**
     * A pooling of windows.
     *
     * @param in    shape of the images
     * @param form  of the images
     * @param whole padding and sizes of an image
     */
    static void windows(OneDnnPlan plan, PoolKind kind, Window w, OneDnnPlan.Buffer x, Shape in, Optional<InputQuantization> form,
                        OneDnnPlan.Buffer to, Geometry whole) {
        OneDnnMargins cut = OneDnnMargins.negative(whole);
        OneDnnPlan.Buffer image = cut.around(plan, x, in, form);
        Geometry g = cut.rest(whole);
        if (kind == PoolKind.MEAN && !w.dilation().equals(LinearOp.Size.ONE)) {
            // The library refuses some of these, but averages over all elements of a kernel.
            primitive(plan, PoolKind.MEAN_WITH_PADDING, w, image, to, g);
            Shape perPixel = new Shape(1, 1, g.outHeight(), g.outWidth());
            OneDnnPlan.Buffer shares = plan.constant(OneDnnImage.between(perPixel, Optional.empty()), elementsByElementsInside(w, g));
            OneDnnArithmetic.binary(plan, dnnl.algorithm.binary_mul, to, shares, to, new OneDnnExtras());
        } else {
            primitive(plan, kind, w, image, to, g);
        }
    }

    private static float[] elementsByElementsInside(Window w, Geometry g) {
        int[] rows = w.rowsInside(g);
        int[] columns = w.columnsInside(g);
        float[] shares = new float[rows.length * columns.length];
        for (int i = 0; i < shares.length; i++) {
            shares[i] = (float) (w.kernel().height() * w.kernel().width()) / (rows[i / columns.length] * columns[i % columns.length]);
        }
        return shares;
    }

    private static void primitive(OneDnnPlan plan, PoolKind kind, Window w, OneDnnPlan.Buffer x, OneDnnPlan.Buffer to, Geometry g) {
        dnnl.algorithm algorithm = switch (kind) {
            case MAX -> dnnl.algorithm.pooling_max;
            case MEAN -> dnnl.algorithm.pooling_avg_exclude_padding;
            case MEAN_WITH_PADDING -> dnnl.algorithm.pooling_avg_include_padding;
        };
        plan.add(new pooling_forward.primitive_desc(OneDnn.CPU, dnnl.prop_kind.forward_inference, algorithm, x.desc(), to.desc(),
                OneDnn.longs(w.stride().height(), w.stride().width()), OneDnn.longs(w.kernel().height(), w.kernel().width()),
                OneDnn.longs(w.dilation().height() - 1, w.dilation().width() - 1), OneDnn.longs(g.padTop(), g.padLeft()),
                OneDnn.longs(g.padBottom(), g.padRight()), plan.attributes(), false), pooling_forward::new,
                plan.arguments().with(OneDnn.SRC, x).with(OneDnn.DST, to));
    }
}
