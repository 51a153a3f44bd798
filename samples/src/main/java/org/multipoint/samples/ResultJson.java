package org.multipoint.samples;

import org.multipoint.internal.files.AtomicFile;
import org.nd4j.shade.jackson.annotation.JsonInclude;
import org.nd4j.shade.jackson.annotation.JsonUnwrapped;

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
     * What a network is judged by; null where that is something else.
     *
     * @param top1    share of images whose most likely class is right
     * @param top5    share of images whose class is among the five most likely ones
     * @param map     mean average precision of a detector at an overlap of 0.5, area under the curve
     * @param cocoMap mean average precision of a detector after COCO, over overlaps of 0.5 to 0.95
     */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    record Figures(Double top1, Double top5, Double map, Double cocoMap) {

        static Figures of(Judgement judgement) {
            return new Figures(judgement.figures().get(Figure.TOP_1), judgement.figures().get(Figure.TOP_5),
                    judgement.figures().get(Figure.MAP), judgement.figures().get(Figure.COCO_MAP));
        }
    }

    /**
     * The 95 % interval of top-1 (Wilson); null where there is no top-1.
     *
     * @param top1Low  lower end
     * @param top1High upper end
     */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    record Interval(Double top1Low, Double top1High) {

        static Interval of(Judgement judgement) {
            return new Interval(known(judgement.low()), known(judgement.high()));
        }
    }

    /** A figure; null where it is NaN. */
    static Double known(double value) {
        return Double.isNaN(value) ? null : Double.valueOf(value);
    }

    /**
     * @param figures    what it is judged by
     * @param bytes      size of the saved model
     * @param msPerImage time of a forward pass in Deeplearning4j, for each image
     * @param interval   of top-1
     */
    record Fp32(@JsonUnwrapped Figures figures, long bytes, double msPerImage, @JsonUnwrapped Interval interval) {
    }

    /**
     * @param figures             what it is judged by
     * @param storedBitsPerWeight stored bits for each quantized weight, everything counted
     * @param codesPerWeight      codes for each quantized weight
     * @param bytes               size of the saved model
     * @param msPerImage          time of a forward pass in Deeplearning4j, for each image
     * @param divergence          the same as {@code kl}
     * @param kl                  mean Kullback-Leibler divergence of the class probabilities from those of the network before, in nats; null
     *                            where outputs are no probabilities
     * @param agreement           share of images whose most likely class is the same as before; null for detectors
     * @param interval            of top-1
     */
    record Quantized(@JsonUnwrapped Figures figures, double storedBitsPerWeight, double codesPerWeight, long bytes, double msPerImage,
                     Double divergence, Double kl, @JsonInclude(JsonInclude.Include.NON_NULL) Double agreement,
                     @JsonUnwrapped Interval interval) {
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
