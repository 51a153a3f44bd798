package org.multipoint.samples;

import org.nd4j.shade.jackson.annotation.JsonInclude;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/**
 * What a run found, for other programs. Names and meanings of fields stay.
 *
 * @param model             what was quantized
 * @param method            how weights were approximated and stored
 * @param bits              width of a code; 8 where codes are entropy-coded
 * @param extraPoints       budget of extra points, as a share of the codes that one point per row takes
 * @param calibrationImages images that it was calibrated on
 * @param testImages        images that it was evaluated on
 * @param fp32              the network before
 * @param quantized         the network after
 * @param seconds           wall-clock time
 * @param peakMegabytes     most memory that the process held
 * @param further           the same for other widths of a code, where a run tries several
 */
@JsonInclude(JsonInclude.Include.NON_EMPTY)
record ResultJson(String model, String method, int bits, double extraPoints, long calibrationImages, long testImages, Fp32 fp32,
                  Quantized quantized, Seconds seconds, double peakMegabytes, List<ResultJson> further) {

    /**
     * @param top1       share of images whose most likely class is right
     * @param top5       share of images whose class is among the five most likely ones
     * @param bytes      size of the saved model
     * @param msPerImage time of a forward pass in Deeplearning4j, for each image
     * @param top1Low    lower end of the 95 % interval of {@code top1} (Wilson)
     * @param top1High   upper end of that interval
     */
    record Fp32(double top1, double top5, long bytes, double msPerImage, double top1Low, double top1High) {
    }

    /**
     * @param top1                share of images whose most likely class is right
     * @param top5                share of images whose class is among the five most likely ones
     * @param storedBitsPerWeight stored bits for each quantized weight, everything counted
     * @param codesPerWeight      codes for each quantized weight
     * @param bytes               size of the saved model
     * @param msPerImage          time of a forward pass in Deeplearning4j, for each image
     * @param divergence          the same as {@code kl}
     * @param kl                  mean Kullback-Leibler divergence of the class probabilities from those of the network before, in nats; null
     *                            where outputs are no probabilities
     * @param agreement           share of images whose most likely class is the same as before
     * @param top1Low             lower end of the 95 % interval of {@code top1} (Wilson)
     * @param top1High            upper end of that interval
     */
    record Quantized(double top1, double top5, double storedBitsPerWeight, double codesPerWeight, long bytes, double msPerImage,
                     Double divergence, Double kl, double agreement, double top1Low, double top1High) {
    }

    /**
     * @param calibration  from images to statistics
     * @param quantization from statistics to points
     * @param evaluation   of both networks
     */
    record Seconds(double calibration, double quantization, double evaluation) {
    }

    /** The same with others beside it. */
    ResultJson with(List<ResultJson> others) {
        return new ResultJson(model, method, bits, extraPoints, calibrationImages, testImages, fp32, quantized, seconds,
                peakMegabytes, others);
    }

    void write(Path file) throws IOException {
        AtomicFile.writeJson(file, this);
    }
}
