package org.multipoint.internal.graph;

import org.deeplearning4j.nn.conf.layers.BatchNormalization;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

import java.util.Arrays;
import java.util.Map;

/**
 * What batch normalization does to each channel at inference: {@code y = factor * x + shift} with
 * {@code factor = gamma / sqrt(var + eps)} and {@code shift = beta - mean * factor}.
 */
public final class BatchNormAffine {

    private final double[] factor;
    private final double[] shift;

    private BatchNormAffine(double[] factor, double[] shift) {
        this.factor = factor;
        this.shift = shift;
    }

    /**
     * @param params the layer's parameters by key
     */
    public static BatchNormAffine of(BatchNormalization conf, Map<String, INDArray> params) {
        double[] var = variance(params);
        double[] mean = doubles(params.get("mean"));
        double[] gamma = conf.isLockGammaBeta() ? filled(var.length, conf.getGamma()) : doubles(params.get("gamma"));
        double[] beta = conf.isLockGammaBeta() ? filled(var.length, conf.getBeta()) : doubles(params.get("beta"));
        double[] factor = new double[var.length];
        double[] shift = new double[var.length];
        for (int c = 0; c < var.length; c++) {
            factor[c] = gamma[c] / Math.sqrt(var[c] + conf.getEps());
            shift[c] = beta[c] - mean[c] * factor[c];
        }
        return new BatchNormAffine(factor, shift);
    }

    /** The factor of each channel; not a copy. */
    public double[] factor() {
        return factor;
    }

    /** The shift of each channel; not a copy. */
    public double[] shift() {
        return shift;
    }

    private static double[] variance(Map<String, INDArray> params) {
        if (!params.containsKey("log10stdev")) {
            return doubles(params.get("var"));
        }
        return Arrays.stream(doubles(params.get("log10stdev"))).map(l -> Math.pow(10, 2 * l)).toArray();
    }

    private static double[] filled(int length, double value) {
        double[] values = new double[length];
        Arrays.fill(values, value);
        return values;
    }

    private static double[] doubles(INDArray array) {
        return array.castTo(DataType.DOUBLE).reshape(array.length()).toDoubleVector();
    }
}
