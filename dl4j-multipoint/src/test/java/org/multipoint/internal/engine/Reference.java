package org.multipoint.internal.engine;

import org.multipoint.internal.engine.Program.Shape;
import org.multipoint.internal.ops.Geometry;
import org.multipoint.internal.ops.InputQuantization;
import org.multipoint.internal.ops.LinearOp;
import org.multipoint.internal.ops.Window;
import org.multipoint.points.MultipointMatrix;

import java.util.ArrayList;
import java.util.List;

/** Operations as loops over every single product or pixel, the way their definitions read. Arrays are {@code [n, c, h, w]}. */
final class Reference {

    private interface Products {
        void add(int row, int column, long place, int input);
    }

    private Reference() {
    }

    /** The result of a program of linear operations, activations, arithmetic, frames and poolings. */
    static float[] run(Program program, List<Shape> inputs, float[]... arrays) {
        List<Shape> shapes = program.shapes(inputs);
        List<float[]> values = new ArrayList<>(List.of(arrays));
        for (int i = 0; i < program.instructions().size(); i++) {
            Program.Instruction instruction = program.instructions().get(i);
            List<Integer> reads = instruction.reads();
            Shape s = shapes.get(reads.get(0));
            float[] x = values.get(reads.get(0));
            Shape out = shapes.get(program.inputs() + i);
            if (instruction instanceof Program.Linear l) {
                values.add(l.weights() instanceof Program.IntegerWeights w
                        ? quantized(l.op(), w.points(), l.bias(), w.input(), x, s.n(), s.h(), s.w())
                        : floating(l.op(), ((Program.FloatWeights) l.weights()).matrix(), l.bias(), x, s.n(), s.h(), s.w()));
            } else if (instruction instanceof Program.Rectify r) {
                values.add(each(out, (n, c, h, w) -> Math.min(Math.max(at(x, s, n, c, h, w), 0), r.upper())));
            } else if (instruction instanceof Activate a) {
                values.add(each(out, (n, c, h, w) -> (float) value(a.function(), at(x, s, n, c, h, w))));
            } else if (instruction instanceof Slope p) {
                values.add(each(out, (n, c, h, w) -> {
                    float v = at(x, s, n, c, h, w);
                    return v > 0 ? v : v * at(p.slopes(), p.sizes(), 0, c % p.sizes().c(), h % p.sizes().h(), w % p.sizes().w());
                }));
            } else if (instruction instanceof Program.Add || instruction instanceof Combine) {
                values.add(each(out, (n, c, h, w) -> {
                    float result = rounded(instruction, 0, repeated(x, s, n, c, h, w));
                    for (int r = 1; r < reads.size(); r++) {
                        float other = rounded(instruction, r, repeated(values.get(reads.get(r)), shapes.get(reads.get(r)), n, c, h, w));
                        result = !(instruction instanceof Combine combine) ? result + other : switch (combine.operation()) {
                            case PRODUCT -> result * other;
                            case MAXIMUM -> Math.max(result, other);
                            case DIFFERENCE -> result - other;
                        };
                    }
                    return result;
                }));
            } else if (instruction instanceof Program.Pad p) {
                values.add(each(out, (n, c, h, w) -> at(x, s, n, c, h - p.frame().top(), w - p.frame().left())));
            } else if (instruction instanceof Program.Pool p) {
                values.add(each(out, (n, c, h, w) -> pooled(p, x, s, n, c, h, w)));
            } else {
                throw new IllegalArgumentException("Not known: " + instruction);
            }
        }
        return values.get(program.results().get(0));
    }

    private static float rounded(Program.Instruction instruction, int operand, float x) {
        return instruction instanceof Program.Add add ? add.roundings().get(operand).map(q -> q.round(x)).orElse(x) : x;
    }

    /** The definitions of the functions, in double precision. */
    static double value(ScalarFunction f, double x) {
        return switch (f.kind()) {
            case LINEAR -> f.a() * x + f.b();
            case CLIP -> Math.min(Math.max(x, f.a()), f.b());
            case LEAKY -> x > 0 ? x : f.a() * x;
            case ELU -> x > 0 ? x : f.a() * Math.expm1(x);
            case SIGMOID -> 1 / (1 + Math.exp(-x));
            case TANH -> Math.tanh(x);
            case SWISH -> x / (1 + Math.exp(-f.a() * x));
            case MISH -> x * Math.tanh(Math.log1p(Math.exp(x)));
            case SOFTPLUS -> x > 30 ? x : Math.log1p(Math.exp(x));
            case POWER -> Math.pow(x, f.a());
        };
    }

    private interface Value {
        float at(int n, int c, int h, int w);
    }

    private static float[] each(Shape s, Value value) {
        float[] y = new float[s.n() * s.c() * s.h() * s.w()];
        for (int i = 0; i < y.length; i++) {
            y[i] = value.at(i / s.w() / s.h() / s.c(), i / s.w() / s.h() % s.c(), i / s.w() % s.h(), i % s.w());
        }
        return y;
    }

    private static float at(float[] x, Shape s, int n, int c, int h, int w) {
        return h < 0 || h >= s.h() || w < 0 || w >= s.w() ? 0 : x[((n * s.c() + c) * s.h() + h) * s.w() + w];
    }

    private static float repeated(float[] x, Shape s, int n, int c, int h, int w) {
        return at(x, s, n % s.n(), c % s.c(), h % s.h(), w % s.w());
    }

    private static float pooled(Program.Pool p, float[] x, Shape s, int n, int c, int h, int w) {
        Window window = p.window();
        Geometry g = window.geometry(s.h(), s.w());
        float largest = -Float.MAX_VALUE;
        double sum = 0;
        int inside = 0;
        for (int ky = 0; ky < window.kernel().height(); ky++) {
            for (int kx = 0; kx < window.kernel().width(); kx++) {
                int iy = source(false, h, ky, window.stride().height(), window.dilation().height(), g.padTop());
                int ix = source(false, w, kx, window.stride().width(), window.dilation().width(), g.padLeft());
                if (iy >= 0 && iy < s.h() && ix >= 0 && ix < s.w()) {
                    largest = Math.max(largest, at(x, s, n, c, iy, ix));
                    sum += at(x, s, n, c, iy, ix);
                    inside++;
                }
            }
        }
        return switch (p.kind()) {
            case MAX -> largest;
            case MEAN -> (float) (sum / inside);
            case MEAN_WITH_PADDING -> (float) (sum / (window.kernel().height() * window.kernel().width()));
        };
    }

    /** Of points that fuse exactly. */
    static float[] quantized(LinearOp op, MultipointMatrix points, float[] bias, InputQuantization q, float[] x, int n, int h, int w) {
        FusedRows weights = FusedRows.of(points, FusedRows.FULL_LIMIT);
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
