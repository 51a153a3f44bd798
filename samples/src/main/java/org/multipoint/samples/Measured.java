package org.multipoint.samples;

import org.nd4j.linalg.api.ndarray.INDArray;

import java.util.Locale;

/**
 * What was measured of a network.
 *
 * @param bytes              size of its file
 * @param msPerImage         time of a forward pass, for each image
 * @param compiledMsPerImage the same of the network compiled to segments
 * @param timed              images that were timed together
 */
record Measured<J extends Judgement>(J judgement, long bytes, double msPerImage, double compiledMsPerImage, long timed) {

    /**
     * Adds times to a judgement.
     *
     * @param images a batch to be timed
     */
    static <J extends Judgement> Measured<J> of(J judgement, Network network, Network compiled, long bytes, INDArray images) {
        return new Measured<>(judgement, bytes, Evaluations.msPerImage(network, images), Evaluations.msPerImage(compiled, images),
                images.size(0));
    }

    /** All of it in two lines. */
    @Override
    public String toString() {
        return judgement.text() + known(", divergence from fp32 %.4f", judgement.divergence())
                + known(", agreement with it %.2f %%", 100 * judgement.agreement())
                + String.format(Locale.ROOT, ", %,d bytes on disk%n%.2f ms an image in batches of %d, compiled %.2f ms", bytes, msPerImage, timed,
                compiledMsPerImage);
    }

    /** A figure, or nothing where it is NaN. */
    static String known(String text, double value) {
        return Double.isNaN(value) ? "" : String.format(Locale.ROOT, text, value);
    }
}
