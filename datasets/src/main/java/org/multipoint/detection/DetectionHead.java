package org.multipoint.detection;

import org.nd4j.linalg.api.ndarray.INDArray;

import java.util.List;

/** The meaning of a detector's outputs. */
public interface DetectionHead {

    /**
     * What a network finds in each image of a batch, before suppression.
     *
     * @param outputs all outputs of the network, in its order
     * @return for each image
     * @throws IllegalArgumentException where number or shapes of the outputs are not as expected
     */
    List<List<Detection>> decode(INDArray... outputs);
}
