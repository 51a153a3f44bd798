package org.multipoint.samples;

import org.deeplearning4j.nn.conf.CNN2DFormat;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.api.DataSet;
import org.nd4j.linalg.dataset.api.DataSetPreProcessor;
import org.nd4j.linalg.factory.Nd4j;

/** Makes images of one channel of those of three: the luma of ITU-R BT.601, which is 1 for white whatever the scaling of pixels. */
final class GrayScale implements DataSetPreProcessor {

    private static final float[] LUMA = {0.299f, 0.587f, 0.114f};

    private final CNN2DFormat format;

    GrayScale(CNN2DFormat format) {
        this.format = format;
    }

    @Override
    public void preProcess(DataSet batch) {
        boolean channelsFirst = format == CNN2DFormat.NCHW;
        try (INDArray luma = Nd4j.createFromArray(LUMA).reshape(channelsFirst ? new long[]{1, 3, 1, 1} : new long[]{1, 1, 1, 3});
             INDArray colour = batch.getFeatures(); INDArray weighted = colour.mul(luma)) {
            batch.setFeatures(weighted.sum(true, channelsFirst ? 1 : 3));
        }
    }
}
