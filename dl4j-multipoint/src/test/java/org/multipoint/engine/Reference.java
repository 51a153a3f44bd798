package org.multipoint.engine;

import org.multipoint.linear.Geometry;
import org.multipoint.linear.InputQuantization;
import org.multipoint.linear.LinearOp;
import org.multipoint.points.IntegerRows;

/** Linear operations as loops over every single product, the way the definition reads. Arrays are {@code [n, c, h, w]}. */
final class Reference {

    private interface Products {
        void add(int row, int column, long place, int input);
    }

    private Reference() {
    }

    static float[] quantized(LinearOp op, IntegerRows weights, float[] bias, InputQuantization q, float[] x, int n, int h, int w) {
        Geometry g = op.geometry(h, w);
        int pixels = g.outHeight() * g.outWidth();
        long[] sums = new long[n * op.rows() * pixels];
        each(op, n, g, (r, c, place, input) -> sums[(int) place] += (long) weights.codes()[r * op.columns() + c]
                * (q.quantize(x[input]) - q.zeroPoint()));
        float[] y = new float[sums.length];
        for (int i = 0; i < y.length; i++) {
            int r = i / pixels % op.rows();
            float scale = q.scale() * weights.scales()[r];
            float product = sums[i] * scale;
            y[i] = product + bias[r];
        }
        return y;
    }

    static float[] floating(LinearOp op, float[] weights, float[] bias, float[] x, int n, int h, int w) {
        Geometry g = op.geometry(h, w);
        int pixels = g.outHeight() * g.outWidth();
        double[] sums = new double[n * op.rows() * pixels];
        each(op, n, g, (r, c, place, input) -> sums[(int) place] += (double) weights[r * op.columns() + c] * x[input]);
        float[] y = new float[sums.length];
        for (int i = 0; i < y.length; i++) {
            y[i] = (float) (sums[i] + bias[i / pixels % op.rows()]);
        }
        return y;
    }

    private static void each(LinearOp op, int n, Geometry g, Products products) {
        int channels = op.inChannels() / op.groups();
        for (int image = 0; image < n; image++) {
            for (int r = 0; r < op.rows(); r++) {
                int firstChannel = r / op.rowsPerGroup() * channels;
                for (int c = 0; c < op.columns(); c++) {
                    int kx = c % op.kernel().width();
                    int ky = c / op.kernel().width() % op.kernel().height();
                    int channel = firstChannel + c / (op.kernel().width() * op.kernel().height());
                    for (int oy = 0; oy < g.outHeight(); oy++) {
                        for (int ox = 0; ox < g.outWidth(); ox++) {
                            int iy = source(op.transposed(), oy, ky, op.stride().height(), op.dilation().height(), g.padTop());
                            int ix = source(op.transposed(), ox, kx, op.stride().width(), op.dilation().width(), g.padLeft());
                            if (iy >= 0 && iy < g.inHeight() && ix >= 0 && ix < g.inWidth()) {
                                products.add(r, c, ((long) (image * op.rows() + r) * g.outHeight() + oy) * g.outWidth() + ox,
                                        ((image * op.inChannels() + channel) * g.inHeight() + iy) * g.inWidth() + ix);
                            }
                        }
                    }
                }
            }
        }
    }

    private static int source(boolean transposed, int out, int k, int stride, int dilation, int pad) {
        if (!transposed) {
            return out * stride + k * dilation - pad;
        }
        int scaled = out + pad - k * dilation;
        return scaled % stride == 0 ? Math.floorDiv(scaled, stride) : -1;
    }
}
