package org.multipoint.transform;

import org.multipoint.internal.ops.InputQuantization;

import java.util.function.ToDoubleFunction;

/** Searches for the range of quantized inputs that leaves the least error: from a first guess on, up or down by factors of {@value #STEP}. */
final class ClipSearch {

    private static final double STEP = 1.1;
    /** Largest number of steps in a direction. */
    private static final int MOST = 8;

    private ClipSearch() {
    }

    /**
     * The quantization at which the error stops falling: the first one, or one with a wider or narrower range.
     *
     * @param error of a quantization
     */
    static InputQuantization from(InputQuantization first, ToDoubleFunction<InputQuantization> error) {
        double atFirst = error.applyAsDouble(first);
        InputQuantization best = first;
        double least = atFirst;
        for (double step : new double[]{STEP, 1 / STEP}) {
            InputQuantization tried = first;
            for (int i = 0; i < MOST; i++) {
                tried = tried.widened(step);
                double found = error.applyAsDouble(tried);
                if (!(found < least)) {
                    break;
                }
                least = found;
                best = tried;
            }
            if (least < atFirst) {
                break;
            }
        }
        return best;
    }
}
