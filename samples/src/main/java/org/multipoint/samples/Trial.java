package org.multipoint.samples;

import org.deeplearning4j.nn.api.Model;
import org.multipoint.datasets.ImageIterator;
import org.multipoint.report.MultipointReport;
import org.multipoint.transform.Multipoint;
import org.multipoint.transform.MultipointModels;
import org.multipoint.transform.MultipointResult;

/**
 * What came out of one of many ways to quantize a network.
 *
 * @param report     layer by layer, what was stored
 * @param top1       share of images whose most likely class is right
 * @param divergence mean Kullback-Leibler divergence of the class probabilities from those of fp32, in nats
 */
record Trial(MultipointReport report, double top1, double divergence) {

    /**
     * Quantizes and evaluates.
     *
     * @param multipoint to be calibrated; it has all settings
     * @param original   outputs of the network in fp32 on the test images
     */
    static Trial of(Multipoint<?> multipoint, ImageIterator calibration, ImageIterator test, Evaluations.Result original) {
        MultipointResult<?> result;
        try (Progress.OfTransform progress = new Progress.OfTransform("", calibration.batches())) {
            result = multipoint.calibrate(calibration).listener(progress).transform();
        }
        Network compiled = new Network((Model) result.model()).compiled();
        Evaluations.Result found = Evaluations.evaluate("quantized", compiled, test, original.outputs());
        MultipointModels.close(compiled.model());
        return new Trial(result.report(), found.top1(), found.divergence());
    }
}
