package org.multipoint.samples;

import org.nd4j.linalg.api.ndarray.INDArray;

import java.util.Locale;

/** What was found of a network, and what it takes. */
record Measured<J extends Judgement>(J judgement, Cost cost) {

    /**
     * Adds times to a judgement.
     *
     * @param some a batch to be timed
     */
    static <J extends Judgement> Measured<J> of(J judgement, Network network, Network compiled, long bytes, INDArray some) {
        return new Measured<>(judgement, Cost.of(network, compiled, bytes, some));
    }

    /** Size of its file. */
    long bytes() {
        return cost.bytes();
    }

    /** Time of a forward pass in Deeplearning4j, for each image. */
    double msPerImage() {
        return cost.msPerImage();
    }

    /** The same of the network compiled to segments. */
    double compiledMsPerImage() {
        return cost.compiledMsPerImage();
    }

    /** All of it in two lines. */
    @Override
    public String toString() {
        return judgement.text() + known(", divergence from fp32 %.4f", judgement.divergence())
                + known(", agreement with it %.2f %%", 100 * judgement.agreement())
                + String.format(Locale.ROOT, ", %,d bytes on disk%n%.2f ms each in batches of %d, compiled %.2f ms", bytes(), msPerImage(),
                cost.timed(), compiledMsPerImage());
    }

    /** A figure, or nothing where it is NaN. */
    static String known(String text, double value) {
        return Double.isNaN(value) ? "" : String.format(Locale.ROOT, text, value);
    }
}
