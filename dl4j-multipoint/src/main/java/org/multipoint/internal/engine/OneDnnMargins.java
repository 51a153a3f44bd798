package org.multipoint.internal.engine;

import org.bytedeco.dnnl.memory;
import org.multipoint.internal.engine.Program.Shape;
import org.multipoint.internal.ops.Geometry;
import org.multipoint.internal.ops.InputQuantization;

import java.util.Optional;

/** Numbers of pixels that a separate step adds at each side of an image, or cuts off where they are negative. */
record OneDnnMargins(int top, int left, int bottom, int right) {

    /** The whole padding, for a primitive that is to have none. */
    static OneDnnMargins all(Geometry g) {
        return new OneDnnMargins(g.padTop(), g.padLeft(), g.padBottom(), g.padRight());
    }

    /** The negative part of a padding, which the library does not support. */
    static OneDnnMargins negative(Geometry g) {
        return new OneDnnMargins(Math.min(g.padTop(), 0), Math.min(g.padLeft(), 0), Math.min(g.padBottom(), 0), Math.min(g.padRight(), 0));
    }

    /** These margins with additional columns cut off at the right. */
    OneDnnMargins cutRight(int columns) {
        return new OneDnnMargins(top, left, bottom, right - columns);
    }

    static OneDnnMargins of(Program.Frame f) {
        return new OneDnnMargins(f.top(), f.left(), f.bottom(), f.right());
    }

    /** The geometry that remains for an image with these margins. */
    Geometry rest(Geometry g) {
        return new Geometry(g.inHeight() + top + bottom, g.inWidth() + left + right, g.outHeight(), g.outWidth(),
                g.padTop() - top, g.padLeft() - left, g.padBottom() - bottom, g.padRight() - right);
    }

    /** An image with these margins; the image itself where there are none. */
    OneDnnPlan.Buffer around(OneDnnPlan plan, OneDnnPlan.Buffer image, Shape s, Optional<InputQuantization> form) {
        if (top == 0 && left == 0 && bottom == 0 && right == 0) {
            return image;
        }
        OneDnnPlan.Buffer to = plan.buffer(OneDnnImage.between(
                new Shape(s.n(), s.c(), s.h() + top + bottom, s.w() + left + right), form));
        write(plan, image, s, to, form);
        return to;
    }

    /** Writes an image with these margins, filled with the value that stands for zero. */
    void write(OneDnnPlan plan, OneDnnPlan.Buffer image, Shape s, OneDnnPlan.Buffer to, Optional<InputQuantization> form) {
        if (top > 0 || left > 0 || bottom > 0 || right > 0) {
            plan.fill(to, form.map(InputQuantization::zeroPoint).orElse(0));
        }
        long[] size = {s.n(), s.c(), s.h() + Math.min(top, 0) + Math.min(bottom, 0), s.w() + Math.min(left, 0) + Math.min(right, 0)};
        if (size[2] <= 0 || size[3] <= 0) {
            return; // Nothing of the image is left, only margins.
        }
        memory.desc from = image.desc().submemory_desc(size, new long[]{0, 0, Math.max(-top, 0), Math.max(-left, 0)});
        memory.desc inside = to.desc().submemory_desc(size, new long[]{0, 0, Math.max(top, 0), Math.max(left, 0)});
        plan.reorder(image.as(from), to.as(inside));
    }
}
