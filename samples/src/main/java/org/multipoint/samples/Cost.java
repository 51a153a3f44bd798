package org.multipoint.samples;

import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * What a network takes.
 *
 * @param bytes              size of its file
 * @param msPerImage         time of a forward pass in Deeplearning4j, for each image or other example
 * @param compiledMsPerImage the same of the network compiled to segments
 * @param timed              examples that were timed together
 */
record Cost(long bytes, double msPerImage, double compiledMsPerImage, long timed) {

    /**
     * Measures times.
     *
     * @param some a batch to be timed
     */
    static Cost of(Network network, Network compiled, long bytes, INDArray some) {
        return new Cost(bytes, Evaluations.msPerImage(network, some), Evaluations.msPerImage(compiled, some), some.size(0));
    }
}
