package org.multipoint.engine;

import org.multipoint.linear.*;
import org.multipoint.points.IntegerRows;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.api.ops.DynamicCustomOp;

final class Nd4jEngine implements Engine {
    public String name() { return "tmp"; }
    public int exactCodeLimit() { return 127; }
    public Kernel quantized(LinearOp op, IntegerRows w, float[] bias, InputQuantization q) {
        float[] f = new float[w.codes().length];
        for (int i = 0; i < f.length; i++) f[i] = w.codes()[i] * w.scales()[i / op.columns()];
        Kernel k = floating(op, f, bias);
        return new Kernel() {
            public INDArray apply(INDArray x) {
                INDArray d = x.dup('c'); float[] v = d.data().asFloat();
                for (int i = 0; i < v.length; i++) v[i] = q.round(v[i]);
                return k.apply(Nd4j.create(v, x.shape(), 'c'));
            }
            public void close() { }
        };
    }
    public Kernel floating(LinearOp op, float[] weights, float[] bias) {
        return new Kernel() {
            public INDArray apply(INDArray input) {
                INDArray image = op.toImage(input);
                boolean last = op.channelsLast() && input.rank() > 2;
                if (op.channelsLast()) image = image.permute(0, 3, 1, 2);
                Geometry g = op.geometry((int) image.size(2), (int) image.size(3));
                int kh = op.kernel().height(), kw = op.kernel().width();
                INDArray w, out;
                INDArray b = Nd4j.createFromArray(bias);
                out = Nd4j.create(input.dataType(), image.size(0), op.outChannels(), g.outHeight(), g.outWidth());
                if (op.paddingMode() != LinearOp.PaddingMode.SAME && !g.symmetric())
                    throw new IllegalArgumentException("asym");
                int[] args = {kh, kw, op.stride().height(), op.stride().width(), g.padTop(), g.padLeft(), op.dilation().height(), op.dilation().width(), op.paddingMode() == LinearOp.PaddingMode.SAME ? 1 : 0, 0, 0};
                if (op.transposed()) {
                    w = Nd4j.create(weights, new long[]{op.outChannels(), op.inChannels(), kh, kw}, 'c').permute(2, 3, 0, 1).dup('c');
                    Nd4j.exec(DynamicCustomOp.builder("deconv2d").addInputs(image.dup('c'), w, b).addOutputs(out).addIntegerArguments(args).build());
                } else if (op.groups() == 1) {
                    w = Nd4j.create(weights, new long[]{op.outChannels(), op.inChannels(), kh, kw}, 'c').permute(2, 3, 1, 0).dup('c');
                    Nd4j.exec(DynamicCustomOp.builder("conv2d").addInputs(image.dup('c'), w, b).addOutputs(out).addIntegerArguments(args).build());
                } else {
                    w = Nd4j.create(weights, new long[]{op.inChannels(), op.rowsPerGroup(), kh, kw}, 'c').permute(2, 3, 0, 1).dup('c');
                    Nd4j.exec(DynamicCustomOp.builder("depthwise_conv2d").addInputs(image.dup('c'), w, b).addOutputs(out).addIntegerArguments(args).build());
                }
                if (op.channelsLast()) out = out.permute(0, 2, 3, 1).dup('c');
                return op.fromImage(out, input.rank());
            }
            public void close() { }
        };
    }
}
